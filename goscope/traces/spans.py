"""The times that goroutines spent in a state, from one row of their history to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from goscope.traces.arrays import Int64, Mask
from goscope.traces.event_columns import Events
from goscope.traces.event_table import NUMBER, mask_of
from goscope.traces.histories import STATUSES, History, first_of_each
from goscope.traces.live_goroutines import SUMS, Rows
from goscope.traces.state_transitions import GONE, RUNNABLE, RUNNING, SYSCALL, WAITING
from goscope.traces.system_calls import Calls
from goscope.traces.thread_contexts import NO_THREAD, ThreadContexts, signed

#: Rows that are processed together.
_PIECE = 1 << 18
#: State changes that the goroutine on the M made to another goroutine.
BY_ANOTHER = mask_of("GoUnblock", "GoCreate", "GoCreateBlocked", "GoSwitch", "GoSwitchDestroy")


@dataclass(slots=True)
class Spans:
    """The rows of a history as spans.

    ``closed`` marks the spans that ended in the generation; ``duration`` is 0 for the others. ``calls`` are
    the rows of system calls, ``lost`` when each lost its P (-1: never). ``first_runs`` is the row of each
    goroutine's first run (-1: not in this generation); ``ran`` marks spans from that row on, the only ones
    that the profiles of ``go tool trace`` count. ``lasts`` is the last row of each goroutine.
    """

    history: History
    closed: Mask
    duration: Int64
    calls: Int64  # the rows that are system calls
    lost: Int64  # and when each of them lost its P
    first_runs: Int64  # the row of each goroutine's first run, -1 if not here
    ran: Mask
    lasts: Int64

    @property
    def goroutines(self) -> Rows:
        return self.history.goroutines

    def pieces(self) -> Iterator[slice]:
        """All rows in slices that are small enough for intermediate arrays to stay in the cache."""
        for begin in range(0, len(self.closed), _PIECE):
            yield slice(begin, begin + _PIECE)

    def sums(self, rows: Int64) -> Int64:
        """The time of these closed spans by goroutine."""
        weights = self.duration[rows].astype(np.float64)
        found = np.bincount(self.history.own[rows], weights, minlength=len(self.goroutines))
        return found.astype(np.int64)


def spans_of(history: History, events: Events, threads: ThreadContexts, calls: Calls) -> Spans:
    """The spans of a generation, and what their goroutines did, added to what is known of them."""
    own, time, state = history.own, history.time, history.state
    closed = np.zeros(len(own), np.bool_)
    closed[:-1] = own[1:] == own[:-1]
    lasts = np.flatnonzero(~closed)
    duration = np.zeros(len(own), np.int64)
    np.subtract(time[1:], time[:-1], out=duration[:-1])
    np.maximum(duration, 0, out=duration)
    gone = np.flatnonzero(state == GONE)
    closed[gone] = False
    duration[lasts] = 0
    duration[gone] = 0
    rows, lost = _lost(history, events, threads, calls)
    firsts, ran = _first_runs(history)
    found = Spans(history, closed, duration, rows, lost, firsts, ran, lasts)
    _add_up(found)
    _note_last_states(found, events, threads)
    return found


def _lost(
    history: History, events: Events, threads: ThreadContexts, calls: Calls
) -> tuple[Int64, Int64]:
    """The rows of system calls, and when each lost its P; one that has none lost it at once.

    A callback from C is in a system call until it has a P; that it counts as one that has it is as
    ``go tool trace`` does it.
    """
    rows = np.flatnonzero(history.state == SYSCALL)
    types, at = history.type[rows], history.at[rows]
    lost = history.time[rows].copy()
    begin = types == NUMBER["GoSyscallBegin"]
    if begin.any():
        lost[begin] = calls.lost[np.searchsorted(calls.begins, at[begin])]
    lost[types == NUMBER["GoCreateSyscall"]] = -1
    status = np.flatnonzero(STATUSES[types])
    mine = status[signed(events.arguments[1][at[status]]) == threads.m(at[status])]
    lost[mine] = np.where(threads.p(at[mine]) >= 0, -1, lost[mine])
    for row in np.flatnonzero(at < 0).tolist():
        known = history.goroutines[history.own[rows[row]]]
        call = calls.carried.get(int(known["m"]))
        lost[row] = known["lost_at"]
        if known["lost_at"] < 0 and call is not None:
            lost[row] = call.lost
    return rows, lost


def _first_runs(history: History) -> tuple[Int64, Mask]:
    goroutines = history.goroutines
    firsts = np.full(len(goroutines), -1, np.int64)
    bound = np.where(goroutines["started"] >= 0, -1, len(history))
    new = np.flatnonzero(goroutines["started"] < 0)
    if len(new):
        rows = np.flatnonzero(history.state == RUNNING)
        rows = rows[goroutines["started"].take(history.own.take(rows)) < 0]
        first = rows[first_of_each(history.own[rows])]
        firsts[history.own[first]] = first
        bound[history.own[first]] = first
    return firsts, np.arange(len(history)) >= bound.take(history.own)


def _add_up(spans: Spans) -> None:
    """Add the times to the sums of the goroutines."""
    history, goroutines = spans.history, spans.goroutines
    key = history.own.astype(np.int64) * 4 + np.minimum(history.state, SYSCALL)
    by_state = np.bincount(key, spans.duration, minlength=4 * len(goroutines))
    for state in (RUNNABLE, RUNNING, WAITING, SYSCALL):
        goroutines[SUMS[state]] += by_state[state::4].astype(np.int64)
    rows, lost = spans.calls, spans.lost
    gone = np.flatnonzero((lost >= 0) & spans.closed[rows])
    rows = rows[gone]
    end = history.time[rows] + spans.duration[rows]
    without = end - np.clip(lost[gone], history.time[rows], end)
    away = np.bincount(history.own[rows], without, minlength=len(goroutines)).astype(np.int64)
    goroutines["syscall"] -= away
    goroutines["lost"] += away
    ran = np.flatnonzero(spans.first_runs >= 0)
    firsts = spans.first_runs[ran]
    goroutines["started"][ran] = history.time[firsts]
    before = firsts - 1
    waited = (history.state[before] == RUNNABLE) & (history.own[before] == ran) & (firsts > 0)
    waited &= ~goroutines["existed"][ran]
    goroutines["first_wait"][ran[waited]] = spans.duration[before[waited]]


def _note_last_states(spans: Spans, events: Events, threads: ThreadContexts) -> None:
    """What the goroutines are in at the end of the generation."""
    history, goroutines = spans.history, spans.goroutines
    rows = spans.lasts
    own = history.own[rows]
    for name in ("state", "stack", "reason"):
        goroutines[name][own] = getattr(history, name)[rows]
    goroutines["since"][own] = history.time[rows]
    lost_at = np.full(len(history), -1, np.int64)
    lost_at[spans.calls] = spans.lost
    goroutines["lost_at"][own] = lost_at[rows]
    here = rows[history.at[rows] >= 0]
    own, at, types = history.own[here], history.at[here], history.type[here]
    m, p = threads.m(at), threads.p(at)
    status = STATUSES[types]
    goroutines["m"][own] = np.where(status, signed(events.arguments[1][at]), m)
    goroutines["p"][own] = np.where(status, NO_THREAD, p)
    goroutines["waker"][own] = np.where(BY_ANOTHER[types], threads.g(at), -1)
    gone = rows[history.state[rows] == GONE]
    goroutines["ended"][history.own[gone]] = history.time[gone]
