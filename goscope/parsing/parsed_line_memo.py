"""Remembers parsed lines: a scheddetail block repeats the lines of all Ps, Ms and Gs that did not change.

In such a log nineteen of twenty lines equal an earlier one. Each distinct line is parsed once; after that it
costs one dictionary lookup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat

import numpy as np

from goscope.framing.framed import Ids
from goscope.parsing.line_plans import LineRule
from goscope.parsing.numbers import IntArray
from goscope.tables.builder import joined
from goscope.tables.table import Cells, Kind, missing_cells, narrow, select_cells

#: So many lines are remembered; then all are forgotten, since most are of goroutines that have ended.
MOST = 1 << 16


class ParsedLineMemo:
    """Lines by a number of their own, the rule that each is read by, and the row that it makes."""

    def __init__(self, rules: Sequence[LineRule]):
        self._rules = rules
        self._ids: dict[bytes, int] = {}
        self._forget()

    def make_room(self, lines: int) -> None:
        """Forget all lines if ``lines`` more would exceed :data:`MOST`."""
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

    def counts(self, ids: Ids) -> list[tuple[LineRule, int]]:
        """How many of the lines are read by which rule."""
        counts = np.bincount(self._rule_of[ids], minlength=len(self._rules)).tolist()
        return list(zip(self._rules, counts, strict=True))

    def of(self, rule: LineRule, ids: Ids) -> IntArray:
        """Which of the lines are read by a rule."""
        return np.flatnonzero(self._rule_of[ids] == self._rules.index(rule))

    def rows(
        self,
        rule: LineRule,
        ids: Ids,
        places: IntArray,
        new: Mapping[str, Cells],
        between: IntArray,
    ) -> tuple[dict[str, Cells], IntArray]:
        """The columns of known and new lines of a rule, merged in order of their places; and these places.

        ``places`` are those of known ones; ``new`` are the columns of the others, ``between`` their places.
        """
        place = self._rules.index(rule)
        known = self._count(place)
        columns = _stacked(rule, self._rows[place], known, new, len(between))
        rows = np.concatenate([self._row_of[ids], known + np.arange(len(between))])
        places = np.concatenate([places, between])
        order = np.argsort(places, kind="stable")
        rows = rows[order]
        return {name: select_cells(cells, rows) for name, cells in columns.items()}, places[order]

    def learn(self, rule: LineRule, texts: Sequence[bytes], cells: Mapping[str, Cells]) -> None:
        """Remember lines of a rule, all different, with the columns that they fill."""
        place, count = self._rules.index(rule), len(texts)
        known = self._count(place)
        self._rows[place] = _stacked(rule, self._rows[place], known, cells, count)
        self._ids.update(zip(texts, range(len(self), len(self) + count), strict=True))
        self._rule_of = np.append(self._rule_of, np.full(count, place, np.int8))
        self._row_of = np.append(self._row_of, np.arange(known, known + count, dtype=np.int32))

    def _count(self, place: int) -> int:
        return int(np.count_nonzero(self._rule_of == place))


def _stacked(
    rule: LineRule, first: Mapping[str, Cells], height: int, second: Mapping[str, Cells], more: int
) -> dict[str, Cells]:
    """The columns of two batches of rows, the second below the first, in as few bytes as they need."""
    found = {}
    for column in rule.columns:
        if column.name in first or column.name in second:
            parts = (
                first.get(column.name) or missing_cells(column, height),
                second.get(column.name) or missing_cells(column, more),
            )
            whole = joined(column, parts)
            values = narrow(whole.values) if column.kind is Kind.INT else whole.values
            found[column.name] = Cells(values, whole.valid)
    return found
