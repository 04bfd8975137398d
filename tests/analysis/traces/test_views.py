"""Functions, profiles, latencies and wake-ups of traces: nothing is lost, and what matters comes first."""

from __future__ import annotations

import pytest

from goscope.analysis.goroutines.call_tree import StackNode
from goscope.analysis.traces.executions import executions_of
from goscope.analysis.traces.view_functions import functions_of, longest_waiting, parts_of
from goscope.analysis.traces.view_latencies import Histogram, latencies_of
from goscope.analysis.traces.view_profiles import profiles_of
from goscope.analysis.traces.view_wakeups import wakeups_of
from goscope.goruntime.trace_reasons import primitive_of
from tests.analysis.traces.test_view_time_line import trace
from tests.traces.truth import NAMES, capture, rows, truth


@pytest.mark.parametrize("name", ["go1.27/trace_http", "go1.27/trace_sync", "go1.22/trace_leak"])
def test_functions_have_the_times_of_their_goroutines(name: str) -> None:
    execution = trace(name)
    found = functions_of(execution)
    assert (found.omitted, found.omitted_goroutines) == (0, 0)
    known = truth(name)["goroutines"]
    assert sum(one.goroutines for one in found.shown) == len(known)
    for one in found.shown:
        mine = [g for g in known if g["name"] == (one.name or "")]
        slack = 1000 * len(mine)
        assert one.goroutines == len(mine)
        assert one.exec_ns == pytest.approx(sum(g["exec"] for g in mine), abs=slack)
        assert one.sched_wait_ns == pytest.approx(sum(g["sched_wait"] for g in mine), abs=slack)
        calls = sum(g["syscall"] + g["syscall_block"] for g in mine)
        assert one.all_syscall_ns == pytest.approx(calls, abs=slack)
        total = sum(g["total_ns"] for g in rows(name, "trace_goroutines") if g["name"] == one.name)
        assert sum(part.ns for part in parts_of(execution, one)) == pytest.approx(total, abs=slack)
    times = [one.exec_ns for one in found.shown]
    assert times == sorted(times, reverse=True)


def test_functions_that_are_left_out_are_counted() -> None:
    whole = functions_of(trace("go1.27/trace_http"))
    some = functions_of(trace("go1.27/trace_http"), limit=5)
    assert len(some.shown) == 5
    assert some.omitted == len(whole.shown) - 5
    kept, all_of = (sum(f.goroutines for f in found.shown) for found in (some, whole))
    assert some.omitted_goroutines == all_of - kept


def test_who_waits_longest_for_a_p() -> None:
    names = [one.name for one in longest_waiting(trace("go1.27/trace_starving"))]
    assert names[:2] == ["main.compute", "main.heartbeat"]
    assert len(names) == 5


def weight_of(node: StackNode) -> int:
    """What the leaves of a tree weigh; inner calls weigh as much or more."""
    below = sum(weight_of(child) for child in node.children.values())
    assert below <= node.count
    assert sum(node.primitives.values()) == node.count
    return node.count


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("go1.27/")])
def test_profiles_weigh_what_their_rows_do(name: str) -> None:
    found = profiles_of(trace(name))
    given = rows(name, "trace_profiles")
    assert {p.kind for p in found} == {row["kind"] for row in given}
    for profile in found:
        mine = [row for row in given if row["kind"] == profile.kind]
        column = "ns" if profile.timed else "count"
        assert profile.weight == sum(row[column] for row in mine)
        assert profile.count == sum(row["count"] for row in mine)
        assert profile.stacks == len(mine)
        assert weight_of(profile.tree) + profile.missing == profile.weight
        assert sum(w.weight for w in profile.heaviest) + profile.omitted == profile.weight


def test_profiles_have_a_size() -> None:
    for profile in profiles_of(trace("go1.27/trace_http"), shown=3, nodes=10):
        assert len(profile.heaviest) <= 3
        assert weight_of(profile.tree) + profile.missing == profile.weight
    sync = profiles_of(trace("go1.27/trace_http"), shown=3, nodes=10)[0]
    assert sync.kind == "sync"
    assert sync.missing > 0
    assert sync.omitted > 0


def test_what_a_stack_waits_for_is_known() -> None:
    (sync,) = (p for p in profiles_of(trace("go1.27/trace_sync")) if p.kind == "sync")
    found = {w.stack.user_frame.function: w for w in sync.heaviest if w.stack.user_frame}
    assert (found["main.(*ledger).post"].reason, found["main.(*ledger).post"].kind) == (
        "sync",
        "lock",
    )
    assert found["main.conditions.func1"].kind == "cond"
    assert found["main.selects"].kind == "select"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("sync", "lock"), ("network", "io"), ("chan send", "channel"), ("synctest", "other"), (None, "other"), ("<b>", "other")],
)  # fmt: skip
def test_reasons_of_traces(reason: str | None, kind: str) -> None:
    assert primitive_of(reason) == kind


@pytest.mark.parametrize(
    "name", ["go1.27/trace_starving", "go1.27/trace_http", "go1.27/trace_tasks"]
)
def test_latencies_are_those_of_the_truth(name: str) -> None:
    found = latencies_of(trace(name))
    known = truth(name)["latency"]
    sched = {one.figures.name: one.figures for one in found.shown if one.figures.kind == "sched"}
    assert set(known) <= {name or "" for name in sched}
    for function, (count, p50, p99, longest) in known.items():
        one = sched[function]
        assert (one.count, one.max_ns) == (count, longest)
        assert one.p50_ns == pytest.approx(p50, rel=0.02)
        assert one.p99_ns == pytest.approx(p99, rel=0.02)
    for view in found.shown:
        figures = view.figures
        assert sum(view.all.counts) == figures.count
        assert len(view.all.edges_ns) == len(view.all.counts) + 1
        assert list(view.all.edges_ns) == sorted(set(view.all.edges_ns))
        at = [found.position(getattr(figures, f"{p}_ns")) for p in ("p50", "p90", "p99", "max")]
        assert at == sorted(at)
        assert 0 <= at[0] <= at[-1] <= 1
    assert found.overall is not None
    assert sum(found.overall[0].counts) == sum(one.count for one in sched.values())


def test_the_first_wait_is_told_apart() -> None:
    found = latencies_of(trace("go1.27/trace_starving"))
    compute = next(one for one in found.shown if one.figures.name == "main.compute")
    assert compute.later is not None
    assert sum(compute.all.counts) - sum(compute.later.counts) == 40  # goroutines
    main = next(one for one in found.shown if one.figures.name == "main.main")
    assert main.later is None


def test_types_that_are_left_out_are_counted() -> None:
    whole, some = (
        latencies_of(trace("go1.27/trace_tasks")),
        latencies_of(trace("go1.27/trace_tasks"), each=2),
    )
    assert some.omitted == len(whole.shown) - len(some.shown)
    assert {one.figures.kind for one in some.shown} == {"sched", "task", "region"}
    assert some.overall == whole.overall


def test_gaps_of_a_histogram_are_nothing() -> None:
    found = latencies_of(trace("go1.27/trace_tasks"))
    order = next(
        one for one in found.shown if (one.figures.kind, one.figures.name) == ("task", "order")
    )
    assert isinstance(order.all, Histogram)
    assert 0 in order.all.counts  # between most orders and the slow one
    assert order.all.counts[-1] == 1
    assert order.all.edges_ns[-2] <= 702_000_000 < order.all.edges_ns[-1]


def test_a_convoy_is_a_function_that_wakes_its_own_waiters() -> None:
    found = wakeups_of(trace("go1.27/trace_sync"))
    first = found.shown[0]
    assert first.at is not None and first.at.function == "main.(*ledger).post"
    assert first.same_function
    assert (first.reason, first.kind) == ("sync", "lock")
    assert sum(one.same_function for one in found.shown) == 1
    given = rows("go1.27/trace_sync", "trace_wakeups")
    by_runtime = sum(row["count"] for row in given if row["waker_stack"] is None)
    assert found.by_runtime == by_runtime > 0
    few = wakeups_of(trace("go1.27/trace_sync"), limit=3)
    assert few.omitted == len(found.shown) - 3
    assert few.omitted_ns == sum(one.ns for one in found.shown[3:])


def test_frames_of_the_runtime_do_not_stand_for_a_stack() -> None:
    for one in wakeups_of(trace("go1.27/trace_http")).shown:
        for site in (one.at, one.by):
            assert site is not None
            assert not (site.function or "").startswith(("runtime.chan", "runtime.select"))


def test_no_trace_no_views() -> None:
    assert executions_of(capture("go1.27/trace_http"))
    from goscope import read

    assert executions_of(read("gc 1 @0.012s 5%: nothing\n")) == ()
