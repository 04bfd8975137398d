"""Every figure of the stored traces is that of ``go tool trace`` of Go 1.27.

Stacks and counts are equal. Times differ by what the tool adds so that no two events have one time: a
nanosecond here and there. ``fixtures/README.md`` says what the truth is and where the tool is odd.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from typing import Any

import pytest

from tests.traces.truth import NAMES, SINGLE, TRUTHS, rows, stack_text, true_stacks, truth

KINDS = {"net": "network", "sync": "sync", "syscall": "syscall", "sched": "sched"}
#: Of a goroutine's times.
CLOSE_NS = 1000
_STATES = {
    "running": "Running",
    "runnable": "Runnable",
    "waiting": "Waiting",
    "syscall": "Syscall",
    "syscall_blocked": "Syscall",
}


def test_there_are_truths_of_all_formats() -> None:
    assert len(TRUTHS) > 40
    formats = {rows(name, "traces")[0]["format"] for name in NAMES}
    assert formats == {"1.22", "1.23", "1.25", "1.26"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_profiles(name: str, kind: str) -> None:
    stacks = true_stacks(name)
    known = truth(name)
    # The tool leaves out all but the last life of a goroutine that C's threads use again.
    profile = known.get("lives", known)["profiles"][kind]
    expected = {stacks[stack]: (count, ns) for stack, count, ns in profile}
    found = {
        stack_text(name, row["stack_id"]): (row["count"], row["ns"])
        for row in rows(name, "trace_profiles")
        if row["kind"] == KINDS[kind]
    }
    assert {s: c for s, (c, _) in found.items()} == {s: c for s, (c, _) in expected.items()}
    for stack, (count, ns) in expected.items():
        assert found[stack][1] == pytest.approx(ns, rel=1e-6, abs=2 * count), stack


def goroutine_rows(name: str) -> dict[int, dict[str, Any]]:
    """The last life of each goroutine, with its waits by reason."""
    found = {}
    blocks: dict[int, dict[str, int]] = defaultdict(dict)
    for block in rows(name, "trace_blocks"):
        blocks[block["goroutine"]][block["reason"]] = block["ns"]
    for place, row in enumerate(rows(name, "trace_goroutines")):
        found[row["g"]] = {**row, "block": blocks[place]}
    return found


@pytest.mark.parametrize("name", NAMES)
def test_goroutines(name: str) -> None:
    found = goroutine_rows(name)
    expected = {row["g"]: row for row in truth(name)["goroutines"]}
    assert set(found) == set(expected)
    for g, row in expected.items():
        mine = found[g]
        assert (mine["name"] or "") == row["name"]
        assert mine["total_ns"] == pytest.approx(row["total"], abs=CLOSE_NS), g
        assert mine["exec_ns"] == pytest.approx(row["exec"], abs=CLOSE_NS), g
        blocked = {reason: ns for reason, ns in mine["block"].items() if ns > CLOSE_NS}
        true = {reason: ns for reason, ns in row["block"].items() if ns > CLOSE_NS}
        assert blocked == pytest.approx(true, abs=CLOSE_NS), g
        calls = mine["syscall_ns"], mine["syscall_block_ns"], mine["sched_wait_ns"]
        true_calls = row["syscall"], row["syscall_block"], row["sched_wait"]
        if mine["state"] != "syscall_blocked" and not began_in_a_call(name, mine):
            assert calls == pytest.approx(true_calls, abs=CLOSE_NS), g
        else:
            # The tool takes it as a call with a P to its end, and the time without one as runnable, too.
            assert calls[0] + calls[1] == pytest.approx(true_calls[0] + true_calls[1], abs=CLOSE_NS)


def began_in_a_call(name: str, row: dict[str, Any]) -> bool:
    """Whether a goroutine sat in a system call when the trace began."""
    return bool(row["existed"]) and any(
        span["g"] == row["g"] and span["start_ns"] == 0 and span["state"].startswith("syscall")
        for span in rows(name, "trace_goroutine_spans")
    )


@pytest.mark.parametrize("name", NAMES)
def test_goroutines_in_ranges(name: str) -> None:
    found = goroutine_rows(name)
    columns = {
        "stop-the-world": "stw_ns",
        "GC mark assist": "assist_ns",
        "GC incremental sweep": "sweep_ns",
    }
    for row in truth(name)["goroutines"]:
        true: Counter[str] = Counter()
        for kind, ns in row["ranges"].items():
            true[columns[kind.partition(" (")[0]]] += ns
        for column in columns.values():
            assert found[row["g"]][column] == pytest.approx(true[column], abs=CLOSE_NS), (
                row,
                column,
            )


@pytest.mark.parametrize("name", NAMES)
def test_states(name: str) -> None:
    """Every goroutine goes through the same states in the same order."""
    entered: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for span in rows(name, "trace_goroutine_spans"):
        begin, end = span["start_ns"], span["start_ns"] + span["duration_ns"]
        entered[span["g"]].append((begin, end, _STATES[span["state"]]))
    for row in rows(name, "trace_goroutines"):
        if row["state"] is None:
            entered[row["g"]].append((row["ended_ns"], row["ended_ns"] + 1, "NotExist"))
    expected = {int(g): tuple(states) for g, states in truth(name)["states"].items()}
    found = {}
    for g, spans in entered.items():
        spans.sort(key=lambda span: span[:2])
        states = [state for _, _, state in spans]
        names = [
            state
            for place, state in enumerate(states)
            if not (place and state == "Syscall" == states[place - 1])
        ]
        found[g] = len(names), hashlib.sha1("\n".join(names).encode()).hexdigest()[:20]
    assert found == expected


@pytest.mark.parametrize("name", NAMES)
def test_procs(name: str) -> None:
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for span in rows(name, "trace_proc_spans"):
        if span["state"] == "running":
            found[str(span["p"])][0] += 1
            found[str(span["p"])][1] += span["duration_ns"]
    expected = truth(name)["procs"]
    assert {p: count for p, (count, _) in found.items()} == {p: c for p, (c, _) in expected.items()}
    for p, (count, ns) in expected.items():
        assert found[p][1] == pytest.approx(ns, abs=10 * count + CLOSE_NS)


@pytest.mark.parametrize("name", NAMES)
def test_procs_of_the_timeline(name: str) -> None:
    """The slices of time add up to the spans."""
    spans: Counter[tuple[int, str]] = Counter()
    for span in rows(name, "trace_proc_spans"):
        spans[span["p"], span["state"]] += span["duration_ns"]
    slices: Counter[tuple[int, str]] = Counter()
    for part in rows(name, "trace_timeline_procs"):
        assert min(part[f"{state}_ns"] for state in ("running", "idle", "syscall", "gc")) >= 0
        slices[part["p"], "running"] += part["running_ns"] + part["syscall_ns"]
        slices[part["p"], "idle"] += part["idle_ns"]
    for (p, state), ns in slices.items():
        if state == "running":
            assert ns == spans[p, state], p


@pytest.mark.parametrize("name", NAMES)
def test_goroutines_of_the_timeline(name: str) -> None:
    """The slices of time add up to the times of the goroutines."""
    slices: Counter[str] = Counter()
    for part in rows(name, "trace_timeline"):
        for state in ("runnable", "running", "in_syscall"):
            slices[state] += round(part[state] * part["width_ns"])
    goroutines = rows(name, "trace_goroutines")
    sums = {
        "runnable": sum(row["sched_wait_ns"] for row in goroutines),
        "running": sum(row["exec_ns"] for row in goroutines),
        "in_syscall": sum(row["syscall_ns"] + row["syscall_block_ns"] for row in goroutines),
    }
    assert slices == pytest.approx(sums, abs=len(rows(name, "trace_timeline")))


@pytest.mark.parametrize("name", NAMES)
def test_ranges(name: str) -> None:
    found = {r["name"]: (r["count"], r["ns"]) for r in rows(name, "trace_range_totals")}
    expected = truth(name)["ranges"]
    assert {n: c for n, (c, _) in found.items()} == {n: c for n, (c, _) in expected.items()}
    for kind, (count, ns) in expected.items():
        assert found[kind][1] == pytest.approx(ns, abs=10 * count), kind
    single: Counter[str] = Counter()
    for row in rows(name, "trace_ranges"):
        single[row["name"]] += row["duration_ns"] or 0
    assert single == {n: ns for n, (_, ns) in found.items()}


@pytest.mark.parametrize("name", NAMES)
def test_metrics(name: str) -> None:
    expected = truth(name)["metrics"]
    heap = [
        row["alloc_bytes"] for row in rows(name, "trace_heap") if row["alloc_bytes"] is not None
    ]
    goal = [row["goal_bytes"] for row in rows(name, "trace_heap") if row["goal_bytes"] is not None]
    for values, key in (
        (heap, "/memory/classes/heap/objects:bytes"),
        (goal, "/gc/heap/goal:bytes"),
    ):
        count, total, _ = expected.get(key, [0, 0, 0])
        assert (len(values), sum(values)) == (count, total)
    if heap:
        slices = [row["heap_bytes"] or 0 for row in rows(name, "trace_timeline")]
        assert max(slices) == max(heap)


@pytest.mark.parametrize("name", SINGLE)
def test_latencies(name: str) -> None:
    found = {
        row["name"] or "": row for row in rows(name, "trace_latencies") if row["kind"] == "sched"
    }
    expected = truth(name)["latency"]
    assert {n: row["count"] for n, row in found.items()} == {
        n: c for n, (c, *_) in expected.items()
    }
    for function, (_, median, p99, most) in expected.items():
        row = found[function]
        assert row["p50_ns"] == pytest.approx(median, rel=0.016, abs=2), function
        assert row["p99_ns"] == pytest.approx(p99, rel=0.016, abs=2), function
        assert row["max_ns"] == pytest.approx(most, abs=2), function


@pytest.mark.parametrize("name", NAMES)
def test_latency_buckets_hold_all(name: str) -> None:
    counts: Counter[tuple[str, str | None]] = Counter()
    for row in rows(name, "trace_latency_buckets"):
        assert row["from_ns"] < row["to_ns"]
        counts[row["kind"], row["name"]] += row["count"]
    expected = {(row["kind"], row["name"]): row["count"] for row in rows(name, "trace_latencies")}
    assert counts == expected
    both = Counter({k[1]: n for k, n in expected.items() if k[0] == "sched_later"})
    both.update({k[1]: n for k, n in expected.items() if k[0] == "first_run"})
    assert both == Counter({k[1]: n for k, n in expected.items() if k[0] == "sched"})


@pytest.mark.parametrize("name", NAMES)
def test_tasks(name: str) -> None:
    found = {row["task"]: row for row in rows(name, "trace_tasks")}
    expected = {row["id"]: row for row in truth(name)["tasks"]}
    # A task that is only named, by a region or a log, or as a parent, is one for the tool.
    began = {i: r for i, r in expected.items() if any(_of_task(e[2]) for e in r["events"])}
    assert set(found) == set(began)
    for task, row in began.items():
        mine = found[task]
        assert (mine["name"] or "") == row["type"]
        assert mine["parent"] == row.get("parent")
        if row["complete"]:
            assert mine["start_ns"] == pytest.approx(row["start"], abs=CLOSE_NS)
            assert mine["duration_ns"] == pytest.approx(row["duration"], abs=2)
        else:
            assert mine["duration_ns"] is None


def _of_task(text: str) -> bool:
    return re.match(r'task (?:end|".*" \(ID)', text) is not None


@pytest.mark.parametrize("name", NAMES)
def test_logs(name: str) -> None:
    assert len(rows(name, "trace_logs")) == truth(name)["parsed"].get("Log", 0)
    expected = Counter(
        (row["id"], g)
        for row in truth(name)["tasks"]
        for _, g, what in row["events"]
        if what.startswith("log ")
    )
    found = Counter((row["task"], row["g"]) for row in rows(name, "trace_logs"))
    assert found == expected


@pytest.mark.parametrize("name", NAMES)
def test_regions(name: str) -> None:
    system = {row["g"] for row in rows(name, "trace_goroutines") if row["system"]}
    found = sorted(
        (row["name"] or "", row["g"], row["task"], *_region_times(name, row))
        for row in rows(name, "trace_regions")
        if row["g"] not in system
    )
    expected = sorted(
        (
            row["type"],
            row["g"],
            row["task"],
            row["total"],
            row["exec"],
            row["sched_wait"],
            sum(row["block"].values()),
            row["syscall"] + row["syscall_block"],
        )
        for row in truth(name)["regions"]
    )
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    for mine, true in zip(found, expected, strict=True):
        assert mine[3:] == pytest.approx(true[3:], abs=CLOSE_NS), mine


def _region_times(name: str, row: dict[str, Any]) -> tuple[int, ...]:
    end = rows(name, "traces")[0]["duration_ns"]
    total = (end if row["end_ns"] is None else row["end_ns"]) - (row["start_ns"] or 0)
    calls = row["syscall_ns"] + row["syscall_block_ns"]
    return total, row["exec_ns"], row["sched_wait_ns"], row["block_ns"], calls


@pytest.mark.parametrize("name", NAMES)
def test_events(name: str) -> None:
    (trace,) = rows(name, "traces")
    known = truth(name)
    assert trace["duration_ns"] == pytest.approx(known["end"] - known["start"], abs=CLOSE_NS)
    assert trace["anomalies"] == 0
    assert trace["complete"]
    wire = known.get("wire")
    if wire is not None:
        structure = r"EventBatch|ExperimentalBatch|EndOfGeneration|Sync|Frequency|ClockSnapshot"
        tables = r"Stacks?|Strings?|CPUSamples?"
        events = {n: c for n, c in wire.items() if not re.fullmatch(f"{structure}|{tables}", n)}
        experiments = r"Span.*|HeapObject.*|GoroutineStack.*"
        events = {n: c for n, c in events.items() if not re.fullmatch(experiments, n)}
        assert trace["events"] == sum(events.values())
        assert trace["cpu_samples"] == wire.get("CPUSample", 0)
        samples = [r["count"] for r in rows(name, "trace_profiles") if r["kind"] == "cpu"]
        assert sum(samples) == wire.get("CPUSample", 0)
