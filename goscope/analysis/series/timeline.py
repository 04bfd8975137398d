"""What traces say over time, as curves on one clock: queues, Ps, threads, heap, collector, pauses.

The clock is seconds since the process started. SCHED lines count from the first of them, which the
monitor thread prints within milliseconds of the start (runtime/proc.go: sysmon, schedtrace); gc lines
count from the start of the runtime.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from goscope.capture.capture import Capture
from goscope.capture.linking.table_links import local_queues
from goscope.tables.downsampling import Curve, Grid, Panel, curve, grid
from goscope.tables.table import Floats, Ints, Table

_LEAST_WINDOW_S = 0.25


@dataclass(frozen=True, slots=True)
class Queues:
    """The length of each run queue: a row per P, and the global queue as the last row."""

    rows: tuple[str, ...]
    start_s: Floats  # of each column
    end_s: float
    grid: Grid

    @property
    def longest(self) -> Panel:
        """The longest of the queues over time."""
        most = np.maximum(self.grid.values, 0).max(axis=0).astype(np.float64)
        curve = Curve(self.start_s, most, self.grid.samples)
        return Panel("Run queues", "goroutines", "steps", (("longest", curve),))


@dataclass(frozen=True, slots=True)
class TimeLine:
    """All that one process printed about itself over time."""

    process: int
    source: str
    end_s: float
    queues: Queues | None
    panels: tuple[Panel, ...]


def time_lines(
    capture: Capture, *, points: int = 1200, columns: int = 500, rows: int = 96
) -> tuple[TimeLine, ...]:
    """A time line per process that printed traces; long ones are reduced with their extremes kept."""
    sched, gc = capture.table("sched"), capture.table("gc")
    processes = np.unique(np.concatenate((sched["process"], gc["process"])))
    return tuple(
        _time_line(capture, int(process), points=points, columns=columns, rows=rows)
        for process in processes
    )


def moment(capture: Capture, source: str | None) -> tuple[int, float] | None:
    """The process and the second at which the trace line of a source (``input:line``) was printed.

    None if the source is no line of traces, as a dump in a file of its own.
    """
    name, _, number = (source or "").rpartition(":")
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        return None
    for table, clock, scale in (("sched", "t_ms", 1000.0), ("gc", "t_s", 1.0)):
        rows = capture.table(table)
        at = np.flatnonzero(rows.says("input", name) & (rows["line"] == int(number)))
        if len(at):
            seconds = float(rows.numbers(clock)[at[0]]) / scale
            return int(rows["process"][at[0]]), seconds
    return None


def _time_line(capture: Capture, process: int, *, points: int, columns: int, rows: int) -> TimeLine:
    sched, gc = capture.table("sched"), capture.table("gc")
    samples = np.flatnonzero(sched["process"] == process)
    mine = sched.select(samples)
    cycles = gc.select(gc["process"] == process)
    end = 0.0
    if len(mine):
        end = float(np.nanmax(mine.numbers("t_ms"))) / 1000
    if len(cycles):
        end = max(end, float(np.nanmax(cycles.numbers("t_s"))))
    panels = [*_scheduler(mine, points), *_collector(cycles, end, points)]
    first = mine if len(mine) else cycles
    return TimeLine(
        process,
        first.place(0),
        end,
        _queues(capture, samples, columns, rows) if len(mine) else None,
        tuple(panel for panel in panels if any(len(c.x) for _, c in panel.curves)),
    )


def _scheduler(sched: Table, points: int) -> Iterator[Panel]:
    if not len(sched):
        return
    t = sched.numbers("t_ms") / 1000

    def of(name: str) -> Curve:
        return curve(t, sched.numbers(name), points=points)

    yield Panel(
        "Ps and spinning threads",
        "",
        "steps",
        (
            ("idle Ps", of("idleprocs")),
            ("spinning threads", of("spinningthreads")),
            ("GOMAXPROCS", of("gomaxprocs")),
        ),
    )
    yield Panel("Threads", "", "steps", (("all", of("threads")), ("parked", of("idlethreads"))))


def _collector(gc: Table, end_s: float, points: int) -> Iterator[Panel]:
    if not len(gc):
        return
    t = gc.numbers("t_s")

    def of(name: str) -> Curve:
        return curve(t, gc.numbers(name), points=points)

    yield Panel(
        "Heap",
        "MB",
        "lines",
        (
            ("at start", of("heap_start_mb")),
            ("at end", of("heap_end_mb")),
            ("live", of("heap_live_mb")),
            ("goal", of("heap_goal_mb")),
        ),
    )
    yield from _share(gc, end_s, points)
    pauses = (("sweep termination", of("stw_sweep_ms")), ("mark termination", of("stw_mark_ms")))
    yield Panel("Stop-the-world pauses", "ms", "points", pauses)


def _share(gc: Table, end_s: float, points: int) -> Iterator[Panel]:
    """The collector's share of the CPU in windows; the CPU of a cycle lies between its start and end."""
    t = gc.numbers("t_s")
    start, span = float(t[0]), end_s - float(t[0])
    if span < 2 * _LEAST_WINDOW_S:
        return
    procs = np.maximum(gc.numbers("gomaxprocs", 1), 1)
    wall = gc.numbers("clock_ms", 0) / 1000
    windows = int(min(span / _LEAST_WINDOW_S, points / 2, max(2 * len(t), 8)))
    edges = np.linspace(start, end_s, windows + 1)
    at = np.maximum.accumulate(np.column_stack((t, t + wall)).ravel())
    shares = []
    for name, let_go in (("load_cpu_ms", "let_go_cpu"), ("assist_cpu_ms", "let_go_assist")):
        own = gc.numbers(name, 0) / 1000 / procs
        # Of a selection: what stood between these cycles is spread over the time between them.
        gone = gc[let_go] / 1e9 if let_go in gc else np.zeros(len(gc))
        spent = np.cumsum(own + gone)
        total = np.column_stack((spent - own, spent)).ravel()
        share = np.diff(np.interp(edges, at, total)) / np.diff(edges) * 100
        shares.append(np.append(share, share[-1]))  # a step lasts to the end of its window
    seconds = span / windows
    yield Panel(
        "CPU for garbage collection",
        "%",
        "steps",
        (
            ("all but idle marking", curve(edges, shares[0], points=points)),
            ("assists", curve(edges, shares[1], points=points)),
        ),
        f"in windows of {seconds:.2g} s",
    )


def _queues(capture: Capture, samples: Ints, columns: int, rows: int) -> Queues | None:
    """The run queues: from the brackets of SCHED lines, or from P lines below them."""
    sched = capture.table("sched")
    t = sched.numbers("t_ms")[samples] / 1000
    sample, p, length = local_queues(sched, capture.table("procs"), samples)
    # A P number comes from the text: one of a million would be a picture of a million rows.
    sample, p, length = (column[(p >= 0) & (p < 4096)] for column in (sample, p, length))
    if not len(p):
        return None
    count = len(samples)
    local = grid(sample, p, length, samples=count, rows=rows, columns=columns)
    at = np.arange(count)
    known = sched.present("runqueue")[samples]
    waiting = sched["runqueue"][samples]
    shared = grid(
        at[known],
        np.zeros(int(known.sum()), np.int64),
        waiting[known],
        samples=count,
        rows=1,
        columns=columns,
    )
    height = local.values.shape[0]
    step = local.rows_together
    names = [
        f"P{i * step}" if step == 1 else f"P{i * step}-{i * step + step - 1}" for i in range(height)
    ]
    values = local.values
    if shared.values.shape[0]:
        values, names = np.vstack((values, shared.values)), [*names, "global"]
    whole = Grid(values, step, local.first_sample, count)
    return Queues(tuple(names), t[local.first_sample], float(t[-1]), whole)
