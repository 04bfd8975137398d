"""A few series of what was read, short enough for a line each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.analysis.goroutines.dumps import snapshots_of
from goscope.capture.capture import Capture
from goscope.capture.linking.table_links import local_queues
from goscope.tables.table import Floats

_LEAST = 3  # values that make a series


@dataclass(frozen=True, slots=True)
class Trend:
    """A series that changes, oldest value first; of a long one the largest values of equal parts."""

    name: str
    unit: str
    process: int
    values: tuple[float, ...]
    last: float
    most: float


def trends(capture: Capture, *, points: int = 40) -> tuple[Trend, ...]:
    """Queues, heap, the collector's share, threads, goroutines, as far as they were seen to change.

    Of several processes the one that printed most lines of traces, and the one that was dumped most often.
    """
    sched, gc = capture.table("sched"), capture.table("gc")
    traced = np.concatenate((sched["process"], gc["process"])).astype(np.int64)
    process = int(np.bincount(traced).argmax()) if len(traced) else 0
    sched = sched.select(sched["process"] == process)
    gc = gc.select(gc["process"] == process)
    dumped, dumps = max(snapshots_of(capture), key=lambda found: len(found[1]), default=(0, ()))
    counts = np.array([len(dump.rows) for dump in dumps], np.float64)
    found = (
        _trend("queued", "", process, queued(capture, process), points),
        _trend("heap", "MB", process, gc.numbers("heap_live_mb"), points),
        _trend("gc CPU", "%", process, gc.numbers("interval_cpu_percent"), points),
        _trend("threads", "", process, sched.numbers("threads"), points),
        _trend("goroutines", "", dumped, counts, points),
    )
    return tuple(trend for trend in found if trend is not None)


def queued(capture: Capture, process: int) -> Floats:
    """Goroutines that wait to run, in all queues, for each SCHED line of a process.

    Plain schedtrace prints the queue of each P in the line, scheddetail in the P lines below; where both
    are missing the number is NaN.
    """
    sched = capture.table("sched")
    samples = np.flatnonzero(sched["process"] == process)
    place, _, length = local_queues(sched, capture.table("procs"), samples)
    local = np.bincount(place, length, len(samples))
    shown = np.bincount(place, minlength=len(samples)) > 0
    return np.where(shown, sched.numbers("runqueue")[samples] + local, np.nan)


def _trend(name: str, unit: str, process: int, values: Floats, points: int) -> Trend | None:
    known = values[~np.isnan(values)]
    if len(known) < _LEAST or known.min() == known.max():
        return None
    edges = np.linspace(0, len(known), min(points, len(known)) + 1).astype(np.int64)
    largest = tuple(np.maximum.reduceat(known, edges[:-1]).tolist())
    return Trend(name, unit, process, largest, float(known[-1]), float(known.max()))
