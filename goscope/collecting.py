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
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from goscope.capture import Capture
from goscope.numerals import IntArray
from goscope.settings import Settings
from goscope.tables import Bools, Floats, Table

#: The heap starts at 4 MB, so the first cycles of any program follow each other closely; "up to 39 %
#: seen, healthy". They say nothing of what comes.
WARM_UP_S = 1.0
#: No more windows than these; none is shorter than a second.
_MOST_WINDOWS = 60

_LOAD = (
    "sweep_cpu_ms",
    "scan_cpu_ms",
    "write_barrier_cpu_ms",
    "assist_cpu_ms",
    "background_cpu_ms",
    "mark_term_cpu_ms",
)
_WALL = ("stw_sweep_ms", "scan_ms", "write_barrier_ms", "mark_ms", "stw_mark_ms")


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
    """The cycles of one process, a number per cycle. Times are seconds since the runtime started."""

    process: int
    source: str
    last_source: str
    first_cycle: int
    t_s: Floats
    wall_s: Floats
    procs: Floats
    cpu_s: Floats  # without idle marking
    assist_s: Floats
    start_mb: Floats
    live_mb: Floats
    end_mb: Floats
    goal_mb: Floats
    stacks_mb: Floats
    pause_ms: Floats  # the longer of the two stop-the-world phases
    asked_for: Bools  # (forced), a leak check, or two minutes without a cycle
    forced: Bools
    until_s: float  # how long the process was seen

    @property
    def judged_from_s(self) -> float:
        """When the warm-up is over. A log that lacks the first cycle begins later than that."""
        return WARM_UP_S if self.first_cycle == 1 else max(WARM_UP_S, float(self.t_s[0]))

    def load(self, start_s: float, end_s: float) -> Load:
        """What the collector cost from ``start_s`` to ``end_s``; cycles on demand left out."""
        inside = (self.t_s >= start_s) & (self.t_s <= end_s) & ~self.asked_for
        seconds = max(end_s - start_s, 1e-9)
        cpu, assists, marking = (
            float(np.diff(_total_at(np.array([start_s, end_s]), self, values))[0]) / seconds
            for values in (self.cpu_s / self.procs, self.assist_s / self.procs, self.wall_s)
        )
        # Sizes are rounded down to MB: half of one is the best guess of the rest.
        before = np.concatenate(([np.nan], self.live_mb[:-1])) + 0.5
        headroom = ((self.goal_mb + 0.5) / before)[inside]
        freed = ((self.end_mb - self.live_mb) / np.maximum(self.end_mb, 1))[inside]
        known = headroom[~np.isnan(headroom)]
        return Load(
            start_s,
            end_s,
            int(inside.sum()),
            cpu,
            assists,
            marking,
            headroom=float(np.median(known)) if len(known) else float("inf"),
            freed_share=float(np.median(freed)) if len(freed) else 1.0,
        )

    def whole(self) -> Load:
        """What it cost after the warm-up."""
        return _whole(self)

    def stretches(self, least_share: float, least_marking: float = 2.0) -> list[Load]:
        """The stretches in which the collector took this share of the CPU, or marked for so long."""
        start, end = self.judged_from_s, self.until_s
        if end - start < 1:
            return []
        count = min(int(end - start), _MOST_WINDOWS)
        edges = np.linspace(start, end, count + 1)
        above = np.zeros(count, np.bool_)
        for values, least in ((self.cpu_s / self.procs, least_share), (self.wall_s, least_marking)):
            share = np.diff(_total_at(edges, self, values)) / (edges[1] - edges[0])
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
    """When the collector runs nearly all the time and gains little: thresholds of gc-thrash.

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

    @classmethod
    def of(cls, settings: Settings) -> Thrash:
        """The thresholds that the user set; the rules next to gc-thrash leave to it what is its own."""
        return cls(**settings.of("gc-thrash"))  # type: ignore[arg-type]

    def holds(self, load: Load) -> bool:
        enough = load.cycles >= self.least_cycles and load.seconds >= self.least_s
        tight = load.headroom <= self.most_headroom and (
            load.cpu_share >= self.least_cpu_share or load.marking_share >= self.least_marking_share
        )
        return enough and (tight or load.cpu_share >= self.alone_cpu_share)


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch in which something holds of the collector, and whether it speaks for the whole run."""

    load: Load
    lasts: bool

    def overlaps(self, other: Spell) -> bool:
        return self.load.start_s < other.load.end_s and other.load.start_s < self.load.end_s


#: A stretch that is shorter than this within a longer run is a burst.
_BRIEF_S = 5.0


def spells(
    c: Collecting, least_share: float, holds: Callable[[Load], bool], *, marking: float = 2.0
) -> list[Spell]:
    """The whole run, if it holds of that; else the stretches of which it does.

    Stretches are those with at least this share of the CPU, or of the time spent marking.

    A stretch speaks for the run if it fills half of it or goes on to its end: what is now counts.
    """
    whole = c.whole()
    if holds(whole):
        return [Spell(whole, lasts=True)]
    return [
        Spell(load, lasts=load.seconds >= whole.seconds / 2 or load.end_s >= whole.end_s)
        for load in c.stretches(least_share, marking)
        if load.seconds >= _BRIEF_S and holds(load)
    ]


@lru_cache(maxsize=64)
def thrash_spells(c: Collecting, bars: Thrash) -> list[Spell]:
    """When the collector of a process thrashed."""
    least = min(bars.least_cpu_share, bars.alone_cpu_share)
    return spells(c, least, bars.holds, marking=bars.least_marking_share)


@lru_cache(maxsize=64)
def _whole(c: Collecting) -> Load:
    return c.load(c.judged_from_s, max(c.until_s, c.judged_from_s))


def _total_at(times: Floats, c: Collecting, values: Floats) -> Floats:
    """The sum of ``values`` up to each of the times, each cycle's spread over its wall time."""
    counted = np.where(c.asked_for, 0.0, values)
    before = np.cumsum(counted) - counted
    begins = np.maximum.accumulate(c.t_s)
    last = np.searchsorted(begins, times, side="right") - 1  # the cycle that began last
    at = np.maximum(last, 0)
    done = np.clip((times - begins[at]) / np.maximum(c.wall_s[at], 1e-6), 0.0, 1.0)
    found: Floats = np.where(last < 0, 0.0, before[at] + counted[at] * done)
    return found


@lru_cache(maxsize=4)
def collections_of(capture: Capture) -> tuple[Collecting, ...]:
    """The cycles of each process that printed gc lines."""
    gc = capture.table("gc")
    if not len(gc):
        return ()
    return tuple(
        _collecting(capture, gc, np.flatnonzero(gc["process"] == process), int(process))
        for process in np.unique(gc["process"])
    )


def _collecting(capture: Capture, gc: Table, rows: IntArray, process: int) -> Collecting:
    mine = gc if len(rows) == len(gc) else gc.select(rows)
    t_s = mine.numbers("t_s")
    wall_s = _sum(mine, _WALL) / 1000
    forced, leak_check = mine.flags("forced"), mine.flags("leak_check")
    sched = capture.table("sched")
    sampled = sched["t_ms"][sched["process"] == process] if len(sched) else np.zeros(0)
    return Collecting(
        process=process,
        source=_place(mine, 0),
        last_source=_place(mine, len(mine) - 1),
        first_cycle=int(mine["cycle"][0]),
        t_s=t_s,
        wall_s=wall_s,
        procs=np.maximum(mine.numbers("gomaxprocs"), 1),
        cpu_s=_sum(mine, _LOAD) / 1000,
        assist_s=np.nan_to_num(mine.numbers("assist_cpu_ms")) / 1000,
        start_mb=mine.numbers("heap_start_mb"),
        live_mb=mine.numbers("heap_live_mb"),
        end_mb=mine.numbers("heap_end_mb"),
        goal_mb=mine.numbers("heap_goal_mb"),
        stacks_mb=mine.numbers("stacks_mb"),
        pause_ms=np.fmax(mine.numbers("stw_sweep_ms"), mine.numbers("stw_mark_ms")),
        asked_for=forced | leak_check | mine.flags("periodic"),
        forced=forced & ~leak_check,
        until_s=max(
            float((t_s + wall_s).max()),
            float(sampled.max()) / 1000 if len(sampled) else 0.0,
        ),
    )


def _sum(table: Table, columns: tuple[str, ...]) -> Floats:
    total = np.zeros(len(table))
    for column in columns:
        total += np.nan_to_num(table.numbers(column))
    return total


def _place(table: Table, row: int) -> str:
    return f"{table.text('input', row)}:{int(table['line'][row])}"
