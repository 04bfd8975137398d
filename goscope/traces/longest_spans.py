"""The longest spans of each state, with the stack where each began and of who ended it."""

from __future__ import annotations

import numpy as np

from goscope.traces.arrays import Int64
from goscope.traces.bounded_rows import BoundedRows, Columns
from goscope.traces.event_table import NUMBER
from goscope.traces.live_goroutines import Rows
from goscope.traces.spans import Spans
from goscope.traces.state_transitions import RUNNABLE, RUNNING, SYSCALL, WAITING

#: Spans that are kept of each state.
MOST = 50
_STATES = (RUNNABLE, RUNNING, WAITING, SYSCALL)


class LongestSpans:
    """The longest spans of one trace."""

    def __init__(self) -> None:
        self._kept = {state: BoundedRows(MOST, "duration") for state in _STATES}
        self._floors = dict.fromkeys(_STATES, 0)

    def add(self, spans: Spans) -> None:
        """Take the spans that ended in a generation."""
        for piece in spans.pieces():
            closed, duration = spans.closed[piece], spans.duration[piece]
            state_of = spans.history.state[piece]
            for state in _STATES:
                found = (duration > self._floors[state]) & closed & (state_of == state)
                rows = np.flatnonzero(found)
                if len(rows) > MOST:
                    rows = rows[np.argpartition(duration[rows], -MOST)[-MOST:]]
                if len(rows):
                    self._add_rows(spans, state, rows + piece.start)

    def _add_rows(self, spans: Spans, state: int, rows: Int64) -> None:
        history, goroutines = spans.history, spans.goroutines
        own, woken = history.own[rows], np.minimum(rows + 1, len(history) - 1)
        by_another = (history.type[woken] == NUMBER["GoUnblock"]) & (state == WAITING)
        self._add(
            state,
            {
                "g": goroutines["id"][own],
                "name": goroutines["name"][own],
                "state": history.state[rows],
                "start": history.time[rows],
                "duration": spans.duration[rows],
                "reason": history.reason[rows],
                "stack": history.stack[rows],
                "waker": np.where(by_another, history.stack[woken], -1),
                "open": np.zeros(len(rows), np.bool_),
            },
        )

    def finish(self, rows: Rows, end: int) -> None:
        """Take the states that goroutines are in when the trace ends."""
        for state in _STATES:
            mine = rows[rows["state"] == state]
            columns = {name: mine[name] for name in ("name", "state", "reason", "stack")}
            self._add(
                state,
                {
                    "g": mine["id"],
                    **columns,
                    "start": mine["since"],
                    "duration": np.maximum(end - mine["since"], 0),
                    "waker": np.full(len(mine), -1),
                    "open": np.ones(len(mine), np.bool_),
                },
            )

    def _add(self, state: int, columns: Columns) -> None:
        kept = self._kept[state]
        kept.add(columns)
        found = kept.columns()
        if found and len(found["duration"]) >= MOST:
            self._floors[state] = int(found["duration"].min())

    def columns(self) -> Columns:
        """The longest of each state, longest first."""
        parts = [kept.columns() for kept in self._kept.values() if kept.rows]
        if not parts:
            return {}
        columns = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        order: Int64 = np.lexsort((-columns["duration"], columns["state"]))
        return {name: column[order] for name, column in columns.items()}
