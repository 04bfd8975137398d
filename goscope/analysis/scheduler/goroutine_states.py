"""How goroutines go from state to state between samples of scheddetail, and where their time goes.

A sample shows one moment. Between two of them a goroutine may have made any number of steps, so most
pairs of states are no single transition of the runtime (``running`` to ``dead`` and ``waiting`` to
``dead`` both occur); what cannot be at all, whatever lies between, is counted apart. The states and
their transitions are those of :mod:`goscope.goruntime.goroutine_states`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.goruntime.goroutine_states import (
    DEAD,
    DEADEXTRA,
    IDLE,
    RUNNABLE,
    RUNNING,
    SCAN,
    is_reachable_between_samples,
    is_transition,
    name_of_status,
)
from goscope.parsing.numbers import IntArray
from goscope.tables.table import Bools, Floats, distinct

#: More than any status without its scan bit; what is larger counts as this.
_UNKNOWN = 15
_GOROUTINES = 10


@dataclass(frozen=True, slots=True)
class Step:
    """Goroutines that showed one state in a sample and another in the next.

    ``direct``: the runtime makes it in one step. ``possible``: it can be made at all.
    """

    before: str
    after: str
    count: int
    direct: bool
    possible: bool


@dataclass(frozen=True, slots=True)
class GoroutineTime:
    """How long a goroutine was seen alive, in ms, and the share of that time in each state."""

    goroutine: int
    ms: float
    shares: tuple[tuple[str, float], ...]  # largest first

    def share(self, state: str) -> float:
        """The share of time in a state; 0 if it was never seen there."""
        return dict(self.shares).get(state, 0.0)


@dataclass(frozen=True, slots=True)
class Transitions:
    """What the G lines of one process show over time.

    ``shares`` adds up the time of all live goroutines. ``active`` are the goroutines with the most time
    running or runnable.
    """

    process: int
    samples: int
    goroutines: int
    steps: tuple[Step, ...]  # most frequent first
    shares: tuple[tuple[str, float], ...]  # largest first
    active: tuple[GoroutineTime, ...]


@once_per_capture
def transitions_of(capture: Capture) -> tuple[Transitions, ...]:
    """For each process with G lines in two samples and more."""
    table, sched = capture.table("sched_goroutines"), capture.table("sched")
    if not len(table):
        return ()
    placed = np.flatnonzero(table.present("sample"))
    process, sample = table["process"][placed], table["sample"][placed]
    g = table["g"][placed]
    status = table["status"][placed] & ~SCAN
    status = np.where((status < 0) | (status > DEADEXTRA), _UNKNOWN, status)
    found = []
    for one in distinct(process).tolist():
        mine = process == one
        shown, at = _numbered(sample[mine])
        if len(shown) > 1:
            t_ms = sched.numbers("t_ms")[shown]
            found.append(_of_process(one, at, g[mine], status[mine], t_ms))
    return tuple(found)


def _numbered(samples: IntArray) -> tuple[IntArray, IntArray]:
    """The different samples, and for each line which of them it belongs to; lines are in order."""
    first = _changes(samples)
    return samples[first], np.cumsum(first) - 1


def _of_process(
    process: int, at: IntArray, g: IntArray, status: IntArray, t_ms: Floats
) -> Transitions:
    """``at`` is the number of the sample of each line, ``t_ms`` the times of the samples."""
    order = _by_goroutine(g)
    at, g, status = at[order], g[order], status[order]
    follows: Bools = (g[1:] == g[:-1]) & (at[1:] == at[:-1] + 1)
    first = np.flatnonzero(follows)
    before, after = status[first], status[first + 1]
    ms = t_ms[at[first + 1]] - t_ms[at[first]]
    alive = (before != DEAD) & (before != DEADEXTRA) & (before != IDLE)
    spent = np.bincount(before[alive], weights=ms[alive], minlength=_UNKNOWN + 1)
    return Transitions(
        process=process,
        samples=len(t_ms),
        goroutines=int(np.count_nonzero(np.diff(g))) + 1,
        steps=_steps(before, after),
        shares=_shares(spent),
        active=_most_active(g[first][alive], before[alive], ms[alive]),
    )


def _changes(values: IntArray) -> Bools:
    """Where a value is not the one before it."""
    first = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return first


def _by_goroutine(g: IntArray) -> IntArray:
    """The lines in the order of their goroutines; those of one stay in their order.

    numpy sorts 16 bits at a time by counting them, which takes a tenth of comparing whole numbers.
    """
    order = np.argsort((g & 0xFFFF).astype(np.uint16), kind="stable")
    for shift in range(16, int(g.max(initial=0)).bit_length(), 16):
        part = ((g >> shift) & 0xFFFF).astype(np.uint16)
        order = order[np.argsort(part[order], kind="stable")]
    return order


def _steps(before: IntArray, after: IntArray) -> tuple[Step, ...]:
    changed = before != after
    width = _UNKNOWN + 1
    counts = np.bincount(before[changed] * width + after[changed], minlength=width * width)
    found = []
    for code in np.flatnonzero(counts).tolist():
        a, b = divmod(code, width)
        possible = is_reachable_between_samples(a, b)
        names = name_of_status(a), name_of_status(b)
        found.append(Step(*names, int(counts[code]), is_transition(a, b), possible))
    return tuple(sorted(found, key=lambda step: (-step.count, step.before, step.after)))


def _shares(spent: Floats | IntArray) -> tuple[tuple[str, float], ...]:
    total = float(spent.sum())
    if total <= 0:
        return ()
    seen = np.flatnonzero(spent).tolist()
    shares = [(name_of_status(code), float(spent[code]) / total) for code in seen]
    return tuple(sorted(shares, key=lambda share: (-share[1], share[0])))


def _most_active(g: IntArray, status: IntArray, ms: Floats) -> tuple[GoroutineTime, ...]:
    first = _changes(g)  # they are in order
    ids, place = g[first], np.cumsum(first) - 1
    active = (status == RUNNABLE) | (status == RUNNING)
    work = np.bincount(place[active], weights=ms[active], minlength=len(ids))
    best = [i for i in np.argsort(-work, kind="stable")[:_GOROUTINES].tolist() if work[i] > 0]
    found = []
    for i in best:
        mine = place == i
        spent = np.bincount(status[mine], weights=ms[mine], minlength=_UNKNOWN + 1)
        found.append(GoroutineTime(int(ids[i]), float(ms[mine].sum()), _shares(spent)))
    return tuple(found)
