"""Goroutines of a trace in groups by start function: what they did with their time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.analysis.traces.view_traces import TraceView
from goscope.goruntime.trace_reasons import primitive_of


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the time of some goroutines: what they did, in words and as a kind, and for how long."""

    words: str
    kind: str  # running, runnable, syscall, or what they waited on
    ns: int
    count: int | None = None  # waits that ended


@dataclass(frozen=True, slots=True)
class FunctionView:
    """The goroutines that one function was started with."""

    name: str | None
    system: bool
    goroutines: int
    created: int
    ended: int
    total_ns: int
    exec_ns: int
    sched_wait_ns: int
    first_wait_ns: int
    block_ns: int
    syscall_ns: int  # with and without a P
    syscall_block_ns: int  # of it without
    assist_ns: int
    blocks: tuple[Part, ...]  # by reason, the longest first

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of their time, in the order in which bars show it."""
        parts = (
            Part("running", "running", self.exec_ns),
            Part("waiting for a P", "runnable", self.sched_wait_ns),
            Part("in system calls", "syscall", self.syscall_ns),
            *self.blocks,
        )
        return tuple(part for part in parts if part.ns > 0)


@dataclass(frozen=True, slots=True)
class FunctionViews:
    """The groups, those that ran longest first, and how many more there are."""

    shown: tuple[FunctionView, ...]
    omitted: int
    omitted_goroutines: int


def functions_of(trace: TraceView, *, limit: int = 300) -> FunctionViews:
    """The groups of a trace; of more than ``limit`` those that were longest about something."""
    rows = trace.rows("trace_functions")
    blocks = _blocks(trace)
    busy = rows["exec_ns"] + rows["sched_wait_ns"] + rows["syscall_ns"] + rows["syscall_block_ns"]
    chosen = np.lexsort((-rows["total_ns"], -busy))[:limit]
    shown = rows.select(chosen[np.argsort(-rows["exec_ns"][chosen], kind="stable")])
    left = rows.select(np.setdiff1d(np.arange(len(rows)), chosen))
    names, system = shown.texts("name"), shown.flags("system").tolist()
    columns = {
        column: shown[column].tolist()
        for column in (
            *("goroutines", "created", "ended", "total_ns", "exec_ns", "sched_wait_ns"),
            *("first_wait_ns", "block_ns", "syscall_ns", "syscall_block_ns", "assist_ns"),
        )
    }
    made = []
    for row, name in enumerate(names):
        values = {column: numbers[row] for column, numbers in columns.items()}
        values["syscall_ns"] += values["syscall_block_ns"]
        made.append(
            FunctionView(name=name, system=system[row], blocks=blocks.get(name, ()), **values)
        )
    return FunctionViews(tuple(made), len(left), int(left["goroutines"].sum()))


def longest_waiting(trace: TraceView, *, limit: int = 5) -> tuple[FunctionView, ...]:
    """The groups that waited longest for a P, of those that waited at all."""
    waited = sorted(functions_of(trace).shown, key=lambda one: -one.sched_wait_ns)
    return tuple(one for one in waited[:limit] if one.sched_wait_ns)


def _blocks(trace: TraceView) -> dict[str | None, tuple[Part, ...]]:
    rows = trace.rows("trace_function_blocks")
    found: dict[str | None, list[Part]] = {}
    reasons, counts, times = rows.texts("reason"), rows["count"].tolist(), rows["ns"].tolist()
    for name, reason, count, ns in zip(rows.texts("name"), reasons, counts, times, strict=True):
        words = reason or "no reason given"
        kind = primitive_of(reason)
        part = Part(words, "mixed" if kind == "other" else kind, ns, count)
        found.setdefault(name, []).append(part)
    return {name: tuple(sorted(parts, key=lambda p: -p.ns)) for name, parts in found.items()}
