"""Tells the processes of a capture apart: a log may hold several runs of a program.

``SCHED`` times never fall and GC cycle numbers always rise while a process lives; where one does not,
another process began. A dump in a file of its own belongs to the process of the log that came with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from goscope.tables import Cells, Table, narrow


def assign_processes(
    tables: dict[str, Table], inputs: Sequence[str]
) -> tuple[dict[str, Table], int]:
    """Fill the ``process`` column of every table; returns the tables and the number of processes."""
    starts: dict[str, list[int]] = {}
    for name in inputs:
        found = _starts(tables, name)
        if found is not None:
            starts[name] = found
    first: dict[str, int] = {}
    count = 0
    for name, lines in starts.items():
        first[name] = count
        count += len(lines) + 1
    # One log: what has no trace lines was taken from its last process. Several logs: nobody knows from
    # which, so dumps in files of their own count as a process of their own.
    others = count - 1 if len(starts) == 1 else count
    result = {name: _filled(table, starts, first, max(others, 0)) for name, table in tables.items()}
    most = [int(t["process"].max()) for t in result.values() if len(t) and "process" in t]
    return result, max([count - 1, 0, *most]) + 1


def _starts(tables: dict[str, Table], name: str) -> list[int] | None:
    """The lines at which a further process starts in an input; None if it holds no trace lines."""
    breaks: list[
        tuple[int, int]
    ] = []  # the new process began after the second line, up to the first
    traced = False
    for table_name, clock, least in (("sched", "t_ms", 0), ("gc", "cycle", 1)):
        table = tables[table_name]
        if name not in table.categories("input"):
            continue
        mine = table["input"] == table.categories("input").index(name)
        times, lines = table[clock][mine], table["line"][mine]
        traced = traced or len(times) > 0
        for row in (np.flatnonzero(np.diff(times) < least) + 1).tolist():
            breaks.append((int(lines[row]), int(lines[row - 1])))
    starts: list[int] = []
    for at, after in sorted(breaks):
        if not starts or starts[-1] <= after:  # else the other clock showed the same restart
            starts.append(at)
    return starts if traced else None


def _filled(
    table: Table, starts: dict[str, list[int]], first: dict[str, int], others: int
) -> Table:
    if "process" not in table or not len(table):
        return table
    process = np.full(len(table), others, np.int64)
    lines = table["line"]
    words = table.categories("input")
    for code, word in enumerate(words):
        if word in starts:
            mine = table["input"] == code
            process[mine] = first[word] + np.searchsorted(starts[word], lines[mine], side="right")
    return table.replaced("process", Cells(narrow(process)))
