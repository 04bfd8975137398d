"""How long goroutines waited for a P, and how long tasks and regions took, as distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from goscope.analysis.traces.executions import Execution, Latency
from goscope.tables.table import Table

#: Tasks and regions beside the waits for a P.
_KINDS = ("sched", "task", "region")
#: The waits for a P again, without the first one of each goroutine.
LATER = "sched_later"


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many took how long; bucket ``i`` lasts from ``edges[i]`` to ``edges[i + 1]``."""

    edges_ns: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LatencyView:
    """The distribution of one function's waits, or of one type of task or region, with its histogram."""

    figures: Latency
    all: Histogram
    later: Histogram | None  # of sched: without the first wait, if that differs
    later_p99_ns: int | None  # of the same


@dataclass(frozen=True, slots=True)
class LatencyViews:
    """The distributions that are shown, in the order of the page, and how many are not."""

    shown: tuple[LatencyView, ...]
    omitted: int
    overall: tuple[Histogram, Histogram | None] | None  # all waits for a P
    low_ns: int  # the ends of a logarithmic scale that holds all percentiles
    high_ns: int

    def position(self, ns: int) -> float:
        """Where a time lies on that scale, from 0 to 1."""
        span = math.log(self.high_ns / self.low_ns)
        return min(max(math.log(max(ns, 1) / self.low_ns) / span, 0.0), 1.0)


def latencies_of(trace: Execution, *, each: int = 40) -> LatencyViews:
    """Of each kind the ``each`` with the longest times."""
    histograms = _histograms(trace.rows("trace_latency_buckets"))
    shown, omitted = [], 0
    for kind in _KINDS:
        mine = sorted(
            (one for one in trace.latencies if one.kind == kind), key=lambda one: -one.max_ns
        )
        omitted += len(mine[each:])
        for one in mine[:each]:
            later = trace.latency(LATER, one.name) if kind == "sched" else None
            if later is not None and later.count == one.count:
                later = None
            shown.append(
                LatencyView(
                    one,
                    histograms[kind, one.name],
                    None if later is None else histograms[LATER, one.name],
                    None if later is None else later.p99_ns,
                )
            )
    least = min((one.figures.p50_ns for one in shown), default=1)
    most = max((one.figures.max_ns for one in shown), default=1)
    low = 10 ** math.floor(math.log10(max(least, 1)))
    high = 10 ** math.ceil(math.log10(max(most, 10 * low)))
    return LatencyViews(tuple(shown), omitted, _overall(histograms), low, high)


def _histograms(buckets: Table) -> dict[tuple[str | None, str | None], Histogram]:
    kinds, names = buckets.texts("kind"), buckets.texts("name")
    begins, ends = buckets["from_ns"].tolist(), buckets["to_ns"].tolist()
    counts = buckets["count"].tolist()
    order = sorted(range(len(buckets)), key=lambda r: (kinds[r] or "", names[r] or "", begins[r]))
    return {
        key: _histogram([(begins[r], ends[r], counts[r]) for r in rows])
        for key, rows in groupby(order, key=lambda r: (kinds[r], names[r]))
    }


def _histogram(buckets: Sequence[tuple[int, int, int]]) -> Histogram:
    """Buckets with their gaps as buckets of nothing."""
    edges, counts = [buckets[0][0]], []
    for begin, end, count in buckets:
        if begin > edges[-1]:
            counts.append(0)
            edges.append(begin)
        counts.append(count)
        edges.append(end)
    return Histogram(tuple(edges), tuple(counts))


def _overall(
    histograms: dict[tuple[str | None, str | None], Histogram],
) -> tuple[Histogram, Histogram | None] | None:
    first, later = (
        _sum([h for (kind, _), h in histograms.items() if kind == wanted])
        for wanted in ("sched", LATER)
    )
    return None if first is None else (first, later if later != first else None)


def _sum(histograms: Sequence[Histogram]) -> Histogram | None:
    """All buckets have edges of one scale, so that equal ones add up."""
    if not histograms:
        return None
    begins = np.concatenate([h.edges_ns[:-1] for h in histograms])
    ends = np.concatenate([h.edges_ns[1:] for h in histograms])
    counts = np.concatenate([h.counts for h in histograms])
    filled = counts > 0
    found, place = np.unique(begins[filled], return_inverse=True)
    sums = np.zeros(len(found), np.int64)
    last = np.zeros(len(found), np.int64)
    np.add.at(sums, place, counts[filled])
    last[place] = ends[filled]
    return _histogram(list(zip(found.tolist(), last.tolist(), sums.tolist(), strict=True)))
