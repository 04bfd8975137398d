"""How many threads a process has over time, and which goroutines hold them.

Facts behind the numbers, all of the Go runtime:

* A thread is made when goroutines could run and no parked thread is left, and is hardly ever given back.
  So a burst of system calls leaves its threads behind, parked: a high-water mark, and no leak.
* A thread is bound while its goroutine is in a blocking system call, or locked to it
  (runtime.LockOSThread). Bound threads that become more and more are a leak.
* A goroutine that ends while it is locked ends its thread too, so threads can also become fewer.
* At 10,000 threads the program is killed (debug.SetMaxThreads).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from goscope.analysis.goroutines.dumps import Snapshot, Stack, snapshots_of, stacks_of
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.findings.findings import Group, Site
from goscope.tables.table import Floats

#: Growth is looked at in so many parts of the time.
_PARTS = 4
#: How much of the mean pace the last part must have.
_LEAST_PACE = 0.5


@dataclass(frozen=True, slots=True)
class Threads:
    """The SCHED lines of one process, a number per line."""

    process: int
    source: str
    last_source: str
    t_s: Floats
    threads: Floats
    bound: Floats  # not parked: they run, sit in a system call, or are locked to a goroutine

    @property
    def seconds(self) -> float:
        return float(self.t_s[-1] - self.t_s[0])

    @property
    def growth(self) -> float:
        """How many more threads are bound in the last part of the time than in the first."""
        parts = self._parts()
        return parts[-1] - parts[0] if len(parts) == _PARTS else 0.0

    @property
    def grows(self) -> bool:
        """Whether more and more threads are bound, from part to part and to the end."""
        parts = self._parts()
        if len(parts) < _PARTS:
            return False
        steps = np.diff(parts)
        return bool((steps > 0).all() and steps[-1] >= _LEAST_PACE * steps.mean())

    @property
    def per_minute(self) -> float:
        """Growth of the bound threads, by the line through all samples."""
        dt = self.t_s - self.t_s.mean()
        width = float((dt**2).sum())
        return 60 * float((dt * self.bound).sum()) / width if width else 0.0

    def _parts(self) -> list[float]:
        """The median of the bound threads in equal parts of the time."""
        edges = np.linspace(self.t_s[0], self.t_s[-1], _PARTS + 1)[1:-1]
        part = np.searchsorted(edges, self.t_s, side="right")
        return [float(np.median(self.bound[part == k])) for k in range(_PARTS) if (part == k).any()]


@once_per_capture
def threads_of(capture: Capture) -> tuple[Threads, ...]:
    """The thread counts of each process that printed SCHED lines."""
    sched = capture.table("sched")
    found = []
    for process in sched.distinct("process"):
        mine = sched.select(sched["process"] == process)
        threads = mine.numbers("threads")
        known = np.flatnonzero(~np.isnan(threads))
        if not len(known):
            continue
        mine, threads = mine.select(known), threads[known]
        found.append(
            Threads(
                process=int(process),
                source=mine.place(0),
                last_source=mine.place(len(mine) - 1),
                t_s=mine.numbers("t_ms") / 1000,
                threads=threads,
                bound=threads - mine.numbers("idlethreads", 0),
            )
        )
    return tuple(found)


def locked_in_detail(capture: Capture, process: int) -> tuple[int, str] | None:
    """How many threads are locked to a goroutine in the last sample of scheddetail, and where it stands."""
    table = capture.table("threads")
    mine = np.flatnonzero((table["process"] == process) & table.present("sample"))
    if not len(mine):
        return None
    last = mine[table["sample"][mine] == table["sample"][mine].max()]
    locked = int(table.present("lockedg")[last].sum())
    return locked, table.place(int(last[0]))


@dataclass(frozen=True, slots=True)
class Holders:
    """Goroutines of one stack that hold a thread each, in the dumps of a process, oldest first."""

    process: int
    stack: Stack
    how: str  # "locked to thread" or "syscall"
    waits_in: str | None
    counts: tuple[int, ...]
    group: Group
    parent: int | None
    sources: tuple[str, ...]

    @property
    def grows(self) -> bool:
        """More in every dump than in the one before."""
        return len(self.counts) > 1 and bool((np.diff(self.counts) > 0).all())

    @property
    def site(self) -> Site | None:
        return self.stack.user_frame


@once_per_capture
def holders_of(capture: Capture) -> tuple[Holders, ...]:
    """The goroutines that hold threads, by stack: larger groups of the last dump first."""
    found = [
        holders
        for process, dumps in snapshots_of(capture)
        for how in ("locked to thread", "syscall")
        for holders in _holders(capture, process, dumps, how)
    ]
    return tuple(sorted(found, key=lambda h: -h.group.count))


def _holders(
    capture: Capture, process: int, dumps: tuple[Snapshot, ...], how: str
) -> Iterator[Holders]:
    stacks = stacks_of(capture)
    held = [_held(dump, how) for dump in dumps]
    if not held or not len(held[-1]):
        return
    last = dumps[-1].rows
    places = {number: _place(stacks[number]) for rows in held for number in set(rows.values())}
    for place in sorted({places[number] for number in held[-1].values()}, key=str):
        counts = tuple(sum(places[n] == place for n in rows.values()) for rows in held)
        mine = np.array([row for row, n in held[-1].items() if places[n] == place])
        ids = sorted(last["id"][mine].tolist())
        parents = (
            set(last["parent"][mine].tolist()) if last.present("parent")[mine].all() else set()
        )
        reasons = {last.text("wait_reason", int(row)) for row in mine[:100]}
        yield Holders(
            process=process,
            stack=stacks[int(last["stack_id"][mine[0]])],
            how=how,
            waits_in=reasons.pop() if len(reasons) == 1 else None,
            counts=counts,
            group=Group(len(ids), tuple(ids[:20])),
            parent=int(parents.pop()) if len(parents) == 1 else None,
            sources=tuple(dump.source for dump in dumps),
        )


def _held(dump: Snapshot, how: str) -> dict[int, int]:
    """Row and stack of each goroutine of a dump that holds a thread in this way."""
    rows = dump.rows
    locked = rows.flags("locked")
    if how == "syscall":
        held = np.flatnonzero(rows.says("state", "syscall") & ~locked)
    else:
        held = np.flatnonzero(locked & (rows["id"] != 1))
    return dict(zip(held.tolist(), rows["stack_id"][held].tolist(), strict=True))


def _place(stack: Stack) -> tuple[object, ...]:
    """What makes two stacks one: the own function that is innermost, and the go statement."""
    site = stack.user_frame
    return (site.function if site else None, stack.created_by)
