"""The stop-the-world phases of the garbage collector, on the clock of the SCHED lines.

A gc line counts its seconds from the start of the runtime (``runtimeInitTime``), a SCHED line its
milliseconds from the first one of the process, which sysmon prints as soon as its thread runs. Both
happen at the start of ``runtime.main``, so the two clocks are one, to within some milliseconds: of 7,062
gc lines with a SCHED line behind them in labelled logs, 5 seemed to end after it, the worst by 4 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.parsing.numbers import IntArray
from goscope.tables.table import Bools, Floats, Table, rows_by

#: How exact the common clock is, in ms.
CLOCK_MS = 5


@dataclass(frozen=True, slots=True)
class StwPauses:
    """The stop-the-world phases of one process, oldest first: when, how long, and in which cycle."""

    t_ms: Floats
    ms: Floats
    cycle: IntArray
    sources: tuple[str, ...]  # of the gc lines, in the order of ``line``
    line: IntArray

    def __len__(self) -> int:
        return len(self.ms)

    @property
    def longest(self) -> float:
        """In ms; 0 without any."""
        return float(self.ms.max()) if len(self.ms) else 0.0

    def between(self, start_ms: float, end_ms: float) -> StwPauses:
        """Those that were going on in a stretch of time."""
        return self._take(
            (self.t_ms <= end_ms + CLOCK_MS) & (self.t_ms + self.ms >= start_ms - CLOCK_MS)
        )

    def at_least(self, ms: float) -> StwPauses:
        """The long ones."""
        return self._take(self.ms >= ms)

    def source(self, index: int) -> str:
        """Input and line of a phase."""
        return self.sources[int(self.line[index])]

    def _take(self, which: Bools) -> StwPauses:
        return StwPauses(
            self.t_ms[which], self.ms[which], self.cycle[which], self.sources, self.line[which]
        )


def stw_pauses_of(capture: Capture, process: int, *, least_ms: float) -> StwPauses:
    """The phases of a process that took so long or longer.

    The first of a cycle starts with the cycle, the second when marking ends.
    """
    found = _long_pauses(capture, least_ms).get(
        process, capture.table("gc").select(np.zeros(0, np.int64))
    )
    start = found.numbers("t_s") * 1000
    first, second = found.numbers("stw_sweep_ms"), found.numbers("stw_mark_ms")
    marked = found.numbers("mark_ms", 0)
    lines = np.arange(len(found))
    t_ms = np.concatenate((start, start + np.nan_to_num(first) + marked))
    ms = np.nan_to_num(np.concatenate((first, second)))
    keep = ms >= least_ms
    order = np.argsort(t_ms[keep], kind="stable")
    cycle = np.concatenate((found["cycle"], found["cycle"]))
    names = found.texts("input")
    sources = tuple(f"{name}:{int(line)}" for name, line in zip(names, found["line"], strict=True))
    return StwPauses(
        t_ms[keep][order],
        ms[keep][order],
        cycle[keep][order],
        sources,
        np.concatenate((lines, lines))[keep][order],
    )


@once_per_capture
def _long_pauses(capture: Capture, least_ms: float) -> dict[int, Table]:
    """The gc lines of each process that tell of phases so long or longer."""
    gc = capture.table("gc")
    with np.errstate(invalid="ignore"):
        long = (gc.numbers("stw_sweep_ms") >= least_ms) | (gc.numbers("stw_mark_ms") >= least_ms)
    found = gc.select(np.flatnonzero(long))
    return {process: found.select(rows) for process, rows in rows_by(found["process"]).items()}
