"""A table with a bound on its rows, of which the largest by one column, or the first, are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Columns = dict[str, npt.NDArray[Any]]


class BoundedRows:
    """Columns of at most ``most`` rows: those with the largest values in column ``by``, or the first ones."""

    def __init__(self, most: int | None = None, by: str | None = None):
        self._most = most
        self._by = by
        self._parts: list[Columns] = []
        self.rows = 0
        #: How many rows were dropped.
        self.left_out = 0

    def add(self, columns: Columns) -> None:
        """More rows; the columns are the same each time."""
        count = len(next(iter(columns.values())))
        if not count:
            return
        self._parts.append(dict(columns))
        self.rows += count
        if self._most is not None and self.rows > 2 * self._most:
            self._cut()

    def columns(self) -> Columns:
        """All that is kept; empty if nothing was added."""
        if self._most is not None and self.rows > self._most:
            self._cut()
        self._join()
        return self._parts[0] if self._parts else {}

    def _join(self) -> None:
        if len(self._parts) > 1:
            # Column by column, and each part's is freed: there may be gigabytes of them.
            names = list(self._parts[0])
            self._parts = [{n: np.concatenate([p.pop(n) for p in self._parts]) for n in names}]

    def _cut(self) -> None:
        assert self._most is not None
        self._join()
        (columns,) = self._parts
        if self._by is None:
            at = np.arange(self._most)
        else:
            at = np.sort(np.argpartition(columns[self._by], -self._most)[-self._most :])
        self.left_out += self.rows - len(at)
        self.rows = len(at)
        self._parts = [{name: column[at] for name, column in columns.items()}]
