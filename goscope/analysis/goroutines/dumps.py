"""Goroutines as rules look at them: the latest dumps, stacks as sites, groups by where they block."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TypeAlias

import numpy as np

from goscope.analysis.goroutines.grouping import group_some
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.capture.linking.instances import moments_of_names
from goscope.findings.findings import Group, Site
from goscope.goruntime.crash_kinds import ASKED, RECOVERED
from goscope.goruntime.function_names import is_standard_library
from goscope.goruntime.long_waiters import LongWaiter, normal_long_wait
from goscope.goruntime.wait_reasons import primitive_of
from goscope.tables.table import Bools, Ints, Table

SYSCALL = "syscall"
"""The state of a goroutine in a system call, which has no wait reason."""

# Frames that only dumps of a signal with GOTRACEBACK=system or crash show (runtime/traceback.go: showframe):
# those of the runtime that are not exported, and wrappers that the compiler made.
_HIDDEN = re.compile(r"runtime\.[a-z]|.*(?:\.(?:gowrap|deferwrap)[0-9]+|·dwrap·[0-9]+)$")
_PRIMITIVES = ("runtime.", "internal/", "sync.", "syscall.", "time.Sleep")
#: Not all goroutines stand below these.
_PARTIAL = RECOVERED | {"goleak"}
_IDS_SHOWN = 20
_MOST_DUMPS = 1_000  # of one process


#: Function and line of each frame, innermost first; those of the go statement come last.
Signature: TypeAlias = tuple[tuple[str | None, int | None], ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """A distinct stack: all frames, innermost first, and the go statement that started it.

    ``elided`` counts the frames that Go left out.
    """

    frames: tuple[Site, ...]
    created_by: Site | None
    elided: int = field(default=0, compare=False)

    @property
    def functions(self) -> tuple[str, ...]:
        return tuple(frame.function or "" for frame in self.frames)

    @property
    def user_frame(self) -> Site | None:
        """The innermost frame that is the program's own; without one, the innermost that tells something.

        The frames of the runtime and of the primitives, of which signal dumps show more, tell nothing: where
        there are no others, the go statement stands for the stack, if it is the program's.
        """
        named = [frame for frame in self.frames if frame.function]
        own = (f for f in named if not is_standard_library(f.function or ""))
        telling = (f for f in named if not (f.function or "").startswith(_PRIMITIVES))
        made = self.created_by
        if made is not None and (not made.function or is_standard_library(made.function)):
            made = None
        return next(own, None) or next(telling, None) or made or next(iter(self.frames), None)

    @property
    def shown_frames(self) -> tuple[Site, ...]:
        """The frames that every kind of dump shows; all of them if there are none."""
        return tuple(f for f in self.frames if not _HIDDEN.match(f.function or "")) or self.frames

    @property
    def signature(self) -> Signature:
        """What goroutines of one group have in common, over dumps of all kinds and restarts.

        Lines tell, not files: a program that was built in two places is the same program.
        """
        made, frames = self.created_by, self.shown_frames
        # Up to 1.20 the wrapper of "go f(x)", which only some dumps show, is named like a closure: it is
        # known by the line of the go statement.
        wrapped = made is not None and (frames[-1:] and frames[-1].line) == made.line
        if wrapped and len(frames) > 1:
            frames = frames[:-1]
        return (
            *((frame.function, frame.line) for frame in frames),
            (None, None) if made is None else (made.function, made.line),
        )

    @property
    def normal(self) -> LongWaiter | None:
        """Why a goroutine with this stack may wait for long without being a leak."""
        creator = self.created_by.function if self.created_by else None
        return normal_long_wait(self.functions, creator)

    @property
    def runs_test(self) -> bool:
        """Whether it runs the function of a test, and does not wait there for another test."""
        telling = (f for f in self.functions if not f.startswith(_PRIMITIVES))
        return "testing.tRunner" in self.functions and not next(telling, "").startswith("testing.")

    @property
    def waits_for_lock(self) -> bool:
        """Whether it waits for a Mutex or RWMutex: up to 1.19 only the frames tell."""
        return any(
            f.startswith(("sync.(*Mutex).", "sync.(*RWMutex).", "internal/sync.(*Mutex)."))
            for f in self.functions[:5]
        )


class StackTable:
    """The distinct stacks of a capture."""

    def __init__(self, capture: Capture):
        frames, stacks = capture.table("frames"), capture.table("stacks")
        own = frames.select(frames["ancestor"] == 0)
        functions, files = own.texts("function"), own.texts("file")
        lines = [None if np.isnan(n) else int(n) for n in own.numbers("line")]
        sites = [Site(*place) for place in zip(functions, files, lines, strict=True)]
        bounds = np.searchsorted(own["stack_id"], np.arange(len(stacks) + 1)).tolist()
        creators, places = stacks.texts("creator"), stacks.texts("creator_file")
        rows = stacks.numbers("creator_line")
        elided = stacks.numbers("elided", 0).tolist()
        self._stacks = [
            Stack(
                tuple(sites[bounds[i] : bounds[i + 1]]),
                None
                if creators[i] is None
                else Site(creators[i], places[i], None if np.isnan(rows[i]) else int(rows[i])),
                int(elided[i]),
            )
            for i in range(len(stacks))
        ]

    def __getitem__(self, stack: int) -> Stack:
        return self._stacks[stack]

    def __len__(self) -> int:
        return len(self._stacks)


@once_per_capture
def stacks_of(capture: Capture) -> StackTable:
    """The stacks of a capture, made once for all rules."""
    return StackTable(capture)


@once_per_capture
def same_stack(capture: Capture) -> Ints:
    """For each stack the number of the first one with its signature; -1, no stack, gives -1."""
    stacks = stacks_of(capture)
    first: dict[Signature, int] = {}
    same = [first.setdefault(stacks[n].signature, n) for n in range(len(stacks))]
    return np.array([*same, -1], np.int64)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A dump: its number, place, and the rows of the goroutines table that it holds."""

    number: int
    source: str
    rows: Table


@once_per_capture
def snapshots_of(capture: Capture) -> tuple[tuple[int, tuple[Snapshot, ...]], ...]:
    """The dumps of each process, oldest first, as (process, dumps).

    Dumps that a crash printed are left out, except those that somebody asked for with a signal: they
    show a program that was dying, and often one goroutine only.
    Files are put in order by the numbers, times and words of their names, whatever the order in which they
    were read; where these tell nothing, by the highest id of a goroutine, for ids only rise. A dump inside
    a log of traces is the one that ended the program (SIGQUIT, a crash), so it comes after them.
    """
    goroutines, snapshots = capture.table("goroutines"), capture.table("snapshots")
    names = snapshots.texts("input")
    numbers: dict[int, list[int]] = {}
    found: dict[int, list[Snapshot]] = {}
    bounds = np.searchsorted(goroutines["snapshot_id"], np.arange(len(snapshots) + 1))
    processes, lines = snapshots["process"].tolist(), snapshots["line"].tolist()
    crashed, crashes = snapshots.present("crash").tolist(), snapshots["crash"].tolist()
    kinds = capture.table("crashes").texts("kind")
    for row in range(len(snapshots)):
        if crashed[row] and kinds[crashes[row]] not in ASKED:
            continue
        numbers.setdefault(processes[row], []).append(row)
    for process, dumps_of in numbers.items():
        for row in _most(dumps_of):
            rows = goroutines.select(np.arange(bounds[row], bounds[row + 1]))
            found.setdefault(process, []).append(Snapshot(row, f"{names[row]}:{lines[row]}", rows))
    logs = set(capture.table("sched").categories("input")) | set(
        capture.table("gc").categories("input")
    )
    for process, dumps in found.items():
        files = _in_order([(str(names[dump.number]), dump.rows) for dump in dumps])
        place = {file: (file in logs, number) for number, file in enumerate(files)}
        found[process] = [
            dump
            for _, dump in sorted(
                ((place[str(names[dump.number])], dump) for dump in dumps), key=itemgetter(0)
            )
        ]
    return tuple((process, tuple(dumps)) for process, dumps in sorted(found.items()))


def _in_order(dumps: Sequence[tuple[str, Table]]) -> list[str]:
    """The files that hold dumps of a process, the earliest first, given the goroutines of each dump."""
    highest: dict[str, int] = {}
    for file, rows in dumps:
        highest[file] = max(highest.get(file, -1), int(rows["id"].max(initial=-1)))
    files = list(highest)
    moments = moments_of_names(files) or [(highest[file],) for file in files]
    return [file for _, file in sorted(zip(moments, files, strict=True))]


def printed_by(capture: Capture, dump: int) -> str | None:
    """The kind of the crash that printed a dump, by its number; None for one that no crash did."""
    crashes, snapshots = capture.table("crashes"), capture.table("snapshots")
    if not snapshots.present("crash")[dump]:
        return None
    return crashes.text("kind", int(snapshots["crash"][dump]))


@once_per_capture
def last_snapshots_of(capture: Capture) -> tuple[tuple[int, tuple[Snapshot, ...]], ...]:
    """The dumps of each process, or the last one that a crash printed where there is no other.

    What one dump alone can show (locks, waits that nothing ends) is there whatever stands above it: a
    test timeout, "all goroutines are asleep", the panic of a watchdog.
    """
    found = dict(snapshots_of(capture))
    goroutines, snapshots = capture.table("goroutines"), capture.table("snapshots")
    bounds = np.searchsorted(goroutines["snapshot_id"], np.arange(len(snapshots) + 1))
    crashed: dict[int, Snapshot] = {}
    for row in np.flatnonzero(snapshots.present("crash")).tolist():
        process = int(snapshots["process"][row])
        if process not in found and printed_by(capture, row) not in _PARTIAL:
            rows = goroutines.select(np.arange(bounds[row], bounds[row + 1]))
            crashed[process] = Snapshot(row, snapshots.place(row), rows)
    found |= {process: (dump,) for process, dump in crashed.items()}
    return tuple(sorted(found.items(), key=lambda item: item[0]))


def ids_fall(capture: Capture, dumps: Sequence[Snapshot]) -> bool:
    """Whether a later dump has lower ids only: the newest goroutines ended, or it is of another process.

    Those count that the program started: who made the dump, and who serves a connection, come
    and go, and their ids need not rise, since each P takes 16 at a time (``newproc1`` in runtime/proc.go).
    """
    stacks = stacks_of(capture)
    highest = [_highest_own(dump, stacks) for dump in dumps]
    return any(later < earlier for earlier, later in itertools.pairwise(highest))


def _highest_own(dump: Snapshot, stacks: StackTable) -> int:
    rows = dump.rows
    ours = [
        number
        for number in np.unique(rows["stack_id"]).tolist()
        if (created := stacks[number].created_by)
        and not is_standard_library(created.function or "")
    ]
    running = rows.says("state", "running")
    return int(rows["id"][~running & np.isin(rows["stack_id"], ours)].max(initial=-1))


def _most(dumps: list[int]) -> list[int]:
    """The dumps to look at: all, or the first and the last of thousands."""
    half = _MOST_DUMPS // 2
    return dumps if len(dumps) <= _MOST_DUMPS else [*dumps[:half], *dumps[-half:]]


@dataclass(frozen=True, slots=True)
class Blocked:
    """Goroutines of one dump with one stack and one wait reason."""

    stack: Stack
    reason: str
    snapshot: Snapshot
    rows: Ints

    @property
    def primitive(self) -> str | None:
        """What they wait on; a semacquire inside a lock is a lock."""
        if self.reason == "semacquire" and self.stack.waits_for_lock:
            return "lock"
        return primitive_of(self.reason)

    def group(self) -> Group:
        ids = self.snapshot.rows.at("id", self.rows)
        return Group(len(ids), tuple(sorted(ids.tolist())[:_IDS_SHOWN]))

    def parent(self) -> int | None:
        """The goroutine that started them, if it is one and the same."""
        rows = self.snapshot.rows
        parents = set(rows.at("parent", self.rows).tolist())
        if len(parents) != 1 or not rows.present("parent")[self.rows].all():
            return None
        return int(parents.pop())

    def line_source(self) -> str:
        """Input and line of the first of them."""
        return self.snapshot.rows.place(int(self.rows[0]))


def blocked_groups(capture: Capture, snapshot: Snapshot) -> Iterator[Blocked]:
    """The waiting goroutines of a dump, by stack and wait reason, larger groups first."""
    return blocked_among(capture, snapshot, snapshot.rows["wait_reason"] >= 0)


def syscall_groups(capture: Capture, snapshot: Snapshot) -> Iterator[Blocked]:
    """The goroutines of a dump that are in a system call, by stack, larger groups first."""
    rows = snapshot.rows
    inside = rows.says("state", SYSCALL) & (rows["wait_reason"] < 0)
    return blocked_among(capture, snapshot, inside)


def blocked_among(capture: Capture, snapshot: Snapshot, chosen: Bools | Ints) -> Iterator[Blocked]:
    """Some rows of a dump by stack and wait reason, or state without one; larger groups first."""
    stacks, rows = stacks_of(capture), snapshot.rows
    reasons, states = rows.categories("wait_reason"), rows.categories("state")
    number, reason, state = rows["stack_id"], rows["wait_reason"], rows["state"]
    for mine in group_some(chosen, same_stack(capture)[number], reason):
        first = int(mine[0])
        why = reasons[reason[first]] if reason[first] >= 0 else states[state[first]]
        yield Blocked(stacks[int(number[first])], why, snapshot, mine)
