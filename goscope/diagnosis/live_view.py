"""What a live view shows, worked out of the captures that it is given from time to time.

A view is the present moment and a short past: queues, threads, heap and collector as series, the places
where most goroutines wait with their growth since the start, and the findings that appeared last.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from goscope.analysis.goroutines.moments import Moment, first_and_last
from goscope.analysis.series.sparklines import queued
from goscope.capture.capture import Capture
from goscope.capture.linking.table_links import local_queues
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Finding
from goscope.tables.table import Table

#: Points of a series: what fits beside its name and its value in 80 columns.
POINTS = 40
_SITES = 5
_FINDINGS = 4


@dataclass(frozen=True, slots=True)
class Series:
    """Values over time, oldest first; of a trace every sample, of a live program every look."""

    values: tuple[float, ...]

    @property
    def last(self) -> float | None:
        return self.values[-1] if self.values else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place where goroutines wait: how many, and how many more than at the start."""

    place: str
    reason: str
    count: int
    more: int


@dataclass(frozen=True, slots=True)
class View:
    """What is shown; a series without values was never read."""

    status: str
    verdicts: tuple[tuple[str, str], ...]
    global_queue: int | None
    queues: tuple[int, ...]
    idle_procs: int | None
    gomaxprocs: int | None
    threads: Series
    queued: Series
    heap_mb: Series
    gc_percent: Series
    goroutines: Series
    waiting: tuple[Waiting, ...]
    findings: tuple[tuple[str, str], ...]


class Watch:
    """Give it each diagnosis, oldest first, and get what is to be shown."""

    def __init__(self) -> None:
        self._start: Moment | None = None
        self._known: dict[tuple[str, object], Finding] = {}
        self._newest: deque[tuple[str, object]] = deque(maxlen=_FINDINGS)
        self._goroutines: deque[float] = deque(maxlen=POINTS)
        self._threads: deque[float] = deque(maxlen=POINTS)
        self._heap: deque[float] = deque(maxlen=POINTS)

    def look(self, diagnosis: Diagnosis) -> View:
        """The view after one more look."""
        capture = diagnosis.capture
        sched, gc = _latest(capture.table("sched")), _latest(capture.table("gc"))
        ends = first_and_last(capture)
        last = ends[max(ends)][1] if ends else None
        if last is not None:
            self._start = self._start or ends[max(ends)][0]
            self._goroutines.append(last.total)
        self._note(diagnosis)
        memory, created = capture.table("memstats"), _thread_count(capture.table("profiles"))
        if len(memory) and memory.present("heap_alloc_bytes")[-1]:
            self._heap.append(float(memory["heap_alloc_bytes"][-1]) / (1 << 20))
        if created is not None:
            self._threads.append(created)
        row = len(sched) - 1
        process = int(sched["process"][row]) if row >= 0 else 0
        return View(
            status=diagnosis.status,
            verdicts=tuple((name, v.state) for name, v in diagnosis.verdicts.items()),
            global_queue=int(sched["runqueue"][row]) if row >= 0 else None,
            queues=_queues(capture, process),
            idle_procs=int(sched["idleprocs"][row]) if row >= 0 else None,
            gomaxprocs=int(sched["gomaxprocs"][row]) if row >= 0 else None,
            threads=_series(sched.numbers("threads")) if row >= 0 else Series(tuple(self._threads)),
            queued=_series(queued(capture, process)),
            heap_mb=_series(gc.numbers("heap_live_mb")) if len(gc) else Series(tuple(self._heap)),
            gc_percent=_series(gc.numbers("interval_cpu_percent")),
            goroutines=Series(tuple(self._goroutines)),
            waiting=self._waiting(last),
            findings=tuple(
                (self._known[key].severity.value, self._known[key].title)
                for key in reversed(self._newest)
                if key in self._known
            ),
        )

    def _note(self, diagnosis: Diagnosis) -> None:
        """Remember which findings are new; one that is gone is not shown."""
        present: dict[tuple[str, object], Finding] = {}
        for finding in reversed(diagnosis.findings):
            present[finding.rule, finding.site] = finding
        for key in present:
            if key not in self._known:
                if key in self._newest:
                    self._newest.remove(key)
                self._newest.append(key)
        self._known = present

    def _waiting(self, last: Moment | None) -> tuple[Waiting, ...]:
        if last is None or self._start is None:
            return ()
        start = self._start.counts()
        frames = {group.stack.signature: group.stack.user_frame for group in last.groups}
        found = []
        for (signature, reason), count in last.counts().items():
            frame = frames[signature]
            place = (frame.function or "?") if frame is not None else "?"
            found.append(Waiting(place, reason, count, count - start[signature, reason]))
        found.sort(key=lambda one: (-one.count, one.place))
        return tuple(found[:_SITES])


def _latest(table: Table) -> Table:
    """The rows of the process that came last."""
    return table.select(table["process"] == table["process"].max()) if len(table) else table


def _queues(capture: Capture, process: int) -> tuple[int, ...]:
    """How many goroutines wait for each P: in the last SCHED line, or in the last P lines of scheddetail."""
    sched = capture.table("sched")
    # P lines of the last sample may not have come yet.
    samples = np.flatnonzero(sched["process"] == process)[-2:]
    place, p, length = local_queues(sched, capture.table("procs"), samples)
    last = place == place.max(initial=-1)
    return tuple(length[last][np.argsort(p[last], kind="stable")].tolist())


def _thread_count(profiles: Table) -> int | None:
    """Threads that were made, by the last threadcreate profile."""
    kinds = profiles.texts("kind")
    rows = [row for row, kind in enumerate(kinds) if kind == "threadcreate"]
    if not rows or not profiles.present("total")[rows[-1]]:
        return None
    return int(profiles["total"][rows[-1]])


def _series(values: np.ndarray) -> Series:
    known = values[~np.isnan(values)][-POINTS:]
    return Series(tuple(float(value) for value in known))
