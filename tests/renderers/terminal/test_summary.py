"""The summary for a terminal: what a person sees, at 80 columns."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.renderers.terminal import summary as terminal
from tests.renderers.saved_diagnoses import RUNS, SAVED, saved
from tests.rules.cases import CASES
from tests.rules.dumps import dump, goroutine, leaks


@pytest.mark.parametrize("run", RUNS)
def test_real_captures(run: str, snapshot: Any) -> None:
    assert terminal.render(saved(run)) == snapshot


@pytest.mark.parametrize("run", RUNS)
def test_the_summary_of_real_captures(run: str, snapshot: Any) -> None:
    assert "\n".join(shown(saved(run), 80)) == snapshot


def shown(diagnosis: Diagnosis, width: int, height: int = terminal.PAGE) -> list[str]:
    console = Console(
        file=io.StringIO(),
        width=width,
        color_system=None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    terminal.show(diagnosis, console, height=height)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("run", SAVED)
@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_wider_than_the_terminal(run: str, width: int) -> None:
    diagnosis = saved(run)
    lines = shown(diagnosis, width)
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []
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
        "> main.leak1.func1  /app/main.go:15",
        "created by main.leak1  /app/main.go:14",
        "goroutine ids: 18, 19, 20, 21, 22, 23, 24, 25, ...",
        "next: See who should receive.",
        "read text 3: ",
        "31 goroutines, 1 dump",
    ):
        assert part in text


def test_what_nobody_could_judge_says_what_to_collect() -> None:
    text = " ".join(terminal.render(goscope.diagnose(goscope.read(dump()))).split())
    assert "scheduler unknown no SCHED lines were read; run it with GODEBUG=schedtrace=1000" in text


def many_leaks() -> Diagnosis:
    blocks = [
        goroutine(n, "chan send (leaked)", where=f"main.leak{n}()\n\t/app/main.go:{n} +0x28")
        for n in range(18, 48)
    ]
    return goscope.diagnose(goscope.read(dump(*blocks)))


def test_many_findings_of_a_rule_share_its_heading() -> None:
    text = "\n".join(shown(many_leaks(), 80))
    assert text.count("CRITICAL leak-proven") == 1
    assert "... and 26 more" in text  # one is told whole, three by their titles
    assert len(text.splitlines()) < terminal.PAGE


def test_all_findings_are_in_the_whole_text() -> None:
    text = terminal.render(many_leaks())
    assert text.count("CRITICAL leak-proven") == 30
    assert {f"main.leak{n}  /app/main.go:{n}" for n in range(18, 48)} <= {
        line.strip(" >") for line in text.splitlines()
    }


def deep() -> Diagnosis:
    where = "\n".join(f"main.f{n}()\n\t/app/main.go:{n} +0x1" for n in range(1, 31))
    return goscope.diagnose(goscope.read(dump(goroutine(42, "chan send (leaked)", where=where))))


def test_a_deep_stack_is_cut_short() -> None:
    text = "\n".join(shown(deep(), 80))
    assert "main.f6 " in text
    assert "main.f7 " not in text
    assert "... 24 frames more" in text


def test_a_deep_stack_is_whole_in_the_whole_text() -> None:
    assert "main.f30  /app/main.go:30" in terminal.render(deep())


@pytest.mark.parametrize("run", SAVED)
@pytest.mark.parametrize(("width", "height"), [(80, 34), (80, 50), (120, 34)])
def test_the_summary_fits_a_screen(run: str, width: int, height: int) -> None:
    assert len(shown(saved(run), width, height)) < height


def test_no_finding_is_lost_on_a_low_screen() -> None:
    diagnosis = saved("go1.27/crowd")
    text = "\n".join(shown(diagnosis, 80, 10))
    rules = {finding.rule for finding in diagnosis.findings}
    assert len(rules) > 2
    assert all(rule in text for rule in rules)


def test_series_are_drawn_from_nothing_to_their_largest_value() -> None:
    line = "SCHED {t}000ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 idlethreads=1 runqueue={q} [0 1]\n"
    text = "".join(line.format(t=t, q=q) for t, q in ((1, 0), (2, 3), (3, 7)))
    lines = shown(goscope.diagnose(goscope.read(text)), 80)
    assert "queued      max 8         ▁▄█  8 at the end" in lines
    assert not [line for line in lines if line.startswith("threads  ") and "max" in line]


def styled(text: str) -> list[tuple[str, str]]:
    """Each line with the styles that it is printed in."""
    console = Console(
        file=io.StringIO(), width=80, force_terminal=True, color_system="standard", markup=False
    )
    terminal.show(goscope.diagnose(goscope.read(text)), console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return [(re.sub(r"\x1b\[[0-9;]*m", "", line), line) for line in lines]


def test_frames_of_the_program_are_bright_and_those_of_go_dimmed() -> None:
    where = (
        "sync.(*Mutex).Lock(...)\n\t/usr/local/go/src/sync/mutex.go:46\n"
        "example.com/shop/orders.(*Store).Get()\n\t/app/store.go:9 +0x1"
    )
    lines = styled(dump(goroutine(42, "sync.Mutex.Lock (leaked)", where=where)))
    (own,) = {raw for line, raw in lines if line.startswith("  > orders.(*Store).Get")}
    of_go = [raw for line, raw in lines if line.startswith("    sync.(*Mutex).Lock")]
    assert "\x1b[1m" in own
    assert len(of_go) == 2  # in the finding and in the group
    assert all("\x1b[2m" in raw and "\x1b[1m" not in raw for raw in of_go)


def test_nothing_in_the_data_reaches_the_terminal() -> None:
    where = "main.\x1b[2J[bold]evil\u202e()\n\t/app/\x07[red].go:9 +0x1"
    lines = styled(dump(goroutine(42, "chan send (leaked)", where=where)))
    text = "\n".join(line for line, _ in lines)
    assert "\\x1b[2J[bold]evil\\u202e" in text
    assert not {"\x1b", "\x07", "\u202e"} & set(text)


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
