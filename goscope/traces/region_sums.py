"""The times by state of a goroutine up to a moment within its history."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from goscope.traces.arrays import Int64
from goscope.traces.live_goroutines import SUMS, Rows
from goscope.traces.spans import Spans
from goscope.traces.state_transitions import RUNNABLE, RUNNING, SYSCALL, WAITING

#: Nanoseconds by state, in the order of :data:`goscope.traces.live_goroutines.SUMS`.
Sums: TypeAlias = tuple[int, ...]


def sums_at(spans: Spans, before: Rows, g: Int64, time: Int64) -> Callable[[int], Sums | None]:
    """For moments, each of a goroutine: its sums until then, or None if it is not known.

    ``before`` are the goroutines of ``spans`` as they were when the generation began.
    """
    history = spans.history
    ids = spans.goroutines["id"]
    order = np.argsort(ids, kind="stable")
    place = np.searchsorted(ids[order], g, side="right") - 1
    own = order[np.maximum(place, 0)] if len(order) else np.zeros(len(g), np.int64)
    known = (place >= 0) & (ids[own] == g) if len(order) else np.zeros(len(g), np.bool_)
    scale = int(max(history.time.max(initial=0), time.max(initial=0))) + 1
    # Beyond what whole numbers hold, which takes years or millions of goroutines, floats are near enough.
    kind = np.int64 if len(spans.goroutines) * scale < 1 << 62 else np.float64
    keys = history.own.astype(kind) * scale + history.time
    wanted = own.astype(kind) * scale + time
    row = np.searchsorted(keys, wanted, side="right") - 1
    known &= row >= 0
    known &= history.own[np.maximum(row, 0)] == own
    row = np.maximum(row, 0)
    first = np.searchsorted(history.own, own)
    within = np.maximum(time - history.time[row], 0)
    found = np.zeros((len(g), len(SUMS)), np.int64)
    away = np.zeros(len(history), np.int64)
    gone = (spans.lost >= 0) & spans.closed[spans.calls]
    calls = spans.calls[gone]
    end = history.time[calls] + spans.duration[calls]
    away[calls] = end - np.clip(spans.lost[gone], history.time[calls], end)
    for state in (RUNNABLE, RUNNING, WAITING, SYSCALL):
        mine = np.where(history.state == state, spans.duration, 0)
        until = np.concatenate([[0], np.cumsum(mine - away if state == SYSCALL else mine)])
        found[:, state] = until[row] - until[first]
        found[:, state] += np.where(history.state[row] == state, within, 0)
    until = np.concatenate([[0], np.cumsum(away)])
    found[:, len(SUMS) - 1] = until[row] - until[first]
    for number, name in enumerate(SUMS):
        found[:, number] += before[name][own]
    rows = found.tolist()
    there = known.tolist()
    return lambda moment: tuple(rows[moment]) if there[moment] else None
