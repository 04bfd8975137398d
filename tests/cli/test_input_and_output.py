"""Pipes, encodings, compressed files, reports, colours, and text that means harm."""

from __future__ import annotations

import codecs
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli import running
from tests.cli.running import LEAK, PROVEN, SCHED, environment, only_line
from tests.cli.running import in_process as goscope

ESCAPE = "\x1b"


# ---- pipes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["-"], ["analyze"], ["analyze", "-"], ["-f", "text"]])
def test_a_pipe_with_and_without_a_dash(arguments: list[str]) -> None:
    done = goscope(*arguments, stdin=LEAK)
    assert (done.returncode, done.stderr) == (0, "")
    assert "WARNING leak-long-wait" in done.stdout
    assert "read stdin: 5 lines" in done.stdout


def test_an_empty_pipe() -> None:
    done = goscope(stdin="")
    assert (done.returncode, done.stdout) == (3, "")
    assert "stdin: empty" in only_line(done.stderr)


@pytest.mark.parametrize(
    "arguments", [["rules"], ["explain", "leak-growth"], ["schema"], ["--help"]]
)
def test_a_reader_that_stops_early(arguments: list[str], tmp_path: Path) -> None:
    stops_early(arguments)


def test_a_reader_that_stops_early_in_a_report(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(LEAK)
    stops_early([str(tmp_path / "dump.txt")])
    stops_early([str(tmp_path / "dump.txt"), "--format", "json"])


def stops_early(arguments: list[str]) -> None:
    """What ``| head -1`` does, at its worst: the reader is gone before the first byte."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "goscope", *arguments],
            stdin=subprocess.DEVNULL, stdout=write_end, stderr=subprocess.PIPE, text=True,
            env=environment(), timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(write_end)
    assert done.stderr == ""


# ---- reports --------------------------------------------------------------------------------------


def test_reports_are_written_beside_what_is_printed(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(LEAK)
    reports = tmp_path / "reports"
    reports.mkdir()
    one, two = reports / "report.json", reports / "report.txt"
    done = goscope(tmp_path / "dump.txt", "-v", "-o", one, "-o", two)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(one.read_text())["findings"][0]["rule"] == "leak-long-wait"
    assert two.read_text() == done.stdout
    assert sorted(path.name for path in reports.iterdir()) == ["report.json", "report.txt"]


def test_a_report_replaces_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(LEAK)
    (tmp_path / "report.json").write_text("old")
    goscope(tmp_path / "dump.txt", "-o", tmp_path / "report.json", "--quiet")
    assert json.loads((tmp_path / "report.json").read_text())["status"] == "warning"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(LEAK)
    done = goscope(tmp_path / "dump.txt", "-o", tmp_path / "missing" / "report.json")
    assert done.returncode == 4
    assert "report.json: cannot be written: no such file or directory" in only_line(done.stderr)


def test_a_report_that_cannot_take_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(LEAK)
    (tmp_path / "report.json").mkdir()
    done = goscope(tmp_path / "dump.txt", "-o", tmp_path / "report.json")
    assert done.returncode == 4
    assert "cannot be written" in only_line(done.stderr)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dump.txt", "report.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(LEAK)
    (tmp_path / "locked").mkdir(mode=0o500)
    done = goscope(tmp_path / "dump.txt", "-o", tmp_path / "locked" / "report.json")
    assert done.returncode == 4
    assert "permission denied" in only_line(done.stderr)


def test_quiet_prints_nothing_but_errors(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(LEAK)
    done = goscope(tmp_path / "dump.txt", "--quiet", "--fail-on", "warning")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    done = goscope(tmp_path / "dump.txt", tmp_path / "missing", "-q")
    assert (done.returncode, done.stdout) == (4, "")
    assert "missing" in only_line(done.stderr)


# ---- colours --------------------------------------------------------------------------------------


def test_a_pipe_gets_no_colours() -> None:
    assert ESCAPE not in goscope(stdin=LEAK).stdout


def test_colours_where_they_are_wanted_and_not_where_they_are_not() -> None:
    assert f"{ESCAPE}[" in goscope(stdin=LEAK, FORCE_COLOR="1", TERM="xterm-256color").stdout
    for done in (
        goscope(stdin=LEAK, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color"),
        goscope("--no-color", stdin=LEAK, FORCE_COLOR="1", TERM="xterm-256color"),
    ):
        colours = re.findall(r"\x1b\[([0-9;]*)m", done.stdout)
        assert not [c for c in colours if re.search(r"(^|;)[349][0-9]", c)]


# ---- encodings ------------------------------------------------------------------------------------


def test_compressed_input_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(gzip.compress(LEAK.encode()))
    assert "WARNING leak-long-wait" in goscope(tmp_path / "dump").stdout
    assert "WARNING leak-long-wait" in goscope("-", stdin=gzip.compress(LEAK.encode())).stdout


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF8, "utf-8"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text_as_windows_writes_it(tmp_path: Path, bom: bytes, encoding: str, end: str) -> None:
    text = (SCHED + LEAK).replace("\n", end)
    (tmp_path / "log.txt").write_bytes(bom + text.encode(encoding))
    done = goscope(tmp_path / "log.txt", "-f", "json")
    assert done.returncode == 0
    (found,) = json.loads(done.stdout)["inputs"]
    assert (found["records"]["sched"], found["records"]["goroutines"]) == (10, 1)
    assert found["unparsed"]["count"] == 0


# ---- names and texts that mean harm ---------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "my dump.txt",
        "[running].txt",
        "[bold red]x[red].txt",
        "-dump.txt",
        "ö ☃.txt",
        "a*b?.txt",
        "%s{0}.txt",
    ],
)
def test_names_that_are_hard_to_bear(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(LEAK)
    done = goscope(f"./{name}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"read ./{name}: 5 lines" in done.stdout


def test_a_name_that_holds_an_escape_sequence(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31mb\nc.txt").write_text(LEAK)
    done = goscope("a\x1b[31mb\nc.txt", cwd=tmp_path)
    assert ESCAPE not in done.stdout
    assert r"read a\x1b[31mb\x0ac.txt: 5 lines" in done.stdout
    missing = goscope("gone\x1b[31m\nc.txt", cwd=tmp_path)
    assert missing.returncode == 4
    assert ESCAPE not in only_line(missing.stderr)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text(LEAK)
    assert r"read caf\xe9.txt: 5 lines" in goscope(".", cwd=tmp_path).stdout
    assert json.loads(goscope(".", "-f", "json", cwd=tmp_path).stdout)["findings"]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
def test_a_terminal_that_lacks_letters(encoding: str) -> None:
    text = LEAK.replace("main.leak1.func1", "main.łeak.func1")
    done = running.goscope(stdin=text, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"main.\u0142eak.func1" in done.stdout
    assert running.goscope("explain", "łeak", PYTHONIOENCODING=encoding).returncode == 2


HOSTILE = (
    "2026/11/24 01:43:00 \x1b]0;owned\x07 \x1b[2J [bold]not markup[/bold] [running]\n"
    "SCHED 1000ms: gomaxprocs=4 \x1b[31m idleprocs=\x07four\n"
    "panic: \x1b[2J\x1b[31mboom\x00 [red]value[/red] \u202egnp.exe\n\n"
    'goroutine 42 [chan send (leaked), \x1b[31m5 minutes] {job: "\x1b[5m[blink]"}:\n'
    "main.(*T[...]).\x1b[2Jleak[bold]\u202e(0x1)\n"
    "\t/app/\x1b[31m[red]main.go:15 +0x28\n"
    "created by main.\x1b]0;x\x07start in goroutine 1\n"
    "\t/app/main.go:14 +0x66\n\n"
    + PROVEN.replace("main.leak1.func1", "main.x\u009b31m[/red].f\u2028g")
)


@pytest.mark.parametrize("arguments", [["-"], ["-", "--format", "json"]])
def test_hostile_text_comes_out_harmless(arguments: list[str]) -> None:
    done = goscope(*arguments, stdin=HOSTILE)
    assert (done.returncode, done.stderr) == (0, "")
    odd = {c for c in done.stdout if not c.isprintable() and c != "\n"}
    assert odd == set()


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    text = PROVEN.replace("main.leak1.func1", "main.[bold]leak[/bold]:boom:")
    assert "main.[bold]leak[/bold]:boom:" in goscope(stdin=text, FORCE_COLOR="1").stdout


PIECES = """SCHED |1ms: |gomaxprocs=|2|-1|gc 1 @|goroutine |1 [|chan send|]:\n|\tmain.go:1\n|main.f()\n|[| ]|\n|\r\n
|created by |# |M0: p=|G1: status=4(|\x1b[31m|\x00|99999999999999999999999999|, 9 minutes| in goroutine """


@given(
    st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=100).map(lambda data: b"\x1f\x8b" + data),
        st.binary(max_size=100).map(lambda data: codecs.BOM_UTF16_LE + data),
        st.lists(st.sampled_from(PIECES.split("|")), max_size=40).map(
            lambda p: "".join(p).encode()
        ),
    )
)
def test_no_bytes_make_it_stumble(data: bytes) -> None:
    done = goscope("-", stdin=data)
    assert done.returncode in (0, 3, 4)
    if done.returncode == 0:
        assert done.stdout.startswith("goscope: ")
        assert done.stderr == ""
    elif done.stdout:
        assert done.returncode == 4  # what was read before the damage is good
    assert done.returncode == 0 or only_line(done.stderr).startswith("goscope: stdin: ")
    assert {c for c in done.stdout + done.stderr if not c.isprintable()} <= {"\n"}


# ---- what is not loaded ---------------------------------------------------------------------------

LOADED = """\
import sys
from goscope.cli import main
sys.argv[1:] = {arguments!r}
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
slow = {{"pandas", "pyarrow", "plotly", "lark"}} & set(sys.modules)
print("LOADED", sorted(slow))
"""


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["analyze", "--help"],
        ["rules"],
        ["explain", "leak-growth"],
        ["schema"],
    ],
)
def test_what_needs_no_data_loads_no_library_for_it(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(arguments=arguments)],
        capture_output=True, text=True, env=environment(), timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_version_and_help() -> None:
    from goscope import __version__

    assert goscope("--version").stdout == f"goscope {__version__}\n"
    told = goscope("--help")
    assert told.returncode == 0
    for command in ("analyze", "rules", "explain", "schema"):
        assert command in told.stdout
        assert goscope(command, "--help").returncode == 0


def test_the_catalogue_and_what_it_explains() -> None:
    from goscope.rules import all_rules

    catalogue = goscope("rules").stdout.splitlines()
    assert [line.split()[0] for line in catalogue if line[0] != " "] == [
        rule.name for rule in all_rules()
    ]
    assert "What to do:" in goscope("explain", "leak-growth").stdout
