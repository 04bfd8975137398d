"""The profiles of a trace: which stacks waited for the network, for each other, for the kernel, for a P."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.analysis.goroutines.call_tree import StackNode, calls_of, tree_of
from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.traces.executions import Execution, stack_rows
from goscope.goruntime.trace_reasons import primitive_of

#: In the order of the page, and the colour of stacks of which nothing more is known.
KINDS = {
    "sync": "channel",
    "network": "io",
    "syscall": "syscall",
    "sched": "runnable",
    "cpu": "running",
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """A stack of a profile: how often, and how long in all (None for samples of the CPU)."""

    stack: Stack
    count: int
    ns: int | None
    kind: str  # what they waited on
    reason: str | None

    @property
    def weight(self) -> int:
        return self.count if self.ns is None else self.ns


@dataclass(frozen=True, slots=True)
class TraceProfile:
    """A profile of a trace; its weight is in nanoseconds, or in samples."""

    kind: str
    count: int
    weight: int
    stacks: int
    heaviest: tuple[Weighed, ...]
    omitted: int  # weight of the others
    tree: StackNode
    missing: int  # weight that is not in the tree
    timed: bool


def profiles_of(
    trace: Execution, *, shown: int = 60, nodes: int = 1200
) -> tuple[TraceProfile, ...]:
    """The profiles that hold anything."""
    reasons = _reasons(trace)
    profiles = ((kind, trace.profile(kind)) for kind in KINDS)
    return tuple(
        _profile(trace, kind, rows, reasons, shown, nodes) for kind, rows in profiles if rows
    )


def _profile(
    trace: Execution,
    kind: str,
    rows: list[tuple[int, int, int]],
    reasons: dict[int, str],
    shown: int,
    nodes: int,
) -> TraceProfile:
    timed = kind != "cpu"
    weighed = []
    for stack, count, ns in rows:
        reason = reasons.get(stack) if kind == "sync" else None
        colour = primitive_of(reason) if reason else KINDS[kind]
        weighed.append(Weighed(trace.stack(stack), count, ns if timed else None, colour, reason))
    root, missing, _ = tree_of(
        ((_calls(w.stack), w.weight, w.kind) for w in weighed if w.weight), nodes=nodes
    )
    return TraceProfile(
        kind,
        sum(w.count for w in weighed),
        sum(w.weight for w in weighed),
        len(weighed),
        tuple(weighed[:shown]),
        sum(w.weight for w in weighed[shown:]),
        root,
        missing,
        timed,
    )


def _calls(stack: Stack) -> tuple[str, ...]:
    """Outermost first. After a system call and from the network poller Go records no stack."""
    return calls_of(stack) if stack.frames else ("no stack",)


def _reasons(trace: Execution) -> dict[int, str]:
    """For each stack what goroutines wait for there: a profile does not say."""
    rows = trace.rows("trace_wakeups")
    order = np.argsort(rows["ns"], kind="stable")
    words = rows.texts("reason")
    stacks = stack_rows(rows)
    return {stacks[row]: words[row] or "" for row in order.tolist()}
