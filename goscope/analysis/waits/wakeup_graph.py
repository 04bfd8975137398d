"""Who can act in a dump, who waits for another goroutine, and who could end that wait.

A channel's address is in no dump, and a lock is not printed with its holder. What is known is kinship
(``created by ... in goroutine N``), the pointers that goroutines were given, and the types whose methods
they are in. A relation found there says that one *may* wake the other. All of them together are read
generously: a relation to somebody who can act only ever speaks against an alarm.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from goscope.analysis.goroutines.dumps import (
    Blocked,
    Snapshot,
    Stack,
    StackTable,
    blocked_among,
    last_snapshots_of,
    snapshots_of,
    stacks_of,
)
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.goruntime.function_names import declared_name, is_standard_library, split_name
from goscope.goruntime.wait_reasons import primitive_of, reason
from goscope.tables.table import Ints

HEAP_FROM = 0x1000_0000
"""Below lie the code and the constants of a program: two goroutines may both point there and have
nothing in common."""

MOST_SHARING = 1000
"""A pointer that more goroutines have than these (a logger, a context) relates nobody."""

SHORT_NAP_NS = 1_000_000_000
"""Dumps are taken some seconds apart: whoever sleeps for no longer than this has come round between them."""

#: What goroutines may have in common; who shares one with another may wake it.
Tie: TypeAlias = tuple[str, object]


class WakeSource(Enum):
    """What ends a goroutine's wait."""

    AWAKE = "awake"  # it runs, can run, or is in a system call
    EXTERNAL = "external"  # time or a peer: network, sleep, known long waiters
    PEER_OR_TIMER = (
        "peer or timer"  # another goroutine or a timer: select and chan receive do not tell
    )
    PEER = "peer"  # only another goroutine
    NONE = "none"  # nothing
    RUNTIME = "runtime"  # a goroutine of the runtime itself: it wakes nobody


CAN_ACT = frozenset({WakeSource.AWAKE, WakeSource.EXTERNAL})
NEEDS_OTHERS = frozenset({WakeSource.PEER_OR_TIMER, WakeSource.PEER})


@dataclass(frozen=True, slots=True)
class Traits:
    """What a stack says about whom its goroutines have to do with; of the program's own code."""

    packages: frozenset[str]
    types: frozenset[tuple[str, str]]
    functions: frozenset[str]  # those whose closures it runs, or that started it
    harness: bool  # the main function or a test lies at the bottom


class Word(NamedTuple):
    """An argument word of a goroutine that may be a pointer."""

    depth: int
    position: int
    value: int
    sure: bool


class Dump:
    """A dump as goroutines that may wake each other; a goroutine is its row in the snapshot."""

    def __init__(self, capture: Capture, snapshot: Snapshot):
        self.snapshot = snapshot
        self._capture = capture
        self.stacks: StackTable = stacks_of(capture)
        self._traits: dict[int, Traits] = {}
        self._common: dict[int, list[Tie]] = {}

    # The columns as lists, made when they are asked for: a dump may hold 100,000 goroutines.

    @cached_property
    def ids(self) -> list[int]:
        """Goroutine ids."""
        return _listed(self.snapshot.rows["id"])

    @cached_property
    def stack(self) -> list[int]:
        """Numbers of the distinct stacks."""
        return _listed(self.snapshot.rows["stack_id"])

    @cached_property
    def states(self) -> list[str | None]:
        """Status names."""
        return self.snapshot.rows.texts("state")

    @cached_property
    def reasons(self) -> list[str | None]:
        """Wait reasons."""
        return self.snapshot.rows.texts("wait_reason")

    @cached_property
    def parents(self) -> list[int]:
        """The ids of those who started them, -1 where none is printed."""
        rows = self.snapshot.rows
        return _listed(np.where(rows.present("parent"), rows["parent"], -1))

    @cached_property
    def addresses(self) -> list[int]:
        """What they wait for, 0 where it is unknown."""
        rows = self.snapshot.rows
        return _listed(np.where(rows.present("waits_on"), rows["waits_on"], 0))

    def stack_of(self, row: int) -> Stack:
        """Its distinct stack."""
        return self.stacks[self.stack[row]]

    def traits(self, row: int) -> Traits:
        """Whom its stack has to do with."""
        number = self.stack[row]
        if number not in self._traits:
            self._traits[number] = _traits(self.stacks[number])
        return self._traits[number]

    def reason(self, row: int) -> str:
        """Why it waits, or its state, in Go's words."""
        return self.reasons[row] or self.states[row] or ""

    def same(self, row: int, other: Dump, other_row: int) -> bool:
        """Whether a goroutine is where it was in another dump."""
        return (self.stack[row], self.reasons[row]) == (
            other.stack[other_row],
            other.reasons[other_row],
        )

    @cached_property
    def row_of(self) -> dict[int, int]:
        """The row of each goroutine id."""
        return {goroutine: row for row, goroutine in enumerate(self.ids)}

    @cached_property
    def _kinds(self) -> tuple[list[WakeSource], Ints]:
        """The wake_sources of what there is of stack, state and reason, and which of these each row has."""
        rows = self.snapshot.rows
        states, reasons = (len(rows.categories(c)) + 1 for c in ("state", "wait_reason"))
        codes = (rows["stack_id"] * states + rows["state"] + 1) * reasons + rows["wait_reason"] + 1
        _, first, kind_of = np.unique(codes, return_index=True, return_inverse=True)
        wake_sources = [
            _standing(
                self.stacks[int(rows["stack_id"][at])],
                rows.text("state", at),
                rows.text("wait_reason", at),
            )
            for at in first.tolist()
        ]
        kind_of[rows["id"] == 0] = len(wake_sources)  # the scheduler of a thread
        return [*wake_sources, WakeSource.RUNTIME], kind_of

    @cached_property
    def wake_sources(self) -> list[WakeSource]:
        """The standing of each goroutine."""
        wake_sources, kind_of = self._kinds
        return list(map(wake_sources.__getitem__, kind_of.tolist()))

    def waiting_for_any(self, wanted: Collection[WakeSource]) -> Ints:
        """The rows of goroutines with one of these wake_sources."""
        wake_sources, kind_of = self._kinds
        right = [kind for kind, standing in enumerate(wake_sources) if standing in wanted]
        return np.flatnonzero(np.isin(kind_of, right))

    @cached_property
    def dumper(self) -> int | None:
        """Who made the dump: nobody else runs while pprof and runtime.Stack stop the world."""
        running = np.flatnonzero(self.snapshot.rows.says("state", "running"))
        return int(running[0]) if len(running) == 1 else None

    @cached_property
    def all_asleep(self) -> bool:
        """Whether the runtime itself says that nobody can act."""
        snapshots, crashes = self._capture.table("snapshots"), self._capture.table("crashes")
        row = self.snapshot.number
        if not snapshots.present("crash")[row]:
            return False
        return crashes.text("kind", int(snapshots["crash"][row])) == "deadlock"

    @cached_property
    def whole(self) -> bool:
        """Whether all goroutines are there, as it looks: the main one is, and nothing is cut or unread."""
        snapshots, row = self._capture.table("snapshots"), self.snapshot.number
        unread = {one.name for one in self._capture.inputs if one.unparsed_count}
        cut = bool(snapshots.flags("truncated")[row])
        return 1 in self.row_of and not cut and snapshots.text("input", row) not in unread

    @property
    def made_by_harness(self) -> bool:
        """Whether the main goroutine or a test made the dump: then neither can act meanwhile."""
        return self.dumper is not None and self.traits(self.dumper).harness

    def words(self, row: int) -> tuple[Word, ...]:
        """Its argument words; of many goroutines with one stack only the first are known."""
        return self.known_words.get(row, ())

    def pointers(self, row: int) -> set[int]:
        """Addresses of the heap among its arguments, and of what it waits for."""
        found = {w.value for w in self.words(row) if w.value >= HEAP_FROM}
        return found | ({self.addresses[row]} if self.addresses[row] else set())

    def nap_ns(self, row: int) -> int:
        """For how long it sleeps, in ns: the argument of ``time.Sleep``; 0 where it is not known."""
        functions = self.stack_of(row).functions
        if "time.Sleep" not in functions:
            return 0
        place = (functions.index("time.Sleep"), 0)
        return next((w.value for w in self.words(row) if (w.depth, w.position) == place), 0)

    @cached_property
    def known_words(self) -> dict[int, tuple[Word, ...]]:
        """The argument words by row."""
        table = self._capture.table("arguments")
        numbers = self._capture.table("goroutines")["snapshot_id"]
        of = table["goroutine"] - int(np.searchsorted(numbers, self.snapshot.number))
        mine = np.flatnonzero((of >= 0) & (of < len(self.ids)))
        columns = (of, table["depth"], table["position"], table["word"], table["sure"])
        found: dict[int, list[Word]] = {}
        for row, depth, position, value, sure in zip(
            *(column[mine].tolist() for column in columns), strict=True
        ):
            found.setdefault(row, []).append(Word(depth, position, value, sure == 1))
        return {row: tuple(words) for row, words in found.items()}

    def groups(self, rows: Collection[int]) -> list[Blocked]:
        """Some goroutines by stack and wait reason, larger groups first."""
        at: Ints = np.array(sorted(rows), np.int64)
        return list(blocked_among(self._capture, self.snapshot, at))

    # ---- relations --------------------------------------------------------------------------------

    def ties(self, row: int) -> list[Tie]:
        """What it may have in common with others.

        Its own id, which is also its children's parent; its parent, which it shares with its
        siblings; pointers; the types whose methods it runs; and the functions whose closures it runs or
        that started it, because closures share the variables of their function.
        """
        found: list[Tie] = [("goroutine", self.ids[row])]
        if self.parents[row] >= 0:
            found.append(("goroutine", self.parents[row]))
        if self.addresses[row] or row in self.known_words:
            found += [("pointer", pointer) for pointer in self.pointers(row)]
        number = self.stack[row]
        if number not in self._common:
            traits = self.traits(row)
            self._common[number] = [
                *(("type", owner) for owner in traits.types),
                *(("function", function) for function in traits.functions),
            ]
        return found + self._common[number]

    @cached_property
    def tied(self) -> dict[Tie, list[int]]:
        """Who has what in common; pointers that nearly everybody has are left out."""
        found: dict[Tie, list[int]] = {}
        for row in range(len(self.ids)):
            for tie in self.ties(row):
                found.setdefault(tie, []).append(row)
        return {
            tie: rows
            for tie, rows in found.items()
            if tie[0] != "pointer" or len(rows) <= MOST_SHARING
        }

    def reachable(self, sources: Iterable[int]) -> set[int]:
        """Everybody that the sources may wake, whoever those may wake then, and the sources.

        The goroutine that made the dump is passed over: it can do nothing else meanwhile.
        """
        found = set(sources)
        left = list(found)
        followed: set[Tie] = set()
        while left:
            for tie in self.ties(left.pop()):
                if tie in followed:
                    continue
                followed.add(tie)
                fresh = [row for row in self.tied.get(tie, ()) if row not in found]
                fresh = [row for row in fresh if row != self.dumper]
                found.update(fresh)
                left += fresh
        return found


def _listed(values: Ints) -> list[int]:
    return cast("list[int]", values.tolist())


@once_per_capture
def dumps_of(capture: Capture) -> tuple[tuple[int, tuple[Dump, ...]], ...]:
    """The dumps of each process as :class:`Dump`, oldest first."""
    return tuple(
        (process, tuple(Dump(capture, snapshot) for snapshot in snapshots))
        for process, snapshots in snapshots_of(capture)
    )


@once_per_capture
def last_dumps_of(capture: Capture) -> tuple[tuple[int, tuple[Dump, ...]], ...]:
    """The last two dumps of each process, also those that crashes printed: what one dump can show."""
    ordinary = dict(dumps_of(capture))
    return tuple(
        (process, ordinary.get(process, tuple(Dump(capture, one) for one in snapshots))[-2:])
        for process, snapshots in last_snapshots_of(capture)
    )


def is_main_or_test(stack: Stack) -> bool:
    """Whether it is the main goroutine or one of a test, or the harness below them."""
    return any(
        f in ("main.main", "runtime.main") or f.startswith("testing.") for f in stack.functions
    )


def is_at_rest(stack: Stack) -> bool:
    """Whether it is a known long waiter (an accept loop, a keep-alive connection) and no main function.

    The main goroutine of a server is one: it lies below the accept loop.
    """
    normal = stack.normal
    return normal is not None and not normal.function.startswith(
        ("main.", "runtime.main", "testing.")
    )


def _standing(stack: Stack, state: str | None, why: str | None) -> WakeSource:
    if why is None:
        return WakeSource.AWAKE
    found = reason(why)
    if found is None:
        return WakeSource.EXTERNAL  # a reason of a newer Go: nobody knows
    if found.kind in ("system_idle", "transient"):
        return WakeSource.RUNTIME
    if is_at_rest(stack):
        runtime = stack.normal is not None and stack.normal.function.startswith("runtime.")
        return WakeSource.RUNTIME if runtime else WakeSource.EXTERNAL
    if found.kind == "never_wakes":
        return WakeSource.NONE
    if found.leak_weight != "strong":
        return WakeSource.EXTERNAL
    if primitive_of(why) == "select" or why.startswith("chan receive"):
        return WakeSource.PEER_OR_TIMER
    return WakeSource.PEER


def _traits(stack: Stack) -> Traits:
    own = [f for f in stack.functions if f != "main.main" and not is_standard_library(f)]
    creator = stack.created_by.function if stack.created_by is not None else None
    named = own if creator is None or is_standard_library(creator) else [*own, creator]
    split = [split_name(function) for function in named]
    return Traits(
        packages=frozenset(split_name(function).package for function in own),
        types=frozenset((s.package, s.receiver.lstrip("*")) for s in split if s.receiver),
        functions=frozenset(declared_name(function) for function in named),
        harness=is_main_or_test(stack),
    )
