"""What the garbage collector was doing: its cycles per process, and what they cost over any stretch.

Facts behind the numbers, all of the Go runtime and of Go's guide to the garbage collector:

* The percentage of a gc line is of all CPU since the program started, so it is high at first and hides
  what happens late. The CPU milliseconds of a cycle against the time and GOMAXPROCS tell any stretch.
* ``@`` is when a cycle started. Its CPU is spread over its wall time here, for a cycle over a large
  heap takes longer than the windows that are looked at.
* Marking on Ps that had nothing else to do (``idle``) is no load: it gives way to everything.
* While it marks, the collector takes 25 % of GOMAXPROCS by design, and what allocates faster than it
  marks has to assist (runtime/mgcpacer.go). So 25 % over a stretch is marking without a pause.
* Cycles that were asked for (``(forced)``, leak checks, the periodic one) are no sign of the heap's need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.capture.linking.intervals import cpu_ms_per_p
from goscope.formats.godebug.gctrace import LET_GO
from goscope.parsing.numbers import IntArray
from goscope.tables.row_selection import representative_rows
from goscope.tables.table import Bools, Floats, Ints, Table, rows_by

#: The heap starts at 4 MB, so the first cycles of any program follow each other closely; "up to 39 %
#: seen, healthy". They say nothing of what comes.
WARM_UP_S = 1.0
#: No more windows than these; none is shorter than a second.
_MOST_WINDOWS = 60
#: A heap that grew so many times late, and to so much, may go on to grow.
_LATE_RISE = 4.0
_NOTABLE_HEAP_MB = 64.0
#: Medians need no more cycles than these.
_MOST_SAMPLES = 10_000

_ASKED_FOR = ("forced", "leak_check", "periodic")

#: Of all cycles of a capture: wall time, CPU, start, live heap, and the flags of :data:`_ASKED_FOR`.
_Columns: TypeAlias = tuple[list[Floats], list[Bools]]


@dataclass(frozen=True, slots=True)
class Load:
    """What the collector cost over a stretch of time; shares are of all CPU, 0 to 1."""

    start_s: float
    end_s: float
    cycles: int
    cpu_share: float
    assist_share: float
    marking_share: float  # of the time, not of the CPU
    headroom: float  # goal over the live heap of the cycle before; 2 with GOGC=100
    freed_share: float  # of the heap, by a cycle

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s

    @property
    def per_second(self) -> float:
        return self.cycles / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Collecting:
    """The cycles of one process, a number per cycle. Times are seconds since the runtime started.

    A log may hold millions of cycles, so what few rules look at is taken from the rows when they do.
    """

    process: int
    source: str
    last_source: str
    first_cycle: int
    gc: Table
    rows: IntArray | None  # of the table; None are all
    t_s: Floats
    wall_s: Floats
    cpu_s: Floats  # per P, without idle marking
    live_mb: Floats
    asked_for: Bools  # (forced), a leak check, or two minutes without a cycle
    forced: Bools
    until_s: float  # how long the process was seen
    selection: bool  # of the cycles
    #: What was found out about them: several rules ask the same, of thousands of processes.
    episodes_of: dict[Thrash, list[Episode]] = field(default_factory=dict)
    wholes: list[Load] = field(default_factory=list)

    @property
    def usual_pauses_ms(self) -> Floats:
        """The pauses of the cycles that may be counted: of a selection, not those that stand out."""
        common = representative_rows(self.gc)
        pauses = self.pause_ms[common if self.rows is None else common[self.rows]]
        return pauses[~np.isnan(pauses)]

    @property
    def cycles(self) -> int:
        """How many cycles were read, also those that are not in a selection."""
        return len(self.t_s) + int(self.gone("let_go").sum())

    @property
    def forced_cycles(self) -> int:
        """How many of them the program asked for."""
        return int(self.forced.sum() + self.gone("let_go_forced").sum())

    @property
    def forced_cpu_s(self) -> float:
        """What those took, of each P."""
        return float(self.cpu_s[self.forced].sum() + self.gone("let_go_forced_cpu").sum() / 1e9)

    def gone(self, column: str, part: slice = slice(None)) -> Ints:
        """What the cycles add up to that stood before each, or some, and are not in a selection."""
        if not self.selection:
            return np.zeros(1, np.int64)
        values = self.gc.cells(column).values
        values = values if self.rows is None else values[self.rows]
        return values[part].astype(np.int64)

    @property
    def assist_s(self) -> Floats:
        """CPU of assists, per P."""
        assists = self.numbers("assist_cpu_ms")
        assists /= 1000 * np.maximum(self.numbers("gomaxprocs"), 1)
        return np.nan_to_num(assists, copy=False)

    @property
    def goal_mb(self) -> Floats:
        return self.numbers("heap_goal_mb")

    @property
    def pause_ms(self) -> Floats:
        """The longer of the two stop-the-world phases."""
        return np.fmax(self.numbers("stw_sweep_ms"), self.numbers("stw_mark_ms"))

    def numbers(self, column: str, part: slice = slice(None)) -> Floats:
        """A column of the gc table, or a part of the cycles: NaN where a value is missing."""
        cells = self.gc.cells(column)
        values, valid = cells.values, cells.valid
        if self.rows is not None:
            values, valid = values[self.rows], None if valid is None else valid[self.rows]
        found: Floats = values[part].astype(np.float64)
        if valid is not None:
            found[~valid[part]] = np.nan
        return found

    @property
    def judged_from_s(self) -> float:
        """When the warm-up is over.

        An excerpt is judged from the end of its first cycle on: the time that belongs to that one,
        since the cycle before it, was not seen.
        """
        first_s = float(self.t_s[0] + self.wall_s[0])
        return WARM_UP_S if self.first_cycle == 1 else max(WARM_UP_S, first_s)

    @property
    def seen_s(self) -> float:
        """For how long the process was seen: from its start, or from the first cycle of an excerpt."""
        return self.until_s - (0.0 if self.first_cycle == 1 else float(self.t_s[0]))

    def load(self, start_s: float, end_s: float) -> Load:
        """What the collector cost from ``start_s`` to ``end_s``; cycles on demand left out."""
        first, last = np.searchsorted(self.t_s, (start_s, end_s), side="left").tolist()
        last += int(np.searchsorted(self.t_s[last:], end_s, side="right"))
        seconds = max(end_s - start_s, 1e-9)
        edges = np.array([start_s, end_s])
        cpu, assists, marking = (
            float(np.diff(_total_at(edges, self, values, let_go))[0]) / seconds
            for values, let_go in (
                (self.cpu_s, "let_go_cpu"),
                (self.assist_s, "let_go_assist"),
                (self.wall_s, "let_go_wall"),
            )
        )
        headroom, freed = self._room(first, last)
        gone, asked = (self.gone(c, slice(first, last)) for c in ("let_go", "let_go_asked"))
        return Load(
            start_s,
            end_s,
            int((~self.asked_for[first:last]).sum() + (gone - asked).sum()),
            cpu,
            assists,
            marking,
            headroom=headroom,
            freed_share=freed,
        )

    def _room(self, first: int, last: int) -> tuple[float, float]:
        """How much larger than the live heap it may get, and what a cycle frees: medians of cycles."""
        step = max((last - first) // _MOST_SAMPLES, 1)
        part = slice(max(first, 1), last, step)
        counted = ~self.asked_for[part]
        goal, end = (self.numbers(c, part)[counted] for c in ("heap_goal_mb", "heap_end_mb"))
        live, before = (
            self.live_mb[part][counted],
            self.live_mb[part.start - 1 : max(last - 1, 0) : step][counted],
        )
        known = ~np.isnan(goal) & ~np.isnan(end) & ~np.isnan(live) & ~np.isnan(before)
        if not known.any():
            return float("inf"), 1.0
        # Sizes are rounded down to MB: half of one is the best guess of the rest.
        headroom = (goal[known] + 0.5) / (before[known] + 0.5)
        freed = (end[known] - live[known]) / np.maximum(end[known], 1)
        return float(np.median(headroom)), float(np.median(freed))

    def whole(self) -> Load:
        """What it cost after the warm-up."""
        if not self.wholes:
            self.wholes.append(self.load(self.judged_from_s, max(self.until_s, self.judged_from_s)))
        return self.wholes[0]

    def rose_late(self) -> bool:
        """Whether the live heap at the end is several times what it was for most of the time."""
        middle = (float(self.t_s[0]) + self.until_s) / 2
        before = self.live_mb[self.t_s <= middle]
        least = _LATE_RISE * max(float(np.nanmax(before, initial=0.0)), 4.0)
        return bool(self.live_mb[-1] >= max(least, _NOTABLE_HEAP_MB))

    def stretches(self, least_share: float, least_marking: float = 2.0) -> list[Load]:
        """The stretches in which the collector took this share of the CPU, or marked for so long."""
        start, end = self.judged_from_s, self.until_s
        if end - start < 1:
            return []
        count = min(int(end - start), _MOST_WINDOWS)
        edges = np.linspace(start, end, count + 1)
        above = np.zeros(count, np.bool_)
        for values, let_go, least in (
            (self.cpu_s, "let_go_cpu", least_share),
            (self.wall_s, "let_go_wall", least_marking),
        ):
            share = np.diff(_total_at(edges, self, values, let_go)) / (edges[1] - edges[0])
            # A window's neighbours speak with it, so that one quiet second does not part a stretch.
            padded = np.pad(share, 1, mode="edge")
            near = np.lib.stride_tricks.sliding_window_view(padded, 3).mean(1)
            above |= (share >= least) | (near >= least)
        above = np.concatenate(([False], above, [False]))
        turns = np.flatnonzero(np.diff(above.astype(np.int8)))
        return [
            self.load(float(edges[first]), float(edges[last]))
            for first, last in zip(turns[::2], turns[1::2], strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Thrash:
    """When the collector runs nearly all the time and gains little.

    A cycle has to be short of room (GOGC of 33 and less, or a memory limit next to the live heap) and
    the collector to take this share of the CPU: 15 % is marking for more than half of the time, as
    it takes 25 % while it marks. Where GOMAXPROCS is above the cores that there are (a container with
    a quota), it cannot get so much, and its time tells: it marks for so much of it. Or it takes so
    much (the limiter caps it at 50 %) that room or not is no question any more.
    """

    least_cpu_share: float = 0.15
    least_marking_share: float = 0.6
    most_headroom: float = 1.34
    alone_cpu_share: float = 0.45
    least_cycles: int = 5
    least_s: float = 3.0

    def holds(self, load: Load) -> bool:
        enough = load.cycles >= self.least_cycles and load.seconds >= self.least_s
        tight = load.headroom <= self.most_headroom and (
            load.cpu_share >= self.least_cpu_share or load.marking_share >= self.least_marking_share
        )
        return enough and (tight or load.cpu_share >= self.alone_cpu_share)


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch in which something holds of the collector, and whether it speaks for the whole run."""

    load: Load
    lasts: bool

    def overlaps(self, other: Episode) -> bool:
        return self.load.start_s < other.load.end_s and other.load.start_s < self.load.end_s


#: A stretch that is shorter than this within a longer run is a burst.
_BRIEF_S = 5.0


def episodes(
    c: Collecting, least_share: float, holds: Callable[[Load], bool], *, marking: float = 2.0
) -> list[Episode]:
    """The whole run, if it holds of that; else the stretches of which it does.

    Stretches are those with at least this share of the CPU, or of the time spent marking.

    A stretch speaks for the run if it fills half of it or goes on to its end: what is now counts.
    """
    whole = c.whole()
    if holds(whole):
        return [Episode(whole, lasts=True)]
    return [
        Episode(load, lasts=load.seconds >= whole.seconds / 2 or load.end_s >= whole.end_s)
        for load in c.stretches(least_share, marking)
        if load.seconds >= _BRIEF_S and holds(load)
    ]


def thrash_episodes(c: Collecting, thresholds: Thrash) -> list[Episode]:
    """When the collector of a process thrashed."""
    if thresholds not in c.episodes_of:
        least = min(thresholds.least_cpu_share, thresholds.alone_cpu_share)
        c.episodes_of[thresholds] = episodes(
            c, least, thresholds.holds, marking=thresholds.least_marking_share
        )
    return c.episodes_of[thresholds]


def _total_at(times: Floats, c: Collecting, values: Floats, let_go: str) -> Floats:
    """The sum of ``values`` up to each of the times, each cycle's spread over its wall time.

    What cycles add up to that were let go is spread over the time between those that were kept.
    """
    counted = np.where(c.asked_for, 0.0, values) if c.asked_for.any() else values
    before = np.cumsum(counted)
    last = np.searchsorted(c.t_s, times, side="right") - 1  # the cycle that began last
    at = np.maximum(last, 0)
    done = np.clip((times - c.t_s[at]) / np.maximum(c.wall_s[at], 1e-6), 0.0, 1.0)
    found: Floats = np.where(last < 0, 0.0, before[at] - counted[at] * (1 - done))
    if c.selection:
        between = c.gone(let_go) / 1e9
        begins = np.minimum(c.t_s[:-1] + c.wall_s[:-1], c.t_s[1:])
        after = np.minimum(at + 1, len(between) - 1)
        gap = np.append(np.maximum(c.t_s[1:] - begins, 1e-9), 1.0)
        begins = np.append(begins, np.inf)
        gone = np.clip((times - begins[at]) / gap[at], 0.0, 1.0)
        found += np.cumsum(between)[at] + np.where(last < 0, 0.0, gone * between[after])
    return found


@once_per_capture
def collections_of(capture: Capture) -> tuple[Collecting, ...]:
    """The cycles of each process that printed gc lines."""
    gc = capture.table("gc")
    if not len(gc):
        return ()
    columns = (
        [gc["clock_ms"] / 1000, cpu_ms_per_p(gc) / 1000, gc["t_s"], gc.numbers("heap_live_mb")],
        [gc.flags(column) for column in _ASKED_FOR],
    )
    unknown = _mixed_in_selection(capture)
    sched = capture.table("sched")
    sampled = {
        process: sched["t_ms"][rows]
        for process, rows in (rows_by(sched["process"]) if len(sched) else {}).items()
    }
    return tuple(
        _collecting(capture, columns, process, rows, sampled.get(process, np.zeros(0)))
        for process, rows in rows_by(gc["process"]).items()
        if process not in unknown
    )


def _mixed_in_selection(capture: Capture) -> frozenset[int]:
    """Processes that wrote to one log at the same time, of which there is only a selection.

    Nobody knows whose the cycles were that were let go, and so what any of them took.
    """
    gc = capture.table("gc")
    if "gc" not in capture.selected or not capture.mixed:
        return frozenset()
    codes = [code for code, name in enumerate(gc.categories("input")) if name in capture.mixed]
    return frozenset(gc["process"][np.isin(gc["input"], codes)].tolist())


def _collecting(
    capture: Capture, columns: _Columns, process: int, mine: IntArray, sampled: Ints | Floats
) -> Collecting:
    """The cycles in these rows; ``sampled`` are the times of the process's SCHED lines, in ms."""
    gc = capture.table("gc")
    rows = None if len(mine) == len(gc) else mine
    numbers, flags = columns
    wall_s, cpu_s, t_s, live_mb = (n if rows is None else n[rows] for n in numbers)
    # Behind the cycles of an excerpt, SCHED lines that begin later are of another moment.
    one_log = gc.at("cycle", mine[:1])[0] == 1 or (
        len(sampled) and sampled.min() / 1000 <= t_s.max()
    )
    seen_s = float(sampled.max()) / 1000 if len(sampled) and one_log else 0.0
    forced, checks, periodic = (flag if rows is None else flag[rows] for flag in flags)
    return Collecting(
        process=process,
        source=gc.place(int(mine[0])),
        last_source=gc.place(int(mine[-1])),
        first_cycle=int(gc.at("cycle", mine[:1])[0]),
        gc=gc,
        rows=rows,
        t_s=t_s if (np.diff(t_s) >= 0).all() else np.maximum.accumulate(t_s),
        wall_s=wall_s,
        cpu_s=cpu_s,
        live_mb=live_mb,
        asked_for=forced | checks | periodic,
        forced=forced & ~checks,
        selection="gc" in capture.selected and LET_GO[0] in gc,
        until_s=max(float((t_s + wall_s).max()), seen_s),
    )
