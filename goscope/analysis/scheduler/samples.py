"""The SCHED lines of one process as columns, with what the P lines add to them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields, replace

import numpy as np

from goscope.capture.capture import Capture
from goscope.parsing.numbers import IntArray
from goscope.tables.row_selection import representative_rows
from goscope.tables.table import Bools, Floats, Ints, Table

#: Medians and shares need no more samples than these.
_MOST_SAMPLES = 20_000


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one process, oldest first. Numbers are per sample; what is not known is NaN.

    ``idle`` counts Ps, those in system calls among them; ``waiting`` counts the goroutines of all run
    queues. ``still_ms`` is the longest time for which a P's schedtick has stood still while no P was
    idle. A schedtick that stands still says nothing on an idle P, and little at light load: a
    goroutine that another one readies runs in the time slice of that one, without a tick
    (``execute`` with ``inheritTime``). ``late_ms`` is known of lines that follow one another: a thread of
    its own prints them (``sysmon``), which needs no P, only a CPU.
    """

    process: int
    source: str
    rows: IntArray  # of the sched table
    t_ms: Floats
    procs: Floats
    idle: Floats
    spinning: Floats
    waiting: Floats
    local_max: Floats
    threads: Floats
    busy_threads: Floats
    still_ms: Floats
    late_ms: Floats  # how much later than the others it comes
    stopping: Bools  # the GC waits for Ps to stop; scheddetail only, else False
    running_on: str = ""  # the Ps that run in the last sample while the world is being stopped

    def __len__(self) -> int:
        return len(self.t_ms)

    def thinned(self) -> Samples:
        """Every so many of them, where there are more than medians and shares need."""
        return self.part(slice(None, None, max(len(self) // _MOST_SAMPLES, 1)))

    def part(self, which: Bools | slice) -> Samples:
        """Some of the samples."""
        columns = {
            f.name: getattr(self, f.name)[which]
            for f in fields(self)
            if f.name not in ("process", "source", "running_on")
        }
        found = replace(self, **columns)
        ends = len(found) and found.rows[-1] == self.rows[-1]
        return found if ends else replace(found, running_on="")

    @property
    def load(self) -> Floats:
        """Goroutines that wait to run, per P."""
        return self.waiting / self.procs

    @property
    def idle_share(self) -> Floats:
        """The share of idle Ps."""
        return self.idle / self.procs

    @property
    def working(self) -> Floats:
        """Ps that run a goroutine: neither idle nor held by a thread that looks for work."""
        working: Floats = np.clip(self.procs - self.idle - np.nan_to_num(self.spinning), 0, None)
        return working

    @property
    def all_busy(self) -> Bools:
        """Where no P is idle."""
        return np.asarray(self.idle <= 0)

    @property
    def threads_per_p(self) -> float:
        """The usual number of threads per P that are not parked; 0 if that is not known."""
        share = self.busy_threads / self.procs
        return float(np.median(share)) if not np.isnan(share).any() else 0.0


def samples_of(capture: Capture, process: int) -> Samples:
    """The samples of a process that printed at least one SCHED line."""
    sched = capture.table("sched")
    rows = np.flatnonzero(sched["process"] == process)
    common = rows[representative_rows(sched)[rows]]
    rows = common if len(common) else rows
    if len(rows) > 1 and sched["t_ms"][rows[0]] == 0:
        rows = rows[1:]  # the first line is printed while the program starts
    mine = sched.select(rows)
    procs = mine.numbers("gomaxprocs")
    local = mine.numbers("local_sum")
    listed, in_syscall = _from_processors(capture, rows)
    threads = mine.numbers("threads")
    parked = mine.numbers("idlethreads") + np.maximum(mine.numbers("nmidlelocked", 0), 0)
    idle: Floats = np.minimum(mine.numbers("idleprocs", 0) + in_syscall, procs)
    t_ms = mine.numbers("t_ms")
    stopping = mine.flags("gcwaiting") & (mine.numbers("stopwait", 0) > 0)
    return Samples(
        process=process,
        source=mine.place(0),
        rows=rows,
        t_ms=t_ms,
        procs=np.maximum(procs, 1),
        idle=idle,
        spinning=mine.numbers("spinningthreads"),
        waiting=mine.numbers("runqueue", 0) + np.where(np.isnan(local), listed, local),
        local_max=mine.numbers("local_max", 0),
        threads=threads,
        busy_threads=threads - parked,
        still_ms=_still(capture, rows, t_ms, idle),
        late_ms=_late(capture, mine, rows, t_ms),
        stopping=stopping,
        running_on=_running_on(capture, int(rows[-1])) if stopping[-1] else "",
    )


#: ``sysmon`` sleeps for as long between two looks.
_TICK_MS = 10.0


def _late(capture: Capture, mine: Table, rows: IntArray, t_ms: Floats) -> Floats:
    """By how much longer each line took to come than a quarter of them, where none can be missing.

    ``sysmon`` prints a line when the period has passed, and wakes every 10 ms at least. P, M and G lines
    take time to print, so a sample that has them tells nothing. Nor does a line that comes a whole period
    late: the one before it may have been left out by whoever kept the log.
    """
    late = np.full(len(rows), np.nan)
    unread = {one.name for one in capture.inputs if one.unparsed_count}
    torn = len(capture.table("procs")) or "sched" in capture.selected
    if len(rows) < 2 or torn or unread.intersection(mine.texts("input")):
        return late
    steps = np.diff(t_ms)
    follows = (np.diff(rows) == 1) & (np.diff(mine["line"]) > 0) & (steps > 0)
    if follows.any():
        usual = np.percentile(steps[follows], 25)
        beats = np.round(steps / usual)
        skips = (beats > 1) & (np.abs(steps - beats * usual) <= _TICK_MS)
        late[1:][follows] = np.where(skips, 0, steps - usual)[follows]
    return late


#: The status of a P that runs a goroutine (``_Prunning``).
_RUNNING = 1
_NAMED = 3


def _running_on(capture: Capture, sample: int) -> str:
    """The Ps that run in a sample, with their threads and goroutines: ``P0 (M3, goroutine 6)``."""
    table, threads = capture.table("procs"), capture.table("threads")
    mine = table.select((table["sample"] == sample) & table.present("sample"))
    there = threads.select((threads["sample"] == sample) & threads.present("sample"))
    goroutines = dict(zip(there["m"].tolist(), there.numbers("curg", -1).tolist(), strict=True))
    running = mine.select(np.flatnonzero(mine.numbers("status") == _RUNNING))
    found = []
    for p, m in zip(running["p"].tolist(), running.numbers("on_m", -1).tolist(), strict=True):
        goroutine = goroutines.get(int(m), -1)
        names = [f"M{m:.0f}"] if m >= 0 else []
        names += [f"goroutine {goroutine:.0f}"] if goroutine >= 0 else []
        found.append(f"P{p}" + (f" ({', '.join(names)})" if names else ""))
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def _from_processors(capture: Capture, rows: IntArray) -> tuple[Floats, Floats]:
    """From P lines, for each sample: the sum of the queues, and how many Ps sit in a system call.

    Up to 1.25 a P whose goroutine is in a system call keeps status 2 and does not count as idle,
    though it does no work; from 1.26 such a P is not told apart.
    """
    table = capture.table("procs")
    if not len(table):
        return np.zeros(len(rows)), np.zeros(len(rows))
    size = len(capture.table("sched"))
    placed = table.present("sample")
    known = table["sample"][placed]
    queues = table.numbers("runqsize", 0)[placed]
    status = table.numbers("status")[placed]
    sums: Floats = np.bincount(known, weights=queues, minlength=size).astype(np.float64)
    stopped = (status == 2).astype(np.float64)
    syscalls: Floats = np.bincount(known, weights=stopped, minlength=size).astype(np.float64)
    return sums[rows], syscalls[rows]


@dataclass(frozen=True, slots=True)
class _Ticks:
    """The schedticks of samples: ``flat[begins[i]]`` is that of P 0 in sample i."""

    flat: Ints
    begins: IntArray
    listed: Ints  # how many Ps each sample lists

    def of(self, a: int, b: int) -> Ints:
        """The samples from a to b, which list the same Ps: a row for each."""
        begins, count = self.begins[a:b], int(self.listed[a])
        if (np.diff(begins) == count).all():
            run: Ints = self.flat[begins[0] : begins[0] + count * (b - a)]
            return run.reshape(b - a, count)
        return np.asarray(self.flat[begins[:, None] + np.arange(count)])


def _ticks(capture: Capture, rows: IntArray) -> _Ticks:
    sched, table = capture.table("sched"), capture.table("procs")
    counts = sched.counts("schedticks")
    if counts[rows].any():
        begins = (np.cumsum(counts) - counts)[rows]
        return _Ticks(sched.cells("schedticks").values, begins, counts[rows])
    placed = np.flatnonzero(table.present("sample") & table.present("schedtick"))
    flat, sample = table["schedtick"][placed], table["sample"][placed]
    begins = np.searchsorted(sample, rows)
    return _Ticks(flat, begins, np.searchsorted(sample, rows, side="right") - begins)


def _segments(ticks: _Ticks) -> list[tuple[int, int]]:
    """Stretches of samples that list the same number of Ps."""
    size = len(ticks.listed)
    cuts = [0, *(np.flatnonzero(np.diff(ticks.listed)) + 1).tolist(), size]
    return [(a, b) for a, b in itertools.pairwise(cuts) if b - a > 1 and ticks.listed[a] > 0]


def _still(capture: Capture, rows: IntArray, t_ms: Floats, idle: Floats) -> Floats:
    """For each sample, for how long the tick of some P has stood still with no P idle."""
    ticks = _ticks(capture, rows)
    longest = np.full(len(rows), np.nan)
    busy = idle <= 0
    for a, b in _segments(ticks):
        longest[a:b] = 0
        both_busy = busy[a + 1 : b] & busy[a : b - 1]
        if not both_busy.any():
            continue
        of_p = ticks.of(a, b)
        still = (of_p[1:] == of_p[:-1]) & both_busy[:, None]
        for p in np.flatnonzero(still.any(axis=0)).tolist():
            np.maximum(longest[a:b], _since_moved(still[:, p], t_ms[a:b]), out=longest[a:b])
    return longest


def _since_moved(still: Bools, t_ms: Floats) -> Floats:
    """The time since the last sample that was not the same as the one before it."""
    moved = np.append(True, ~still)
    since = np.maximum.accumulate(np.where(moved, np.arange(len(moved)), 0))
    return np.asarray(t_ms - t_ms[since], np.float64)


@dataclass(frozen=True, slots=True)
class Keeper:
    """A P whose schedtick stood still, from when to when, and the goroutine that it ran, if known."""

    p: int
    start_ms: float
    end_ms: float
    goroutine: int | None
    source: str

    @property
    def ms(self) -> float:
        return self.end_ms - self.start_ms


def longest_keeper(capture: Capture, s: Samples) -> Keeper | None:
    """Who kept a P the longest; None if no tick stood still."""
    if not len(s) or np.isnan(s.still_ms).all() or np.nanmax(s.still_ms) <= 0:
        return None
    end = int(np.nanargmax(s.still_ms))
    ms = float(s.still_ms[end])
    ticks = _ticks(capture, s.rows)
    start = int(np.searchsorted(s.t_ms, s.t_ms[end] - ms))
    for p in range(int(ticks.listed[end])):
        span = ticks.flat[ticks.begins[start : end + 1] + p]
        if (span == span[0]).all():
            return Keeper(
                p,
                float(s.t_ms[start]),
                float(s.t_ms[end]),
                _runs_on(capture, s.rows[start : end + 1], p),
                capture.table("sched").place(int(s.rows[end])),
            )
    return None


def _runs_on(capture: Capture, rows: IntArray, p: int) -> int | None:
    """The goroutine that M lines show on a P in all these samples; None if it is not one and the same."""
    threads = capture.table("threads")
    at = np.flatnonzero(np.isin(threads["sample"], rows) & threads.present("sample"))
    mine = threads.select(at)
    there = (mine.numbers("on_p") == p) & mine.present("curg")
    found = set(mine["curg"][there].tolist())
    return int(found.pop()) if len(found) == 1 and there.sum() >= len(rows) - 1 else None
