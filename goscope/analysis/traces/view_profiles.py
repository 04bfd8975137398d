"""The profiles of a trace: which stacks waited for the network, for each other, for the kernel, for a P."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.analysis.goroutines.call_tree import StackNode, calls_of, tree_of
from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.traces.view_traces import TraceView, stack_rows
from goscope.goruntime.trace_reasons import primitive_of
from goscope.tables.table import Table

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
    trace: TraceView, *, shown: int = 60, nodes: int = 1200
) -> tuple[TraceProfile, ...]:
    """The profiles that hold anything."""
    rows = trace.rows("trace_profiles")
    reasons = _reasons(trace)
    found = []
    for kind in KINDS:
        if kind not in rows.categories("kind"):
            continue
        own = rows.select(rows["kind"] == rows.categories("kind").index(kind))
        if len(own):
            found.append(_profile(trace, kind, own, reasons, shown, nodes))
    return tuple(found)


def _profile(
    trace: TraceView, kind: str, rows: Table, reasons: dict[int, str], shown: int, nodes: int
) -> TraceProfile:
    timed = kind != "cpu"
    weights = rows["ns"] if timed else rows["count"]
    order = np.argsort(-weights, kind="stable")
    rows, weights = rows.select(order), weights[order]
    stacks, counts = stack_rows(rows), rows["count"].tolist()
    weighed = []
    for stack, count, weight in zip(stacks, counts, weights.tolist(), strict=True):
        reason = reasons.get(stack) if kind == "sync" else None
        colour = primitive_of(reason) if reason else KINDS[kind]
        weighed.append(
            Weighed(trace.stack(stack), count, weight if timed else None, colour, reason)
        )
    root, missing, _ = tree_of(
        ((_calls(w.stack), w.weight, w.kind) for w in weighed if w.weight), nodes=nodes
    )
    return TraceProfile(
        kind,
        sum(counts),
        int(weights.sum()),
        len(weighed),
        tuple(weighed[:shown]),
        int(weights[shown:].sum()),
        root,
        missing,
        timed,
    )


def _calls(stack: Stack) -> tuple[str, ...]:
    """Outermost first. After a system call and from the network poller Go records no stack."""
    return calls_of(stack) if stack.frames else ("no stack",)


def _reasons(trace: TraceView) -> dict[int, str]:
    """For each stack what goroutines wait for there: a profile does not say."""
    rows = trace.rows("trace_wakeups")
    order = np.argsort(rows["ns"], kind="stable")
    words = rows.texts("reason")
    stacks = stack_rows(rows)
    return {stacks[row]: words[row] or "" for row in order.tolist()}
