"""Where the lines of a stream stood in its input, and when they were written.

A stream of weeks has more lines than fit in memory. So of old lines only those are kept that records are
known by; the others are never asked for.
"""

from __future__ import annotations

import numpy as np

from goscope.framing.lines import Positions

#: So many of the latest lines are all kept: of some of them it is not known yet what they are.
RECENT = 1 << 18


class Places:
    """The line of the input, from 0, and the time, in nanoseconds since 1970, of each line of a stream."""

    def __init__(self) -> None:
        self._start = 0  # the first line of which all that follow are known
        self._numbers: list[Positions] = []
        self._stamps: list[Positions] = []
        self._old = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
        self._marks: list[Positions] = []

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def add(self, numbers: Positions, stamps: Positions) -> None:
        """The next lines of the stream."""
        self._numbers.append(numbers)
        self._stamps.append(stamps)

    def mark(self, lines: Positions) -> None:
        """These will be asked for, whatever becomes of others."""
        self._marks.append(np.asarray(lines, np.int64))

    def forget(self, needed: Positions) -> None:
        """Let go of lines that are neither recent, nor marked, nor needed."""
        size = sum(map(len, self._numbers))
        if size < 2 * RECENT:
            return
        end = self._start + size - RECENT
        marks = np.unique(np.concatenate([*self._marks, np.empty(0, np.int64)]))
        self._marks = [marks]
        wanted = np.union1d(marks, needed)
        wanted = wanted[: np.searchsorted(wanted, end)]
        known = wanted[(wanted >= self._start) | np.isin(wanted, self._old[0])]
        self._old = (known, *self.at(known))
        numbers, stamps = np.concatenate(self._numbers), np.concatenate(self._stamps)
        cut = end - self._start
        self._numbers, self._stamps, self._start = (
            [numbers[cut:].copy()],
            [stamps[cut:].copy()],
            end,
        )

    def at(self, lines: Positions) -> tuple[Positions, Positions]:
        """The lines of the input and the times of these lines; for one that was let go, of one before."""
        numbers, stamps = np.concatenate(self._numbers), np.concatenate(self._stamps)
        recent = np.clip(lines - self._start, 0, len(numbers) - 1)
        found = numbers[recent].astype(np.int64), stamps[recent].astype(np.int64)
        old, *places = self._old
        if len(old):
            before = np.maximum(np.searchsorted(old, lines, "right") - 1, 0)
            for values, kept in zip(found, places, strict=True):
                values[:] = np.where(lines < self._start, kept[before], values)
        return found
