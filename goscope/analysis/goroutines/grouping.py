"""Rows put together by what they have in common: the one way in which goroutines are counted.

Whoever counts goroutines of one kind gives the same keys, for most the stack (``dumps.same_stack``) and the
state, and gets the same number: findings, lists, pages and comparisons.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from goscope.tables.table import Bools, Ints


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups in the order of their keys; ``group`` has the number of the group of each row."""

    group: Ints
    first: Ints  # the first row of each group

    def __len__(self) -> int:
        return len(self.first)

    def rows(self) -> list[Ints]:
        """The rows of each group, in their order."""
        order = np.argsort(self.group, kind="stable")
        return np.split(order, np.searchsorted(self.group[order], np.arange(1, len(self))))

    def counts(self, columns: Ints, width: int, weights: Ints | None = None) -> Ints:
        """How many rows of each group have each of ``width`` values, for example dumps."""
        counts = np.zeros((len(self), width), np.int64)
        np.add.at(counts, (self.group, columns), 1 if weights is None else weights)
        return counts

    def largest_first(self) -> list[Ints]:
        """The rows of each group, those of larger groups first."""
        return sorted(self.rows(), key=len, reverse=True) if len(self) else []


def group_by(*keys: Ints) -> Grouping:
    """Rows together that agree in each of the keys, which are codes from -1 on, one per row."""
    codes = keys[0].astype(np.int64)
    for key in keys[1:]:
        codes = codes * (int(key.max(initial=-1)) + 2) + key + 1
    _, first, group = np.unique(codes, return_index=True, return_inverse=True)
    return Grouping(group, first)


def group_some(chosen: Bools | Ints, *keys: Ints) -> list[Ints]:
    """Groups of the chosen rows only, larger ones first, as rows of all."""
    rows: Ints = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64)
    return [rows[mine] for mine in group_by(*(key[rows] for key in keys)).largest_first()]


def group_by_name(codes: Ints, name: Callable[[int], str]) -> tuple[Ints, list[str]]:
    """Codes that have one name together: a number for each row, and the names by number."""
    there, inverse = np.unique(codes, return_inverse=True)
    numbers: dict[str, int] = {}
    of_code = [numbers.setdefault(name(code), len(numbers)) for code in there.tolist()]
    return np.array(of_code, np.int64)[inverse], list(numbers)
