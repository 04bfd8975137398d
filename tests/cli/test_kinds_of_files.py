"""Archives, directories, pages in place of dumps, mistyped commands: what the user gets to see."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.cli.running import LEAK, SCHED, in_process, only_line
from tests.rules.dumps import dump, goroutine

DUMPS = {
    f"dump-{n}.txt": dump(*(goroutine(100 + i, "chan send") for i in range(20 * n)))
    for n in (1, 2, 10)
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "dumps.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in reversed(DUMPS):
            packed.writestr(name, DUMPS[name])
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name in reversed(DUMPS):
            info = tarfile.TarInfo(name)
            info.size = len(DUMPS[name])
            archive.addfile(info, io.BytesIO(DUMPS[name].encode()))
    (tmp_path / "dumps.tgz").write_bytes(data.getvalue())
    (tmp_path / "dumps").mkdir()
    for name, text in DUMPS.items():
        (tmp_path / "dumps" / name).write_text(text)
    return tmp_path


def document(
    *arguments: str | Path, cwd: Path | None = None, stdin: bytes = b""
) -> dict[str, object]:
    done = in_process(*arguments, "-f", "json", cwd=cwd, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", ["dumps", "dumps.zip", "dumps.tgz", "dumps/dump-*.txt"])
def test_many_dumps_of_one_program_are_one_history(folder: Path, name: str) -> None:
    """Whatever they come in; growth is only growth in the right order."""
    plain = document(*(f"dumps/{dump}" for dump in DUMPS), cwd=folder)
    found = document(name, cwd=folder)
    assert found["verdicts"] == plain["verdicts"]
    assert [f["rule"] for f in found["findings"]] == [f["rule"] for f in plain["findings"]]  # type: ignore[attr-defined]
    assert "leak-growth" in [f["rule"] for f in found["findings"]]  # type: ignore[attr-defined]
    sources = [i["name"].rpartition("!")[2].rpartition("/")[2] for i in found["inputs"]]  # type: ignore[attr-defined]
    assert sources == list(DUMPS)


def test_an_archive_through_a_pipe(folder: Path) -> None:
    found = document("-", stdin=(folder / "dumps.tgz").read_bytes())
    assert [i["name"] for i in found["inputs"]] == [f"stdin!{name}" for name in DUMPS]  # type: ignore[attr-defined]


def test_a_cut_archive_gives_what_is_in_it_one_line_and_exit_code_4(folder: Path) -> None:
    data = (folder / "dumps.tgz").read_bytes()
    (folder / "cut.tgz").write_bytes(data[: len(data) - 30])
    done = in_process("cut.tgz", cwd=folder)
    assert done.returncode == 4
    assert "cut.tgz: the compressed data ends early or is damaged" in only_line(done.stderr)
    assert "dump-10.txt" in done.stdout


def test_the_same_file_twice_is_one_dump_and_a_notice(folder: Path) -> None:
    first = "dumps/dump-1.txt"
    done = in_process(first, f"./{first}", "dumps/dump-2.txt", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"skipped ./{first}: the same file as {first}; it counts once" in " ".join(
        done.stdout.split()
    )
    one, two = (document(*names, cwd=folder)["verdicts"] for names in ([first], [first, first]))
    assert one == two


def test_a_folder_that_holds_all_sorts_of_things(folder: Path) -> None:
    os.mkfifo(folder / "dumps" / "pipe")
    (folder / "dumps" / "app").write_bytes(b"\x7fELF" + bytes(100))
    (folder / "dumps" / "notes.md").write_text("buy milk\n")
    (folder / "dumps" / "index.html").write_text("<html><title>Sign in</title>")
    done = in_process("dumps", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    said = " ".join(done.stdout.split())
    assert "skipped dumps/app: this is an ELF binary, not text" in said
    assert "skipped dumps/pipe: a named pipe" in said
    assert "skipped dumps/index.html: this is an HTML page (Sign in)" in said
    assert "nothing of the Go runtime in dumps/notes.md" in said


def test_many_files_of_other_kinds_take_few_lines(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(LEAK)
    for n in range(30):
        (tmp_path / f"{n}.png").write_bytes(b"\x89PNG\r\n" + bytes(50))
    said = in_process(".", cwd=tmp_path).stdout
    assert said.count("a PNG image") == 8
    assert "skipped 22 more" in said


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<!DOCTYPE html><html><head><title>Sign in</title>", "an HTML page (Sign in)"),
        ("404 page not found\n", "a server's answer (404 page not found)"),
        ('{"error": "unauthorized"}\n', "a JSON document"),
    ],
)
def test_a_page_in_place_of_a_dump(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "dump.txt").write_text(text)
    done = in_process(tmp_path / "dump.txt")
    assert (done.returncode, done.stdout) == (4, "")
    assert f"dump.txt: this is {what}" in only_line(done.stderr)


def test_a_page_beside_dumps_is_told(folder: Path) -> None:
    """Without the line, a history of three dumps would be taken for one of two."""
    (folder / "dumps" / "dump-2.txt").write_text("502 Bad Gateway\n")
    done = in_process(*(f"dumps/{name}" for name in DUMPS), cwd=folder)
    assert done.returncode == 4
    assert "dump-2.txt: this is a server's answer (502 Bad Gateway)" in only_line(done.stderr)


def test_a_page_that_holds_a_dump_is_read(tmp_path: Path) -> None:
    (tmp_path / "issue.html").write_text(f"<html><title>leak #12</title><pre>\n{LEAK}</pre>\n")
    done = in_process(tmp_path / "issue.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert "WARNING leak-long-wait" in done.stdout


def test_nothing_but_nuls(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(bytes(3 << 20))
    done = in_process(tmp_path / "app.log")
    assert (done.returncode, done.stdout) == (3, "")
    assert "app.log: nothing but NUL bytes" in only_line(done.stderr)
    (tmp_path / "app.log").write_bytes(bytes(3 << 20) + b"\n" + SCHED.encode())
    assert in_process(tmp_path / "app.log").returncode == 0


@pytest.mark.parametrize(
    ("word", "near"),
    [("analyse", "analyze"), ("Analyze", "analyze"), ("rule", "rules"), ("expain", "explain")],
)
def test_a_mistyped_command(tmp_path: Path, word: str, near: str) -> None:
    done = in_process(word, "x", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"did you mean {near}?" in only_line(done.stderr)


def test_a_file_that_is_called_like_a_command_nearly(tmp_path: Path) -> None:
    (tmp_path / "analyse").write_text(LEAK)
    assert in_process("analyse", cwd=tmp_path).returncode == 0
    assert in_process("rules.txt", cwd=tmp_path).returncode == 4


def test_a_dump_as_an_argument(tmp_path: Path) -> None:
    done = in_process(LEAK * 500, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    assert "goroutine 42 [chan send, 5 minutes]:...: this is a text" in only_line(done.stderr)
    assert len(done.stderr) < 200


def test_a_folder_without_a_file_that_can_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = in_process(".", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "pipe: a named pipe" in only_line(done.stderr)


def test_many_parts_of_a_log(tmp_path: Path) -> None:
    """What log rotation leaves behind after ``cat app.log.*.gz``."""
    lines = SCHED.splitlines(keepends=True)
    data = b"".join(gzip.compress(line.encode()) for line in lines)
    (tmp_path / "app.log.gz").write_bytes(data)
    assert "10 SCHED lines" in in_process(tmp_path / "app.log.gz").stdout
