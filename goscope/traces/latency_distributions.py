"""How long things took, as distributions: the wait for a P, tasks, regions.

Times are counted in buckets of 64 to the power of two, so that percentiles are right to 1.6 %.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from goscope.traces.arrays import Int64, Ints
from goscope.traces.histories import STATUSES
from goscope.traces.spans import Spans
from goscope.traces.state_transitions import RUNNABLE
from goscope.traces.tally import Tally

SCHED, SCHED_LATER, FIRST_RUN, TASK, REGION = range(5)
#: The kinds by their numbers. The first is the next two together.
KINDS = ("sched", "sched_later", "first_run", "task", "region")
_STEPS = 64
_BITS = 6
_PERCENTILES = {"p50_ns": 50, "p90_ns": 90, "p99_ns": 99}


class LatencyDistributions:
    """The distributions of one trace; names of ``sched`` are those of functions, others are words."""

    def __init__(self) -> None:
        self._tally = Tally("kind", "name", "bucket")

    def add(self, kind: int, names: Ints, ns: Int64) -> None:
        """Take some of a kind, by name."""
        kinds = np.full(len(ns), kind)
        self._tally.add((kinds, names, bucket_of(ns)), ns)

    def add_spans(self, spans: Spans) -> None:
        """Take the waits for a P that began and ended in the trace, the first of a goroutine apart."""
        for piece in spans.pieces():
            waits = spans.closed[piece] & (spans.history.state[piece] == RUNNABLE)
            self._add_waits(spans, np.flatnonzero(waits) + piece.start)

    def _add_waits(self, spans: Spans, rows: Int64) -> None:
        history, goroutines = spans.history, spans.goroutines
        own = history.own[rows]
        first = (spans.first_runs[own] == rows + 1) & ~goroutines["existed"][own]
        before_trace = STATUSES[history.type[rows]]
        before_trace |= (
            (history.at[rows] < 0)
            & goroutines["existed"][own]
            & (history.time[rows] == goroutines["created"][own])
        )
        later = ~first & ~before_trace
        name = goroutines["name"][own]
        self.add(SCHED_LATER, name[later], spans.duration[rows[later]])
        self.add(FIRST_RUN, name[first], spans.duration[rows[first]])

    def distributions(self) -> list[dict[str, int]]:
        """For each kind and name: ``count``, ``total_ns``, ``p50_ns``, ``p90_ns``, ``p99_ns``, ``max_ns``."""
        found = []
        for (kind, name), rows in self._grouped().items():
            count, total = int(rows["count"].sum()), int(rows["ns"].sum())
            most = int(rows["max_ns"].max())
            up_to = np.cumsum(rows["count"])
            row = {"kind": kind, "name": name, "count": count, "total_ns": total, "max_ns": most}
            for column, percent in _PERCENTILES.items():
                rank = math.ceil(count * percent / 100)
                at = int(np.searchsorted(up_to, rank))
                last = rank == count
                row[column] = most if last else round(rows["ns"][at] / rows["count"][at])
            found.append(row)
        return found

    def histograms(self) -> list[dict[str, int]]:
        """For each kind and name the counts in four buckets to the power of two."""
        found = []
        for (kind, name), rows in self._grouped().items():
            wide = rows["bucket"] // (_STEPS // 4)
            counts = np.bincount(wide - wide.min(), rows["count"])
            for step in np.flatnonzero(counts).tolist():
                edge = (step + int(wide.min())) * (_STEPS // 4)
                begin, end = (math.ceil(least_of(edge + n)) for n in (0, _STEPS // 4))
                row = {"kind": kind, "name": name, "from_ns": begin, "to_ns": end}
                found.append({**row, "count": int(counts[step])})
        return found

    def _grouped(self) -> dict[tuple[int, int], dict[str, Int64]]:
        rows = self._tally.result()
        both = Tally("kind", "name", "bucket")
        of_sched = (rows["kind"] == SCHED_LATER) | (rows["kind"] == FIRST_RUN)
        for chosen, kinds in ((of_sched, np.full(of_sched.sum(), SCHED)), (..., rows["kind"])):
            keys = (kinds, rows["name"][chosen], rows["bucket"][chosen])
            both.add_sums(keys, *(rows[column][chosen] for column in ("count", "ns", "max_ns")))
        rows = both.result()
        new = np.diff(rows["kind"], prepend=-1) | np.diff(rows["name"], prepend=-2)
        begins = [*np.flatnonzero(new).tolist(), len(new)]
        return {
            (int(rows["kind"][a]), int(rows["name"][a])): {n: c[a:b] for n, c in rows.items()}
            for a, b in itertools.pairwise(begins)
        }


def bucket_of(ns: Int64) -> Int64:
    """The bucket of each time: what a float keeps of it in its exponent and the first bits behind."""
    bits = np.maximum(ns, 1).astype(np.float64).view(np.int64)
    return (bits >> (52 - _BITS)) - (1023 << _BITS)


def least_of(bucket: int) -> float:
    """The shortest time of a bucket."""
    power, step = divmod(bucket, _STEPS)
    return math.ldexp(1 + step / _STEPS, power)
