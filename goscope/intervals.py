"""The CPU of gc cycles: the sum of its parts, and the share that is known only with the next cycle."""

from __future__ import annotations

import numpy as np

from goscope.tables import Cells, Floats, Table

#: CPU that the collector took from the program; idle marking takes what nobody wants.
_LOAD = (
    "sweep_cpu_ms",
    "scan_cpu_ms",
    "write_barrier_cpu_ms",
    "assist_cpu_ms",
    "background_cpu_ms",
    "mark_term_cpu_ms",
)
_CHUNK = 1 << 16


def with_interval_cpu(gc: Table) -> Table:
    """Fill ``interval_cpu_percent`` of the gc table, when it is looked at.

    The percentage that a line prints is of all CPU since the program started. This one is of a cycle's
    own time: from its start (``@``) to the start of the next, of GOMAXPROCS. The last cycle of a
    process has none.
    """
    return gc.replaced("interval_cpu_percent", lambda: Cells(_interval_percent(gc)))


def _interval_percent(gc: Table) -> Floats:
    share = np.full(len(gc), np.nan)
    if len(gc) > 1:
        order = np.argsort(gc["process"], kind="stable")
        t_s, load, process = gc["t_s"][order], cpu_ms_per_p(gc)[order], gc["process"][order]
        seconds = np.diff(t_s)
        # Where cycles are missing, nobody knows what they took in between.
        next_one = (process[1:] == process[:-1]) & (np.diff(gc["cycle"][order]) == 1)
        known = np.flatnonzero(next_one & (seconds > 0))
        share[order[known]] = load[known] / (10 * seconds[known])
    return share


def cpu_ms_per_p(gc: Table) -> Floats:
    """What each cycle took from the program, in milliseconds of each P; without idle marking."""
    total = sum_of(gc, _LOAD)
    total /= np.maximum(gc.numbers("gomaxprocs"), 1)
    return total


def sum_of(table: Table, columns: tuple[str, ...]) -> Floats:
    """The sum of number columns, row by row; what is missing counts as nothing."""
    total = np.zeros(len(table))
    for column in columns:
        values = table[column]
        for start in range(0, len(table), _CHUNK):  # no copy of a long column
            part = slice(start, start + _CHUNK)
            known = ~np.isnan(values[part])
            np.add(total[part], values[part], out=total[part], where=known)
    return total
