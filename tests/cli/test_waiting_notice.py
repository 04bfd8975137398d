"""What is said of an input that stays silent: a FIFO that nobody writes to, an idle pipe."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.running import LEAK, SCHED, environment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs FIFOs and alarms of POSIX")

FIFO = "goscope: waiting for fifo, which is a FIFO that nobody writes to yet (Ctrl-C ends)\n"
PIPE = "goscope: waiting for stdin, which is a pipe that is empty so far (Ctrl-C ends)\n"

# The same program with less patience, so that tests that see nothing said need not wait long.
_HASTY = (
    "from goscope.cli import command, waiting_notice\nwaiting_notice._AFTER = {after}\ncommand()"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@contextmanager
def started(
    folder: Path, *arguments: str, after: float = 0.1, stderr: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", _HASTY.format(after=after), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=folder,
        env=environment(COLUMNS="200", TERM="xterm"),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None
    return process.stderr.readline().decode()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("command", ["analyze", "goroutines"])
def test_a_fifo_that_nobody_writes_to_is_named_and_then_read(folder: Path, command: str) -> None:
    with started(folder, command, "fifo") as process:
        assert first_line(process) == FIFO
        (folder / "fifo").write_text(LEAK)
        code, out, err = ended(process)
        assert (code, err) == (0, "")
        assert "main.leak1.func1" in out


@pytest.mark.full
def test_a_fifo_that_is_open_but_empty_is_waited_for_as_well(folder: Path) -> None:
    with started(folder, "fifo") as process, (folder / "fifo").open("wb") as writer:
        assert first_line(process) == FIFO
        writer.write(LEAK.encode())
        writer.close()
        code, _, err = ended(process)
        assert (code, err) == (0, "")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("arguments", [(), ("-",), ("goroutines", "-")], ids=str)
def test_an_idle_pipe(folder: Path, arguments: tuple[str, ...]) -> None:
    with started(folder, *arguments) as process:
        assert first_line(process) == PIPE
        assert process.stdin is not None
        process.stdin.write(LEAK.encode())
        code, out, err = ended(process)
        assert (code, err) == (0, "")
        assert "main.leak1.func1" in out


def test_ctrl_c_ends_the_waiting_and_adds_no_line(folder: Path) -> None:
    with started(folder, "fifo") as process:
        assert first_line(process) == FIFO
        process.send_signal(signal.SIGINT)
        assert ended(process) == (130, "", "")


@pytest.mark.full
def test_it_comes_after_two_seconds(folder: Path) -> None:
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "goscope", "fifo"],
        stderr=subprocess.PIPE,
        cwd=folder,
        env=environment(),
    ) as process:
        assert first_line(process) == FIFO
        assert time.monotonic() - began >= 2
        process.kill()


def test_nothing_is_said_when_quiet(folder: Path) -> None:
    for arguments in (("fifo", "--quiet"), ("--quiet",)):
        with started(folder, *arguments) as process:
            time.sleep(1.5)
            process.send_signal(signal.SIGTERM)
            assert "waiting" not in ended(process)[2]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("arguments", [("fifo",), (), ("-",)], ids=str)
def test_after_the_first_byte_a_pipe_may_pause(folder: Path, arguments: tuple[str, ...]) -> None:
    """A program in front of it has something to say now and then."""
    with started(folder, *arguments, after=1.5) as process:
        assert process.stdin is not None
        fifo = arguments == ("fifo",)
        with (folder / "fifo").open("wb") if fifo else process.stdin as writer:
            writer.write(LEAK[:7].encode())
            writer.flush()
            time.sleep(3)
            writer.write(LEAK[7:].encode())
        process.stdin = process.stdin if fifo else None
        code, _, err = ended(process)
        assert (code, err) == (0, "")


@pytest.mark.full
def test_a_fifo_after_a_file_and_one_before_it(folder: Path) -> None:
    (folder / "log").write_text(SCHED)
    for inputs in (("log", "fifo"), ("fifo", "log")):
        with started(folder, *inputs) as process:
            assert first_line(process) == FIFO
            (folder / "fifo").write_text(LEAK)
            code, _, err = ended(process)
            assert (code, err) == (0, "")


@pytest.mark.full
def test_the_line_stands_above_the_bar(folder: Path) -> None:
    """On a terminal a bar may be drawn already, which is one line that is drawn over and over."""
    (folder / "log").write_text(SCHED)
    terminal, end = pty.openpty()
    script = (
        "from goscope.cli import command, progress_bar, waiting_notice\n"
        "progress_bar._AFTER = progress_bar._BETWEEN = 0\nwaiting_notice._AFTER = 0.1\ncommand()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, "log", "fifo"],
        stdout=subprocess.DEVNULL,
        stderr=end,
        cwd=folder,
        env=environment(COLUMNS="120", TERM="xterm"),
    ) as process:
        os.close(end)
        shown = b""
        while b"Ctrl-C" not in shown:
            shown += os.read(terminal, 4096)
        process.kill()
    os.close(terminal)
    assert b"reading log" in shown
    before = shown[: shown.index(b"goscope: waiting for fifo")]
    assert before.endswith(b"\r\x1b[2K")  # the bar was wiped first
