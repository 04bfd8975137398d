"""Calls that are wrong or do harm: one clear line, an exit code, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.running import LEAK, ROOT, Done, environment, in_process, only_line

TRACE = ROOT / "fixtures/captures/go1.27/trace_tasks/trace.out.gz"


def as_user(*arguments: str | Path, stdin: Path) -> Done:
    """What goscope does in a process of its own that reads a file from its standard input."""
    with stdin.open("rb") as file:
        return subprocess.run(
            [sys.executable, "-m", "goscope", *map(str, arguments)],
            stdin=file,
            capture_output=True,
            text=True,
            env=environment(),
            timeout=20,
            check=False,
        )


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


def test_no_input_is_lost_whatever_it_is_called(place: Path) -> None:
    """A mark that parts archives and their files, a name that is no UTF-8, standard input."""
    marked, odd = place / "no!w.json", place / os.fsdecode(b"caf\xe9.txt")
    marked.write_bytes((place / "dumps.json").read_bytes())
    try:
        odd.write_text(LEAK)
    except OSError as error:
        pytest.skip(f"this file system has no such names: {error}")
    for path in (marked, odd):
        before = path.read_bytes()
        assert in_process(path, "-o", path).returncode == 4
        assert path.read_bytes() == before
    for arguments in ((), ("-",), ("trace", "-")):
        given = place / "logs" / "dump.txt" if "trace" not in arguments else place / "trace.txt"
        if "trace" in arguments:
            given.write_bytes(TRACE.read_bytes())
        before = given.read_bytes()
        done = as_user(*arguments, "-o", given, stdin=given)
        assert (done.returncode, "it is one of the inputs" in done.stderr) == (4, True)
        assert given.read_bytes() == before


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_no_table_is_written_over_an_input(place: Path, form: str) -> None:
    given = place / "logs" / f"goroutines.{form}"
    given.write_text(LEAK)
    done = in_process("tables", given, "-o", place / "logs", "--as", form)
    assert done.returncode == 4
    assert only_line(done.stderr).endswith("for it is one of the inputs; give another folder")
    assert given.read_text() == LEAK
    assert not (place / "logs" / f"stacks.{form}").exists()


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_tables_go_into_a_folder_whose_name_is_no_text(place: Path, form: str) -> None:
    folder = place / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"this file system has no such names: {error}")
    done = in_process("tables", place / "dump.txt", "-o", folder, "--as", form)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / f"goroutines.{form}").stat().st_size


@pytest.mark.parametrize("name", ["known.json", "logs/../known.json"])
def test_no_report_is_written_over_the_baseline(place: Path, name: str) -> None:
    assert in_process("dump.txt", "--write-baseline", "known.json", cwd=place).returncode == 0
    before = (place / "known.json").read_bytes()
    for option in ("--baseline", "--write-baseline"):
        done = in_process("dump.txt", option, "known.json", "-o", name, cwd=place)
        assert done.returncode == 2
        assert f"of {option};" in only_line(done.stderr)
        assert (place / "known.json").read_bytes() == before
    again = ("--baseline", "known.json", "--write-baseline", "known.json")
    assert in_process("dump.txt", *again, cwd=place).returncode == 0


@pytest.mark.parametrize("report", ["report.html", "report.json", "report.sarif", "report.md"])
def test_a_report_among_the_inputs_is_written_anew(place: Path, report: str) -> None:
    for _ in range(2):
        done = in_process("logs", "-o", f"logs/{report}", cwd=place)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("dump.txt", "-o", "a.json", "--write-baseline", "a.json"),
            2,
            "this is the file of --write-baseline",
        ),
        (("dump.txt", "--window", "soon"), 2, "--window soon: not a duration"),
        (("localhost:1", "--timeout", "9999h"), 2, "--timeout 9999h: longer than a year"),
        (
            ("run", "--pprof", "localhost:1", "--dump-every", "99999999s", "--", "x"),
            2,
            "than a year",
        ),
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
    done = as_user("-", stdin=Path(device))
    assert done.returncode == 4
    assert only_line(done.stderr) == "goscope: stdin: a device that gives zeros without end"


def test_help_is_a_word_too(place: Path) -> None:
    assert in_process("help", cwd=place).stdout == in_process("--help").stdout
    assert in_process("help", "diff", cwd=place).stdout == in_process("diff", "--help").stdout
    (place / "help").write_text(LEAK)
    assert "leak-long-wait" in in_process("help", cwd=place).stdout
