"""Tasks as waterfalls: the slow one first, what it consists of inside of it."""

from __future__ import annotations

import pytest

from goscope.analysis.traces.view_tasks import TaskType, tasks_of
from tests.analysis.traces.test_view_time_line import trace
from tests.traces.truth import truth

NAME = "go1.27/trace_tasks"


def types(**limits: int) -> dict[str | None, TaskType]:
    return {one.name: one for one in tasks_of(trace(NAME), **limits).types}


@pytest.mark.parametrize("name", [NAME, "go1.22/trace_tasks", "go1.27/trace_http"])
def test_all_tasks_are_counted_and_the_slowest_come_first(name: str) -> None:
    found = {one.name: one for one in tasks_of(trace(name)).types}
    known = truth(name)["tasks"]
    assert sum(one.count for one in found.values()) == len(known)
    for name_of, one in found.items():
        mine = sorted(
            (t["duration"] for t in known if t["type"] == (name_of or "") and t["complete"]),
            reverse=True,
        )
        lengths = [view.task.duration_ns for view in one.slowest if view.task.duration_ns]
        assert lengths == [pytest.approx(ns, abs=1000) for ns in mine[: len(lengths)]]
        assert one.slowest[0].length == pytest.approx(1)


def test_the_slow_order_and_what_took_it_so_long() -> None:
    order = types()["order"]
    assert (order.count, order.unended, len(order.slowest)) == (40, 0, 6)
    assert order.median_ns is not None and order.median_ns < 20_000_000
    slow = order.slowest[0]
    assert slow.task.duration_ns is not None and slow.task.duration_ns > 600_000_000
    assert (slow.task.depth, slow.task.begin, slow.task.length) == (0, 0, 1)
    inside = [(bar.kind, bar.name, bar.depth) for bar in slow.bars[1:]]
    assert inside == [
        ("region", "validate", 1), ("region", "stock", 1), ("region", "", 1), ("region", "pack", 1),
        ("task", "payment", 1), ("region", "bank", 2), ("region", "await", 1),
    ]  # fmt: skip
    bank = next(bar for bar in slow.bars if bar.name == "bank")
    assert bank.length > 0.99
    assert bank.mostly is not None and bank.mostly.words == "blocked"
    for view in order.slowest:
        for bar in view.bars:
            assert 0 <= bar.begin <= bar.begin + bar.length <= 1 + 1e-9


def test_tasks_without_an_end_or_a_begin() -> None:
    audit, unknown = types()["audit"], types()[None]
    assert (audit.unended, audit.median_ns) == (1, None)
    assert not audit.slowest[0].task.ended
    assert audit.slowest[0].task.duration_ns is None
    assert unknown.slowest[0].task.start_ns is None
    assert unknown.slowest[0].task.ended


def test_what_is_left_out_is_counted() -> None:
    shift = types(bars=10)["shift"].slowest[0]
    assert len(shift.bars) == 10
    # 41 tasks below it, 40 payments below these, and their regions
    assert shift.omitted + len(shift.bars) == len(types(bars=10_000)["shift"].slowest[0].bars) > 300
    assert tasks_of(trace(NAME), types=2).omitted == 3
    assert len(types(each=2)["order"].slowest) == 2
    assert not tasks_of(trace("go1.27/trace_starving")).types
