"""Makes the tables of traces out of what was added up of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goscope.formats.trace.columns import Given, Text, table_of
from goscope.formats.trace.stack_tables import frame_table, stack_table
from goscope.tables.table import Table
from goscope.traces.bounded_rows import Columns
from goscope.traces.generation_tables import TextTable, TraceStacks
from goscope.traces.latency_distributions import KINDS as LATENCY_KINDS
from goscope.traces.latency_distributions import REGION, TASK
from goscope.traces.live_goroutines import SUMS
from goscope.traces.proc_spans import NAMES as PROC_STATES
from goscope.traces.ranges import KINDS as RANGE_KINDS
from goscope.traces.state_transitions import GONE, SYSCALL, SYSCALL_LOST
from goscope.traces.state_transitions import NAMES as STATES
from goscope.traces.trace_reader import Trace

#: The names of the sums of goroutines in the tables.
_TIMES = dict(
    zip(
        SUMS,
        ("sched_wait_ns", "exec_ns", "block_ns", "syscall_ns", "syscall_block_ns"),
        strict=True,
    )
)
_OVERLAPPING = ("assist", "sweep", "stw")


class TraceTables:
    """The tables of several traces, which share their stacks and words."""

    def __init__(self, traces: Sequence[Trace], stacks: TraceStacks, words: TextTable):
        self._traces = traces
        self._stacks = stacks
        self._words = words.texts
        self._names = stacks.names.texts

    def tables(self) -> Mapping[str, Table]:
        """All of them, by name."""
        made: dict[str, Callable[[Trace], Given]] = {
            "traces": self._trace,
            "trace_goroutines": self._goroutines,
            "trace_blocks": self._blocks,
            "trace_functions": self._functions,
            "trace_function_blocks": self._function_blocks,
            "trace_profiles": self._profiles,
            "trace_wakeups": self._wakeups,
            "trace_longest": self._longest,
            "trace_latencies": self._latencies,
            "trace_latency_buckets": self._latency_buckets,
            "trace_timeline": self._timeline,
            "trace_timeline_procs": self._timeline_procs,
            "trace_ranges": self._ranges,
            "trace_range_totals": self._range_totals,
            "trace_tasks": self._tasks,
            "trace_regions": self._regions,
            "trace_logs": self._logs,
            "trace_goroutine_spans": self._goroutine_spans,
            "trace_proc_spans": self._proc_spans,
            "trace_heap": self._heap,
        }
        tables = {name: table_of(name, map(make, self._traces)) for name, make in made.items()}
        return tables | {
            "trace_stacks": stack_table(self._stacks),
            "trace_frames": frame_table(self._stacks),
        }

    # ---- one trace ------------------------------------------------------------------------------

    def _trace(self, trace: Trace) -> Given:
        slices = trace.overview.procs(trace.end, trace.procs["p"])
        annotations = trace.annotations
        totals = trace.ranges.totals.result()
        gc = totals["ns"][totals["kind"] == RANGE_KINDS.index("gc")].sum()
        counts = annotations.counts
        numbers = {
            "clock_start_ns": trace.start or 0,
            "wall_start_ns": -1 if trace.wall_start is None else trace.wall_start,
            "duration_ns": trace.end,
            "generations": trace.generations,
            "dropped_bytes": trace.dropped,
            "events": trace.events,
            "cpu_samples": trace.samples,
            "goroutines": trace.goroutines.count,
            "goroutines_left_out": trace.summaries.left_out,
            "threads": len(trace.held),
            "procs": max(trace.gomaxprocs, len(trace.procs)),
            "anomalies": trace.anomalies,
            **counts,
            "annotations_left_out": sum(
                kept.left_out for kept in (annotations.tasks, annotations.regions, annotations.logs)
            ),
            "proc_running_ns": int(slices["running"].sum()),
            "proc_idle_ns": int(slices["idle"].sum()),
            "proc_syscall_ns": int(slices["syscall"].sum()),
            "gc_ns": int(gc),
            "gc_cycles": trace.ranges.cycles,
            "stream_id": trace.stream_id,
        }
        flags = {"complete": trace.dropped_why is None, "spans": trace.spans is not None}
        return {
            "format": [f"1.{trace.format}"],
            "dropped_why": [trace.dropped_why],
            **{name: np.array([value], np.int64) for name, value in numbers.items()},
            **{name: np.array([value]) for name, value in flags.items()},
        }

    def _goroutines(self, trace: Trace) -> Given:
        rows, total = trace.summaries.rows()
        state = rows["state"].astype(np.int64)
        gone = state == GONE
        state[(state == SYSCALL) & (rows["lost_at"] >= 0)] = SYSCALL_LOST
        over = np.where(gone, -1, state)
        return {
            "g": rows["id"],
            "name": self._name(rows["name"]),
            "system": self._is_system(rows["name"]),
            "existed": rows["existed"],
            "created_ns": rows["created"],
            "started_ns": rows["started"],
            "ended_ns": rows["ended"],
            "creator_g": rows["creator"],
            "stack_id": rows["created_at"],
            "total_ns": total,
            **{column: rows[name] for name, column in _TIMES.items()},
            "first_wait_ns": rows["first_wait"],
            **{f"{name}_ns": rows[name] for name in _OVERLAPPING},
            "state": (over, STATES),
            "wait_reason": self._reason(np.where(gone, 0, rows["reason"])),
            "wait_stack": np.where(gone, -1, rows["stack"]),
            "since_ns": np.where(gone, -1, rows["since"]),
        }

    def _blocks(self, trace: Trace) -> Given:
        rows, _ = trace.summaries.rows()
        place, reason, count, ns = trace.summaries.blocks().T
        before = sum(len(t.summaries.rows()[0]) for t in self._traces[: self._traces.index(trace)])
        return {
            "g": rows["id"][place],
            "goroutine": place + before,
            "reason": (reason, self._words),
            "count": count,
            "ns": ns,
        }

    def _functions(self, trace: Trace) -> Given:
        found = trace.summaries.functions()
        return {
            "name": self._name(found["name"]),
            "system": self._is_system(found["name"]),
            **{name: found[name] for name in ("goroutines", "created", "ended")},
            "total_ns": found["total"],
            **{column: found[name] for name, column in _TIMES.items()},
            **{f"{name}_ns": found[name] for name in ("first_wait", *_OVERLAPPING)},
        }

    def _function_blocks(self, trace: Trace) -> Given:
        found = trace.summaries.function_blocks()
        return {
            "name": self._name(found["name"]),
            "reason": (found["reason"], self._words),
            "count": found["count"],
            "ns": found["ns"],
        }

    def _profiles(self, trace: Trace) -> Given:
        found = trace.blocking.profiles(self._words)
        kinds = [kind for kind, rows in found.items() for _ in range(len(rows["stack"]))]
        columns = {
            name: np.concatenate([rows[name] for rows in found.values()])
            for name in ("stack", "count", "ns")
        }
        columns["ns"] = np.where(np.array(kinds, object) == "cpu", -1, columns["ns"])
        return {"kind": kinds, "stack_id": columns.pop("stack"), **columns}

    def _wakeups(self, trace: Trace) -> Given:
        found = trace.blocking.wakeups()
        return {
            "reason": (found["reason"], self._words),
            "stack_id": found["stack"],
            "waker_stack": found["waker"],
            "count": found["count"],
            "ns": found["ns"],
            "max_ns": found["max_ns"],
        }

    def _longest(self, trace: Trace) -> Given:
        found = trace.longest.columns()
        if not found:
            return {}
        return {
            "g": found["g"],
            "name": self._name(found["name"]),
            "state": (found["state"], STATES),
            "start_ns": found["start"],
            "duration_ns": found["duration"],
            "reason": self._reason(found["reason"]),
            "stack_id": found["stack"],
            "waker_stack": found["waker"],
            "open": found["open"],
        }

    def _latencies(self, trace: Trace) -> Given:
        return self._of_latencies(trace.latencies.distributions())

    def _latency_buckets(self, trace: Trace) -> Given:
        return self._of_latencies(trace.latencies.histograms())

    def _of_latencies(self, rows: Sequence[Mapping[str, int]]) -> Given:
        if not rows:
            return {}
        said = (TASK, REGION)
        names = [
            self._words[row["name"]]
            if row["kind"] in said
            else (self._names[row["name"]] if row["name"] >= 0 else None)
            for row in rows
        ]
        return {
            "kind": [LATENCY_KINDS[row["kind"]] for row in rows],
            "name": names,
            **{
                column: np.array([row[column] for row in rows], np.int64)
                for column in rows[0]
                if column not in ("kind", "name")
            },
        }

    def _timeline(self, trace: Trace) -> Given:
        if not trace.events:
            return {}
        found = trace.overview.slices(trace.end)
        width = np.maximum(found["width"], 1)
        states = {
            "runnable": found["runnable"],
            "running": found["running"],
            "in_syscall": found["syscall"],
            "live": sum(found[name] for name in ("runnable", "running", "waiting", "syscall")),
        }
        return {
            "start_ns": found["start"],
            "width_ns": found["width"],
            **{name: area / width for name, area in states.items()},
            "heap_bytes": found["heap"],
            "goal_bytes": found["goal"],
            **{f"{name}_ns": found[name] for name in ("gc", "stw", "assist", "sweep")},
        }

    def _timeline_procs(self, trace: Trace) -> Given:
        found = trace.overview.procs(trace.end, trace.procs["p"])
        times = ("running", "syscall", "idle", "gc")
        return {
            "start_ns": found["start"],
            "p": found["p"],
            **{f"{name}_ns": found[name] for name in times},
        }

    def _ranges(self, trace: Trace) -> Given:
        parts = [kept.columns() for kept in (trace.ranges.rare, trace.ranges.frequent) if kept.rows]
        opened = [
            {"kind": kind, "name": o.name, "g": o.g, "p": o.p, "start": o.start, "stack": o.stack}
            for kind, o in trace.ranges.still_open()
        ]
        if opened:
            known = {name: np.array([row[name] for row in opened]) for name in opened[0]}
            missing = ("end", "duration", "swept_bytes", "reclaimed_bytes")
            parts.append(known | {name: np.full(len(opened), -1) for name in missing})
        if not parts:
            return {}
        found = {
            name: np.concatenate([part[name] for part in parts])
            for name in parts[0]
            if name != "end_g"
        }
        order = np.argsort(
            np.where(found["start"] >= 0, found["start"], found["end"]), kind="stable"
        )
        found = {name: column[order] for name, column in found.items()}
        return {
            "kind": (found["kind"], RANGE_KINDS),
            "name": (found["name"], self._words),
            **{name: found[name] for name in ("g", "p", "swept_bytes", "reclaimed_bytes")},
            "stack_id": found["stack"],
            **{f"{name}_ns": found[name] for name in ("start", "duration", "end")},
        }

    def _range_totals(self, trace: Trace) -> Given:
        found = trace.ranges.totals.result()
        return {
            "kind": (found["kind"], RANGE_KINDS),
            "name": (found["name"], self._words),
            **{name: found[name] for name in ("count", "ns", "max_ns")},
        }

    def _tasks(self, trace: Trace) -> Given:
        found = _in_order(trace.annotations.tasks.columns())
        if not found:
            return {}
        return {
            **{name: found[name] for name in ("task", "parent", "g")},
            "stack_id": found["stack"],
            "name": (found["name"], self._words),
            **{f"{name}_ns": found[name] for name in ("start", "end", "duration")},
        }

    def _regions(self, trace: Trace) -> Given:
        found = _in_order(trace.annotations.regions.columns())
        if not found:
            return {}
        return {
            **{name: found[name] for name in ("g", "task")},
            "stack_id": found["stack"],
            "name": (found["name"], self._words),
            "inherited": found["inherited"].astype(np.bool_),
            **{f"{name}_ns": found[name] for name in ("start", "end", "duration")},
            **{column: found[name] for name, column in _TIMES.items()},
        }

    def _logs(self, trace: Trace) -> Given:
        found = trace.annotations.logs.columns()
        if not found:
            return {}
        return {
            "time_ns": found["time"],
            **{name: found[name] for name in ("g", "task")},
            "stack_id": found["stack"],
            "category": (found["category"], self._words),
            "message": found["message"].tolist(),
        }

    def _goroutine_spans(self, trace: Trace) -> Given:
        found: Columns = {} if trace.spans is None else trace.spans.kept.columns()
        if not found:
            return {}
        return {
            "g": found["g"],
            "state": (found["state"], STATES),
            "start_ns": found["start"],
            "duration_ns": found["duration"],
            "reason": self._reason(found["reason"]),
            "stack_id": found["stack"],
            "m": found["m"],
            "p": found["p"],
            "unblocked_by_g": found["waker"],
            "open": found["open"],
        }

    def _proc_spans(self, trace: Trace) -> Given:
        found = trace.proc_spans.columns()
        if not found:
            return {}
        running = found["state"] == PROC_STATES.index("running")
        return {
            "p": found["p"],
            "m": np.where(running, found["m"], -1),
            "state": (found["state"], PROC_STATES),
            "start_ns": found["start"],
            "duration_ns": found["duration"],
            "stolen": found["stolen"],
            "open": found["open"],
        }

    def _heap(self, trace: Trace) -> Given:
        found = trace.overview.heap.columns()
        if not found:
            return {}
        return {
            "time_ns": found["time"],
            "alloc_bytes": found["alloc"],
            "goal_bytes": found["goal"],
        }

    # ---- all traces -----------------------------------------------------------------------------

    def _name(self, names: npt.NDArray[Any]) -> Text:
        return names, self._names

    def _reason(self, reasons: npt.NDArray[Any]) -> Text:
        return np.where(reasons == 0, -1, reasons), self._words

    def _is_system(self, names: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """As ``IsSystemGoroutine`` of ``internal/trace`` has it."""
        system = [
            not name or (name.startswith("runtime.") and name != "runtime.main")
            for name in self._names
        ]
        return np.asarray(np.array([*system, True])[names], np.bool_)


def _in_order(columns: Columns) -> Columns:
    if not columns:
        return columns
    since = np.where(columns["start"] >= 0, columns["start"], columns["end"])
    order = np.argsort(since, kind="stable")
    return {name: column[order] for name, column in columns.items()}
