"""Makes the tables of traces out of what was added up of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goscope.formats.trace.columns import Given, Text, table_of
from goscope.formats.trace.schema import TABLES
from goscope.formats.trace.stack_tables import frame_table, stack_table
from goscope.tables.table import Table
from goscope.traces.bounded_rows import Columns
from goscope.traces.generation_tables import TextTable, TraceStacks
from goscope.traces.latency_distributions import KINDS as LATENCY_KINDS
from goscope.traces.latency_distributions import REGION, TASK
from goscope.traces.live_goroutines import GOROUTINE, SUMS
from goscope.traces.proc_spans import NAMES as PROC_STATES
from goscope.traces.ranges import KINDS as RANGE_KINDS
from goscope.traces.state_transitions import GONE, SYSCALL, SYSCALL_LOST
from goscope.traces.state_transitions import NAMES as STATES
from goscope.traces.trace_reader import Trace

#: What columns are called where they are added up, if not as in the table, with or without the last word.
_KEYS = {
    "g": "id",
    "unblocked_by_g": "waker",
    **dict(
        zip(
            ("sched_wait_ns", "exec_ns", "block_ns", "syscall_ns", "syscall_block_ns"),
            SUMS,
            strict=True,
        )
    ),
}


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
        return _named(
            "trace_goroutines",
            {name: rows[name] for name in GOROUTINE.fields or ()},
            {"name": self._names},
            system=self._is_system(rows["name"]),
            stack_id=rows["created_at"],
            total_ns=total,
            state=(np.where(gone, -1, state), STATES),
            wait_reason=(np.where(gone | (rows["reason"] == 0), -1, rows["reason"]), self._words),
            wait_stack=np.where(gone, -1, rows["stack"]),
            since_ns=np.where(gone, -1, rows["since"]),
        )

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
        system = self._is_system(found["name"])
        return _named("trace_functions", found, {"name": self._names}, system=system)

    def _function_blocks(self, trace: Trace) -> Given:
        texts = {"name": self._names, "reason": self._words}
        return _named("trace_function_blocks", trace.summaries.function_blocks(), texts)

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
        return _named("trace_wakeups", trace.blocking.wakeups(), {"reason": self._words})

    def _longest(self, trace: Trace) -> Given:
        texts = {"name": self._names, "state": STATES, "reason": self._words}
        return _named("trace_longest", _with_reasons(trace.longest.columns()), texts)

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
        live = sum(found[name] for name in ("runnable", "running", "waiting", "syscall"))
        return _named(
            "trace_timeline",
            found,
            runnable=found["runnable"] / width,
            running=found["running"] / width,
            in_syscall=found["syscall"] / width,
            live=live / width,
        )

    def _timeline_procs(self, trace: Trace) -> Given:
        return _named("trace_timeline_procs", trace.overview.procs(trace.end, trace.procs["p"]))

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
        texts = {"kind": RANGE_KINDS, "name": self._words}
        return _named("trace_ranges", _in_order(found), texts)

    def _range_totals(self, trace: Trace) -> Given:
        texts = {"kind": RANGE_KINDS, "name": self._words}
        return _named("trace_range_totals", trace.ranges.totals.result(), texts)

    def _tasks(self, trace: Trace) -> Given:
        found = _in_order(trace.annotations.tasks.columns())
        return _named("trace_tasks", found, {"name": self._words})

    def _regions(self, trace: Trace) -> Given:
        found = _in_order(trace.annotations.regions.columns())
        return _named("trace_regions", found, {"name": self._words})

    def _logs(self, trace: Trace) -> Given:
        return _named("trace_logs", trace.annotations.logs.columns(), {"category": self._words})

    def _goroutine_spans(self, trace: Trace) -> Given:
        found: Columns = {} if trace.spans is None else trace.spans.kept.columns()
        texts = {"state": STATES, "reason": self._words}
        return _named("trace_goroutine_spans", _with_reasons(found), texts)

    def _proc_spans(self, trace: Trace) -> Given:
        found = trace.proc_spans.columns()
        if not found:
            return {}
        running = found["state"] == PROC_STATES.index("running")
        m = np.where(running, found["m"], -1)
        return _named("trace_proc_spans", found, {"state": PROC_STATES}, m=m)

    def _heap(self, trace: Trace) -> Given:
        return _named("trace_heap", trace.overview.heap.columns())

    # ---- all traces -----------------------------------------------------------------------------

    def _is_system(self, names: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """As ``IsSystemGoroutine`` of ``internal/trace`` has it."""
        system = [
            not name or (name.startswith("runtime.") and name != "runtime.main")
            for name in self._names
        ]
        return np.asarray(np.array([*system, True])[names], np.bool_)


def _named(
    table: str,
    found: Mapping[str, npt.NDArray[Any]],
    texts: Mapping[str, Sequence[str]] | None = None,
    **given: npt.NDArray[Any] | Text,
) -> Given:
    """What was found, under the names of the columns of a table; nothing if nothing was.

    ``texts`` are those that the codes of columns stand for; ``given`` are columns that are found otherwise.
    """
    if not found:
        return {}
    named = dict(given)
    for column in TABLES[table]:
        name = column.name
        for key in (name, _KEYS.get(name, ""), name.rpartition("_")[0]):
            if key in found and name not in named:
                codes = found[key]
                named[name] = (codes, texts[name]) if texts and name in texts else codes
    return named


def _with_reasons(columns: Columns) -> Columns:
    """The same without a reason where Go gave none."""
    if not columns:
        return columns
    reason = columns["reason"]
    return {**columns, "reason": np.where(reason == 0, -1, reason)}


def _in_order(columns: Columns) -> Columns:
    if not columns:
        return columns
    since = np.where(columns["start"] >= 0, columns["start"], columns["end"])
    order = np.argsort(since, kind="stable")
    return {name: column[order] for name, column in columns.items()}
