"""Keys pressed on a terminal in which a real Go program runs, with goscope behind or around it."""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.running import environment
from tests.live.go_program import command, needs_go, program

pytestmark = [needs_go, pytest.mark.full]
#: Makes the standard input a terminal of its own, from which keys send signals, and runs a line for sh.
SESSION = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp('sh', ['sh', '-c', sys.argv[1]])"
)
CTRL_C, CTRL_BACKSLASH, ENTER = b"\x03", b"\x1c", b"\n"


def typed(line: str, key: bytes, *, after: float | bytes, **more: str) -> str:
    """What a line for sh shows on a terminal where a key is pressed: so many seconds after sh has started,
    or when a text is shown.
    """
    descriptor, inner = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SESSION, f"trap : INT QUIT; echo here; {line}"], stdin=inner, stdout=inner, stderr=inner,
        env=environment(TERM="dumb", NO_COLOR="1", **more),
    )  # fmt: skip
    os.close(inner)
    shown, pressed = b"", False
    began = started = time.monotonic()
    try:
        while time.monotonic() < began + 60:
            if b"here\r\n" not in shown:
                started = time.monotonic()
            due = (
                after in shown.partition(b"here\r\n")[2]
                if isinstance(after, bytes)
                else time.monotonic() > started + after
            )
            if due and not pressed:
                pressed = True
                os.write(descriptor, key)
            if select.select([descriptor], [], [], 0.02)[0]:
                try:
                    shown += os.read(descriptor, 1 << 16)
                except OSError:  # nobody has the other side any more
                    break
        else:
            raise AssertionError(shown)
    finally:
        process.kill()
        process.wait()
        os.close(descriptor)
    return shown.decode().replace("\r\n", "\n").removeprefix("here\n")


def goscope_(*arguments: str) -> str:
    return shlex.join(command(*arguments))


def in_front(*arguments: str) -> str:
    """``./app 2>&1 | goscope``, and its exit code."""
    return f"GODEBUG=schedtrace=100 {program()} {shlex.join(arguments)} 2>&1 | {goscope_()}; echo code=$?"


def _typed_in_time(line: str, key: bytes, after: float | bytes) -> str:
    """Again, later, where a busy machine had not even begun with Python when the key came."""
    shown = typed(line, key, after=after)
    while isinstance(after, float) and "read stdin" not in shown and after < 2:
        after *= 2
        shown = typed(line, key, after=after)
    return shown


@pytest.mark.parametrize("after", [0.1, 0.25, b"SCHED"])
def test_ctrl_c_is_for_the_program_in_front(after: float | bytes) -> None:
    """Also while goscope still starts."""
    line = in_front("-n", "7")
    if isinstance(after, bytes):
        line = line.replace(goscope_(), goscope_("--keep"))
    shown = _typed_in_time(line, CTRL_C, after)
    assert re.search(r"read stdin: [0-9]+ lines?", shown), shown
    assert shown.endswith("code=0\n")
    assert "Traceback" not in shown


@pytest.mark.parametrize("after", [0.25, b"\n"])
def test_ctrl_backslash_brings_a_dump_that_is_read(after: float | bytes) -> None:
    shown = _typed_in_time(in_front("-n", "7"), CTRL_BACKSLASH, after)
    assert "SIGQUIT: quit" in shown
    assert re.search(r"goroutines,\s+1\s+dump", shown), shown
    assert shown.endswith("code=0\n")


def test_enter_asks_for_the_verdict_so_far() -> None:
    shown = typed(in_front("-n", "7", "-for", "4s"), ENTER, after=2.5)
    assert shown.count("goscope: ") >= 1
    assert len(re.findall(r"^read stdin: ", shown, re.MULTILINE)) == 2, shown


@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (CTRL_BACKSLASH, 2)])
def test_keys_reach_a_child_once(key: bytes, code: int) -> None:
    line = f"{goscope_('run', '--schedtrace', '100', '--', program(), '-n', '7')}; echo code=$?"
    shown = typed(line, key, after=b"\n")
    assert "read stderr: " in shown
    assert shown.endswith(f"code={code}\n"), shown


def test_a_child_reads_the_keyboard() -> None:
    line = f"{goscope_('run', '--', 'sh', '-c', 'echo ready; read word; echo got $word; exit 3')}; echo code=$?"
    shown = typed(line, b"hello\n", after=b"ready")
    assert "got hello\n" in shown
    assert shown.endswith("code=3\n")


def test_an_interrupt_of_goscope_alone_is_quiet(tmp_path: Path) -> None:
    """While it starts and while it reads: no traceback, no file left, the code that a shell knows."""
    log = tmp_path / "app.log"
    log.write_text("a line of the application\n" * 4_000_000)
    for after in (0.4, 1.0):
        line = f"{goscope_(str(log), '-o', str(tmp_path / 'report.html'))}; echo code=$?"
        # Python's own importer leaves a file open when it is interrupted.
        shown = typed(line, CTRL_C, after=after, PYTHONWARNINGS="")
        assert shown in ("^Ccode=130\n", "^C\ncode=130\n") or shown.endswith("code=3\n"), shown
        assert [path.name for path in tmp_path.iterdir()] == ["app.log"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("the signal is ignored here, as under nohup, and so by goscope")
    log = tmp_path / "app.log"
    log.write_text(
        "SCHED 0ms: gomaxprocs=2 idleprocs=1 threads=6 spinningthreads=0 idlethreads=3 runqueue=7 [4 5]\n"
        * 4_000_000
    )
    process = subprocess.Popen(
        command(str(log), "-o", str(tmp_path / "report.html")), env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(0.8)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode in (128 + number, -number)  # the latter before Python has started
    assert (out, err) == (b"", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["app.log"]
