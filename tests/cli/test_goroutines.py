"""``goscope goroutines``: what it prints, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.analysis.goroutines.test_filters import DUMP
from tests.cli.running import environment, in_process
from tests.conftest import CAPTURES

RECEIVER = CAPTURES / "go1.27" / "leak_receiver"
DUMPS = [RECEIVER / name for name in ("dump-1.txt", "dump-2.txt", "dump-3.txt.gz")]


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump.txt"
    path.write_text(DUMP)
    return path


def test_groups_over_dumps() -> None:
    done = in_process("goroutines", *DUMPS, "--state", "chan send", "--not", "pprof")
    assert done.returncode == 0, done.stderr
    head, _, body = done.stdout.partition("\n\n")
    lines = body.splitlines()
    # The blocked senders of the fixture program: grep -c 'chan send' in each of its dumps.
    assert head.split()[:5] == ["86", "of", "88", "goroutines", "in"]
    assert lines[:3] == [
        "86 (21 -> 51 -> 86)  chan send",
        "    main.leak1.func1  main.go:23",
        "    created by main.leak1  main.go:22",
    ]


def test_verbose_shows_whole_paths(dump: Path) -> None:
    brief = in_process("goroutines", dump, "--id", "20").stdout
    whole = in_process("goroutines", dump, "--id", "20", "-v").stdout
    assert "cache.get           get.go:8" in brief
    assert "/app/" not in brief
    assert "example.com/shop/cache.get  /app/cache/get.go:8" in whole


def test_alone_and_labels(dump: Path) -> None:
    done = in_process("goroutines", dump, "--by", "none", "--label", "tenant=a")
    assert "goroutine 20 [sync.Mutex.Lock, leaked]  tenant=a, path=/x" in done.stdout
    assert "goroutine 21" not in done.stdout


def test_nothing_that_fits_names_the_states(dump: Path) -> None:
    done = in_process("goroutines", dump, "--state", "sleep")
    assert done.returncode == 0
    assert done.stdout.startswith("0 of 5 goroutines in")
    assert "1 chan send (nil chan)" in done.stdout


def test_json(dump: Path) -> None:
    done = in_process("goroutines", dump, "-f", "json", "--min-wait", "1h", "--examples", "1")
    found = json.loads(done.stdout)
    assert found["schema"] == "goscope.goroutines/1"
    (process,) = found["processes"]
    assert process["dumps"] == [{"source": f"{dump}:1", "goroutines": 5, "matched": 1}]
    (group,) = process["groups"]
    assert group["count"] == 1
    assert group["wait_minutes"] == {"least": 90, "most": 90}
    assert group["site"] == {
        "function": "example.com/shop/orders.(*Queue).push",
        "file": "/app/orders/queue.go",
        "line": 33,
    }
    assert group["examples"][0]["id"] == 8
    assert group["examples"][0]["created_by"]["line"] == 12


@pytest.mark.parametrize("by", ["signature", "none", "label", "label=tenant", "creator"])
def test_csv_holds_no_formulas(tmp_path: Path, by: str) -> None:
    path = tmp_path / "=cmd.txt"
    hostile = DUMP.replace("tenant: a", '"=1+1": "@SUM(A1)"').replace("main.main()", "=evil()")
    path.write_text(hostile)
    done = in_process("goroutines", "=cmd.txt", "--by", by, "-f", "csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    header, *rows = csv.reader(io.StringIO(done.stdout))
    assert rows
    assert all(len(row) == len(header) for row in rows)
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    if by in ("label", "none"):
        assert any("=1+1" in cell for cell in cells)


HOSTILE = """\
goroutine 7 [select, 5 minutes] {"token": "hunter2", "pwd": "a hunter2", "db": "pg://u:hunter2@h/d", "n": "b"}:
main.f\x1b]0;x\x07()
\t/app/\x1b[31m\u202e##[group]\x7fmain.go:15 +0x28
"""


@pytest.mark.parametrize("by", ["signature", "none", "label", "label=token", "location"])
@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_no_form_shows_secrets_or_gives_commands(tmp_path: Path, by: str, form: str) -> None:
    path = tmp_path / "dump.txt"
    path.write_text(HOSTILE, encoding="utf-8")
    done = in_process("goroutines", path, "--by", by, "-f", form)
    assert done.returncode == 0
    assert "main.f" in done.stdout
    assert not [word for word in ("hunter2", "##[", "\u202e") if word in done.stdout]
    assert all(character.isprintable() or character == "\n" for character in done.stdout)
    assert "pg://h/d" in done.stdout or by in ("label=token", "location") or form == "text"


def test_csv_of_goroutines(dump: Path) -> None:
    done = in_process("goroutines", dump, "--by", "none", "-f", "csv", "-n", "0", "--sort", "id")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["id"] for row in rows] == ["1", "7", "8", "20", "21"]
    assert [row["wait_minutes"] for row in rows] == ["", "4", "90", "", ""]
    assert rows[3]["labels"] == '{"tenant": "a", "path": "/x"}'
    assert rows[3]["parent"] == "7"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--by", "colour"), "--by colour: there are signature"),
        (("--by", "state=x"), "--by state=x: there are"),
        (("--match", "("), "--match (: not a regular expression"),
        (("--id", "x"), "--id x: write it like 18"),
        (("--id", "5-"), "--id 5-: write it like 18"),
        (("--label", "=x"), "--label =x: write it like key=value"),
        (("--min-wait", "soon"), "--min-wait soon: not a duration"),
        (("--min-wait", "30s"), "--min-wait 30s: Go prints wait times from one minute on"),
    ],
)
def test_wrong_options(dump: Path, option: tuple[str, str], message: str) -> None:
    done = in_process("goroutines", dump, *option)
    assert done.returncode == 2
    assert done.stderr.startswith(f"goscope: {message}")
    assert done.stdout == ""


def test_exit_codes(tmp_path: Path, dump: Path) -> None:
    (tmp_path / "other.txt").write_text("hello\n")
    assert in_process("goroutines", tmp_path / "other.txt").returncode == 3
    assert in_process("goroutines", tmp_path / "missing.txt").returncode == 4
    both = in_process("goroutines", dump, tmp_path / "missing.txt")
    assert both.returncode == 4
    assert "5 goroutines" in both.stdout


def test_what_was_not_understood_is_told(dump: Path) -> None:
    dump.write_text(DUMP.replace("[runnable] {tenant: b}", "[runnable] {tenant b}"))
    done = in_process("goroutines", dump)
    assert done.stderr == (
        f"goscope: {dump}: 1 record was not understood and is not counted; goscope analyze shows it\n"
    )


def test_a_pipe() -> None:
    assert "5 goroutines in" in in_process("goroutines", stdin=DUMP).stdout


@pytest.mark.parametrize("width", ["40", "80"])
def test_lines_fit_and_end_without_spaces(tmp_path: Path, width: str) -> None:
    path = tmp_path / "a-folder-with-a-long-name" / "and-a-file-of-it" / "dump.txt"
    path.parent.mkdir(parents=True)
    path.write_text(DUMP.replace("push", "\x1b[2J[bold]push"))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "goscope",
            "goroutines",
            str(path.relative_to(tmp_path)),
            "--by",
            "location",
        ],
        env=environment(COLUMNS=width),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert max(map(len, lines)) <= int(width)
    words = [
        line.strip().split("/") for line in lines if "a-folder" in line or "and-a-file" in line
    ]
    assert any("a-folder-with-a-long-name" in row for row in words)  # parted after a slash only
    assert any("and-a-file-of-it" in row for row in words)
    assert "\x1b" not in done.stdout
    assert "\\x1b[2J[bold]push" in done.stdout
