"""Whether the live heap grows for good: what each GC cycle found alive, as a line over time.

A leak of memory is growth that goes on. What looks like it at first and is not:

* a program that loads something large and keeps it, a cache that fills up: the growth ends, or slows
  down; so it has to go on in each quarter of the time, the last one included;
* a sawtooth (batches, connections that come and go): its floors do not rise;
* a few MB more at a start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.analysis.gc.cycles import Collecting
from goscope.tables.table import Floats

#: Growth is looked at in so many parts of the time.
_PARTS = 4
#: Where the time is taken to begin, as shares of it: a program may build up something first.
_STARTS = (0.0, 0.1, 0.25, 0.5)
#: Fewer cycles make no line: each one of a program that only fills up is twice as large as the last.
LEAST_CYCLES = 10
#: So few are a line if each of the last intervals keeps the pace: with all that is allocated kept, a
#: cycle finds twice of what the last one found, and five of them are 64 MB.
FEWEST_CYCLES = 5
_LAST_INTERVALS = 3
#: A doubling looks straight by itself, so the line of few must be a better one.
_LEAST_R2_OF_FEW = 0.95
#: More are thinned out.
_MOST_CYCLES = 10_000
#: So good must the line be (R2) to be one.
LEAST_R2 = 0.7
#: So many floors make a line where there are cycles enough for it.
_FLOORS = 12
#: The same for the last quarter alone.
_LAST_FLOORS = 6
#: How much of the pace of the whole the last quarter must have.
_LEAST_PACE = 0.7
#: The same where the start is left out: any curve that flattens looks straight near its end.
_LEAST_PACE_BEHIND = 0.8


@dataclass(frozen=True, slots=True)
class HeapTrend:
    """A line through the live heap: MB per second, and how well it fits (R2, 0 to 1)."""

    start_s: float
    end_s: float
    cycles: int
    mb_per_s: float
    r2: float
    first_mb: float  # floor of the first part
    last_mb: float  # floor of the last part
    lasts: bool  # it rose in every part, and hardly less in the last one
    with_load: bool  # the program allocates faster in the same measure: more work, not a leak

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s

    def steady(self, least_r2: float = LEAST_R2) -> bool:
        """Whether it grows for good, by any amount."""
        return self.mb_per_s > 0 and self.r2 > least_r2 and self.lasts and not self.with_load

    @property
    def grown_mb(self) -> float:
        """By the line, as the floors lack what was added within the last part."""
        return self.mb_per_s * self.seconds


def trend_of(
    c: Collecting, *, least_cycles: int = LEAST_CYCLES, least_r2: float = LEAST_R2
) -> HeapTrend | None:
    """The trend of a process's live heap; None with too few cycles to draw a line through.

    Where the whole run is no steady growth, it may be one after the program had built up: the part
    behind the first tenth, quarter or half is looked at, unless the heap was larger before.
    """
    t, live = _thinned(c.t_s, c.live_mb)
    known = ~np.isnan(live)
    t, live = t[known], live[known]
    if len(t) < least_cycles or t[-1] <= t[0]:
        return None
    trends = []
    for share in _STARTS:
        start = t[0] + share * (t[-1] - t[0])
        behind = t >= start
        if behind.sum() < least_cycles:
            break
        floor = float(live[behind].min())
        if not behind.all() and np.quantile(live[~behind], 0.9) > floor * 1.1 + 2:
            continue
        trends.append(
            _trend(c, t[behind], live[behind], _LEAST_PACE_BEHIND if share else _LEAST_PACE)
        )
    steady = (trend for trend in trends if trend.steady(least_r2))
    return next(steady, trends[0] if trends else None)


def trend_of_few(c: Collecting) -> HeapTrend | None:
    """The trend where there are too few cycles for :func:`trend_of`; None with fewer than five.

    Each of the last three intervals must have the usual pace, and the next cycle not be
    overdue: a program that loads something at its start, and then rests, is told from a leak by that alone.
    """
    known = ~np.isnan(c.live_mb)
    t, live = c.t_s[known], c.live_mb[known]
    if not FEWEST_CYCLES <= len(t) < LEAST_CYCLES or (np.diff(t) <= 0).any():
        return None
    slope, r2 = _line(t, live)
    paces = np.diff(live) / np.diff(t)
    keeps = paces[-_LAST_INTERVALS:] >= _LEAST_PACE_BEHIND * np.median(paces)
    return HeapTrend(
        start_s=float(t[0]),
        end_s=float(t[-1]),
        cycles=len(t),
        mb_per_s=slope,
        r2=r2,
        first_mb=float(live[0]),
        last_mb=float(live[-1]),
        lasts=bool(keeps.all())
        and r2 >= _LEAST_R2_OF_FEW
        and not _allocates_no_more(c, patience=1.2),
        with_load=_faster(c),
    )


def kept_share(c: Collecting) -> float:
    """The share of what the program allocated between cycles that is still alive, 0 to 1.

    A program that loads its data keeps most of it; a server that leaks makes garbage with each request.
    """
    live, start = c.live_mb, c.numbers("heap_start_mb")
    known = ~np.isnan(live[1:]) & ~np.isnan(live[:-1]) & ~np.isnan(start[1:])
    grown = (live[1:] - live[:-1])[known].sum()
    allocated = np.maximum(start[1:] - live[:-1], 0)[known].sum()
    return float(grown / allocated) if allocated > 0 else 0.0


def _faster(c: Collecting) -> bool:
    """Whether a program with few cycles allocated faster in the end: it has more to do, or loads."""
    pace = _pace(c, slice(None))
    half = len(pace) // 2
    return half > 0 and bool(np.median(pace[half:]) > 1.5 * max(np.median(pace[:half]), 0.1))


def _trend(c: Collecting, t: Floats, live: Floats, least_pace: float) -> HeapTrend:
    floors_t, floors = _floors(t, live, _FLOORS) if len(t) >= 4 * _FLOORS else (t, live)
    slope, r2 = _line(floors_t, floors)
    _, parts = _floors(t, live, _PARTS)
    return HeapTrend(
        start_s=float(t[0]),
        end_s=float(t[-1]),
        cycles=len(t),
        mb_per_s=slope,
        r2=r2,
        first_mb=float(parts[0]),
        last_mb=float(parts[-1]),
        lasts=_goes_on(t, live, parts, least_pace * slope) and not _allocates_no_more(c),
        with_load=_with_load(c, float(t[0])),
    )


def _thinned(t: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Not many more than so many cycles, each the least of its neighbours: a line needs no million."""
    each = len(t) // _MOST_CYCLES
    if each < 2:
        return t, values
    starts = np.arange(0, len(t), each)
    return t[starts], np.fmin.reduceat(values, starts)


def _floors(t: Floats, values: Floats, parts: int) -> tuple[Floats, Floats]:
    """The least value of each of some equal parts of the time, and when it was seen."""
    edges = np.linspace(t[0], t[-1], parts + 1)[1:-1]
    part = np.searchsorted(edges, t, side="right")
    least = [
        int(inside[np.argmin(values[inside])])
        for inside in (np.flatnonzero(part == k) for k in range(parts))
        if len(inside)
    ]
    return t[least], values[least]


def _line(t: Floats, values: Floats) -> tuple[float, float]:
    """Slope and R2 of the least-squares line."""
    dt, dv = t - t.mean(), values - values.mean()
    spread = float((dv**2).sum())
    width = float((dt**2).sum())
    if spread == 0 or width == 0:
        return 0.0, 0.0
    both = float((dt * dv).sum())
    return both / width, min(both**2 / (width * spread), 1.0)


def _goes_on(t: Floats, live: Floats, parts: Floats, least_slope: float) -> bool:
    """Every part lies above the one before, and the last quarter is not surely slower than the whole.

    A cache that fills with random keys slows down all the time: when it is nearly full, the pace of its
    last quarter is about a third of that of the whole. Where the sizes scatter, a slope over a quarter
    says little; it counts as slower only by more than its own error.
    """
    if len(parts) < _PARTS or not (np.diff(parts) > 0).all():
        return False
    last = t >= t[-1] - (t[-1] - t[0]) / _PARTS
    if last.sum() < 3:
        last[-3:] = True
    at, size = t[last], live[last]
    if len(at) >= 4 * _LAST_FLOORS:
        at, size = _floors(at, size, _LAST_FLOORS)
    slope, r2 = _line(at, size)
    width = float(((at - at.mean()) ** 2).sum())
    scatter = float(((size - size.mean()) ** 2).sum()) * (1 - r2)
    error = np.sqrt(scatter / max(len(at) - 2, 1) / width) if width else 0.0
    return slope + error >= least_slope


def _pace(c: Collecting, part: slice) -> Floats:
    """MB that the program allocated per second, from each cycle of a part to the next."""
    gaps = np.maximum(np.diff(c.t_s[part]), 1e-3)
    pace: Floats = np.maximum(c.numbers("heap_start_mb", part)[1:] - c.live_mb[part][:-1], 0) / gaps
    return pace[~np.isnan(pace)]


def _with_load(c: Collecting, start_s: float) -> bool:
    """Whether the live heap grew as the pace of allocation did: a program with more to do."""
    quarter = (c.t_s[-1] - start_s) / 4
    edges = start_s + quarter * np.array([1, 2, 3])
    second, third, fourth = np.searchsorted(c.t_s, edges, side="right").tolist()
    before, after = slice(second, third), slice(fourth, None)
    paces = [_pace(c, part) for part in (before, after)]
    if not all(map(len, paces)):
        return False
    slow, fast = (float(np.median(pace)) for pace in paces)
    small, large = (float(np.nanmedian(c.live_mb[part])) for part in (before, after))
    faster, larger = fast / max(slow, 0.1), large / max(small, 1)
    return faster >= 1 + 0.45 * (larger - 1) and faster >= 1.2


def _allocates_no_more(c: Collecting, patience: float = 2) -> bool:
    """Whether the next cycle is long overdue: what was allocated before it is not any more.

    A cycle starts when the heap has grown to the goal; the pace before tells when that would have
    been. The goal of the next cycle is not known yet: with the last ratio it can be guessed.
    """
    pace = _pace(c, slice(-6, None))
    if not len(pace) or np.median(pace) <= 0:
        return False
    room = float(c.live_mb[-1]) * max(float(c.goal_mb[-1] / max(c.live_mb[-2], 1)) - 1, 0.1)
    # Twice the time plus a second: loads vary, and a leak must not hide behind a lull.
    return c.until_s - float(c.t_s[-1]) > patience * max(room, 4) / float(np.median(pace)) + 1
