"""A file is written whole or not at all, and what is no plain file is written into."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from goscope.whole_files import whole_file
from tests.cli.running import LEAK, ROOT, environment, in_process, only_line


def write(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write_text(text, encoding="utf-8")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("mask", "wanted"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_gets_what_the_umask_allows(tmp_path: Path, mask: int, wanted: int) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "report.md", "new")
    finally:
        os.umask(before)
    assert mode(tmp_path / "report.md") == wanted


def test_a_file_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.touch()
    path.chmod(0o640)
    write(path, "new")
    assert (mode(path), path.read_text(encoding="utf-8")) == (0o640, "new")


def test_an_interrupted_write_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as file:
        file.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("there", [True, False], ids=["file", "dangling"])
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path, there: bool) -> None:
    (tmp_path / "else").mkdir()
    real = tmp_path / "else" / "real.md"
    if there:
        real.write_text("old", encoding="utf-8")
    link = tmp_path / "latest.md"
    link.symlink_to("else/real.md")
    write(link, "new")
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "new"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["else", "latest.md", "real.md"]


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError):
        write(tmp_path / "a", "new")


def test_the_longest_names_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 252 + ".md")
    write(path, "new")
    assert list(tmp_path.iterdir()) == [path]


def test_a_named_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "report.md"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    write(pipe, "through the pipe")
    reader.join(10)
    assert read == ["through the pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def goscope(*arguments: str | Path, stdout: int) -> int:
    command = [sys.executable, "-m", "goscope", *map(str, arguments)]
    return subprocess.run(
        command, check=False, cwd=ROOT, env=environment(), input=LEAK.encode(), stdout=stdout
    ).returncode


def test_standard_output_by_its_name_is_written_behind_what_was_printed(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    with out.open("wb") as file:
        assert goscope("-", "--write-baseline", "/dev/stdout", stdout=file.fileno()) == 0
    text = out.read_text(encoding="utf-8")
    assert text.count("goscope.baseline/1") == 1
    assert text.count("goscope: ") >= 1
    assert Path("/dev/stdout").is_symlink()  # it was not replaced by a file
    done = subprocess.run(
        [sys.executable, "-m", "goscope", "-", "-q", "--write-baseline", "/dev/stdout"],
        check=True, cwd=ROOT, env=environment(), input=LEAK.encode(), stdout=subprocess.PIPE,
    )  # fmt: skip
    assert done.stdout.startswith(b'{\n  "schema": "goscope.baseline/1"')


def test_devices_and_folders(tmp_path: Path) -> None:
    assert in_process("-", "-q", "--write-baseline", "/dev/null", stdin=LEAK).returncode == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    (tmp_path / "a.md").mkdir()
    done = in_process("-", "-q", "-o", tmp_path / "a.md", stdin=LEAK)
    assert done.returncode == 4
    assert "a.md: cannot be written: is a directory" in only_line(done.stderr)
    assert [p.name for p in tmp_path.iterdir()] == ["a.md"]
