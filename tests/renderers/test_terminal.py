"""The summary for a terminal: what a person sees, at 80 columns."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import goscope
from goscope.capture import CaptureBuilder
from goscope.diagnosis import Diagnosis
from goscope.renderers import terminal
from tests.conftest import CAPTURES, content
from tests.rules.cases import CASES
from tests.rules.dumps import dump, goroutine, leaks

RUNS = ("go1.27/leak_receiver", "go1.23/cpu_starving", "go1.19/idle_server")


def diagnosed(run: Path) -> Diagnosis:
    """A run as a user would give it: its log, then its dumps in order."""
    builder = CaptureBuilder()
    for pattern in ("stderr.log*", "dump-[0-9].txt*"):
        for path in sorted(run.glob(pattern)):
            builder.read(path.name.removesuffix(".gz"), [content(path)])
    return goscope.diagnose(builder.build())


@pytest.mark.parametrize("run", RUNS)
def test_real_captures(run: str, snapshot: Any) -> None:
    assert terminal.render(diagnosed(CAPTURES / run)) == snapshot


def shown(diagnosis: Diagnosis, width: int) -> list[str]:
    console = Console(
        file=io.StringIO(),
        width=width,
        color_system=None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    terminal.show(diagnosis, console)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    "run", sorted(CAPTURES.glob("go1.2[37]/*/")), ids=lambda p: "/".join(p.parts[-2:])
)
@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_wider_than_the_terminal(run: Path, width: int) -> None:
    diagnosis = diagnosed(run)
    lines = shown(diagnosis, width)
    assert max(map(len, lines)) <= width
    assert lines[0] == f"goscope: {diagnosis.status}"


def test_a_path_that_is_too_long_is_folded_and_not_cut() -> None:
    path = "/home/build/" + "very-long-directory-name/" * 6 + "main.go"
    where = f"main.{'LongFunctionName' * 6}()\n\t{path}:15 +0x28"
    diagnosis = goscope.diagnose(
        goscope.read(dump(goroutine(42, "chan send (leaked)", where=where)))
    )
    lines = shown(diagnosis, 80)
    assert max(map(len, lines)) <= 80
    assert f"{path}:15" in "".join(line.strip() for line in lines)


def test_all_parts_of_a_finding_are_shown() -> None:
    text = terminal.render(
        goscope.diagnose(goscope.read(*(dump(*leaks(range(18, 18 + n))) for n in (10, 20, 30))))
    )
    assert text.startswith("goscope: critical\n")
    for part in (
        "goroutines  leak ",
        "CRITICAL leak-growth (high confidence)",
        "10 -> 20 -> 30 goroutines at main.leak1.func1 (/app/main.go:15)",
        "> main.leak1.func1 /app/main.go:15",
        "started by main.leak1 /app/main.go:14",
        "goroutine ids: 18, 19, 20, 21, 22, 23, 24, 25, ...",
        "next: Nobody receives any more",
        "read text 3: ",
        "31 goroutines, 1 dump",
    ):
        assert part in text


def test_what_nobody_could_judge_says_what_to_collect() -> None:
    text = " ".join(terminal.render(goscope.diagnose(goscope.read(dump()))).split())
    assert "scheduler unknown no SCHED lines were read; run it with GODEBUG=schedtrace=1000" in text


def test_many_findings_are_cut_short() -> None:
    blocks = [
        goroutine(n, "chan send (leaked)", where=f"main.leak{n}()\n\t/app/main.go:{n} +0x28")
        for n in range(18, 48)
    ]
    text = terminal.render(goscope.diagnose(goscope.read(dump(*blocks))))
    assert text.count("CRITICAL leak-proven") == 20
    assert "10 more findings: --format json lists all." in text


def test_a_deep_stack_is_cut_short() -> None:
    where = "\n".join(f"main.f{n}()\n\t/app/main.go:{n} +0x1" for n in range(1, 31))
    text = terminal.render(
        goscope.diagnose(goscope.read(dump(goroutine(42, "chan send (leaked)", where=where))))
    )
    assert "main.f6 " in text
    assert "main.f7 " not in text
    assert "... 24 more frames" in text


def test_inputs_without_anything_of_go_are_named_in_one_line() -> None:
    texts = ["nothing\n"] * 6
    text = terminal.render(goscope.diagnose(goscope.read(dump(), *texts)))
    assert "nothing of the Go runtime in text 2, text 3, text 4, text 5, ...\n" in text


def test_a_record_that_was_not_understood_is_shown() -> None:
    text = terminal.render(
        goscope.diagnose(
            goscope.read(CASES["sched-starving"].fires[0] + "SCHED 9ms: gomaxprocs=four\n")
        )
    )
    assert "1 record not understood:" in text
    assert "line 11: SCHED 9ms: gomaxprocs=four" in text
    assert "expected " in text


def test_the_time_line_is_shown_where_it_changes() -> None:
    quiet = "SCHED {t}000ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 idlethreads=1 runqueue=0 [0 1]\n"
    busy = quiet.replace("runqueue=0 [0 1]", "runqueue=300 [90 80]")
    text = "".join((quiet if t <= 30 else busy).format(t=t) for t in range(1, 61))
    words = " ".join(terminal.render(goscope.diagnose(goscope.read(text))).split())
    assert re.search(r"healthy 1\.0 to (29|30|31|32)\.0 s, starving \1\.0 to 60\.0 s", words), words
