"""What each P did: running or idle, put in order like goroutines by their own sequence numbers.

A system call is no state of a P to the user: it is a running P until it is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.tables.table import distinct
from goscope.traces.arrays import Bytes, Int64, Mask, among
from goscope.traces.event_columns import Events
from goscope.traces.event_table import (
    NUMBER,
    PROC_IDLE,
    PROC_SYSCALL_ABANDONED,
    mask_of,
)
from goscope.traces.thread_contexts import ThreadContexts, signed

IDLE, RUNNING = 0, 1
NAMES = ("idle", "running")
_START, _STOP = NUMBER["ProcStart"], NUMBER["ProcStop"]
_STEAL, _STATUS = NUMBER["ProcSteal"], NUMBER["ProcStatus"]
_ROWS = mask_of("ProcStart", "ProcStop", "ProcSteal", "ProcStatus", "GoDestroySyscall")
_LOCAL = mask_of("ProcStop", "GoDestroySyscall")


@dataclass(slots=True)
class ProcState:
    """What a P is in, since when, on which M, and whether it was stolen to get there."""

    state: int
    since: int
    m: int
    stolen: bool


@dataclass(slots=True)
class ProcSpans:
    """Spans of Ps that ended, and the moments at which a P began (1) or stopped (-1) to run."""

    p: Int64
    m: Int64
    state: Int64
    start: Int64
    end: Int64
    stolen: Mask


@dataclass(slots=True)
class ProcSteps:
    """The moments at which Ps changed their state, P after P; the state that is new."""

    p: Int64
    time: Int64
    state: Int64


def proc_spans(
    events: Events, threads: ThreadContexts, known: dict[int, ProcState], start: int
) -> tuple[ProcSpans, ProcSteps]:
    """The spans that ended in a generation, which began at ``start``, and the changes of state.

    ``known`` is what Ps were in before, and is brought up to date.
    """
    at = np.flatnonzero(_ROWS[events.type])
    types = events.type[at]
    first, second, _ = events.arguments
    local = _LOCAL[types]
    p = np.where(local, threads.p(at), signed(first[at]))
    sequence = np.where(types == _STATUS, -1, second[at].astype(np.int64))
    sequence[local] = _of_last_start(events, threads, at, types)[local]
    order = np.lexsort((at, sequence, p))
    order = order[p[order] >= 0]
    at, types, p = at[order], types[order], p[order]
    status = second[at]
    idle = (types == _STATUS) & ((status == PROC_IDLE) | (status == PROC_SYSCALL_ABANDONED))
    state = np.where((types == _START) | ((types == _STATUS) & ~idle), RUNNING, IDLE)
    time = events.time[at].copy()
    fresh = (types == _STATUS) & ~among(p, np.array([*known], np.int64))
    time[fresh] = start
    m = threads.m(at)
    stolen = types == _STEAL
    abandoned = (types == _STATUS) & (status == PROC_SYSCALL_ABANDONED)
    return _spans(p, time, state, m, stolen, abandoned, known)


def _of_last_start(events: Events, threads: ThreadContexts, at: Int64, types: Bytes) -> Int64:
    """The sequence number with which each M took its P: 0 if it had it from the generation's beginning."""
    starts = at[types == _START]
    place = np.searchsorted(starts, at) - 1
    found = np.zeros(len(at), np.int64)
    if len(starts):
        start = starts[np.maximum(place, 0)]
        own = (place >= 0) & (threads.segments[start] == threads.segments[at])
        found[own] = events.arguments[1][start[own]]
    return found


def _spans(
    p: Int64,
    time: Int64,
    state: Int64,
    m: Int64,
    stolen: Mask,
    abandoned: Mask,
    known: dict[int, ProcState],
) -> tuple[ProcSpans, ProcSteps]:
    named = [n for n in distinct(p).tolist() if n in known]
    before = [known[n] for n in named]
    carried = np.arange(len(p) + len(named)) < len(named)
    p = np.concatenate([np.array(named, np.int64), p])
    time = np.concatenate([np.array([k.since for k in before], np.int64), time])
    state = np.concatenate([np.array([k.state for k in before], np.int64), state])
    m = np.concatenate([np.array([k.m for k in before], np.int64), m])
    stolen = np.concatenate([np.array([k.stolen for k in before], np.bool_), stolen])
    abandoned = np.concatenate([np.zeros(len(named), np.bool_), abandoned])
    order = np.argsort(p, kind="stable")
    p, time, state, m = p[order], time[order], state[order], m[order]
    stolen, abandoned, carried = stolen[order], abandoned[order], carried[order]
    previous = np.where(np.diff(p, prepend=-1) == 0, np.concatenate([[-1], state[:-1]]), -1)
    keep = (state != previous) & ~(abandoned & (previous == RUNNING))
    p, time, state, m = p[keep], time[keep], state[keep], m[keep]
    stolen, carried = stolen[keep], carried[keep]
    last = np.diff(p, append=-1) != 0
    closed = np.flatnonzero(~last)
    for row in np.flatnonzero(last).tolist():
        its = ProcState(int(state[row]), int(time[row]), int(m[row]), bool(stolen[row]))
        known[int(p[row])] = its
    end = np.maximum(time[np.minimum(closed + 1, len(time) - 1)], time[closed])
    spans = ProcSpans(p[closed], m[closed], state[closed], time[closed], end, stolen[closed])
    new = ~carried
    return spans, ProcSteps(p[new], time[new], state[new])
