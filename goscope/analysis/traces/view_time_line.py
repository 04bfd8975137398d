"""A trace over time, on one axis: what each P did, goroutines, heap, collector, stops of the world.

The reader has already added all up in 512 to 1,024 slices of equal length, which is about what a screen has
pixels; only Ps are put together where there are more than rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from goscope.analysis.traces.executions import Execution
from goscope.tables.downsampling import Curve, Panel, curve
from goscope.tables.table import Floats, Ints, Table

#: Traces shorter than this are shown in milliseconds.
_SHORT_NS = 2_000_000_000
_MB = 2**20
#: The stop with which tracing begins tells nothing about the program.
_OF_TRACING = "stop-the-world (start trace)"


@dataclass(frozen=True, slots=True)
class Lanes:
    """What the Ps did in each slice of time, in percent of it; a row per P, or for some of them together."""

    rows: tuple[str, ...]
    starts: Floats
    running: Ints  # rows x slices; without marking
    gc: Ints
    syscall: Ints
    totals: tuple[tuple[str, float, float, float, float], ...]  # of each row: the three, and idle
    together: int  # so many Ps are one row


@dataclass(frozen=True, slots=True)
class TraceTimeLine:
    """One trace; all times are in ``unit`` since its start."""

    unit: str  # ms or s
    end: float
    lanes: Lanes | None
    marking: tuple[tuple[float, float], ...]  # when the GC was marking
    panels: tuple[Panel, ...]
    ranges: tuple[tuple[str, int, int, int], ...]  # of each sort: name, times, in all, longest
    slice_ns: int  # how long a slice is


def time_line(trace: Execution, *, rows: int = 24, points: int = 1200) -> TraceTimeLine | None:
    """The time line of a trace; None if it has no length."""
    slices = trace.rows("trace_timeline")
    end_ns = trace.total("duration_ns")
    if not len(slices) or end_ns <= 0:
        return None
    unit, scale = ("ms", 1e6) if end_ns < _SHORT_NS else ("s", 1e9)
    starts = slices["start_ns"] / scale
    widths = np.maximum(slices["width_ns"], 1)
    return TraceTimeLine(
        unit,
        end_ns / scale,
        _lanes(trace, starts, widths, rows),
        _stretches(slices, scale),
        tuple(
            p for p in _panels(trace, slices, scale, points) if any(len(c.x) for _, c in p.curves)
        ),
        _ranges(trace),
        int(widths[0]),
    )


def _lanes(trace: Execution, starts: Floats, widths: Ints, rows: int) -> Lanes | None:
    procs = trace.rows("trace_timeline_procs")
    if not len(procs):
        return None
    numbers, row = np.unique(procs["p"], return_inverse=True)
    together = -(-len(numbers) // rows)
    at = np.searchsorted(np.unique(procs["start_ns"]), procs["start_ns"])
    height = -(-len(numbers) // together)
    inside = at < len(starts)

    members = np.bincount(np.arange(len(numbers)) // together, minlength=height)
    whole = members[:, None] * widths[None, :]

    def sums_of(ns: Ints) -> Floats:
        sums = np.zeros((height, len(starts)))
        np.add.at(sums, ((row // together)[inside], at[inside]), ns[inside])
        return sums

    states = [
        sums_of(ns)
        for ns in (procs["running_ns"] - procs["gc_ns"], procs["gc_ns"], procs["syscall_ns"])
    ]
    running, gc, syscall = (np.rint(100 * ns / whole).astype(np.int64) for ns in states)
    totals = [100 * ns.sum(axis=1) / whole.sum(axis=1) for ns in states]
    totals.append(100 - sum(totals))

    names = [
        f"P{first}" if first == last else f"P{first}-{last}"
        for first, last in (
            (int(group[0]), int(group[-1]))
            for group in np.split(numbers, np.arange(together, len(numbers), together))
        )
    ]
    return Lanes(
        tuple(names),
        starts,
        running,
        gc,
        syscall,
        tuple(zip(names, *(shares.tolist() for shares in totals), strict=True)),
        together,
    )


def _stretches(slices: Table, scale: float) -> tuple[tuple[float, float], ...]:
    """Runs of slices in which the GC was marking."""
    edges = np.diff((slices["gc_ns"] > 0).astype(np.int8), prepend=0, append=0)
    ends = slices["start_ns"] + slices["width_ns"]
    begins = slices["start_ns"][np.flatnonzero(edges == 1)] / scale
    return tuple(
        zip(begins.tolist(), (ends[np.flatnonzero(edges == -1) - 1] / scale).tolist(), strict=True)
    )


def _ranges(trace: Execution) -> tuple[tuple[str, int, int, int], ...]:
    rows = trace.rows("trace_range_totals")
    order = np.argsort(-rows["ns"], kind="stable")
    rows = rows.select(order)
    columns = (rows[name].tolist() for name in ("count", "ns", "max_ns"))
    return tuple(zip((name or "?" for name in rows.texts("name")), *columns, strict=True))


def _panels(trace: Execution, slices: Table, scale: float, points: int) -> Iterator[Panel]:
    starts, widths = slices["start_ns"], np.maximum(slices["width_ns"], 1)
    end = float(starts[-1] + widths[-1])
    t = np.append(starts, end) / scale

    def steps(values: Floats) -> Curve:
        return curve(
            t, np.append(values, values[-1]), points=points
        )  # to the end of the last slice

    curves = [
        ("running", slices.numbers("running")),
        ("waiting for a P", slices.numbers("runnable")),
        ("in system calls", slices.numbers("in_syscall")),
    ]
    assists = slices["assist_ns"] / widths
    if assists.any():
        curves.append(("helping the GC", assists))
    yield Panel("Goroutines", "", "steps", tuple((words, steps(of)) for words, of in curves))
    yield Panel("All goroutines", "", "steps", (("live", steps(slices.numbers("live"))),))
    heap = (("heap", "heap_bytes"), ("goal", "goal_bytes"))
    yield Panel(
        "Heap",
        "MB",
        "steps",
        tuple((words, steps(_held(slices.numbers(name) / _MB))) for words, name in heap),
    )
    yield from _stops(trace, scale, points)


def _stops(trace: Execution, scale: float, points: int) -> Iterator[Panel]:
    ranges = trace.rows("trace_ranges")
    stops = ranges.select(
        ranges.says("kind", "stw") & ranges.present("duration_ns") & ranges.present("start_ns")
    )
    if set(stops.texts("name")) <= {_OF_TRACING}:
        return
    longest = stops["duration_ns"].max(initial=0)
    unit, size = ("ms", 1e6) if longest >= 1_000_000 else ("µs", 1e3)
    y = stops["duration_ns"] / size
    order = np.argsort(stops["start_ns"], kind="stable")
    x = stops["start_ns"] / scale
    yield Panel(
        "The world stopped",
        unit,
        "points",
        (("each stop", curve(x[order], y[order], points=points)),),
    )


def _held(values: Floats) -> Floats:
    """Values that hold until the next one is known."""
    known = ~np.isnan(values)
    if not known.any():
        return values
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(last >= 0, values[np.maximum(last, 0)], np.nan)
