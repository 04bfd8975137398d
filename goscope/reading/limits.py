"""Keeps what is read of an endless stream within bounds: old samples are thinned, old details dropped.

Age is the time since a row arrived, not what its own clock says: a log of last year that is piped in is
as new as what a program prints now. Nothing happens to a table of few rows.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, runtime_checkable

import numpy as np

from goscope.formats.format import BlockReader
from goscope.tables.builder import TableBuilder
from goscope.tables.table import Bools, Ints

#: What a SCHED line is followed by: of no use without its neighbours, and a thousand times as many.
_DETAILS = frozenset({"procs", "threads", "sched_goroutines"})
#: So many rows that are older than the window stay, spread over the whole time.
OLD_ROWS = 2_000
#: And so many in all, however short the time is in which they came.
MOST_ROWS = 2_000_000
#: So many goroutines of dumps; the first dump, the latest and some between stay.
MOST_GOROUTINES = 1_000_000
#: How often, in seconds, it is noted how many rows have come.
_NOTED_EVERY = 10.0


@runtime_checkable
class Thinning(Protocol):
    """A reader of blocks that can let go of some."""

    def thin(self, most: int) -> None: ...
    def lines(self) -> Ints: ...


class Limits:
    """What of a stream is kept: all rows of the last ``window`` seconds, of older ones a selection."""

    def __init__(
        self,
        window: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        old_rows: int = OLD_ROWS,
        most_rows: int = MOST_ROWS,
        most_goroutines: int = MOST_GOROUTINES,
    ):
        self._window = window
        self._clock = clock
        self._old_rows = old_rows
        self._most_rows = most_rows
        self._most_goroutines = most_goroutines
        self._noted: deque[float] = deque()  # a mark of each builder belongs to each
        #: How many rows were let go.
        self.dropped = 0

    def apply(self, builders: Mapping[str, TableBuilder], readers: Iterable[BlockReader]) -> None:
        """Let go of what need not be kept."""
        now = self._clock()
        if not self._noted or now - self._noted[-1] >= _NOTED_EVERY:
            self._noted.append(now)
            for builder in builders.values():
                builder.marks.append(builder.rows)
        old = dict.fromkeys(builders, 0)
        while self._noted and now - self._noted[0] > self._window:
            self._noted.popleft()
            old = {name: builder.marks.pop(0) for name, builder in builders.items()}
        for name, builder in builders.items():
            self._thin(name, builder, old[name])
        for reader in readers:
            if isinstance(reader, Thinning):
                reader.thin(self._most_goroutines)

    def _thin(self, name: str, builder: TableBuilder, old: int) -> None:
        before = builder.rows
        if builder.rows > self._most_rows:
            old = max(old, builder.rows - self._most_rows // 2)
        if old > 2 * self._old_rows:
            builder.keep(_mask(builder.lines(), old, 0 if name in _DETAILS else self._old_rows))
        elif name in _DETAILS and old > builder.rows // 2 and old > self._old_rows:
            builder.keep(_mask(builder.lines(), old, 0))
        self.dropped += before - builder.rows


def _mask(lines: Ints, old: int, stay: int) -> Bools:
    """All but the first ``old`` rows, and of those so many, spread evenly over the lines that were read."""
    mask = np.ones(len(lines), np.bool_)
    mask[:old] = False
    if stay:
        wanted = np.linspace(lines[0], lines[old - 1], stay)
        mask[np.searchsorted(lines[:old], wanted)] = True
    return mask
