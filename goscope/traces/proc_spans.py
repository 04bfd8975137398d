"""The states of Ps, running or idle, put in order by their sequence numbers as goroutines are.

A P counts as running during a system call, until another thread takes it away.
"""

from __future__ import annotations

import numpy as np

from goscope.traces.arrays import Bytes, Int64, among
from goscope.traces.bounded_rows import Columns
from goscope.traces.event_columns import Events
from goscope.traces.event_table import (
    NUMBER,
    PROC_IDLE,
    PROC_SYSCALL_ABANDONED,
    mask_of,
)
from goscope.traces.live_goroutines import Rows
from goscope.traces.thread_contexts import ThreadContexts, signed

IDLE, RUNNING = 0, 1
NAMES = ("idle", "running")
_START, _STOP = NUMBER["ProcStart"], NUMBER["ProcStop"]
_STEAL, _STATUS = NUMBER["ProcSteal"], NUMBER["ProcStatus"]
_ROWS = mask_of("ProcStart", "ProcStop", "ProcSteal", "ProcStatus", "GoDestroySyscall")
_LOCAL = mask_of("ProcStop", "GoDestroySyscall")


#: Changes of the state of Ps; in a table of present states, the last change of each P.
CHANGE = np.dtype(
    [("p", "i8"), ("start", "i8"), ("state", "i8"), ("m", "i8"), ("stolen", "?"), ("earlier", "?")]
)


def proc_changes(events: Events, threads: ThreadContexts, present: Rows, start: int) -> Rows:
    """The changes of state in a generation that began at ``start``, P after P, each P's in order.

    ``present`` holds the states of all Ps when it began: that of a P that has changes comes before them,
    marked as ``earlier``.
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
    abandoned = (types == _STATUS) & (status == PROC_SYSCALL_ABANDONED)
    idle = (types == _STATUS) & ((status == PROC_IDLE) | abandoned)
    found = np.zeros(len(at), CHANGE)
    found["p"], found["m"] = p, threads.m(at)
    found["start"] = events.time[at]
    found["start"][(types == _STATUS) & ~among(p, present["p"])] = start
    found["state"] = np.where((types == _START) | ((types == _STATUS) & ~idle), RUNNING, IDLE)
    found["stolen"] = types == _STEAL
    earlier = present[among(present["p"], p)]
    earlier["earlier"] = True
    rows = np.concatenate([earlier, found])
    abandoned = np.concatenate([np.zeros(len(earlier), np.bool_), abandoned])
    order = np.argsort(rows["p"], kind="stable")
    rows, abandoned = rows[order], abandoned[order]
    same = np.diff(rows["p"], prepend=-1) == 0
    previous = np.where(same, np.concatenate([[-1], rows["state"][:-1]]), -1)
    kept = (rows["state"] != previous) & ~(abandoned & (previous == RUNNING))
    return np.asarray(rows[kept])


def states_after(present: Rows, changes: Rows) -> Rows:
    """The states of all Ps after these changes."""
    last = changes[np.diff(changes["p"], append=-1) != 0]
    found = np.concatenate([present[~among(present["p"], last["p"])], last])
    return found[np.argsort(found["p"])]


def closed_spans(changes: Rows) -> Columns:
    """The spans between changes of a P."""
    closed = np.flatnonzero(np.diff(changes["p"], append=-1) == 0)
    return _columns(changes[closed], changes["start"][closed + 1], is_open=False)


def open_spans(present: Rows, end: int) -> Columns:
    """The spans that had not ended when the trace did."""
    return _columns(present, np.full(len(present), end), is_open=True)


def _columns(rows: Rows, ends: Int64, *, is_open: bool) -> Columns:
    return {
        **{name: rows[name] for name in ("p", "m", "state", "start", "stolen")},
        "duration": np.maximum(ends - rows["start"], 0),
        "open": np.full(len(rows), is_open),
    }


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
