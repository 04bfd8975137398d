"""What is known of a gc cycle only with the next one: its share of the CPU until then."""

from __future__ import annotations

import numpy as np

from goscope.tables import Cells, Table

#: CPU that the collector took from the program; idle marking takes what nobody wants.
_LOAD = (
    "sweep_cpu_ms",
    "scan_cpu_ms",
    "write_barrier_cpu_ms",
    "assist_cpu_ms",
    "background_cpu_ms",
    "mark_term_cpu_ms",
)


def with_interval_cpu(gc: Table) -> Table:
    """Fill ``interval_cpu_percent`` of the gc table; cycles of one process stand in their order.

    The percentage that a line prints is of all CPU since the program started. This one is of a cycle's
    own time: from its start (``@``) to the start of the next, of GOMAXPROCS. The last cycle of a
    process has none.
    """
    rows = len(gc)
    share = np.full(rows, np.nan)
    if rows > 1:
        order = np.argsort(gc["process"], kind="stable")
        t_s, process = gc.numbers("t_s")[order], gc["process"][order]
        load = np.zeros(rows)
        for column in _LOAD:
            load += np.nan_to_num(gc.numbers(column))
        procs = np.maximum(gc.numbers("gomaxprocs"), 1)
        seconds = np.diff(t_s)
        known = (np.diff(process) == 0) & (seconds > 0)
        here = order[:-1][known]
        share[here] = 100 * (load / procs)[here] / (1000 * seconds[known])
    return gc.replaced("interval_cpu_percent", Cells(share))
