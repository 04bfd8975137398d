"""Calls that are wrong or do harm: one clear line, an exit code, and nothing is lost."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.cli.running import LEAK, in_process, only_line


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "dump.txt").write_text(LEAK)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "dump.txt").write_text(LEAK + "\n")
    with zipfile.ZipFile(tmp_path / "dumps.json", "w") as archive:
        archive.writestr("dump.txt", LEAK)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ("dump.txt", "-o", "dump.txt"),
        ("dump.txt", "-o", "./logs/../dump.txt"),
        ("dump.txt", "--write-baseline", "dump.txt"),
        ("logs", "-o", "logs/dump.txt"),
        ("dump.txt", "-o", "dumps.json", "dumps.json"),
    ],
)
def test_no_report_is_written_over_an_input(place: Path, arguments: tuple[str, ...]) -> None:
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    done = in_process(*arguments, cwd=place)
    assert done.returncode == 4
    assert only_line(done.stderr).endswith(
        ": not written, for it is one of the inputs; give another name"
    )
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("report", ["report.html", "report.json", "report.sarif", "report.md"])
def test_a_report_among_the_inputs_is_written_anew(place: Path, report: str) -> None:
    for _ in range(2):
        done = in_process("logs", "-o", f"logs/{report}", cwd=place)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("dump.txt", "-o", "a.json", "--write-baseline", "a.json"), 2, "writes to the same file"),
        (("dump.txt", "--window", "soon"), 2, "--window soon: not a duration"),
        (("diff", "-", "-"), 2, "standard input (-) can be read only once"),
        (("tables", "dump.txt", "-o", "dump.txt"), 4, "is a file; give a folder for the tables"),
        (("file:///logs/du%20mp.txt",), 4, "give the file by its path: /logs/du mp.txt"),
        ((" ",), 4, "' ': no such file or directory"),
        ((":6060",), 4, "is a live program meant? write localhost:6060"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    place: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = in_process(*arguments, cwd=place)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in only_line(done.stderr)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full"])
def test_a_device_without_end_is_not_read(device: str) -> None:
    if not Path(device).exists():
        pytest.skip(f"needs {device}")
    done = in_process(device)
    assert done.returncode == 4
    assert only_line(done.stderr) == f"goscope: {device}: a device that gives zeros without end"


def test_help_is_a_word_too(place: Path) -> None:
    assert in_process("help", cwd=place).stdout == in_process("--help").stdout
    assert in_process("help", "diff", cwd=place).stdout == in_process("diff", "--help").stdout
    (place / "help").write_text(LEAK)
    assert "leak-long-wait" in in_process("help", cwd=place).stdout
