"""Typed columns, and the tables made of them: what formats fill, rules read and notebooks see.

A table is a set of equally long numpy columns with a declared schema. Rules read the columns as they
are; :meth:`Table.frame` turns them into a pandas ``DataFrame`` for people. pandas costs as much time
to import as a dump of 100,000 goroutines costs to read, so it is loaded only there.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from goscope.goruntime.go_versions import OLDEST, Version

if TYPE_CHECKING:
    import pandas as pd

Ints: TypeAlias = npt.NDArray[np.integer[Any]]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
_Integer = TypeVar("_Integer", bound=np.integer[Any])


#: The column of times, in nanoseconds since 1970; DataFrames have it as datetime64[ns, UTC].
WALL_TIME = "wall_time"


class Kind(Enum):
    """How a column is stored and which pandas dtype it becomes."""

    INT = "Int64"
    FLOAT = "float64"
    BOOL = "boolean"
    TEXT = "category"
    INTS = "list"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a schema: its name, kind, unit ("" for none) and what it means.

    An ``internal`` column is there while inputs are read, and not in the tables of a capture. Go prints it
    from version ``since`` to ``until``, as ``printed`` where that differs from the name.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    default: bool | None = None  # for flags: what the absence of the word says
    internal: bool = False
    since: Version = OLDEST
    until: Version | None = None
    printed: str = ""


@dataclass(slots=True)
class Cells:
    """The values of one column.

    ``values`` holds integers, floats or (for TEXT) codes into ``categories``; ``valid`` is None when
    nothing is missing. Floats say NaN and codes say -1 for missing, and need no mask. A column of
    lists (INTS) has all numbers in ``values`` and the length of each row's list in ``counts``.
    """

    values: npt.NDArray[Any]
    valid: Bools | None = None
    categories: tuple[str, ...] = ()
    counts: Ints | None = None


class Table:
    """Rows of one sort, as columns; immutable once built.

    Indexing by name gives the stored numpy array (codes for TEXT columns). :meth:`numbers` gives
    floats with NaN where a value is missing, :meth:`texts` gives strings. A column of the schema that is not
    given is missing in all rows.
    """

    def __init__(
        self,
        name: str,
        schema: Sequence[Column],
        cells: Mapping[str, Cells | Callable[[], Cells]],
        rows: int,
    ):
        self.name = name
        self.schema = tuple(schema)
        self.rows = rows
        absent = [column for column in schema if column.name not in cells]
        self._cells = {
            **cells,
            **{c.name: functools.partial(missing_cells, c, rows) for c in absent},
        }
        self._kinds = {column.name: column.kind for column in schema}

    def __len__(self) -> int:
        return self.rows

    def __repr__(self) -> str:
        return f"<goscope.Table {self.name}: {self.rows:,} rows, {len(self.schema)} columns>"

    def _column(self, name: str) -> Cells:
        cells = self._cells[name]
        if not isinstance(cells, Cells):
            cells = self._cells[name] = cells()
        return cells

    def __contains__(self, column: str) -> bool:
        return column in self._cells

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        values = self._column(column).values
        if values.dtype.kind == "i" and values.dtype != np.int8:
            return values.astype(np.int64)  # stored narrow; arithmetic must not overflow
        return values

    def at(self, column: str, rows: Ints | slice) -> npt.NDArray[Any]:
        """The values at these positions: of few rows of a long table, and so without a copy of the column."""
        values = self._column(column).values[rows]
        if values.dtype.kind == "i" and values.dtype != np.int8:
            return values.astype(np.int64)
        return values

    def cells(self, column: str) -> Cells:
        """A column as it is stored."""
        return self._column(column)

    def categories(self, column: str) -> tuple[str, ...]:
        """The distinct strings of a TEXT column, indexed by its codes."""
        return self._column(column).categories

    def present(self, column: str) -> Bools:
        """True where the column has a value."""
        cells = self._column(column)
        if cells.valid is not None:
            return cells.valid
        if cells.values.dtype.kind == "f":
            return np.asarray(~np.isnan(cells.values), np.bool_)
        if self._kinds[column] in (Kind.TEXT, Kind.BOOL):
            return np.asarray(cells.values >= 0)
        return np.ones(self.rows, dtype=np.bool_)

    def numbers(self, column: str, missing: float = np.nan) -> Floats:
        """The column as floats, with NaN or another number where a value is missing."""
        cells = self._column(column)
        values = cells.values.astype(np.float64)
        if cells.valid is not None or self._kinds[column] is not Kind.INT:
            absent = ~self.present(column)
            if absent.any():
                values[absent] = missing
        return values

    def distinct(self, column: str) -> list[int]:
        """The values of a small non-negative integer column, each once, in order."""
        values = self._column(column).values
        if is_repeated(values):
            return [int(values[0])]
        return np.flatnonzero(np.bincount(values)).tolist() if self.rows else []

    def flags(self, column: str) -> Bools:
        """A BOOL column as booleans; a missing value counts as False."""
        return np.asarray(self._column(column).values == 1)

    def texts(self, column: str) -> list[str | None]:
        """A TEXT column as strings."""
        words: list[str | None] = [*self._column(column).categories, None]
        return [words[code] for code in self._column(column).values.tolist()]

    def text(self, column: str, row: int) -> str | None:
        """One value of a TEXT column."""
        code = int(self._column(column).values[row])
        return self._column(column).categories[code] if code >= 0 else None

    def says(self, column: str, word: str) -> Bools:
        """True where a TEXT column has this text."""
        cells = self._column(column)
        code = cells.categories.index(word) if word in cells.categories else -2
        return np.asarray(cells.values == code, np.bool_)

    def place(self, row: int) -> str:
        """Input and line that a row was read from."""
        return f"{self.text('input', row)}:{int(self._column('line').values[row])}"

    def counts(self, column: str) -> Ints:
        """How many numbers each row's list holds, of an INTS column."""
        counts = self._column(column).counts
        assert counts is not None
        return counts

    def select(self, rows: Bools | Ints) -> Table:
        """The rows under a boolean mask or at the given positions, in their order."""
        at: Ints = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
        run = as_run(at)
        # Each column when it is looked at: a rule looks at few.
        cells = {
            name: partial(self._selected, name, at if run is None else run) for name in self._cells
        }
        return Table(self.name, self.schema, cells, len(at))

    def _selected(self, name: str, at: Ints | slice) -> Cells:
        return select_cells(self._column(name), at)

    def replaced(self, column: str, cells: Cells | Callable[[], Cells]) -> Table:
        """The same table with other values in one column, or what gives them when it is looked at."""
        return Table(self.name, self.schema, {**self._cells, column: cells}, self.rows)

    def with_schema(self, schema: Sequence[Column]) -> Table:
        """The same table with other columns declared; the cells of the rest are there, but not shown."""
        return Table(self.name, schema, self._cells, self.rows)

    def frame(self) -> pd.DataFrame:
        """The table as a DataFrame: nullable Int64, float64, boolean, category and UTC time columns."""
        import pandas as pd

        columns: dict[str, Any] = {}
        for column in self.schema:
            cells = self._column(column.name)
            values = cells.values
            if column.name == WALL_TIME:
                columns[column.name] = _utc(values, self.present(column.name))
            elif column.kind is Kind.INT:
                missing = np.zeros(self.rows, np.bool_) if cells.valid is None else ~cells.valid
                columns[column.name] = pd.arrays.IntegerArray(values.astype(np.int64), missing)
            elif column.kind is Kind.BOOL:
                columns[column.name] = pd.arrays.BooleanArray(values == 1, values < 0)
            elif column.kind is Kind.INTS:
                parts = np.split(values, np.cumsum(self.counts(column.name))[:-1])
                columns[column.name] = pd.Series(
                    [p.tolist() for p in parts[: self.rows]], dtype=object
                )
            elif column.kind is Kind.TEXT:
                columns[column.name] = pd.Categorical.from_codes(
                    values, categories=pd.Index(list(cells.categories), dtype=object)
                )
            else:
                columns[column.name] = values
        return pd.DataFrame(columns)


def _utc(nanoseconds: Ints, present: Bools) -> pd.Series[pd.Timestamp]:
    """Nanoseconds since 1970 as times in UTC, NaT where there is none."""
    import pandas as pd

    times = nanoseconds.astype("datetime64[ns]")
    times[~present] = np.datetime64("NaT")
    return pd.Series(times).dt.tz_localize("UTC")


def as_run(rows: Ints) -> slice | None:
    """Rows that follow each other as a slice, which needs no copy of a column; None if they do not."""
    if not len(rows) or rows[-1] - rows[0] + 1 != len(rows) or (np.diff(rows) != 1).any():
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1)


def rows_by(values: Ints) -> dict[int, npt.NDArray[np.int64]]:
    """The rows of each value, in order. To look for one value after the other takes time squared."""
    if not len(values):
        return {}
    rows = np.argsort(values, kind="stable").astype(np.int64, copy=False)
    ordered = values[rows]
    firsts = [0, *(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1).tolist(), len(rows)]
    return {int(ordered[a]): rows[a:b] for a, b in itertools.pairwise(firsts)}


def repeated(value: np.generic, rows: int) -> npt.NDArray[Any]:
    """One value for all rows, which takes no memory until it is written to."""
    return np.broadcast_to(value, rows)


def is_repeated(values: npt.NDArray[Any]) -> bool:
    """Whether these are values as :func:`repeated` gives them."""
    return values.strides == (0,) and len(values) > 0


def select_cells(cells: Cells, at: Ints | slice) -> Cells:
    """The cells of these rows."""
    if cells.counts is None:
        valid = None if cells.valid is None else _at(cells.valid, at)
        return Cells(_at(cells.values, at), valid, cells.categories)
    begins = np.cumsum(cells.counts) - cells.counts
    if isinstance(at, slice):
        first, last = int(begins[at.start]), int(begins[at.stop - 1] + cells.counts[at.stop - 1])
        return Cells(cells.values[first:last], None, (), cells.counts[at])
    counts = cells.counts[at]
    inner = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return Cells(cells.values[np.repeat(begins[at], counts) + inner], None, (), counts)


def _at(values: npt.NDArray[Any], at: Ints | slice) -> npt.NDArray[Any]:
    if is_repeated(values) and not isinstance(at, slice):
        return repeated(values[0], len(at))
    return values[at]


def missing_cells(column: Column, rows: int) -> Cells:
    """Cells in which every value is missing, or says the default of a flag."""
    if column.kind is Kind.FLOAT:
        return Cells(repeated(np.float64(np.nan), rows))
    if column.kind is Kind.TEXT:
        return Cells(repeated(np.int16(-1), rows))
    if column.kind is Kind.BOOL:
        default = -1 if column.default is None else int(column.default)
        return Cells(repeated(np.int8(default), rows))
    if column.kind is Kind.INTS:
        return Cells(np.zeros(0, np.int16), counts=np.zeros(rows, np.int16))
    return Cells(repeated(np.int16(0), rows), repeated(np.False_, rows))


def distinct(values: npt.NDArray[_Integer]) -> npt.NDArray[_Integer]:
    """The different ones of some integers, in order: ``np.unique``, which loads masked arrays for it."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def narrow(values: Ints) -> Ints:
    """The same integers in as few bytes as they need: a million-line table then stays small."""
    if values.dtype == np.int16:
        return values
    if not len(values):
        return values.astype(np.int16)
    least, most = int(values.min()), int(values.max())
    for size in (np.int16, np.int32):
        if np.iinfo(size).min <= least and most <= np.iinfo(size).max:
            return values.astype(size)
    return values


_LEAST, _MOST = -(2**63), 2**63 - 1


def text_cells(words: Iterable[str | None]) -> Cells:
    """A finished TEXT column from strings."""
    codes: dict[str, int] = {}
    values = [-1 if w is None else codes.setdefault(w, len(codes)) for w in words]
    return Cells(np.array(values, np.int32), None, tuple(codes))


def int_cells(numbers: Sequence[int | None]) -> Cells:
    """A finished INT column from numbers, None for missing; what no 64 bits hold is missing too."""
    fitting = [None if n is None or not _LEAST <= n <= _MOST else n for n in numbers]
    values = np.array([0 if n is None else n for n in fitting], np.int64)
    valid = np.array([n is not None for n in fitting], np.bool_)
    return Cells(narrow(values), None if valid.all() else valid)


def table_from(name: str, schema: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> Table:
    """A small table from dictionaries, one per row; for tables with few rows."""
    cells: dict[str, Cells] = {}
    for column in schema:
        given = [row.get(column.name) for row in rows]
        if column.kind is Kind.TEXT:
            cells[column.name] = text_cells(given)
        elif column.kind is Kind.FLOAT:
            cells[column.name] = Cells(
                np.array([np.nan if v is None else v for v in given], np.float64)
            )
        elif column.kind is Kind.BOOL:
            default = -1 if column.default is None else int(column.default)
            cells[column.name] = Cells(
                np.array([default if v is None else int(v) for v in given], np.int8)
            )
        elif column.kind is Kind.INTS:
            lists = [numbers or [] for numbers in given]
            flat = np.array([number for numbers in lists for number in numbers], np.int64)
            cells[column.name] = Cells(flat, counts=np.array([len(n) for n in lists], np.int64))
        else:
            cells[column.name] = int_cells(given)
    return Table(name, schema, cells, len(rows))
