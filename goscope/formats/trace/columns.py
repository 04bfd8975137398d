"""Joins the columns that several traces give for one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from goscope.formats.trace.schema import TABLES
from goscope.tables.table import Cells, Kind, Table, narrow, text_cells

#: A column of texts, as codes and what they stand for.
Text: TypeAlias = tuple[npt.NDArray[Any], Sequence[str]]
#: What one trace gives for a table, by column: numbers, of which -1 stands for a missing one, or texts.
Given: TypeAlias = Mapping[str, npt.NDArray[Any] | Text | Iterable[Any]]


def table_of(name: str, given: Iterable[Given]) -> Table:
    """A table of what each trace gives, with its number as ``trace``; columns are joined when asked for."""
    parts = []
    for number, columns in enumerate(given):
        part = dict(columns)
        rows = _rows_of(part)
        if rows:
            parts.append((rows, {"trace": np.full(rows, number), **part}))
    schema = TABLES[name]
    rows = sum(count for count, _ in parts)
    cells = {
        column.name: partial(_joined, column.kind, [part[column.name] for _, part in parts])
        for column in schema
        if parts and all(column.name in part for _, part in parts)
    }
    return Table(name, schema, cells, rows)


def texts_of(codes: npt.NDArray[Any], texts: Sequence[str]) -> Cells:
    """Codes of the texts that are used, and those."""
    used = np.flatnonzero(np.bincount(codes.astype(np.int64) + 1, minlength=1)) - 1
    used = used[used >= 0]
    turn = np.full(len(texts) + 1, -1, np.int32)
    turn[used] = np.arange(len(used))
    return Cells(turn[codes], None, tuple(texts[place] for place in used.tolist()))


def _rows_of(given: Given) -> int:
    for column in given.values():
        return len(column[0]) if isinstance(column, tuple) else len(column)  # type: ignore[arg-type]
    return 0


def _joined(kind: Kind, parts: Sequence[Any]) -> Cells:
    """A column of all traces."""
    if kind is Kind.TEXT:
        if isinstance(parts[0], tuple):
            codes = np.concatenate([np.asarray(part[0]) for part in parts])
            return texts_of(codes, parts[0][1])
        return text_cells(word for part in parts for word in part)
    values = np.concatenate(list(parts))
    if kind is Kind.BOOL:
        return Cells(values.astype(np.int8))
    if kind is Kind.FLOAT:
        return Cells(values.astype(np.float64))
    there = values != -1
    return Cells(narrow(values.astype(np.int64)), None if there.all() else there)
