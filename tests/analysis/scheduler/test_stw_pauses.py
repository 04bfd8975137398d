"""Stop-the-world phases on the clock of the SCHED lines."""

from __future__ import annotations

import numpy as np
import pytest

import goscope
from goscope.analysis.scheduler.stw_pauses import CLOCK_MS, stw_pauses_of
from tests.analysis.scheduler.test_schedule import diagnosed, sched
from tests.rules.cases import stopped
from tests.rules.traces import cycle


def gc_line(number: int, at_s: float, first: float, mark: float, second: float) -> str:
    return (
        f"gc {number} @{at_s:.3f}s 9%: {first:g}+{mark:g}+{second:g} ms clock, 1+0.1/0.2/0.1+1 ms cpu, "
        "4->4->1 MB, 5 MB goal, 0 MB stacks, 0 MB globals, 4 P\n"
    )


def test_the_second_phase_begins_when_marking_ends() -> None:
    capture = goscope.read(gc_line(1, 2.0, 250, 30, 400) + gc_line(2, 5.0, 0.1, 30, 210))
    found = stw_pauses_of(capture, 0, least_ms=200)
    assert found.t_ms.tolist() == [2000, 2280, 5030.1]
    assert found.ms.tolist() == [250, 400, 210]
    assert found.cycle.tolist() == [1, 1, 2]
    assert [found.source(i).rpartition(":")[2] for i in range(3)] == ["1", "1", "2"]
    assert found.longest == 400
    assert found.at_least(250).ms.tolist() == [250, 400]


def test_what_was_going_on_in_a_stretch_of_time() -> None:
    found = stw_pauses_of(goscope.read(gc_line(1, 2.0, 250, 30, 400)), 0, least_ms=200)
    assert found.between(0, 1900).ms.tolist() == []
    assert found.between(0, 2000).ms.tolist() == [250]
    assert found.between(2240, 2290).ms.tolist() == [250, 400]
    assert found.between(3000, 9000).ms.tolist() == []


def test_without_gc_lines_there_are_none() -> None:
    assert stw_pauses_of(goscope.read(sched(1)), 0, least_ms=200).longest == 0.0


def test_a_stop_that_takes_long_is_found_where_the_scheduler_looks_fine() -> None:
    lines = "".join(sched(t, idle=t % 4) for t in range(1, 21))
    found = diagnosed(lines + cycle(1, 2.0) + stopped(2, 7.5, 1300))
    assert found.verdicts["scheduler"].state == "healthy"
    (finding,) = [f for f in found.findings if f.rule == "sched-stw-stuck"]
    assert finding.severity.value == "warning"
    assert "1300 ms" in finding.title
    assert "7.50 s" in finding.detail
    meanwhile = next(e for e in finding.evidence if "meanwhile" in e.label)
    assert (meanwhile.label, meanwhile.value) == ("Ps idle meanwhile, in 1 SCHED lines", 0)


def test_one_short_one_is_a_note() -> None:
    found = diagnosed(cycle(1, 2.0) + stopped(2, 7.5, 250))
    (finding,) = [f for f in found.findings if f.rule == "sched-stw-stuck"]
    assert (finding.severity.value, finding.confidence.value) == ("info", "low")


# Of one process: the lines of several are told apart by their clocks.
@pytest.mark.holding(
    rb"^gc \d+ @\d(?:.*\n)+?SCHED \d", rb"\A(?!(?s:.*)^SCHED 0ms(?s:.*)^SCHED 0ms)"
)
def test_both_clocks_are_one_in_real_logs(real_capture: bytes) -> None:
    """A gc line is printed when its cycle has ended, so it ends before the next SCHED line."""
    capture = goscope.read(real_capture)
    lines, gc = capture.table("sched"), capture.table("gc")
    phases = [gc.numbers(name) for name in ("stw_sweep_ms", "mark_ms", "stw_mark_ms")]
    end = gc.numbers("t_s") * 1000 + np.nan_to_num(phases).sum(axis=0)
    later = np.searchsorted(lines["line"], gc["line"])
    inside = later < len(lines)
    ahead = end[inside] - lines["t_ms"][later[inside]]
    assert len(ahead)
    assert (ahead <= CLOCK_MS).all()
