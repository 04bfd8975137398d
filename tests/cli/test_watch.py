"""``goscope watch``: a page on a terminal of 80x24, lines elsewhere."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time

import pytest

from goscope.renderers.terminal.sparklines import sparkline
from tests.cli.running import SCHED, environment, goscope
from tests.live.go_program import command, needs_go, serving
from tests.rules.dumps import dump, leaks

posix = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")


def test_sparklines() -> None:
    assert sparkline([0, 1, 4, 8]) == "▁▁▄█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([1, 8], ascii_only=True) == ".@"


@posix
def test_a_pipe_without_a_terminal_gives_lines() -> None:
    process = subprocess.Popen(
        command("watch"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(),
    )  # fmt: skip
    out, err = process.communicate(("a line of the program\n" + SCHED).encode(), timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert out.splitlines()[-1].startswith(b"goscope: ok scheduler=idle")
    assert b"queued=0 threads=7" in out
    assert b"a line" not in out


@pytest.mark.parametrize(
    ("arguments", "code"), [(["watch", "no such thing"], 2), (["watch", "127.0.0.1:1"], 4)]
)
def test_what_cannot_be_watched(arguments: list[str], code: int) -> None:
    done = goscope(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("goscope: ")


class Terminal:
    """goscope on a pseudo-terminal of 80x24."""

    def __init__(self, *arguments: str, stdin: int | None = None, **more: str):
        import fcntl
        import pty
        import struct
        import termios

        self.descriptor, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            command(*arguments), stdin=inner if stdin is None else stdin, stdout=inner, stderr=inner,
            env=environment(TERM="xterm", **more),
        )  # fmt: skip
        os.close(inner)
        self.text = b""

    def read_until(self, wanted: bytes, seconds: float = 30) -> None:
        import select

        end = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < end, self.text[-3000:]
            if select.select([self.descriptor], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.descriptor, 1 << 16)
                except OSError:  # the other side is closed
                    assert wanted in self.text, self.text[-3000:]

    def status(self, seconds: float = 30) -> int:
        """The exit code. What is written meanwhile is taken: a terminal that nobody reads is full soon."""
        import select

        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end
            if select.select([self.descriptor], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):  # the other side is closed
                    os.read(self.descriptor, 1 << 16)
        return self.process.wait()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.descriptor)


def pages(text: bytes) -> list[list[str]]:
    """The pages that were drawn, as lines without control sequences."""
    drawn = text.decode().split("goscope: ")[1:]
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", page).split("\r\n") for page in drawn]


@needs_go
@pytest.mark.full
def test_a_program_on_a_terminal() -> None:
    with serving("-grow") as port:
        shown = Terminal("watch", f"localhost:{port}", "--interval", "300ms", NO_COLOR="1")
        try:
            shown.read_until(b"look 6;")
            shown.process.send_signal(signal.SIGINT)
            assert shown.status() == 0
        finally:
            shown.close()
    assert not re.search(rb"\x1b\[[0-9;]*3[1-7]m", shown.text)  # no colours
    last = pages(shown.text)[-1]
    assert len(last) <= 24
    assert all(len(line) <= 80 for line in last)
    text = "\n".join(last)
    assert "goroutines leak" in text
    assert re.search(r"main\.leak\.func1 +[0-9]+ +\+[0-9]+", text)
    assert re.search(r"goroutines +[0-9]+  [▁▂▃▄▅▆▇█]+", text)
    assert re.search(r"CRITICAL|critical", text)


@posix
def test_a_pipe_on_a_terminal_shows_queues_and_ends_with_the_verdict() -> None:
    out, into = os.pipe()
    shown = Terminal("watch", stdin=out)
    os.close(out)
    try:
        busy = SCHED.replace("[ 0 0 0 0 ]", "[ 3 1 0 2 ]").replace("idleprocs=4", "idleprocs=0")
        os.write(into, (busy + dump(*leaks(range(18, 28))) + "\nend\n").encode())
        shown.read_until(b"[3 1 0 2]")
        shown.read_until(b"0 of 4 Ps idle")
        os.close(into)
        into = -1
        shown.read_until(b"read stdin: ")
        assert shown.status() == 0
    finally:
        if into >= 0:
            os.close(into)
        shown.close()
