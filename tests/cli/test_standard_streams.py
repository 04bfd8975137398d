"""Standard streams that are slow, closed, full or interrupted."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.running import LEAK, environment, in_process, only_line

posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A line for sh, in which ``goscope`` is the command."""
    script = f'goscope() {{ "{sys.executable}" -m goscope "$@"; }}\n{line}\n'
    done = subprocess.run(
        ["sh", "-c", script], cwd=cwd, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "dump.txt").write_text(LEAK)
    return tmp_path


@pytest.mark.sampled(4)
@posix
@pytest.mark.parametrize(
    "command", ["goscope dump.txt", "goscope dump.txt -f json", "goscope rules", "goscope --help"]
)
def test_a_disk_that_is_full(folder: Path, command: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = shell(f"{command} >/dev/full", folder)
    assert done.returncode == 4
    assert "standard output: cannot be written: no space left on device" in only_line(done.stderr)


@pytest.mark.sampled(3)
@posix
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("goscope dump.txt >&-", 0),
        ("goscope dump.txt --fail-on warning >&-", 1),
        ("goscope dump.txt 2>&- <&-", 0),
        ("goscope missing.txt 2>&-", 4),
        ("goscope <&-", 3),
        ("goscope - <&-", 3),
    ],
)
def test_streams_that_are_closed(folder: Path, line: str, code: int) -> None:
    assert shell(line, folder).returncode == code


@pytest.mark.sampled(3)
@posix
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("goscope dump.txt", 0),
        ("goscope dump.txt -f json", 0),
        ("goscope dump.txt --fail-on warning", 1),
        ("goscope rules", 0),
        ("goscope schema", 0),
    ],
)
def test_a_reader_that_leaves_does_not_change_the_exit_code(
    folder: Path, command: str, code: int
) -> None:
    done = shell(f"{{ {command}; echo $? >code; }} | true", folder)
    assert ((folder / "code").read_text(), done.stderr) == (f"{code}\n", "")


def test_a_pipe_that_gives_its_first_byte_alone(tmp_path: Path) -> None:
    data = gzip.compress(LEAK.encode())
    process = started()
    assert process.stdin is not None
    process.stdin.write(data[:1])
    process.stdin.flush()
    time.sleep(1.5)  # until it has been read
    out, err = process.communicate(data[1:], timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert b"WARNING leak-long-wait" in out


@posix
def test_a_second_interrupt_ends_the_input_and_the_verdict_is_given() -> None:
    """The first Ctrl-C is for the program in front of the pipe, which may still have much to say."""
    process = started()
    assert process.stdin is not None
    process.stdin.write(LEAK.encode())
    process.stdin.flush()
    time.sleep(2.5)  # until it has been read
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert b"WARNING leak-long-wait" in out


def started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "goscope"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip


# ---- arguments that are no good names -------------------------------------------------------------


def test_an_empty_argument_is_not_the_folder_that_one_stands_in(folder: Path) -> None:
    """``goscope "$LOG"`` with LOG unset."""
    done = in_process("", cwd=folder)
    assert (done.returncode, done.stdout) == (4, "")
    assert "no such file" in only_line(done.stderr)


@pytest.mark.parametrize("name", ["x" * 300, "dump.txt/below", "a/" * 3000])
def test_names_that_cannot_be(folder: Path, name: str) -> None:
    done = in_process(name, cwd=folder)
    assert (done.returncode, done.stdout) == (4, "")
    assert only_line(done.stderr).startswith("goscope: ")


def test_a_dump_as_an_argument_is_no_file(folder: Path) -> None:
    done = in_process(LEAK * 20, cwd=folder)
    assert (done.returncode, done.stdout) == (4, "")
    assert only_line(done.stderr)


# ---- reports that cannot be written ---------------------------------------------------------------


def test_what_was_found_is_printed_though_a_report_cannot_be_written(folder: Path) -> None:
    done = in_process("dump.txt", "-o", "missing/a.json", "-o", "good.json", cwd=folder)
    assert done.returncode == 4
    assert "missing/a.json: cannot be written" in only_line(done.stderr)
    assert "WARNING leak-long-wait" in done.stdout
    assert (folder / "good.json").exists()


def test_the_suffix_may_be_in_capitals(folder: Path) -> None:
    assert in_process("dump.txt", "-q", "-o", "REPORT.JSON", cwd=folder).returncode == 0
    assert (folder / "REPORT.JSON").read_text().startswith("{")
