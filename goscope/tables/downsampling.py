"""Fewer points for a chart, without losing what matters: the least and the greatest of each stretch.

A picture a thousand pixels wide cannot show a million samples. Averages would hide the peak that
somebody looks for, so each bucket of samples keeps its extremes, at the times at which they occurred.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.tables.table import Floats, Ints


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve, and of how many samples they are what is left."""

    x: Floats
    y: Floats
    samples: int

    @property
    def reduced(self) -> bool:
        return self.samples > len(self.x)

    @property
    def figures(self) -> tuple[float, float, float, float]:
        """The least, median, largest and last value of what is left."""
        return float(self.y.min()), float(np.median(self.y)), float(self.y.max()), float(self.y[-1])


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves that share a unit. ``form``: steps hold until the next sample, points stand alone."""

    title: str
    unit: str
    form: str  # steps | lines | points
    curves: tuple[tuple[str, Curve], ...]
    detail: str = ""


def curve(x: Floats, y: Floats, *, points: int) -> Curve:
    """The curve with at most ``points`` points (at least 4); missing samples are left out.

    Each bucket of equally many samples keeps its smallest and its largest, so the extremes of the curve
    and of every stretch of it stay. The first and the last sample stay too.
    """
    known = ~np.isnan(y)
    x, y = x[known], y[known]
    samples = len(y)
    if samples <= points:
        return Curve(x, y, samples)
    buckets = max((points - 2) // 2, 1)
    bounds = (np.arange(buckets + 1) * samples) // buckets
    kept = {0, samples - 1}
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        part = y[begin:end]
        kept.update((begin + int(part.argmin()), begin + int(part.argmax())))
    at = np.array(sorted(kept))
    return Curve(x[at], y[at], samples)


@dataclass(frozen=True, slots=True)
class Grid:
    """A value per row and stretch of samples: the largest of the stretch; -1 where there is none."""

    values: Ints  # rows x columns
    rows_together: int  # so many neighbouring rows were made one
    first_sample: Ints  # the sample with which each column begins
    samples: int

    @property
    def reduced(self) -> bool:
        return self.samples > self.values.shape[1] or self.rows_together > 1


def grid(sample: Ints, row: Ints, value: Ints, *, samples: int, rows: int, columns: int) -> Grid:
    """The largest values of cells given one by one, in at most ``columns`` columns and ``rows`` rows.

    ``sample`` and ``row`` say which cell each value belongs to; samples count from 0 to ``samples``.
    """
    width = min(samples, columns)
    height = int(row.max()) + 1 if len(row) else 0
    together = -(-height // rows) if height else 1
    values = np.full((-(-height // together), width), -1, np.int64)
    # The bucket of a sample; the inverse of first_sample below.
    np.maximum.at(values, (row // together, (sample * width) // max(samples, 1)), value)
    first = -(-(np.arange(width) * samples) // max(width, 1))
    return Grid(values, together, first, samples)
