"""Counts, sums and maxima of nanoseconds by several small whole numbers at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from goscope.traces.arrays import Int64, Ints, numbered

#: Numbers are looked up in a table of at most so many places, else they are sorted.
_LARGEST_TABLE = 1 << 18
#: Rows that are collected before those with equal keys are merged.
_MOST_ROWS = 1 << 18


def group(columns: Sequence[Ints]) -> tuple[Int64, Int64]:
    """The distinct rows of columns of numbers from -1 on: for each row its group, and a row of each group."""
    code = _dense(columns[0])
    for column in columns[1:]:
        size = int(column.max(initial=-1)) + 2
        code = _dense(code * size + (column + 1))
    groups = int(code.max(initial=-1)) + 1
    example = np.empty(groups, np.int64)
    example[code] = np.arange(len(code))
    return code, example


def _dense(values: Ints) -> Int64:
    """The same, numbered from 0 without gaps, in order."""
    if not len(values):
        return np.zeros(0, np.int64)
    low, high = int(values.min()), int(values.max())
    if high - low > max(_LARGEST_TABLE, 2 * len(values)):
        return numbered(values)[2]
    there = np.zeros(high - low + 1, np.bool_)
    place = values - low if low else values
    there[place] = True
    return np.asarray((np.cumsum(there, dtype=np.int64) - 1).take(place))


class Tally:
    """Adds up, over generations: how many, how long in all, and the longest."""

    def __init__(self, *keys: str):
        self.keys = keys
        self._columns: list[list[Int64]] = [[] for _ in (*keys, "count", "ns", "max_ns")]
        self._rows = 0

    def add(self, keys: Sequence[Ints], ns: Int64) -> None:
        """Add single values."""
        if not len(ns):
            return
        code, example = group(keys)
        groups = len(example)
        most = np.zeros(groups, np.int64)
        np.maximum.at(most, code, ns)
        sums = np.bincount(code, ns, minlength=groups).astype(np.int64)
        counts = np.bincount(code, minlength=groups)
        self._append(*(np.asarray(key[example], np.int64) for key in keys), counts, sums, most)

    def add_sums(
        self, keys: Sequence[Ints], counts: Ints, ns: Ints, most: Ints | None = None
    ) -> None:
        """Add sums."""
        columns = (*keys, counts, ns, ns if most is None else most)
        self._append(*(np.asarray(column, np.int64) for column in columns))

    def _append(self, *columns: Int64) -> None:
        for parts, column in zip(self._columns, columns, strict=True):
            parts.append(column)
        self._rows += len(columns[0])
        if self._rows > _MOST_ROWS:
            self._compact()

    def _compact(self) -> None:
        columns = [np.concatenate(parts) for parts in self._columns]
        keys, (count, ns, most) = columns[: len(self.keys)], columns[len(self.keys) :]
        order = np.lexsort(keys[::-1])
        columns = [column[order] for column in columns]
        new = np.zeros(len(order), np.bool_)
        for key in columns[: len(self.keys)]:
            new |= np.diff(key, prepend=key[:1] - 1) != 0
        at = np.flatnonzero(new)
        count, ns, most = columns[len(self.keys) :]
        summed = [
            np.add.reduceat(count, at),
            np.add.reduceat(ns, at),
            np.maximum.reduceat(most, at),
        ]
        columns = [*(key[at] for key in columns[: len(self.keys)]), *summed]
        self._columns = [[column] for column in columns]
        self._rows = len(at)

    def result(self) -> dict[str, Int64]:
        """The keys, and ``count``, ``ns``, ``max_ns`` of each, in the order of the keys."""
        if self._rows:
            self._compact()
        names = (*self.keys, "count", "ns", "max_ns")
        nothing = np.zeros(0, np.int64)
        return {
            name: np.concatenate([nothing, *parts])
            for name, parts in zip(names, self._columns, strict=True)
        }
