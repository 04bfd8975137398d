"""Who wakes whom: where goroutines waited, and the place of those that let them go on.

A lock convoy is a place that wakes its own waiters, again and again, each after a longer wait.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.traces.executions import Execution, place_of, stack_rows
from goscope.findings.findings import Site
from goscope.goruntime.trace_reasons import primitive_of


@dataclass(frozen=True, slots=True)
class Wakeup:
    """Waits at one place that were ended from one place."""

    reason: str
    kind: str
    waiter: Stack
    waker: Stack
    count: int
    ns: int
    max_ns: int

    @property
    def at(self) -> Site | None:
        """The frame that stands for where they waited."""
        return place_of(self.waiter)

    @property
    def by(self) -> Site | None:
        """The frame that stands for where they were woken."""
        return place_of(self.waker)

    @property
    def same_function(self) -> bool:
        """Whether it is one function that waits and wakes."""
        at, by = self.at, self.by
        return at is not None and by is not None and at.function == by.function


@dataclass(frozen=True, slots=True)
class Wakeups:
    """The pairs with the longest waits, and what is not among them."""

    shown: tuple[Wakeup, ...]
    omitted: int  # pairs
    omitted_ns: int
    by_runtime: int  # waits that a timer or the network ended


def wakeups_of(trace: Execution, *, limit: int = 60) -> Wakeups:
    """The pairs of waiting and waking stacks of a trace."""
    rows = trace.rows("trace_wakeups")
    woken = rows.present("waker_stack")
    by_runtime = int(rows["count"][~woken].sum())
    rows = rows.select(woken)
    order = np.argsort(-rows["ns"], kind="stable")
    left = rows["ns"][order[limit:]]
    rows = rows.select(order[:limit])
    waiters, wakers = stack_rows(rows), stack_rows(rows, "waker_stack")
    counts, times, longest = (rows[name].tolist() for name in ("count", "ns", "max_ns"))
    shown = tuple(
        Wakeup(
            reason or "no reason given",
            primitive_of(reason),
            trace.stack(waiters[row]),
            trace.stack(wakers[row]),
            counts[row],
            times[row],
            longest[row],
        )
        for row, reason in enumerate(rows.texts("reason"))
    )
    return Wakeups(shown, len(left), int(left.sum()), by_runtime)
