"""Every span as a row, for those who ask for them: some tens of bytes per event."""

from __future__ import annotations

import numpy as np

from goscope.traces.bounded_rows import BoundedRows, Columns
from goscope.traces.live_goroutines import Rows
from goscope.traces.spans import BY_ANOTHER, Spans
from goscope.traces.state_transitions import GONE, SYSCALL, SYSCALL_LOST, UNKNOWN
from goscope.traces.thread_contexts import ThreadContexts


class SingleSpans:
    """The spans of the goroutines of one trace."""

    def __init__(self) -> None:
        self.kept = BoundedRows()

    def add(self, spans: Spans, threads: ThreadContexts, before: Rows) -> None:
        """Take the spans that ended in a generation; ``before`` are its goroutines when it began."""
        history = spans.history
        at = np.maximum(history.at, 0)
        carried = np.flatnonzero(history.at < 0)
        m, p = threads.m(at), threads.p(at)
        waker = np.where(BY_ANOTHER[history.type], threads.g(at), -1)
        for column, name in ((m, "m"), (p, "p"), (waker, "waker")):
            column[carried] = before[name][history.own[carried]]
        lost = np.full(len(history), -1, np.int64)
        lost[spans.calls] = spans.lost
        rows = np.flatnonzero(spans.closed & (history.state < GONE))
        self._add(
            {
                "g": spans.goroutines["id"][history.own[rows]],
                "state": history.state[rows],
                "start": history.time[rows],
                "duration": spans.duration[rows],
                "reason": history.reason[rows],
                "stack": history.stack[rows],
                "m": m[rows].astype(np.int32),
                "p": p[rows].astype(np.int32),
                "waker": waker[rows],
                "open": np.zeros(len(rows), np.bool_),
            },
            lost[rows],
        )

    def finish(self, rows: Rows, end: int) -> None:
        """Take the states that goroutines are in when the trace ends."""
        rows = rows[(rows["state"] < GONE) & (rows["state"] != UNKNOWN)]
        self._add(
            {
                "g": rows["id"],
                "state": rows["state"],
                "start": rows["since"],
                "duration": np.maximum(end - rows["since"], 0),
                "reason": rows["reason"],
                "stack": rows["stack"],
                "m": rows["m"].astype(np.int32),
                "p": rows["p"].astype(np.int32),
                "waker": rows["waker"],
                "open": np.ones(len(rows), np.bool_),
            },
            rows["lost_at"],
        )

    def _add(self, columns: Columns, lost: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        """Part system calls where they lost their P."""
        start, end = columns["start"], columns["start"] + columns["duration"]
        parted = (columns["state"] == SYSCALL) & (lost >= 0) & (lost < end)
        if parted.any():
            second = {name: column[parted] for name, column in columns.items()}
            since = np.maximum(lost, start)[parted]
            second["state"] = np.full(len(since), SYSCALL_LOST, np.uint8)
            second["start"], second["duration"] = since, end[parted] - since
            second["p"] = np.full(len(since), -1, np.int32)
            columns = dict(columns)
            columns["duration"] = columns["duration"].copy()
            columns["duration"][parted] = since - start[parted]
            columns["open"] = columns["open"] & ~parted
            whole = ~parted | (columns["duration"] > 0)
            columns = {
                name: np.concatenate([column[whole], second[name]])
                for name, column in columns.items()
            }
        self.kept.add(columns)
