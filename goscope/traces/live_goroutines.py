"""The goroutines that live, with their sums and present states, across generations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goscope.traces.arrays import Ints, among
from goscope.traces.state_transitions import GONE, UNKNOWN

#: Times are nanoseconds since the start of the trace; -1 stands for none.
GOROUTINE = np.dtype(
    [
        ("id", "i8"),
        ("number", "i8"),  # of all goroutines of the trace; an id may be used again
        ("name", "i4"),  # a number of the names of Stacks; -1 until a stack of it was seen
        ("existed", "?"),
        ("created", "i8"),
        ("started", "i8"),
        ("ended", "i8"),
        ("creator", "i8"),
        ("created_at", "i4"),  # a stack
        ("runnable", "i8"),  # sums, by state
        ("running", "i8"),
        ("waiting", "i8"),
        ("syscall", "i8"),
        ("lost", "i8"),
        ("first_wait", "i8"),
        ("assist", "i8"),
        ("sweep", "i8"),
        ("stw", "i8"),
        ("state", "u1"),  # the present state, and what is known of its beginning
        ("since", "i8"),
        ("stack", "i4"),
        ("reason", "i4"),
        ("lost_at", "i8"),
        ("m", "i8"),
        ("p", "i8"),
        ("waker", "i8"),
    ]
)
#: The sums of time, by state; that of a system call is parted by whether it still has its P.
SUMS = ("runnable", "running", "waiting", "syscall", "lost")
_NONE = (
    *("number", "name", "started", "ended", "creator", "created_at", "first_wait"),
    *("stack", "lost_at", "m", "p", "waker"),
)

Rows = npt.NDArray[Any]


def new_goroutines(ids: Ints) -> Rows:
    """Goroutines of which nothing is known."""
    rows = np.zeros(len(ids), GOROUTINE)
    rows["id"] = ids
    rows["state"] = UNKNOWN
    for name in _NONE:
        rows[name] = -1
    return rows


class LiveGoroutines:
    """The goroutines that live, by id, and those that have ended since they were last taken."""

    def __init__(self) -> None:
        self.live = np.zeros(0, GOROUTINE)
        #: How many there were.
        self.count = 0

    def number(self, rows: Rows) -> None:
        """Count those that are new."""
        new = np.flatnonzero(rows["number"] < 0)
        rows["number"][new] = self.count + np.arange(len(new))
        self.count += len(new)

    def of(self, ids: Ints) -> Rows:
        """What is known of goroutines, in this order."""
        rows = new_goroutines(ids)
        if len(self.live):
            place = np.minimum(np.searchsorted(self.live["id"], ids), len(self.live) - 1)
            known = self.live["id"][place] == ids
            rows[known] = self.live[place[known]]
        return rows

    def put(self, rows: Rows) -> Rows:
        """Take what is known now; returns those that have ended.

        Of several with one id (cgo callbacks use it again) the last one lives on.
        """
        gone = rows["state"] == GONE
        keeps = ~among(self.live["id"], rows["id"])
        live = np.concatenate([self.live[keeps], rows[~gone]])
        live = live[np.argsort(live["id"], kind="stable")]
        last = np.ones(len(live), np.bool_)
        np.not_equal(live["id"][1:], live["id"][:-1], out=last[:-1])
        self.live = live[last]
        return np.concatenate([rows[gone], live[~last]])
