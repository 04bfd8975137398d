"""The CPU of gc cycles: per P, and its share of the time, which is known only with the next cycle."""

from __future__ import annotations

import numpy as np

from goscope.capture.linking.draft import Draft
from goscope.tables.table import Cells, Floats, Table


def add_interval_cpu(draft: Draft) -> Draft:
    """Fill ``interval_cpu_percent`` of the gc table, when it is looked at. Needs the processes.

    The percentage that a line prints is of all CPU since the program started. This one is of a cycle's
    own time: from its start (``@``) to the start of the next, of GOMAXPROCS. The last cycle of a
    process has none.
    """
    gc = draft.tables["gc"]
    filled = gc.replaced("interval_cpu_percent", lambda: Cells(_interval_percent(gc)))
    return draft.with_tables({"gc": filled})


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
    return np.asarray(gc["load_cpu_ms"] / np.maximum(gc.numbers("gomaxprocs"), 1), np.float64)
