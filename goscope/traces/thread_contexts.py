"""Which goroutine and which P each thread (M) had when it wrote an event.

The events of an M say it, except that its P was stolen during a system call, which the thief records; until
the M takes its next P nothing depends on that. So both are the last value that an event of the same M set,
also in an earlier generation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from goscope.traces.arrays import Int32, Int64, Ints, Mask
from goscope.traces.event_columns import Events
from goscope.traces.event_table import (
    GO_RUNNING,
    GO_SYSCALL,
    NUMBER,
    PROC_RUNNING,
    PROC_SYSCALL,
    mask_of,
)
from goscope.traces.generations import Batch
from goscope.traces.varints import NONE, NONE_32

_NAMES_G = mask_of("GoStart", "GoSwitch", "GoSwitchDestroy", "GoCreateSyscall")
_ENDS_G = mask_of("GoStop", "GoBlock", "GoDestroy", "GoDestroySyscall", "GoSyscallEndBlocked")
_STATUS_G = mask_of("GoStatus", "GoStatusStack")
_SETS_G = _NAMES_G | _ENDS_G | _STATUS_G
_WITH_SEQUENCE = mask_of("GoStart", "GoSwitch", "GoSwitchDestroy")
_SETS_P = mask_of("ProcStart", "ProcStatus", "ProcStop", "ProcSteal", "GoDestroySyscall")

#: The M of batches that belong to none.
NO_THREAD = -1


def narrow_id(number: int) -> int:
    """An id of 64 bits as Python has it in a column of signed numbers; -1 for none."""
    return -1 if number == NONE else number - (1 << 64) if number >= 1 << 63 else number


def signed(values: npt.NDArray[Any]) -> Int64:
    """Ids of a column of events, -1 for none."""
    if values.dtype == np.uint32:
        wide = values.astype(np.int64)
        wide[values == NONE_32] = -1
        return wide
    return values.astype(np.int64)


@dataclass(slots=True)
class ThreadState:
    """The goroutine and the P of an M at the end of a generation; -1 for none."""

    g: int = -1
    p: int = -1


@dataclass(slots=True)
class _ForwardFill:
    """Values that hold from the event that sets them on, until the next such event of the same M."""

    before: Int32  # for each event, the place in ``values`` of what holds right before it
    sets: Mask
    values: Int64

    def behind(self, positions: Ints) -> Int64:
        """What holds right behind these events."""
        return self.values.take(self.before.take(positions) + self.sets.take(positions))


@dataclass(slots=True)
class ThreadContexts:
    """The events of a generation, M after M, with what each M had.

    ``ms`` are the Ms, ``segments`` says for each event which of them wrote it.
    """

    ms: Int64
    segments: npt.NDArray[Any]
    _g: _ForwardFill
    _p: _ForwardFill
    _sequences: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))

    def m(self, positions: Ints) -> Int64:
        """The M of these events."""
        return self.ms.take(self.segments.take(positions))

    def g(self, positions: Ints) -> Int64:
        """The goroutine right before these events; -1 for none."""
        return self._g.values.take(self._g.before.take(positions))

    def g_and_sequence(self, positions: Ints) -> tuple[Int64, Int64]:
        """The goroutine, and the sequence number by which it came to run there."""
        places = self._g.before.take(positions)
        return self._g.values.take(places), self._sequences.take(places)

    def p(self, positions: Ints) -> Int64:
        """The P right before these events; -1 for none. A P stolen by another M still counts."""
        return self._p.values.take(self._p.before.take(positions))


def by_thread(batches: Sequence[Batch]) -> list[Batch]:
    """Batches with those of an M together, in the order of the file."""
    order = {batch.m: number for number, batch in reversed([*enumerate(batches)])}
    return sorted(batches, key=lambda batch: order[batch.m])


def follow(
    events: Events, batches: Sequence[Batch], held: dict[int, ThreadState]
) -> ThreadContexts:
    """What each M had. ``held`` is what they had before, and is brought up to date.

    Every batch holds events.
    """
    batch_ms = np.array([narrow_id(batch.m) for batch in batches], np.int64)
    starts = np.flatnonzero(np.diff(batch_ms, prepend=batch_ms[:1] - 1))
    ms = batch_ms[starts]
    counts = np.add.reduceat(events.counts, starts)
    width = np.uint16 if len(ms) < 1 << 16 else np.uint32
    segments: Ints = np.repeat(np.arange(len(ms)).astype(width), counts)
    goroutines, sequences = _follow_goroutines(events, ms, segments, counts, held)
    procs = _follow_procs(events, ms, segments, counts, held)
    lasts = np.cumsum(counts) - 1
    last_g, last_p = goroutines.behind(lasts), procs.behind(lasts)
    for m, its_g, its_p in zip(ms.tolist(), last_g.tolist(), last_p.tolist(), strict=True):
        held[m] = ThreadState(its_g, its_p)
    return ThreadContexts(ms, segments, goroutines, procs, sequences)


def _follow_goroutines(
    events: Events, ms: Int64, segments: Ints, counts: Int64, held: dict[int, ThreadState]
) -> tuple[_ForwardFill, Int64]:
    """The goroutines of the Ms, and the sequence numbers by which they came to run there."""
    first, second, third = events.arguments
    sets = _SETS_G[events.type]
    status = np.flatnonzero(_STATUS_G[events.type])
    state, its_m = third[status], signed(second[status])
    here = ms.take(segments[status]) == its_m
    sets[status[(state != GO_RUNNING) & ~((state == GO_SYSCALL) & here)]] = False
    _note_syscalls(signed(first[status]), its_m, state, held)
    at = np.flatnonzero(sets)
    types = events.type[at]
    g = np.where(_ENDS_G[types], -1, signed(first[at]))
    sequences = np.where(_WITH_SEQUENCE[types], second[at].astype(np.int64), 0)
    begins = np.cumsum(counts) - counts
    carried = [held.get(m, ThreadState()).g for m in ms.tolist()]
    fill = _forward_fill(sets, segments, at, g, begins, carried)
    return fill, _with_carried(at, sequences, begins, [0] * len(ms))


def _follow_procs(
    events: Events, ms: Int64, segments: Ints, counts: Int64, held: Mapping[int, ThreadState]
) -> _ForwardFill:
    """The Ps of the Ms."""
    first, second, third = events.arguments
    sets = _SETS_P[events.type]
    at = np.flatnonzero(sets)
    types, p, status = events.type[at], signed(first[at]), second[at]
    running = (status == PROC_RUNNING) | (status == PROC_SYSCALL)
    stolen_here = signed(third[at]) == ms.take(segments[at])
    starts_here = (types == NUMBER["ProcStart"]) | ((types == NUMBER["ProcStatus"]) & running)
    ends_here = (types == NUMBER["ProcStop"]) | (types == NUMBER["GoDestroySyscall"])
    ends_here |= (types == NUMBER["ProcSteal"]) & stolen_here
    kept = starts_here | ends_here
    sets[at[~kept]] = False
    at, p = at[kept], np.where(starts_here, p, -1)[kept]
    carried = [held.get(m, ThreadState()).p for m in ms.tolist()]
    return _forward_fill(sets, segments, at, p, np.cumsum(counts) - counts, carried)


def _note_syscalls(g: Ints, m: Ints, state: Ints, held: dict[int, ThreadState]) -> None:
    """Note goroutines in system calls on other Ms, which GoStatus events name before the M has an event."""
    for its_g, its_m in zip(
        g[state == GO_SYSCALL].tolist(), m[state == GO_SYSCALL].tolist(), strict=True
    ):
        if its_m != NO_THREAD and its_m not in held:
            held[its_m] = ThreadState(its_g)


def _forward_fill(
    sets: Mask, segments: Ints, at: Ints, values: Ints, begins: Ints, carried: Sequence[int]
) -> _ForwardFill:
    before = np.cumsum(sets, dtype=np.int32)
    before -= sets
    before += segments.astype(np.int32)
    return _ForwardFill(before, sets, _with_carried(at, values, begins, carried))


def _with_carried(at: Ints, values: Ints, begins: Ints, carried: Sequence[int]) -> Int64:
    """The values that events set, each M's preceded by its value from the generation before."""
    bounds = [*np.searchsorted(at, begins).tolist(), len(at)]
    parts: list[Any] = []
    for number, had in enumerate(carried):
        parts += [[had], values[bounds[number] : bounds[number + 1]]]
    return np.concatenate(parts).astype(np.int64, copy=False)
