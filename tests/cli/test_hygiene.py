"""goscope as a good process: disks that are full, locales without letters, no network, nothing left behind."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest

from tests.cli.running import LEAK, PROVEN, SCHED, Done, environment, goscope, in_process, only_line

posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
SUFFIXES = ("html", "json", "md", "txt", "sarif", "xml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "dump.txt").write_text(LEAK)
    (tmp_path / "log.txt").write_text(SCHED)
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def shell(line: str, cwd: Path) -> Done:
    """A line for sh, in which ``goscope`` is the command."""
    script = f'goscope() {{ "{sys.executable}" -m goscope "$@"; }}\n{line}\n'
    return subprocess.run(
        ["sh", "-c", script], cwd=cwd, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


# ---- disks that are full ----------------------------------------------------------------------------


@posix
@pytest.mark.sampled(6)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_report_that_does_not_fit_leaves_the_old_one(folder: Path, suffix: str) -> None:
    (folder / f"report.{suffix}").write_text("the old one")
    before = names(folder)
    done = shell(f"ulimit -f 0; goscope dump.txt -q -o report.{suffix}", folder)
    assert (done.returncode, done.stdout) == (4, "")
    assert only_line(done.stderr) == f"goscope: report.{suffix}: cannot be written: file too large"
    assert names(folder) == before
    assert (folder / f"report.{suffix}").read_text() == "the old one"


@posix
@pytest.mark.sampled(3)
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_tables_that_do_not_fit_leave_nothing_half(folder: Path, form: str) -> None:
    done = shell(f"ulimit -f 0; goscope tables dump.txt -o tables --as {form}", folder)
    assert done.returncode == 4
    assert "cannot be written: " in only_line(done.stderr)
    assert "file too large" in done.stderr
    assert names(folder) - {"tables"} == {"dump.txt", "log.txt"}
    left = [
        path for path in folder.rglob("tables/*") if path.stat().st_size == 0 or path.name[0] == "."
    ]
    assert left == []


@pytest.mark.sampled(4)
@posix
@full
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("goscope dump.txt 2>/dev/full", 0),
        ("goscope dump.txt --fail-on warning 2>/dev/full", 1),
        ("goscope missing.txt 2>/dev/full", 4),
        ("goscope run -- sh -c 'echo x >&2; exit 5' 2>/dev/full", 5),
    ],
)
def test_messages_that_cannot_be_written_change_nothing(folder: Path, line: str, code: int) -> None:
    assert shell(line, folder).returncode == code


@posix
@full
def test_a_full_disk_behind_a_pipe_does_not_end_the_program_in_front(folder: Path) -> None:
    app = "{ for n in 1 2 3; do cat log.txt; echo line; sleep 0.3; done; echo done >ended; }"
    done = shell(f"{app} | goscope >/dev/full", folder)
    assert done.returncode == 4
    assert (folder / "ended").read_text() == "done\n"
    lines = done.stderr.splitlines()
    assert lines[0] == "goscope: standard output: cannot be written: no space left on device"
    assert set(lines) == {lines[0]}


# ---- locales ----------------------------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONIOENCODING": "cp437"},
    ],
    ids=str,
)
def test_locales_that_lack_letters(folder: Path, variables: dict[str, str]) -> None:
    """What cannot be shown is escaped on the terminal; files are UTF-8, whatever the locale."""
    text = LEAK.replace("main.leak1.func1", "main.Löse·größe1.func1").replace(
        "/app/", "/приложение/"
    )
    (folder / "dump.txt").write_bytes(text.encode() + b"\nthis is \xff\xfe no UTF-8\n")
    outputs = [part for suffix in SUFFIXES for part in ("-o", f"r.{suffix}")]
    done = goscope("dump.txt", *outputs, cwd=folder, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "leak-long-wait" in done.stdout
    for suffix in SUFFIXES:
        written = (folder / f"r.{suffix}").read_text("utf-8")
        if suffix in ("json", "sarif"):  # where letters may be escaped
            written = str(json.loads(written))
        assert "Löse·größe1" in written, suffix
    found = goscope("dump.txt", "-f", "json", cwd=folder, **variables)
    assert json.loads(found.stdout)["findings"][0]["site"]["function"] == "main.Löse·größe1.func1"
    for arguments in (["explain", "select"], ["rules"], ["dump.txt", "-f", "html"], ["--help"]):
        assert goscope(*arguments, cwd=folder, **variables).returncode == 0
    (folder / "ü.txt").write_text(text, "utf-8")
    assert goscope("ü.txt", "-q", cwd=folder, **variables).returncode == 0
    missing = goscope("fehlt-ß", cwd=folder, **variables)
    assert missing.returncode == 4
    assert only_line(missing.stderr).startswith("goscope: fehlt-")


# ---- the network, and what is left behind -----------------------------------------------------------

#: Runs the command line, and ends with 99 as soon as anything asks for the network.
WITHOUT_NETWORK = """
import os, sys
def refuse(event, arguments):
    if event.startswith("socket.") or event in ("urllib.Request", "ftplib.connect"):
        os.write(2, b"asked for the network: " + event.encode())
        os._exit(99)
sys.addaudithook(refuse)
from goscope.cli import command
sys.argv = ["goscope", *sys.argv[1:]]
command()
"""


def without_network(*arguments: str, cwd: Path) -> int:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_NETWORK, *arguments], cwd=cwd, env=environment(),
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    ).returncode  # fmt: skip


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    "arguments",
    [
        ["dump.txt", "log.txt", *(part for suffix in SUFFIXES for part in ("-o", f"r.{suffix}"))],
        ["dump.txt", "-f", "json", "--source-url", "https://git.example.com/{file}#L{line}"],
        ["diff", "dump.txt", "dump.txt"],
        ["tables", "dump.txt", "-o", "tables"],
        ["rules"],
        ["explain", "chan receive"],
        ["schema"],
        ["--version"],
        ["--help"],
        ["run", "--", sys.executable, "-c", "pass"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_network_unless_an_address_was_given(folder: Path, arguments: list[str]) -> None:
    assert without_network(*arguments, cwd=folder) == 0


@pytest.mark.parametrize("arguments", [["localhost:1"], ["watch", "localhost:1"]], ids=str)
def test_the_network_when_an_address_was_given(folder: Path, arguments: list[str]) -> None:
    assert without_network(*arguments, cwd=folder) == 99


@posix
def test_no_temporary_file_is_left(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with tarfile.open(folder / "dumps.tar.gz", "w:gz") as archive:
        archive.add(folder / "dump.txt", "dump.txt")
    (folder / "dump.gz").write_bytes(gzip.compress(PROVEN.encode()))
    before = names(folder)
    archive_bytes = (folder / "dumps.tar.gz").read_bytes()
    for arguments, code, stdin in (
        (["."], 0, b""),
        (["-"], 0, archive_bytes),
        ([], 0, archive_bytes),
        (["dumps.tar.gz", "dump.gz", "--fail-on", "info"], 1, b""),
        (["-"], 4, archive_bytes[:-20]),
        (["nothing"], 4, b""),
        (["dump.txt", "-o", "no/such/folder/r.html"], 4, b""),
    ):
        done = in_process(*arguments, stdin=stdin, cwd=folder)
        assert done.returncode == code, (arguments, done.stderr)
        assert names(scratch) == set()
        assert names(folder) == before
