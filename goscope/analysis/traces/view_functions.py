"""Goroutines of a trace in groups by start function: what they did with their time."""

from __future__ import annotations

from dataclasses import dataclass

from goscope.analysis.traces.executions import Execution, Function
from goscope.goruntime.trace_reasons import primitive_of


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the time of some goroutines: what they did, in words and as a kind, and for how long."""

    words: str
    kind: str  # running, runnable, syscall, or what they waited on
    ns: int
    count: int | None = None  # waits that ended


@dataclass(frozen=True, slots=True)
class FunctionViews:
    """The groups, those that ran longest first, and how many more there are."""

    shown: tuple[Function, ...]
    omitted: int
    omitted_goroutines: int


def functions_of(trace: Execution, *, limit: int = 300) -> FunctionViews:
    """The groups of a trace; of more than ``limit`` those that were longest about something."""
    longest = sorted(trace.functions, key=lambda f: (-f.active_ns, -f.block_ns))
    left = longest[limit:]
    return FunctionViews(
        tuple(sorted(longest[:limit], key=lambda f: -f.exec_ns)),
        len(left),
        sum(f.goroutines for f in left),
    )


def longest_waiting(trace: Execution, *, limit: int = 5) -> tuple[Function, ...]:
    """The groups that waited longest for a P, of those that waited at all."""
    waited = sorted(functions_of(trace).shown, key=lambda one: -one.sched_wait_ns)
    return tuple(one for one in waited[:limit] if one.sched_wait_ns)


def parts_of(trace: Execution, function: Function) -> tuple[Part, ...]:
    """All of the time of a function's goroutines, in the order in which bars show it."""
    parts = [
        Part("running", "running", function.exec_ns),
        Part("waiting for a P", "runnable", function.sched_wait_ns),
        Part("in system calls", "syscall", function.all_syscall_ns),
    ]
    for reason, count, ns in trace.blocks.get(function.name, ()):
        kind = primitive_of(reason)
        parts.append(
            Part(reason or "no reason given", "mixed" if kind == "other" else kind, ns, count)
        )
    return tuple(part for part in parts if part.ns > 0)
