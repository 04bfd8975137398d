"""Collects the rows of tables batch by batch, and lets go of those that need not stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from goscope.tables.table import (
    Bools,
    Cells,
    Column,
    Ints,
    Kind,
    Table,
    distinct,
    is_repeated,
    missing_cells,
    narrow,
    repeated,
    select_cells,
)

#: What rows cost, as whole numbers, a column each.
Costs: TypeAlias = Callable[[Table], Mapping[str, Ints]]
#: Where a row came from, for whoever thins a table: see :mod:`goscope.tables.row_selection`.
ANCHOR = "anchor"
#: The line from 0, and in the bits above these the stream.
STREAM = 40
_AT_ONCE = 1 << 16
_FEW = 8
_LINE = Column("line", Kind.INT, "", "")
_ANCHOR = Column(ANCHOR, Kind.INT, "", "")


class TableBuilder:
    """Collects the rows of one table, batch by batch, in compact arrays.

    A builder that is ``bounded`` knows where each row came from. ``sums`` are columns beside the schema:
    what rows that were let go add up to, in the row behind them, by what ``costs`` says of each.
    """

    def __init__(
        self,
        name: str,
        schema: Sequence[Column],
        *,
        bounded: bool = False,
        sums: Sequence[str] = (),
        costs: Costs | None = None,
    ):
        self.name = name
        self.schema = tuple(schema)
        self.rows = 0
        self.total = 0  # with those that were let go
        #: Numbers of rows that somebody counted; where rows above are let go, they become less.
        self.marks: list[int] = []
        self._costs = costs
        self._sums = tuple(Column(sum_name, Kind.INT, "", "") for sum_name in sums if bounded)
        self._stored = (*self.schema, *self._sums, *((_ANCHOR,) if bounded else ()))
        self._parts: dict[str, list[Cells]] = {c.name: [] for c in self._stored}
        self._words: dict[str, dict[str, int]] = {
            c.name: {} for c in self.schema if c.kind is Kind.TEXT
        }

    def code(self, column: str, word: str) -> int:
        """The code of a string in a TEXT column, new or known."""
        words = self._words[column]
        return words.setdefault(word, len(words))

    def add(self, rows: int, cells: Mapping[str, Cells]) -> None:
        """Append ``rows`` rows; a column that is not given is missing in all of them."""
        if not rows:
            return
        self.rows += rows
        self.total += rows
        for column in self._stored:
            given = cells.get(column.name)
            if given is None and column in self._sums:
                given = Cells(repeated(np.int16(0), rows))
            part = given if given is not None else missing_cells(column, rows)
            if part.values.dtype.kind == "i" and column.kind is not Kind.BOOL:
                counts = None if part.counts is None else narrow(part.counts)
                part = Cells(narrow(part.values), part.valid, counts=counts)
            self._parts[column.name].append(part)

    def merge(self, other: TableBuilder, moves: Mapping[str, int]) -> None:
        """Append the rows of another builder; ``moves`` says what some of its columns lack, by name."""
        for column in self._stored:
            words = np.array([*map(self.code, repeat(column.name), other.words(column.name)), -1])
            for part in other._parts[column.name]:
                values = part.values
                if column.kind is Kind.TEXT:
                    values = words[values].astype(np.int32)
                elif column.name in moves:
                    values = narrow(values.astype(np.int64) + moves[column.name])
                self._parts[column.name].append(Cells(values, part.valid, counts=part.counts))
        self.rows += other.rows
        self.total += other.total

    def words(self, column: str) -> tuple[str, ...]:
        """The strings of a TEXT column by their codes; none of other columns."""
        return tuple(self._words.get(column, ()))

    def recoded(self, column: str, table: Table) -> Cells:
        """A column of another table, its strings in the codes of this one."""
        cells = table.cells(column)
        if not cells.categories:
            return cells
        codes = np.array([*(self.code(column, word) for word in cells.categories), -1], np.int32)
        return Cells(codes[cells.values])

    def keep(self, wanted: Bools, *, latest: bool = False) -> None:
        """Keep the rows that ``wanted`` marks, of all or of the latest batch.

        Group by group of parts: as a whole, a long column would be there three times meanwhile.
        """
        if wanted.all():
            return
        since = len(self._parts["line"]) - 1 if latest else 0
        summed = self._summed(wanted, self._costs, since) if self._costs and self._sums else {}
        groups = [(group, _picks(wanted[group.rows])) for group in self._groups(since)]
        for column in self._stored:
            parts, kept = self._parts[column.name], []
            for group, picks in groups:
                if column.name in summed:
                    cells = Cells(summed[column.name][group.rows])
                else:
                    cells = joined(column, parts[group.parts])
                kept += [select_cells(cells, pick) for pick in picks]
            parts[since:] = kept
        if not latest:
            stay = np.append(0, np.cumsum(wanted))
            self.marks = stay[self.marks].tolist() if self.marks else []
        self.rows += int(np.count_nonzero(wanted)) - len(wanted)

    def _summed(self, wanted: Bools, costs: Costs, since: int) -> dict[str, Ints]:
        """The sums that the wanted rows have when the others are let go."""
        own: dict[str, list[Ints]] = {column.name: [] for column in self._sums}
        for rows, table in self._stretches(since):
            gone = np.flatnonzero(~wanted[rows])
            added = costs(table.select(gone)) if len(gone) else {}
            for name, parts in own.items():
                sums = table[name].astype(np.int64)
                sums[gone] += added.get(name, 0)
                parts.append(narrow(sums))
        stream = joined(_ANCHOR, self._parts[ANCHOR][since:]).values >> STREAM
        streams = [np.flatnonzero(stream == one) for one in distinct(stream).tolist()]
        found = {}
        for column in self._sums:
            each = np.concatenate(own.pop(column.name)).astype(np.int64)
            sums = np.zeros(len(wanted), np.int64)
            for mine in streams:
                stays = wanted[mine]
                sums[mine[stays]] = np.diff(np.cumsum(each[mine])[stays], prepend=0)
            found[column.name] = narrow(sums)
        return found

    def _groups(self, since: int) -> Iterator[_Group]:
        """The parts from one on, neighbours together that are small."""
        sizes = [len(part.values) for part in self._parts["line"][since:]]
        first = start = 0
        while first < len(sizes):
            last, rows = first + 1, sizes[first]
            while last < len(sizes) and rows + sizes[last] <= _AT_ONCE:
                rows += sizes[last]
                last += 1
            yield _Group(slice(since + first, since + last), slice(start, start + rows))
            first, start = last, start + rows

    def _stretches(self, since: int) -> Iterator[tuple[slice, Table]]:
        """All rows from a part on, some at a time: what is made of them takes ten times as much."""
        for group in self._groups(since):
            first, end = group.rows.start, group.rows.stop
            later = {c.name: _Later(c, self._parts[c.name][group.parts], ()) for c in self._stored}
            table = Table(self.name, self._stored, later, end - first)
            for start in range(first, end, _AT_ONCE):
                rows = slice(start, min(start + _AT_ONCE, end))
                yield rows, table.select(np.arange(rows.start, rows.stop) - first)

    def lines(self) -> Ints:
        """The line of each row, from 1."""
        return joined(_LINE, self._parts["line"]).values.astype(np.int64)

    def anchors(self) -> npt.NDArray[np.int64]:
        """Where each row came from; of a builder that is bounded."""
        return joined(_ANCHOR, self._parts[ANCHOR]).values.astype(np.int64)

    def build(self) -> Table:
        """The table of what was collected so far; more may be added, for the next one."""
        parts = {name: list(parts) for name, parts in self._parts.items()}
        columns = (*self.schema, *self._sums)
        later = {c.name: _Later(c, parts[c.name], self.words(c.name)) for c in columns}
        return Table(self.name, self.schema, later, self.rows)


@dataclass(frozen=True, slots=True)
class _Group:
    """Some of the parts, and the rows that are in them."""

    parts: slice
    rows: slice


def _picks(wanted: Bools) -> list[Ints | slice]:
    """The wanted rows; where nearly all of many are, as the runs between the others, which need no copy."""
    at, gone = np.flatnonzero(wanted), np.flatnonzero(~wanted)
    if len(gone) <= (_FEW if len(wanted) > _AT_ONCE else 0):
        ends = [-1, *gone.tolist(), len(wanted)]
        return [slice(a + 1, b) for a, b in pairwise(ends) if b > a + 1]
    return [at] if len(at) else []


class _Later:
    """A column that is put together when it is looked at: most of those of a long log never are."""

    def __init__(self, column: Column, parts: list[Cells], words: tuple[str, ...]):
        self._column = column
        self._parts = parts
        self._words = words
        self._cells: Cells | None = None

    def __call__(self) -> Cells:
        if self._cells is None:
            self._cells = joined(self._column, self._parts, self._words)
            self._parts.clear()
        return self._cells


def joined(column: Column, parts: Sequence[Cells], words: tuple[str, ...] = ()) -> Cells:
    """One column of what was collected batch by batch."""
    parts = parts or [missing_cells(column, 0)]
    if len(parts) == 1:
        return Cells(parts[0].values, parts[0].valid, words, parts[0].counts)
    values = _concatenated([part.values for part in parts])
    valid: Bools | None = None
    if any(part.valid is not None for part in parts):
        there = np.True_
        valid = _concatenated(
            [repeated(there, len(p.values)) if p.valid is None else p.valid for p in parts]
        )
    counts: Ints | None = None
    if column.kind is Kind.INTS:
        counts = np.concatenate([p.counts for p in parts if p.counts is not None])
    return Cells(values, valid, words, counts)


def _concatenated(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The parts behind each other; one value that all of them repeat goes on to take no memory."""
    if all(map(is_repeated, parts)) and len({(p.dtype, p[:1].tobytes()) for p in parts}) == 1:
        return repeated(parts[0][0], sum(map(len, parts)))
    return np.concatenate(parts)


def stacked(tables: Sequence[Table]) -> Table:
    """The rows of several tables with one schema, one table below the other."""
    first = tables[0]
    if len(tables) == 1:
        return first
    builder = TableBuilder(first.name, first.schema)
    for table in tables:
        builder.add(len(table), {c.name: builder.recoded(c.name, table) for c in first.schema})
    return builder.build()
