"""The time line of a trace says what the truth about it says, reduced to a screen."""

from __future__ import annotations

import numpy as np
import pytest

from goscope.analysis.traces.executions import Execution, executions_of
from goscope.analysis.traces.view_time_line import time_line
from tests.traces.truth import capture, truth

NAMES = [f"go1.27/trace_{name}" for name in ("gc", "http", "starving", "tasks", "files", "stw")]


def trace(name: str) -> Execution:
    (found,) = executions_of(capture(name))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_ps_ran_for_as_long_as_the_tool_says(name: str) -> None:
    line = time_line(trace(name))
    assert line is not None
    assert line.lanes is not None
    known = truth(name)
    length = known["end"] - known["start"]
    found = {row: running + gc + call for row, running, gc, call, _ in line.lanes.totals}
    for p, (_, ns) in known["procs"].items():
        assert found[f"P{p}"] == pytest.approx(100 * ns / length, abs=0.05)
    for row, running, gc, call, idle in line.lanes.totals:
        assert min(running, gc, call, idle) > -1e-9, row
        assert running + gc + call + idle == pytest.approx(100)


@pytest.mark.parametrize("name", NAMES)
def test_each_slice_is_a_whole(name: str) -> None:
    line = time_line(trace(name))
    assert line is not None
    assert line.lanes is not None
    used = line.lanes.running + line.lanes.gc + line.lanes.syscall
    assert used.shape == (len(line.lanes.rows), len(line.lanes.starts))
    assert used.min() >= 0
    assert used.max() <= 101  # three rounded figures
    assert line.lanes.starts[0] == 0
    assert line.lanes.starts[-1] < line.end


def test_many_ps_share_rows() -> None:
    whole = time_line(trace("go1.27/trace_http"))
    halves = time_line(trace("go1.27/trace_http"), rows=2)
    assert whole is not None and whole.lanes is not None
    assert halves is not None and halves.lanes is not None
    assert whole.lanes.rows == ("P0", "P1", "P2", "P3")
    assert halves.lanes.rows == ("P0-1", "P2-3")
    assert halves.lanes.together == 2
    pairs = np.array([t[1:] for t in whole.lanes.totals]).reshape(2, 2, 4).mean(axis=1)
    assert np.allclose(pairs, [t[1:] for t in halves.lanes.totals])
    odd = time_line(trace("go1.27/trace_http"), rows=3)
    assert odd is not None and odd.lanes is not None
    assert odd.lanes.rows == ("P0-1", "P2-3")


def test_marking_is_where_the_collector_marked() -> None:
    view = trace("go1.27/trace_gc")
    line = time_line(view)
    assert line is not None
    ranges = view.rows("trace_ranges")
    mine = ranges.select(ranges["kind"] == ranges.categories("kind").index("gc"))
    begins, ends = mine["start_ns"] / 1e6, (mine["start_ns"] + mine["duration_ns"]) / 1e6
    assert len(mine) == 11
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        assert any(a <= begin and end <= b for a, b in line.marking)
    tinted = sum(b - a for a, b in line.marking)
    assert sum(ends - begins) <= tinted <= sum(ends - begins) + 2 * 11 * line.slice_ns / 1e6
    assert not time_line(trace("go1.27/trace_http")).marking  # type: ignore[union-attr]


def test_panels_and_units() -> None:
    short, long = time_line(trace("go1.27/trace_gc")), time_line(trace("go1.27/trace_tasks"))
    assert short is not None and long is not None
    assert (short.unit, long.unit) == ("ms", "s")
    assert long.end == pytest.approx(2.712285312)
    titles = [p.title for p in short.panels]
    assert titles == ["Goroutines", "All goroutines", "Heap", "The world stopped"]
    # The stop with which tracing begins says nothing about the program.
    assert "The world stopped" not in [p.title for p in long.panels]
    assert [name for name, _ in short.panels[0].curves][-1] == "helping the GC"
    assert len(long.panels[0].curves) == 3
    stops = short.panels[-1].curves[0][1]
    known = truth("go1.27/trace_gc")["ranges"]
    assert len(stops.x) == sum(n for name, (n, _) in known.items() if name.startswith("stop-the"))
    assert stops.y.sum() * 1e6 == pytest.approx(
        sum(ns for name, (_, ns) in known.items() if name.startswith("stop-the"))
    )


def test_waiting_goroutines_of_a_starving_program() -> None:
    line = time_line(trace("go1.27/trace_starving"))
    assert line is not None
    curves = dict(line.panels[0].curves)
    assert 36 < np.median(curves["waiting for a P"].y) < 42
    assert curves["running"].y.max() == 2
