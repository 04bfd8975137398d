"""Remembers whole lines: a block of scheddetail says again what the last one said of all that stood still.

In a log of such blocks nineteen lines in twenty are word for word the same as earlier ones. What they
say was read once; after that a line costs one look into a dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from goscope.engine.line_plans import LineRule
from goscope.framing.pieces import Ids
from goscope.numerals import IntArray
from goscope.table_builder import joined
from goscope.tables import Cells, missing_cells, select_cells

#: So many lines are remembered; then all are forgotten, since most are of goroutines that have ended.
MOST = 1 << 16


class KnownLines:
    """Lines by a number of their own, the rule that each is read by, and the row that it makes."""

    def __init__(self, rules: Sequence[LineRule]):
        self._rules = rules
        self._ids: dict[bytes, int] = {}
        self._forget()

    def make_room(self, lines: int) -> None:
        """Forget all lines if so many more would be too many."""
        if len(self) + lines > MOST:
            self._forget()

    def _forget(self) -> None:
        self._ids.clear()
        self._rule_of = np.empty(0, np.int8)  # by the number of the line: the place of its rule
        self._row_of = np.empty(0, np.int32)  # and its row among those of the rule
        self._rows: list[dict[str, Cells]] = [{} for _ in self._rules]

    def __len__(self) -> int:
        return len(self._ids)

    def ids_of(self, texts: Sequence[bytes]) -> Ids:
        """The number of each line, -1 for one that is not known; good until lines are learned."""
        return np.fromiter(map(self._ids.get, texts, repeat(-1)), np.int32, len(texts))

    def are_of(self, rule: LineRule, ids: Ids) -> npt.NDArray[np.bool_]:
        """Which of the lines are read by a rule."""
        found: npt.NDArray[np.bool_] = self._rule_of[ids] == self._rules.index(rule)
        return found

    def cells(self, rule: LineRule, ids: Ids) -> dict[str, Cells]:
        """The columns of these lines, all of one rule."""
        rows = self._row_of[ids]
        own = self._rows[self._rules.index(rule)]
        return {name: select_cells(cells, rows) for name, cells in own.items()}

    def learn(self, rule: LineRule, texts: Sequence[bytes], cells: Mapping[str, Cells]) -> None:
        """Remember lines of a rule, all different, with the columns that they fill."""
        place, count = self._rules.index(rule), len(texts)
        old = self._rows[place]
        before = int(np.count_nonzero(self._rule_of == place))
        self._ids.update(zip(texts, range(len(self), len(self) + count), strict=True))
        self._rule_of = np.append(self._rule_of, np.full(count, place, np.int8))
        self._row_of = np.append(self._row_of, np.arange(before, before + count, dtype=np.int32))
        for column in rule.columns:
            if column.name in cells or column.name in old:
                parts = (
                    old.get(column.name) or missing_cells(column, before),
                    cells.get(column.name) or missing_cells(column, count),
                )
                old[column.name] = joined(column, parts)


def merged(
    rule: LineRule,
    first: tuple[Mapping[str, Cells], IntArray],
    second: tuple[Mapping[str, Cells], IntArray],
) -> tuple[dict[str, Cells], IntArray]:
    """The rows of two batches of a rule in the order of their lines; each with the lines that they are of."""
    lines = np.concatenate([first[1], second[1]])
    order = np.argsort(lines, kind="stable")
    cells = {}
    for column in rule.columns:
        parts = [
            found.get(column.name) or missing_cells(column, len(at))
            for found, at in (first, second)
        ]
        cells[column.name] = select_cells(joined(column, parts), order)
    return cells, lines[order]
