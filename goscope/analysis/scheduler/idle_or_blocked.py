"""What the goroutines of a process wait for, from its dumps or from the G lines of scheddetail.

It decides between idle and blocked. What counts is who is left to act: a lock or a WaitGroup needs
another goroutine, a send needs a receiver; a connection, a timer or a signal wakes a program from
outside. Senders whose number grows are a leak, not a stop: somebody goes on starting them.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from goscope.analysis.goroutines.dumps import (
    Blocked,
    Snapshot,
    Stack,
    blocked_groups,
    snapshots_of,
    stacks_of,
)
from goscope.analysis.scheduler.thresholds import FEW_BLOCKED
from goscope.analysis.waits.lock_progress import LockProgress
from goscope.analysis.waits.orphaned import orphans, stale_senders
from goscope.analysis.waits.wakeup_graph import Dump
from goscope.analysis.waits.wakeup_graph import dumps_of as all_dumps
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_standard_library
from goscope.goruntime.goroutine_states import (
    LEAKED,
    RUNNABLE,
    RUNNING,
    SYSCALL,
    WAITING,
    name_of_status,
)
from goscope.goruntime.request_handlers import serves_a_request
from goscope.goruntime.wait_reasons import never_wakes, primitive_of, reason
from goscope.parsing.numbers import IntArray

#: What goroutines wait on that another goroutine has to end; nobody parks idle workers there.
_HELD = frozenset({"lock", "semaphore", "wait_group"})
_SYSCALLS = ("syscall.", "internal/runtime/syscall", "runtime/internal/syscall", "internal/syscall")
_SITES = 3
_LAST_DUMP = "last dump"


@dataclass(frozen=True, slots=True)
class WaitSite:
    """Goroutines that wait in one place; from scheddetail only the reason is known."""

    reason: str
    count: int
    stack: Stack | None = None
    blocked: Blocked | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """How many goroutines wait for what. The main goroutine and normal long waiters are left out."""

    source: str
    held: int  # for a lock, a WaitGroup, a semaphore: another goroutine has to end it
    queued: int  # the same, but that other one goes on, as it looks
    passing: bool  # who was held in an earlier sample of scheddetail is not any more
    sends: int  # for a receiver, or for nothing that can come (nil channels, select without cases)
    lost: (
        int  # of the senders those whom a function that is over left behind: nobody waits for them
    )
    syscalls: int
    resting: int  # for work, time, the network, or for nothing: they run
    requests: int  # that are being served
    requests_held: int  # and of them those that wait for a lock or a receiver
    outside: bool  # something from outside can wake a goroutine: a connection, a timer, a signal
    main: (
        str  # what the main goroutine does: held, sends, receives, rests, parked, or "" if unknown
    )
    queue: (
        tuple[Site | None, str] | None
    )  # where somebody goes on for whom others queue, and in what
    sites: tuple[WaitSite, ...]  # where the held, sending and stuck ones wait, most first

    @property
    def from_dump(self) -> bool:
        """Whether stacks are known."""
        return self.source == _LAST_DUMP

    @property
    def total(self) -> int:
        return self.held + self.queued + self.sends + self.syscalls + self.resting

    def share(self, count: int) -> float:
        """Of all that wait."""
        return count / max(self.total, 1)


def _kind(text: str, primitive: str | None) -> str:
    if primitive in _HELD:
        return "held"
    if never_wakes(text) or text.startswith("chan send"):
        return "sends"
    return "rests"


def _main_word(text: str, primitive: str | None) -> str:
    if text.startswith("chan receive"):
        return "receives"
    if text.startswith("select (no cases)"):
        return "parked"  # how many programs end their main function, on purpose
    return _kind(text, primitive)


def _from_outside(text: str) -> bool:
    return primitive_of(text) in ("io", "sleep")


class _Tally:
    """Adds up goroutines by what they wait for."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.sites: list[WaitSite] = []
        self.requests = self.requests_held = 0
        self.outside = False
        self.main = ""
        self.passing = False
        self.lost = 0
        self.queue: tuple[Site | None, str] | None = None

    def add(self, kind: str, site: WaitSite) -> None:
        self.counts[kind] += site.count
        if kind not in ("rests", "queued"):
            self.sites.append(site)

    def mostly(self, *kinds: str) -> bool:
        """Whether half of the goroutines wait for these; with less nothing is stuck."""
        count = sum(self.counts[kind] for kind in kinds)
        return count >= sum(self.counts.values()) / 2 > 0

    def leave_sends(self) -> None:
        """Takes senders for a leak: they hold up nobody else."""
        self.counts["rests"] += self.counts.pop("sends", 0)
        self.sites = [site for site in self.sites if _kind(site.reason, None) != "sends"]

    def waits(self, source: str) -> Waits:
        return Waits(
            source=source,
            held=self.counts["held"],
            queued=self.counts["queued"],
            passing=self.passing,
            sends=self.counts["sends"],
            lost=min(self.lost, self.counts["sends"]),
            syscalls=self.counts["syscalls"],
            resting=self.counts["rests"],
            requests=self.requests,
            requests_held=self.requests_held,
            outside=self.outside,
            main=self.main,
            queue=self.queue,
            sites=tuple(sorted(self.sites, key=lambda s: -s.count)[:_SITES]),
        )


# ---- dumps --------------------------------------------------------------------------------------


def dumps_of(capture: Capture, process: int) -> tuple[Snapshot, ...]:
    """The dumps of a process, oldest first."""
    return dict(snapshots_of(capture)).get(process, ())


def waits_in_dump(capture: Capture, dumps: Sequence[Snapshot]) -> Waits | None:
    """From the last of these dumps; the others tell what grows. None without a dump."""
    if not dumps:
        return None
    last = dumps[-1]
    tally = _tally_dump(capture, last, None)
    if tally.mostly("held") or tally.requests_held >= tally.requests / 2 > 0:
        relief = _relief(capture, dumps)
        tally = _tally_dump(capture, last, relief)
        tally.queue = relief.place
    if tally.mostly("held", "sends") and tally.counts["sends"]:
        tally.lost = _lost(capture, dumps)
    if _piles_up([_sending(capture, dump) for dump in dumps]):
        tally.leave_sends()
    return tally.waits(_LAST_DUMP)


def _tally_dump(capture: Capture, dump: Snapshot, relief: LockProgress | None) -> _Tally:
    tally = _Tally()
    for blocked in blocked_groups(capture, dump):
        for kind, part in _parted(blocked, relief):
            _add_group(tally, part, kind)
    _add_syscalls(capture, tally, dump)
    return tally


def _with_relations(capture: Capture, dumps: Sequence[Snapshot]) -> list[Dump]:
    """These dumps as goroutines that may wake each other."""
    numbers = {dump.number for dump in dumps}
    return [d for _, of in all_dumps(capture) for d in of if d.snapshot.number in numbers]


def _relief(capture: Capture, dumps: Sequence[Snapshot]) -> LockProgress:
    """Whose wait for a lock or a WaitGroup somebody ends, in the last of these dumps."""
    found = _with_relations(capture, dumps[-2:])
    return LockProgress(found[-2] if len(found) > 1 else None, found[-1])


def _lost(capture: Capture, dumps: Sequence[Snapshot]) -> int:
    """How many senders of the last of these dumps a function that has returned left behind."""
    found = _with_relations(capture, dumps)
    rows = set(stale_senders(found, least=FEW_BLOCKED))
    if len(found) > 1:
        rows.update(orphans(found[-2], found[-1]))
    return len(rows)


def _parted(blocked: Blocked, relief: LockProgress | None) -> Iterator[tuple[str, Blocked]]:
    """A group as what its goroutines wait for; a lock may be one that changes hands, or not."""
    kind = _kind(blocked.reason, blocked.primitive)
    if kind != "held" or relief is None:
        yield kind, blocked
        return
    queued = np.array([row in relief.rows for row in blocked.rows.tolist()], np.bool_)
    for word, mine in (("queued", queued), ("held", ~queued)):
        if mine.any():
            yield word, replace(blocked, rows=blocked.rows[mine])


def _add_group(tally: _Tally, blocked: Blocked, kind: str) -> None:
    functions = blocked.stack.functions
    tally.outside = tally.outside or _from_outside(blocked.reason)
    if "main.main" in functions or "runtime.main" in functions:
        waits = _main_word(blocked.reason, blocked.primitive)
        tally.main = "receives" if kind == "queued" else waits
        return
    if blocked.stack.normal is not None:
        return
    found = reason(blocked.reason)
    if found is not None and found.kind == "system_idle":
        return
    count = len(blocked.rows)
    tally.add(kind, WaitSite(blocked.reason, count, blocked.stack, blocked))
    if serves_a_request(functions):
        tally.requests += count
        tally.requests_held += count * (kind not in ("rests", "queued"))


def _add_syscalls(capture: Capture, tally: _Tally, dump: Snapshot) -> None:
    """Goroutines in system calls, and those that run, which are left to act.

    A dump stops the world, and whoever returns from a system call meanwhile becomes runnable.
    """
    stacks = stacks_of(capture)
    for state in ("syscall", "runnable", "running"):
        for stack, count in Counter(
            dump.rows["stack_id"][dump.rows.says("state", state)].tolist()
        ).items():
            known = stacks[stack]
            functions = known.functions
            if any(name.startswith("os/signal.") for name in functions):
                tally.outside = True
            if known.normal is not None or _writes_the_dump(known):
                continue
            if state == "syscall" or (functions and functions[0].startswith(_SYSCALLS)):
                tally.add("syscalls", WaitSite("syscall", count, known))
            else:
                tally.add("rests", WaitSite(state, count, known))


def _sending(capture: Capture, dump: Snapshot) -> set[int]:
    return {
        number
        for blocked in blocked_groups(capture, dump)
        if _kind(blocked.reason, blocked.primitive) == "sends" and blocked.stack.normal is None
        for number in dump.rows.at("id", blocked.rows).tolist()
    }


def _piles_up(groups: Sequence[Iterable[int]]) -> bool:
    """Whether goroutines join a group in every step, and those that were in it stay."""
    sets = [set(group) for group in groups]
    steps = list(itertools.pairwise(sets))
    return bool(steps) and all(
        len(after - before) > 0 and len(before & after) >= 0.9 * len(before) > 0
        for before, after in steps
    )


@dataclass(frozen=True, slots=True)
class Runners:
    """The goroutines of a dump that run or want to: how many, and where most of them are."""

    count: int
    here: int
    site: Site
    stack: Stack


_WRITES_THE_DUMP = ("runtime/pprof.", "runtime.Stack", "runtime/debug.Stack")


def _writes_the_dump(stack: Stack) -> bool:
    return any(name.startswith(_WRITES_THE_DUMP) for name in stack.functions)


def runners_in(capture: Capture, dump: Snapshot) -> Runners | None:
    """Who runs or is runnable in a dump, apart from who writes it; None if nobody."""
    stacks = stacks_of(capture)
    found: Counter[int] = Counter()
    for state in ("running", "runnable"):
        found.update(dump.rows["stack_id"][dump.rows.says("state", state)].tolist())
    at: dict[str | None, tuple[int, Site, Stack]] = {}
    for stack, count in found.items():
        known = stacks[stack]
        if _writes_the_dump(known):
            continue
        site = known.user_frame
        if site is None or site.function is None:
            continue
        if is_standard_library(site.function):
            site = known.frames[-1]  # nothing of the program itself: what it is part of says more
        so_far, place, stack_there = at.get(site.function, (0, site, known))
        at[site.function] = (so_far + count, place, stack_there)
    if not at:
        return None
    here, at_site, where = max(at.values(), key=lambda found: found[0])
    return Runners(sum(count for count, _, _ in at.values()), here, at_site, where)


def stack_of_goroutine(capture: Capture, process: int, goroutine: int) -> Stack | None:
    """The stack of a goroutine in the last dump that has it."""
    for dump in reversed(dumps_of(capture, process)):
        rows = np.flatnonzero(dump.rows["id"] == goroutine)
        if len(rows):
            return stacks_of(capture)[int(dump.rows["stack_id"][int(rows[0])])]
    return None


# ---- scheddetail --------------------------------------------------------------------------------


def waits_in_detail(capture: Capture, rows: IntArray) -> Waits | None:
    """From the G lines of the last of these samples that has any; None without G lines."""
    samples = capture.table("sched_goroutines")["sample"]
    if not len(samples) or not len(rows):
        return None
    first, end = np.searchsorted(samples, [int(rows[0]), int(rows[-1]) + 1])
    if end <= first:
        return None
    last = int(samples[end - 1])
    tally = _Tally()
    now = _tally_sample(capture, last, tally)
    shown = np.unique(samples[first:end])
    earlier = [shown[len(shown) // 3], shown[2 * len(shown) // 3]] if len(shown) >= 6 else []
    before = [_tally_sample(capture, int(sample), _Tally()) for sample in earlier]
    if _piles_up([*(kinds["sends"] for kinds in before), now["sends"]]):
        tally.leave_sends()
    tally.passing = any(kinds["held"] - now["held"] for kinds in before)
    return tally.waits("last sample of scheddetail")


def _tally_sample(capture: Capture, sample: int, tally: _Tally) -> defaultdict[str, set[int]]:
    """Adds the G lines of one sample; returns the goroutines that wait, by what they wait for."""
    table = capture.table("sched_goroutines")
    first, end = np.searchsorted(table["sample"], [sample, sample + 1])
    lines = table.select(np.arange(first, end))
    sites: Counter[tuple[str, str]] = Counter()
    waiting: defaultdict[str, set[int]] = defaultdict(set)
    rows = zip(lines["g"].tolist(), lines["status"].tolist(), lines.texts("reason"), strict=True)
    for g, status, text in rows:
        base = status & 0xFFF
        if base == SYSCALL:
            if g != 1:
                sites["syscalls", "syscall"] += 1
            continue
        if base in (RUNNABLE, RUNNING):
            sites["rests", name_of_status(base)] += g != 1
        if base not in (WAITING, LEAKED) or not text:
            continue
        found = reason(text)
        if found is not None and found.kind in ("system_idle", "idle_by_design", "transient"):
            continue
        tally.outside = tally.outside or _from_outside(text)
        if g == 1:
            tally.main = _main_word(text, primitive_of(text))
            continue
        kind = _kind(text, primitive_of(text))
        sites[kind, text] += 1
        waiting[kind].add(g)
    for (kind, text), count in sites.items():
        tally.add(kind, WaitSite(text, count))
    return waiting
