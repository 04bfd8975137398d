"""System calls and the Ps that they lose.

A goroutine enters a system call with its P. Another thread may take the P (ProcSteal), or its own thread
gives it up (ProcStop). The sequence number of a ProcSteal says which call it belongs to: it is that of the
GoSyscallBegin plus one. Time stamps do not: a thread may record the end of its call before the other one
records the steal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.traces.arrays import Int64, Ints, Mask
from goscope.traces.event_columns import Events
from goscope.traces.event_table import GO_SYSCALL, NUMBER, mask_of
from goscope.traces.thread_contexts import ThreadContexts, signed

_BEGIN = NUMBER["GoSyscallBegin"]
_STATUS = mask_of("GoStatus", "GoStatusStack")
_AROUND = mask_of(
    "GoSyscallBegin",
    "GoSyscallEnd",
    "GoSyscallEndBlocked",
    "GoCreateSyscall",
    "GoDestroySyscall",
    "GoStatus",
    "GoStatusStack",
    "ProcStop",
)
_LEAVES = mask_of("ProcStop", "GoSyscallEnd", "GoSyscallEndBlocked", "GoDestroySyscall")
#: The number of events that are moved after steals; then time stamps stay as they are.
_MOST_MOVED = 1_000_000


@dataclass(slots=True)
class OpenCall:
    """A system call that had not ended with its generation: its P, and when that was lost (-1: not yet)."""

    p: int
    lost: int


@dataclass(frozen=True, slots=True)
class Calls:
    """The system calls of a generation.

    ``begins`` are the positions of their GoSyscallBegin events, ``p`` their Ps, ``lost`` when the P was
    lost, -1 if it was not. ``carried`` are the calls that an M was in before, as they are now.
    """

    begins: Int64
    p: Int64
    lost: Int64
    carried: dict[int, OpenCall]


def find_calls(events: Events, threads: ThreadContexts, open_calls: dict[int, OpenCall]) -> Calls:
    """The system calls of a generation; corrects the times of events around late steals.

    ``open_calls`` are those that Ms were in before, and is brought up to date.
    """
    begins = np.flatnonzero(events.type == _BEGIN)
    p = threads.p(begins)
    lost = np.full(len(begins), -1, np.int64)
    around = np.flatnonzero(_AROUND[events.type])
    around = around[~_other_status(events, threads, around)]
    stolen = _stolen(events, p, events.arguments[0][begins].astype(np.int64), lost)
    _given_up(events, threads, around, begins, p, lost)
    carried = dict(open_calls)
    _carried_on(events, threads, around, carried)
    if len(begins) and (stolen.any() or carried):
        _repair(events, threads, around, begins, lost)
    _still_open(threads, events, around, begins, p, lost, open_calls)
    return Calls(begins, p, lost, carried)


def _other_status(events: Events, threads: ThreadContexts, around: Ints) -> Mask:
    """Statuses that are not those of the M's own goroutine in a system call."""
    status = np.flatnonzero(_STATUS[events.type[around]])
    at = around[status]
    mine = signed(events.arguments[1][at]) == threads.m(at)
    other = np.zeros(len(around), np.bool_)
    other[status] = ~(mine & (events.arguments[2][at] == GO_SYSCALL))
    return other


def _key(p: Int64, sequence: Int64) -> Int64:
    return (p << 40) | (sequence & ((1 << 40) - 1))


def _steals(events: Events) -> tuple[Int64, Int64]:
    """The keys of all thefts, in order, and their times."""
    at = np.flatnonzero(events.type == NUMBER["ProcSteal"])
    first, second, _ = events.arguments
    keys = _key(signed(first[at]), signed(second[at]))
    order = np.argsort(keys, kind="stable")
    return keys[order], events.time[at][order]


def _stolen(events: Events, p: Int64, sequence: Int64, lost: Ints) -> Mask:
    keys, times = _steals(events)
    if not len(keys) or not len(p):
        return np.zeros(len(p), np.bool_)
    wanted = _key(p, sequence + 1)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    stolen = (keys[place] == wanted) & (p >= 0)
    lost[stolen] = times[place[stolen]]
    return np.asarray(stolen)


def _given_up(
    events: Events,
    threads: ThreadContexts,
    around: Int64,
    begins: Int64,
    p: Int64,
    lost: Int64,
) -> None:
    """A ProcStop right behind a GoSyscallBegin of the same M."""
    types = events.type[around]
    stops = np.flatnonzero(types == NUMBER["ProcStop"])
    stops = stops[stops > 0]
    before = around[stops - 1]
    same = (events.type[before] == _BEGIN) & (
        threads.segments[before] == threads.segments[around[stops]]
    )
    call = np.searchsorted(begins, before[same])
    lost[call] = np.where(lost[call] < 0, events.time[around[stops[same]]], lost[call])


def _carried_on(
    events: Events, threads: ThreadContexts, around: Int64, carried: dict[int, OpenCall]
) -> None:
    """Calls that were open before: the P's sequence numbers began anew, so a theft is number 1."""
    waiting = [call for call in carried.values() if call.lost < 0 and call.p >= 0]
    if not waiting:
        return
    keys, times = _steals(events)
    for call in waiting:
        key = (call.p << 40) | 1
        place = int(np.searchsorted(keys, key))
        if place < len(keys) and keys[place] == key:
            call.lost = int(times[place])
    for m, place in _first_of_each(threads, around).items():
        if m in carried and carried[m].lost < 0 and events.type[place] == NUMBER["ProcStop"]:
            carried[m].lost = int(events.time[place])


def _first_of_each(threads: ThreadContexts, around: Int64) -> dict[int, int]:
    segments = threads.segments[around]
    firsts = np.flatnonzero(np.diff(segments.astype(np.int64), prepend=-1))
    return dict(zip(threads.ms[segments[firsts]].tolist(), around[firsts].tolist(), strict=True))


def _repair(
    events: Events,
    threads: ThreadContexts,
    around: Int64,
    begins: Int64,
    lost: Int64,
) -> None:
    """Move the end of a call after the steal of its P, and later events of the M after that."""
    types = events.type[around]
    ends = np.flatnonzero(types == NUMBER["GoSyscallEndBlocked"])
    ends = ends[ends > 0]
    back = ends - 1
    stop = events.type[around[back]] == NUMBER["ProcStop"]
    before = around[np.maximum(back - stop, 0)]
    known = events.type[before] == _BEGIN
    known &= threads.segments[before] == threads.segments[around[ends]]
    ends, before = ends[known], before[known]
    thefts = lost[np.searchsorted(begins, before)]
    late = (thefts >= 0) & (thefts >= events.time[around[ends]])
    left = _MOST_MOVED
    time, segments = events.time, threads.segments
    for at, theft in zip(around[ends[late]].tolist(), thefts[late].tolist(), strict=True):
        time[at] = theft + 1
        following = at + 1
        while (
            left
            and following < len(time)
            and segments[following] == segments[at]
            and time[following] <= time[following - 1]
        ):
            time[following] = time[following - 1] + 1
            following += 1
            left -= 1


def _still_open(
    threads: ThreadContexts,
    events: Events,
    around: Int64,
    begins: Int64,
    p: Int64,
    lost: Int64,
    open_calls: dict[int, OpenCall],
) -> None:
    """Which M is in a call at the end of the generation."""
    segments = threads.segments[around].astype(np.int64)
    lasts = np.flatnonzero(np.diff(segments, append=-1))
    last_of = dict(zip(threads.ms[segments[lasts]].tolist(), lasts.tolist(), strict=True))
    for m, place in last_of.items():
        at = int(around[place])
        kind = int(events.type[at])
        if kind == NUMBER["ProcStop"] and place > 0 and segments[place - 1] == segments[place]:
            at = int(around[place - 1])
            kind = int(events.type[at])
        if kind == _BEGIN:
            call = int(np.searchsorted(begins, at))
            open_calls[m] = OpenCall(int(p[call]), int(lost[call]))
        elif kind == NUMBER["GoCreateSyscall"]:
            open_calls[m] = OpenCall(-1, -1)
        elif _LEAVES.table[kind]:
            if kind != NUMBER["ProcStop"]:
                open_calls.pop(m, None)
        elif m not in open_calls:
            open_calls[m] = OpenCall(-1, -1)
