"""Where rows come from: the streams of an input, put together again when everything is read.

Formats read each stream of a wrapped input as if it were an input of its own, with line numbers of
its own, so that records of one program are not torn by another's. Here the rows get the name and
the lines of the real input back, and the time that stood before the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from goscope.log_wrappers.timestamps import NEVER
from goscope.log_wrappers.unwrapper import Stream
from goscope.tables.table import Cells, Kind, Table, narrow

_LINES = ("line", "last_line")


@dataclass(frozen=True, slots=True)
class Origin:
    """A stream that was read: the name that formats knew it by, and the input that it is part of."""

    name: str
    input: str
    stream: Stream

    def line(self, line: int) -> int:
        """The line of the input for a line of the stream, both from 0."""
        places = self.stream.places
        return int(places.at(np.array([line]))[0][0]) if places else line


def by_stream(tables: Mapping[str, Table], origins: Sequence[Origin]) -> dict[str, Table]:
    """The rows of each stream together, stream after stream, as if they had been inputs of their own."""
    place = {origin.name: number for number, origin in enumerate(origins)}
    result = dict(tables)
    for name, table in tables.items():
        if "input" in table and len(table):
            words = table.categories("input")
            if len(words) == 1:
                continue
            order = np.array([place[word] for word in words] or [0], np.int64)[table["input"]]
            if (np.diff(order) < 0).any():
                result[name] = table.select(np.argsort(order, kind="stable"))
    return result


def with_places(tables: Mapping[str, Table], origins: Sequence[Origin]) -> dict[str, Table]:
    """All tables with the names, lines and times of the inputs."""
    return {
        name: _placed(table, origins) if "input" in table else table
        for name, table in tables.items()
    }


def _placed(table: Table, origins: Sequence[Origin]) -> Table:
    words = table.categories("input")
    by_name = {origin.name: origin for origin in origins}
    known = [by_name[word] for word in words]
    if all(o.name == o.input and not o.stream.places for o in known):
        return table
    codes = table["input"]
    columns = [name for name in _LINES if name in table and _is_integer(table, name)]
    lines = {name: table[name].astype(np.int64) for name in columns}
    times = np.full(len(table), NEVER, np.int64)
    for code, origin in enumerate(known):
        places = origin.stream.places
        mine = np.flatnonzero(codes == code)
        if not places or not len(mine):
            continue
        for name in columns:
            numbers, stamps = places.at(lines[name][mine].astype(np.int64) - 1)
            lines[name][mine] = numbers + 1
            if name == "line" and origin.stream.stamped:
                times[mine] = stamps
    for name in columns:
        present = table.present(name)
        cells = Cells(narrow(lines[name]), None if present.all() else present)
        table = table.replaced(name, cells)
    if "wall_time" in table:
        there = times != NEVER
        cells = Cells(np.where(there, times, 0), None if there.all() else there)
        table = table.replaced("wall_time", cells)
    names = tuple(dict.fromkeys(origin.input for origin in known))
    turn = np.array([names.index(origin.input) for origin in known] or [0], np.int32)
    return table.replaced("input", Cells(turn[codes].astype(np.int32), None, names))


def _is_integer(table: Table, name: str) -> bool:
    return any(column.name == name and column.kind is Kind.INT for column in table.schema)
