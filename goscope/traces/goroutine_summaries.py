"""Times by state of each goroutine and of each start function, as in Go's ``internal/trace/summary.go``.

One result differs from ``go tool trace``: for a goroutine that is in a system call without a P when the trace
ends, the tool counts that time twice, as time with a P and as runnable.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goscope.traces.arrays import Int64, among
from goscope.traces.bounded_rows import BoundedRows
from goscope.traces.live_goroutines import GOROUTINE, SUMS, Rows
from goscope.traces.spans import Spans
from goscope.traces.state_transitions import RUNNABLE, RUNNING, SYSCALL, WAITING
from goscope.traces.tally import Tally

#: Goroutines that keep a row each: those that lived longest.
MOST_ROWS = 200_000
#: What is added up by function besides the sums of the goroutines.
COUNTS = ("goroutines", "created", "ended", "total")
_ADDED = (*COUNTS, *SUMS, "first_wait", "assist", "sweep", "stw")


class GoroutineSummaries:
    """The goroutines of one trace."""

    def __init__(self, forever: int, *, all_rows: bool):
        self._forever = forever
        self._live_blocks = Tally("number", "reason")
        self._ended = BoundedRows(None if all_rows else MOST_ROWS, "total")
        self._ended_blocks: list[Int64] = []
        self._by_function = np.zeros((0, len(_ADDED)), np.int64)
        self._function_blocks = Tally("name", "reason")

    def add(self, spans: Spans) -> None:
        """Add the waits of a generation. A goroutine that blocked for ever counts as ended."""
        history, numbers = spans.history, spans.goroutines["number"]
        for piece in spans.pieces():
            waits = spans.closed[piece] & (history.state[piece] == WAITING)
            rows = np.flatnonzero(waits) + piece.start
            keys = (numbers[history.own[rows]], history.reason[rows])
            self._live_blocks.add(keys, spans.duration[rows])
        goroutines = spans.goroutines
        over = (goroutines["state"] == WAITING) & (goroutines["reason"] == self._forever)
        goroutines["ended"][over] = goroutines["since"][over]

    def end(self, rows: Rows) -> None:
        """Take goroutines that are over."""
        self._close(rows, rows["ended"])

    def finish(self, rows: Rows, end: int) -> None:
        """Take those that still live; ``rows`` gets the times of their last states added."""
        on = rows["ended"] < 0
        last = np.maximum(end - rows["since"], 0)
        for state in (RUNNABLE, RUNNING, WAITING, SYSCALL):
            mine = on & (rows["state"] == state)
            rows[SUMS[state]][mine] += last[mine]
        away = on & (rows["state"] == SYSCALL) & (rows["lost_at"] >= 0)
        without = np.clip(end - rows["lost_at"], 0, last)[away]
        rows["syscall"][away] -= without
        rows["lost"][away] += without
        blocked = on & (rows["state"] == WAITING)
        keys = (rows["number"][blocked], rows["reason"][blocked])
        self._live_blocks.add_sums(keys, np.zeros(len(keys[0]), np.int64), last[blocked])
        self._close(rows, np.where(on, end, rows["ended"]))

    def _close(self, rows: Rows, ends: Int64) -> None:
        if not len(rows):
            return
        total = np.maximum(ends - rows["created"], 0)
        self._ended.add({"row": rows, "total": total})
        added = np.zeros((len(rows), len(_ADDED)), np.int64)
        added[:, 0] = 1
        added[:, 1] = ~rows["existed"]
        added[:, 2] = rows["ended"] >= 0
        added[:, 3] = total
        for place, column in enumerate(_ADDED[len(COUNTS) :], len(COUNTS)):
            added[:, place] = np.maximum(rows[column], 0)
        name = rows["name"] + 1
        more = int(name.max()) + 1 - len(self._by_function)
        if more > 0:
            empty = np.zeros((more, len(_ADDED)), np.int64)
            self._by_function = np.concatenate([self._by_function, empty])
        np.add.at(self._by_function, name, added)
        self._close_blocks(rows)

    def _close_blocks(self, rows: Rows) -> None:
        blocks = self._live_blocks.result()
        order = np.argsort(rows["number"])
        numbers = rows["number"][order]
        place = np.minimum(np.searchsorted(numbers, blocks["number"]), len(numbers) - 1)
        mine = numbers[place] == blocks["number"]
        names = rows["name"][order[place]]
        columns = [blocks[column] for column in ("number", "reason", "count", "ns", "max_ns")]
        number, reason, count, ns, most = (column[mine] for column in columns)
        self._ended_blocks.append(np.stack([number, reason, count, ns], axis=1))
        keys = (names[mine].astype(np.int64), reason)
        self._function_blocks.add_sums(keys, count, ns, most)
        self._live_blocks = Tally("number", "reason")
        number, reason, count, ns, most = (column[~mine] for column in columns)
        self._live_blocks.add_sums((number, reason), count, ns, most)
        if sum(map(len, self._ended_blocks)) > 8 * MOST_ROWS:
            self._ended_blocks = [self._blocks_of(self.rows()[0])]

    def rows(self) -> tuple[Rows, Int64]:
        """Goroutines in the order of their ids, and the time that each was there."""
        columns = self._ended.columns()
        if not columns:
            return np.zeros(0, GOROUTINE), np.zeros(0, np.int64)
        order = np.lexsort((columns["row"]["number"], columns["row"]["id"]))
        return columns["row"][order], columns["total"][order]

    @property
    def left_out(self) -> int:
        """How many goroutines have no row."""
        return self._ended.left_out

    def blocks(self) -> Int64:
        """Rows of the place in :meth:`rows`, reason, count, nanoseconds."""
        rows, _ = self.rows()
        blocks = self._blocks_of(rows)
        order = np.argsort(rows["number"])
        blocks[:, 0] = order[np.searchsorted(rows["number"][order], blocks[:, 0])]
        return blocks[np.lexsort((blocks[:, 1], blocks[:, 0]))]

    def _blocks_of(self, rows: Rows) -> Int64:
        blocks = np.concatenate([np.zeros((0, 4), np.int64), *self._ended_blocks])
        return blocks[among(blocks[:, 0], rows["number"])]

    def functions(self) -> dict[str, npt.NDArray[Any]]:
        """By start function (``name``, -1 if unknown): counts and sums."""
        there = np.flatnonzero(self._by_function[:, 0])
        columns = {name: self._by_function[there, place] for place, name in enumerate(_ADDED)}
        return {"name": there - 1, **columns}

    def function_blocks(self) -> dict[str, Int64]:
        """By ``name`` and ``reason``: ``count``, ``ns``."""
        return self._function_blocks.result()
