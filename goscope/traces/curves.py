"""How many of something there were over time, in slices that widen as the trace gets longer.

A curve is a level that steps up and down. For each slice two numbers suffice, whatever the number of steps:
by how much the level changed, and the sum of the offsets in the slice at which it did. A rise and fall
within one slice, the usual case, only adds to the slice's area.
"""

from __future__ import annotations

import numpy as np

from goscope.traces.arrays import Int64, Ints

#: The most slices of a trace; a long one has at least half as many.
SLICES = 1024
_NARROWEST = 12  # 4 microseconds
#: If there are at most so many curves, all are returned, also those that never stepped.
_ALL = 8


class Curves:
    """Levels over time, each with a number from 0 on."""

    def __init__(self, most: int):
        self._most = most
        self.shift = _NARROWEST
        self._steps = np.zeros((0, SLICES), np.int64)
        self._offsets = np.zeros((0, SLICES), np.int64)
        self._areas = np.zeros((0, SLICES), np.int64)

    def reach(self, end: int) -> None:
        """Widen the slices until they hold the trace up to ``end``."""
        while end >> self.shift >= SLICES:
            left, right = self._steps[:, ::2], self._steps[:, 1::2]
            offsets = self._offsets[:, ::2] + self._offsets[:, 1::2] + (right << self.shift)
            areas = self._areas[:, ::2] + self._areas[:, 1::2]
            self._steps, self._offsets, self._areas = (
                np.concatenate([part, np.zeros_like(part)], axis=1)
                for part in (left + right, offsets, areas)
            )
            self.shift += 1

    def step(self, curves: Ints | int, times: Int64, by: int) -> None:
        """These levels change by so much at these times; those beyond the most are left out."""
        if not len(times):
            return
        slices = times >> self.shift
        offsets = times - (slices << self.shift)
        if isinstance(curves, int):
            code, highest = slices + curves * SLICES, curves
        else:
            curves = curves.astype(np.int64)
            inside = (curves >= 0) & (curves < self._most)
            if not inside.all():
                curves, slices, offsets = curves[inside], slices[inside], offsets[inside]
            highest = int(curves.max(initial=-1))
            code = slices + curves * SLICES
        self._grow(highest + 1)
        size = self._steps.size
        self._steps += by * np.bincount(code, minlength=size).reshape(self._steps.shape)
        sums = np.bincount(code, offsets, minlength=size).astype(np.int64)
        self._offsets += by * sums.reshape(self._steps.shape)

    def spend(self, curves: Ints, times: Int64, durations: Int64) -> None:
        """Levels rise by one at these times, for so long, and fall in the same slice again."""
        code = curves.astype(np.int64) * SLICES + (times >> self.shift)
        areas = np.bincount(code, durations, minlength=self._most * SLICES).astype(np.int64)
        self._grow(self._most)
        self._areas += areas.reshape(self._areas.shape)

    def _grow(self, curves: int) -> None:
        more = curves - len(self._steps)
        if more > 0:
            empty = np.zeros((more, SLICES), np.int64)
            self._steps = np.concatenate([self._steps, empty])
            self._offsets = np.concatenate([self._offsets, empty])
            self._areas = np.concatenate([self._areas, empty])

    def __len__(self) -> int:
        return len(self._steps)

    def areas(self, end: int) -> Int64:
        """For each curve and slice until ``end``: the level times nanoseconds."""
        slices = min((end >> self.shift) + 1, SLICES)
        self._grow(min(self._most, _ALL))
        levels = np.cumsum(self._steps, axis=1)
        areas = (levels << self.shift) - self._offsets + self._areas
        last = end - ((slices - 1) << self.shift)
        areas[:, slices - 1] -= levels[:, slices - 1] * ((1 << self.shift) - last)
        return np.asarray(areas[:, :slices])


class Peaks:
    """The largest, or the last, value in each slice; -1 where there is none."""

    def __init__(self, *, last: bool = False):
        self._last = last
        self.shift = _NARROWEST
        self._values = np.full(SLICES, -1, np.int64)

    def reach(self, end: int) -> None:
        """Widen the slices until they hold the trace up to ``end``."""
        while end >> self.shift >= SLICES:
            left, right = self._values[::2], self._values[1::2]
            joined = np.where(right >= 0, right, left) if self._last else np.maximum(left, right)
            self._values = np.concatenate([joined, np.full(SLICES // 2, -1)])
            self.shift += 1

    def add(self, times: Int64, values: Int64) -> None:
        """Values at times, in the order of the times."""
        if self._last:
            self._values[times >> self.shift] = values  # of several in a slice the last one counts
        else:
            np.maximum.at(self._values, times >> self.shift, values)

    def values(self, end: int) -> Int64:
        """The values of all slices until ``end``."""
        return self._values[: min((end >> self.shift) + 1, SLICES)]
