"""Where rows come from: the streams of an input, put together again when everything is read.

Readers know each stream of a wrapped input by a number, and number its lines for itself, so that records of
one program are not torn by another's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from goscope.log_wrappers.timestamps import NEVER
from goscope.log_wrappers.unwrapper import Stream
from goscope.parsing.numbers import IntArray
from goscope.tables.table import Cells, Kind, Table, narrow, repeated, text_cells

_LINES = ("line", "last_line")


@dataclass(frozen=True, slots=True)
class Origin:
    """A stream that was read: its number among all, and the input that it is part of.

    ``program`` is the live program that the input was taken from.
    """

    number: int
    input: str
    stream: Stream
    program: str | None = None

    @property
    def label(self) -> str:
        """What a log shipper called the stream's program; empty where nothing tells."""
        return self.stream.label

    def line(self, line: int) -> int:
        """The line of the input for a line of the stream, both from 0."""
        places = self.stream.places
        return int(places.at(np.array([line]))[0][0]) if places else line


def ordered(table: Table) -> Table:
    """The rows of each stream together, stream after stream."""
    if len(table.distinct("stream_id")) > 1 and (np.diff(table["stream_id"]) < 0).any():
        return table.select(np.argsort(table["stream_id"], kind="stable"))
    return table


def located(table: Table, origins: Sequence[Origin]) -> Table:
    """The table with the inputs, the labels, and the lines and times that the inputs give."""
    numbers = table["stream_id"]
    for name, texts in (
        ("input", [origin.input for origin in origins]),
        ("stream", [origin.label or None for origin in origins]),
    ):
        if name in table:
            table = table.replaced(name, _of_origins(texts, numbers))
    wrapped = [origins[n] for n in table.distinct("stream_id") if origins[n].stream.places]
    return _unwrapped(table, wrapped) if wrapped else table


def _of_origins(texts: Sequence[str | None], numbers: IntArray) -> Cells:
    """A column of a text for each origin; only what occurs is among its categories."""
    used = np.flatnonzero(np.bincount(numbers)) if len(numbers) else numbers
    few = text_cells(texts[number] for number in used.tolist())
    if len(few.categories) == 1 and (few.values == 0).all():
        return Cells(repeated(np.int32(0), len(numbers)), None, few.categories)
    codes = np.full(len(texts), -1, np.int32)
    codes[used] = few.values
    return Cells(codes[numbers], None, few.categories)


def _unwrapped(table: Table, wrapped: Sequence[Origin]) -> Table:
    kinds = {column.name: column.kind for column in table.schema}
    columns = [name for name in _LINES if kinds.get(name) is Kind.INT]
    lines = {name: table[name].astype(np.int64) for name in columns}
    times = np.full(len(table), NEVER, np.int64)
    for origin in wrapped:
        mine = np.flatnonzero(table["stream_id"] == origin.number)
        for name in columns:
            numbers, stamps = origin.stream.places.at(lines[name][mine] - 1)
            lines[name][mine] = numbers + 1
            if name == "line" and origin.stream.stamped:
                times[mine] = stamps
    changed: Mapping[str, Cells] = {
        name: Cells(narrow(values), table.cells(name).valid) for name, values in lines.items()
    }
    if "wall_time" in table:
        there = times != NEVER
        cells = Cells(np.where(there, times, 0), None if there.all() else there)
        changed = {**changed, "wall_time": cells}
    for name, cells in changed.items():
        table = table.replaced(name, cells)
    return table
