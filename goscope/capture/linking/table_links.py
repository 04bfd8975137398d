"""What ties tables together that different formats or readers filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from goscope.tables.builder import stacked
from goscope.tables.row_selection import STRETCH
from goscope.tables.table import Cells, Column, Kind, Table, int_cells, narrow

#: A column that numbers the rows of a table, over all readers that fill it.
_NUMBERED = {"stack_id": "stacks", "profile": "profiles"}


def together(read: Iterable[Mapping[str, Table]]) -> dict[str, Table]:
    """The tables of all readers. Several may fill one, and each counts its rows from 0."""
    parts: dict[str, list[Table]] = {}
    for tables in read:
        before = {
            column: sum(map(len, parts.get(name, ())))
            for column, name in _NUMBERED.items()
            if name in tables  # a trace's "stack_id" is a row of a table of its own
        }
        for name, table in tables.items():
            parts.setdefault(name, []).append(_renumbered(table, before))
    return {name: stacked(tables) for name, tables in parts.items()}


def _renumbered(table: Table, before: Mapping[str, int]) -> Table:
    for column, rows in before.items():
        if rows and column in table:
            moved = Cells(narrow(table[column] + rows), table.cells(column).valid)
            table = table.replaced(column, moved)
    return table


def link_samples(tables: dict[str, Table]) -> dict[str, Table]:
    """Tell each P, M and G line which SCHED line it stands under."""
    sched = tables["sched"]
    for name in ("procs", "threads", "sched_goroutines"):
        table = tables[name]
        if not len(table):
            continue
        sample = np.full(len(table), -1, np.int64)
        for word in table.categories("input"):
            mine = table["input"] == table.categories("input").index(word)
            if word not in sched.categories("input"):
                continue
            headers = np.flatnonzero(sched["input"] == sched.categories("input").index(word))
            # In the order of the lines: each header's rows reach to the next header.
            begins = np.searchsorted(table["line"][mine], sched["line"][headers])
            counts = np.diff(begins, prepend=0, append=int(np.count_nonzero(mine)))
            sample[mine] = np.repeat(np.append(-1, headers), counts)
        tables[name] = table.replaced("sample", Cells(sample, sample >= 0))
    return tables


def mark_periodic(tables: dict[str, Table], *, selection: bool) -> dict[str, Table]:
    """Mark the cycles that the runtime forced: those below a ``GC forced`` line.

    Of a ``selection`` of cycles, only neighbours in its stretches follow each other.
    """
    gc, periodic = tables["gc"], tables["gc_periodic"]
    forced = gc["periodic"].copy()
    for code, word in enumerate(periodic.categories("input")):
        if word not in gc.categories("input"):
            continue
        cycles = np.flatnonzero(gc["input"] == gc.categories("input").index(word))
        lines, above = gc["line"][cycles], periodic["line"][periodic["input"] == code]
        below = np.searchsorted(lines, above)
        known = below < len(cycles)
        if selection:  # the cycle may not be in it
            known[known] = (lines[below[known]] - 1) >> STRETCH == (above[known] - 1) >> STRETCH
        forced[cycles[below[known]]] = 1
    return {**tables, "gc": gc.replaced("periodic", Cells(forced))}


def listed_procs(sched: Table, schema: tuple[Column, ...]) -> Table:
    """The bracket lists of SCHED lines in the form of P lines."""
    counts = sched.counts("local_queues")
    rows = int(counts.sum())
    sample = np.repeat(np.arange(len(sched)), counts)
    cells = {
        "input": Cells(sched["input"][sample], None, sched.categories("input")),
        "process": Cells(sched["process"][sample]),
        "line": Cells(sched["line"][sample]),
        "sample": Cells(sample),
        "p": Cells(np.arange(rows) - np.repeat(np.cumsum(counts) - counts, counts)),
        "runqsize": Cells(sched["local_queues"]),
    }
    ticks = sched.counts("schedticks")
    if rows and (ticks == counts).all():
        cells["schedtick"] = Cells(sched["schedticks"])
    missing = {c.name: int_cells([None] * rows) for c in schema if c.kind is Kind.INT}
    return Table("procs", schema, {**missing, **cells}, rows)
