"""Runs the command line: in a process of its own as a user does, or, faster, in this one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from goscope.cli import main

ROOT = Path(__file__).parents[2]

SCHED = "".join(
    f"SCHED {t}000ms: gomaxprocs=4 idleprocs=4 threads=7 spinningthreads=0 needspinning=0 idlethreads=5 "
    "runqueue=0 [ 0 0 0 0 ]\n"
    for t in range(1, 11)
)
LEAK = """\
goroutine 42 [chan send, 5 minutes]:
main.leak1.func1()
\t/app/main.go:15 +0x28
created by main.leak1 in goroutine 1
\t/app/main.go:14 +0x66
"""
PROVEN = LEAK.replace("chan send, 5 minutes", "chan send (leaked)")


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **more}


Done = subprocess.CompletedProcess[str]


def in_process(
    *arguments: str | Path, stdin: str | bytes = b"", cwd: Path | None = None, **more: str
) -> Done:
    """What ``goscope ARGUMENTS`` prints and returns. An exception that escapes fails the test.

    A process of its own takes fifty times as long: :func:`goscope` is for tests of signals, pipes, encodings
    and what is loaded.
    """
    data = stdin.encode() if isinstance(stdin, str) else stdin
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    code: object = 0
    with pytest.MonkeyPatch.context() as patch:
        for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
            patch.delenv(name, raising=False)
        for name, text in more.items():
            patch.setenv(name, text)
        if cwd is not None:
            patch.chdir(cwd)
        patch.setattr(sys, "argv", ["goscope", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    texts = [stream.detach().getvalue().decode() for stream in (out, err)]
    return subprocess.CompletedProcess(["goscope", *map(str, arguments)], code, *texts)


def goscope(
    *arguments: str | Path, stdin: str | bytes = b"", cwd: Path | None = None, **more: str
) -> Done:
    """The same in a process of its own, with ``more`` in its environment. No traceback is shown."""
    done = subprocess.run(
        [sys.executable, "-m", "goscope", *map(str, arguments)],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        cwd=cwd,
        env=environment(**more),
        timeout=60,
        check=False,
    )
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in err, err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def only_line(text: str) -> str:
    """The one line that an error message is."""
    assert text.endswith("\n")
    assert text.count("\n") == 1, text
    return text.rstrip("\n")
