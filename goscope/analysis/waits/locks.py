"""Locks of a dump: who waits for which, who seems to hold it, and which sets wait for each other.

A lock's address is an argument of the frame that waits for it, or told by the address of its semaphore. Its
holder is printed nowhere; whoever runs a method of the object that the lock is a field of, or was given a
pointer to it, and does not wait for the lock itself, *seems* to hold it. Who runs inside a ``sync.Once``
keeps all others that call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.waits.orphaned import unmoved
from goscope.analysis.waits.wakeup_graph import (
    CAN_ACT,
    NEEDS_OTHERS,
    Dump,
    WakeSource,
    is_at_rest,
    last_dumps_of,
)
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_standard_library, split_name
from goscope.goruntime.lock_frames import semaphore_of
from goscope.goruntime.wait_reasons import primitive_of
from goscope.tables.table import Ints

OBJECT_BYTES = 4096
"""A lock is taken for a field of an object that starts at most so many bytes before it."""

MOST_IN_CYCLE = 8
"""Longer cycles are not looked for."""

MOST_HOLDERS = 3

_ONCE = "sync.(*Once).doSlow"


@dataclass(frozen=True, slots=True)
class Holder:
    """A goroutine that seems to hold a lock. ``exact``: it has the lock's object as a certain argument.
    ``itself``: it also waits for the lock; then ``exact`` says that both calls have one receiver."""

    row: int
    because: str
    exact: bool = False
    itself: bool = False


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that goroutines wait for; ``address`` is None where only the place tells them apart.

    ``once``: it is that of a ``sync.Once``, whose first call has not returned.
    """

    address: int | None
    rows: tuple[int, ...]
    site: Site | None
    once: bool


class Locks:
    """The Mutexes and RWMutexes of a dump that somebody waits for, most waiters first."""

    def __init__(self, dump: Dump, before: Dump | None):
        self.dump = dump
        self.before = before
        self._held_by: dict[int, tuple[Holder, ...]] = {}
        self._locking: dict[int, int | None] = {}
        self._in_types: dict[tuple[str, str], Ints] = {}
        groups: dict[tuple[int, bool], list[int]] = {}
        for row in lock_waiters(dump):
            address = dump.addresses[row] or self._by_semaphore(row)
            key = address or self._object_of(row) or dump.stack[row]
            groups.setdefault((key, bool(address)), []).append(row)
        largest = sorted(groups.items(), key=lambda item: len(item[1]), reverse=True)
        self.all = tuple(
            Lock(
                key if known else None,
                tuple(rows),
                dump.stack_of(rows[0]).user_frame,
                _waits_for_once(dump.stack_of(rows[0])),
            )
            for (key, known), rows in largest
        )

    @cached_property
    def lock_of(self) -> dict[int, int]:
        """Which lock a goroutine waits for, as its place in :attr:`all`."""
        return {row: number for number, lock in enumerate(self.all) for row in lock.rows}

    @cached_property
    def still(self) -> set[int]:
        """Who waits for other goroutines and has not moved since the dump before."""
        if self.dump.all_asleep:
            return set(self.dump.waiting_for_any({*NEEDS_OTHERS, WakeSource.NONE}).tolist())
        return unmoved(self.before, self.dump)

    @cached_property
    def _out_of_it(self) -> set[int]:
        """Who holds nothing while others wait: known long waiters, such as the accept loop of a server
        whose handlers lock; and who made the dump, if it is seen at that."""
        numbers = self.dump.snapshot.rows["stack_id"]
        resting = [n for n in np.unique(numbers).tolist() if is_at_rest(self.dump.stacks[n])]
        found = set(np.flatnonzero(np.isin(numbers, resting)).tolist())
        row = self.dump.dumper
        if row is not None:
            frames = self.dump.stack_of(row).functions
            dumping = any(f.startswith(("runtime/pprof.", "runtime/debug.")) for f in frames)
            if dumping or self.dump.made_by_harness:
                found.add(row)
        return found

    @cached_property
    def _having(self) -> dict[int, dict[int, bool]]:
        """Who has a pointer for certain in a call of the program, and whether as a receiver."""
        found: dict[int, dict[int, bool]] = {}
        for row, words in self.dump.known_words.items():
            for word in words:
                if word.sure and not is_standard_library(self._function(row, word.depth)):
                    rows = found.setdefault(word.value, {})
                    rows[row] = rows.get(row, False) or word.position == 0
        return found

    def _function(self, row: int, depth: int) -> str:
        frames = self.dump.stack_of(row).frames
        return (frames[depth].function or "") if depth < len(frames) else ""

    def _by_semaphore(self, row: int) -> int | None:
        """The lock of a semaphore, where it lies in an object that a call of the program was given."""
        place = semaphore_of(self.dump.stack_of(row).functions)
        if place is None:
            return None
        depth, offset = place
        words = self.dump.words(row)
        semaphore = next((w for w in words if (w.depth, w.position) == (depth, 0)), None)
        if semaphore is None:
            return None
        address = semaphore.value - offset
        inside = any(
            w.sure and 0 <= address - w.value < OBJECT_BYTES for w in words if w.depth > depth
        )
        return address if semaphore.sure or inside else None

    def _object_of(self, row: int) -> int | None:
        """The receiver of the method that waits, where the lock's own address is not printed."""
        number = self.dump.stack[row]
        if number not in self._locking:
            stack = self.dump.stacks[number]
            depth = locking_depth(stack) if _owner(stack) is not None else None
            self._locking[number] = depth
        depth = self._locking[number]
        if depth is None:
            return None
        return self._receiver(row, depth)

    def waited_before(self, lock: Lock) -> int | None:
        """How many waited for the same lock in the dump before; None without one.

        Where no address is printed, those with the stacks of the present waiters are taken.
        """
        if self.before is None:
            return None
        stacks = {self.dump.stack[row] for row in lock.rows}
        before = self.before
        return sum(
            before.addresses[row] == lock.address
            if lock.address is not None
            else before.stack[row] in stacks
            for row in lock_waiters(before)
        )

    # ---- holders ----------------------------------------------------------------------------------

    def holders(self, lock: Lock) -> tuple[Holder, ...]:
        """Who seems to hold a lock, the likeliest first; those of the first kind that there are.

        First who has the object of the lock as an argument, then who is in a method of its type, then
        a waiter itself that came through another method of the object.
        """
        first = lock.rows[0]  # no other lock has it
        if first not in self._held_by:
            waiters = set(lock.rows)
            if lock.once:
                found = self._inside_once(lock, waiters)
            else:
                found = self._by_pointer(lock, waiters) or self._by_type(lock, waiters)
            self._held_by[first] = (found or self._itself(lock))[:MOST_HOLDERS]
        return self._held_by[first]

    def _inside_once(self, lock: Lock, waiters: set[int]) -> tuple[Holder, ...]:
        """Who runs the function of the same Once: of the same address, or called from the same place."""
        dump = self.dump
        stacks: dict[int, int] = {}
        for number in np.unique(dump.snapshot.rows["stack_id"]).tolist():
            depth = _once_depth(dump.stacks[number])
            if depth is not None:
                stacks[number] = depth
        first = lock.rows[0]
        once, caller = self._once(first, stacks[dump.stack[first]])
        found = []
        for row in np.flatnonzero(np.isin(dump.snapshot.rows["stack_id"], list(stacks))).tolist():
            if row not in waiters and row not in self.lock_of:
                other, place = self._once(row, stacks[dump.stack[row]])
                if other == once if other and once else place == caller:
                    found.append(Holder(row, "it runs inside the same sync.Once", exact=True))
        return tuple(found)

    def _once(self, row: int, depth: int) -> tuple[int | None, Site | None]:
        """The address of a Once that somebody is in, and where it was called."""
        words, stack = self.dump.words(row), self.dump.stack_of(row)
        own = (w.value for w in words if w.sure and (w.depth, w.position) == (depth, 0))
        outside = (f for f in stack.frames[depth:] if not (f.function or "").startswith("sync."))
        return next(own, None), next(outside, stack.created_by)

    def _by_pointer(self, lock: Lock, waiters: set[int]) -> tuple[Holder, ...]:
        if lock.address is None:
            return ()
        address = lock.address
        own = {
            word.value
            for row in lock.rows
            for word in self.dump.words(row)
            if 0 <= address - word.value < OBJECT_BYTES and row in self._having.get(word.value, ())
        }
        # The object starts where a waiter's own receiver points, or it is the lock itself. The nearest
        # pointer below the lock may as well be that of a neighbour in the heap.
        having = self._having.get(max(own, default=address), {})
        if len(having) > len(waiters) + MOST_HOLDERS:
            return ()  # too many to name one
        rows = sorted(
            (not method, row)
            for row, method in having.items()
            if row not in waiters and row not in self._out_of_it
        )
        if len(rows) > MOST_HOLDERS:
            return ()
        return tuple(Holder(row, "it was given the same object", exact=True) for _, row in rows)

    def _by_type(self, lock: Lock, waiters: set[int]) -> tuple[Holder, ...]:
        owner = _owner(self.dump.stack_of(lock.rows[0]))
        if owner is None:
            return ()
        found = self._in_methods_of(owner, waiters)
        if len(found) > MOST_HOLDERS:
            return ()  # too many to name one
        return tuple(Holder(row, f"it is in a method of {owner[1]}") for row in found.tolist())

    def in_methods(self, lock: Lock) -> list[int]:
        """Who else is in a method of the type whose method waits for the lock."""
        owner = _owner(self.dump.stack_of(lock.rows[0]))
        found: Ints | None = None if owner is None else self._in_methods_of(owner, set(lock.rows))
        return [] if found is None else found.tolist()

    def _in_methods_of(self, owner: tuple[str, str], waiters: set[int]) -> Ints:
        """The rows in methods of a type that do not wait as the waiters do."""
        stacks = self.dump.snapshot.rows["stack_id"]
        if owner not in self._in_types:
            ours = self._stacks_of_type.get(owner, [])
            self._in_types[owner] = np.flatnonzero(np.isin(stacks, ours))
        rows = self._in_types[owner]
        alike = list({self.dump.stack[row] for row in waiters})
        others: Ints = rows[~np.isin(stacks[rows], alike) & ~np.isin(rows, list(self._out_of_it))]
        return others

    @cached_property
    def _stacks_of_type(self) -> dict[tuple[str, str], list[int]]:
        """The distinct stacks with a frame of a method of each type."""
        found: dict[tuple[str, str], list[int]] = {}
        for number in np.unique(self.dump.snapshot.rows["stack_id"]).tolist():
            for owner in {_type_of(f) for f in self.dump.stacks[number].functions}:
                if owner is not None:
                    found.setdefault(owner, []).append(number)
        return found

    def _itself(self, lock: Lock) -> tuple[Holder, ...]:
        """Those of the waiters that came through another method of the same object."""
        nested = {number: _nested(self.dump.stacks[number]) for number in self._stacks_among(lock)}
        found = []
        for row in lock.rows if any(nested.values()) else ():
            calls = nested[self.dump.stack[row]]
            if calls is None:
                continue
            inner, outer = (self._receiver(row, depth) for depth in calls)
            if inner is None or outer is None or inner == outer:
                functions = self.dump.stack_of(row).functions
                names = [split_name(functions[depth]).function for depth in calls]
                because = f"{names[1]} called {names[0]}"
                exact = inner is not None and inner == outer
                found.append(Holder(row, because, exact=exact, itself=True))
            if len(found) == MOST_HOLDERS:
                break
        return tuple(found)

    def _receiver(self, row: int, depth: int) -> int | None:
        words = self.dump.words(row)
        return next(
            (w.value for w in words if (w.depth, w.position) == (depth, 0) and w.sure), None
        )

    def _stacks_among(self, lock: Lock) -> list[int]:
        numbers: list[int] = np.unique(
            self.dump.snapshot.rows["stack_id"][np.array(lock.rows, np.int64)]
        ).tolist()
        return numbers

    # ---- who could unlock it ----------------------------------------------------------------------

    def held_by_itself(self, lock: Lock) -> bool:
        """Whether a waiter holds it, for all that is seen: no wait of any length ends that."""
        holders = self.holders(lock)
        return bool(holders) and all(h.itself and h.exact for h in holders)

    def waited_for_minutes(self, numbers: Sequence[int]) -> bool:
        """Whether somebody has waited for each of some locks for a minute or more, as the runtime says."""
        minutes = self.dump.snapshot.rows.numbers("wait_minutes")
        return all(any(minutes[row] >= 1 for row in self.all[n].rows) for n in numbers)

    def holder_acts(self, lock: Lock) -> bool:
        """Whether one who has the lock's object can act: runs, sleeps, waits for the network."""
        acting = self.dump.wake_sources
        return any(
            h.exact and not h.itself and acting[h.row] in CAN_ACT for h in self.holders(lock)
        )

    def others_in_package(self, lock: Lock) -> int:
        """How many who do not wait for it are in the package that locks: one of them may hold it.

        Not those known to hold nothing, and not the main goroutine where it runs nothing but main.
        """
        package = _package(self.dump.stack_of(lock.rows[0]))
        numbers = self.dump.snapshot.rows["stack_id"]
        ours = [
            number
            for number in np.unique(numbers).tolist()
            if any(
                f != "main.main" and split_name(f).package == package
                for f in self.dump.stacks[number].functions
            )
        ]
        rows = set(np.flatnonzero(np.isin(numbers, ours)).tolist())
        return len(rows - set(lock.rows) - self._out_of_it)

    def somebody_acts(self, lock: Lock) -> bool:
        """Whether a goroutine that can act, or has moved, runs code of the package that locks.

        A lock is mostly a field that only its package reaches. Whoever holds it and can act is seen
        there: running, runnable, in a system call, asleep or at the network.
        """
        return _package(self.dump.stack_of(lock.rows[0])) in self._acting

    @cached_property
    def _acting(self) -> set[str]:
        """The packages whose code somebody who can act runs, in one of the last two dumps."""
        stacks: set[int] = set()
        for dump in (self.dump,) if self.before is None else (self.before, self.dump):
            acting = dump.waiting_for_any(CAN_ACT)
            if dump.made_by_harness:
                acting = acting[acting != dump.dumper]
            stacks.update(np.unique(dump.snapshot.rows["stack_id"][acting]).tolist())
        if self.before is not None:
            waiting = self.dump.waiting_for_any(NEEDS_OTHERS).tolist()
            stacks |= {self.dump.stack[row] for row in waiting if row not in self.still}
        return {
            split_name(function).package
            for stack in map(self.dump.stacks.__getitem__, stacks)
            if not is_at_rest(stack)
            for function in stack.functions
        }

    # ---- sets that wait for each other ------------------------------------------------------------

    @cached_property
    def cycles(self) -> dict[int, tuple[int, ...]]:
        """For each lock (its place in :attr:`all`) that is part of a cycle the locks of that cycle.

        An edge leads from a lock to the one that its exact holder waits for.
        """
        held_by = {
            number: self._by_pointer(lock, set(lock.rows)) for number, lock in enumerate(self.all)
        }
        edges = {
            number: {self.lock_of[h.row] for h in holders if h.row in self.lock_of}
            for number, holders in held_by.items()
        }
        return {n: cycle for n in edges if (cycle := _way_back(n, edges)) is not None}


def _way_back(start: int, edges: dict[int, set[int]]) -> tuple[int, ...] | None:
    """The shortest way along the edges from a place back to it."""
    ways: list[tuple[int, ...]] = [(start,)]
    seen: set[int] = set()
    for way in ways:
        for there in sorted(edges.get(way[-1], ())):
            if there == start:
                return way
            if there not in seen and len(way) < MOST_IN_CYCLE:
                seen.add(there)
                ways.append((*way, there))
    return None


@once_per_capture
def locks_of(capture: Capture) -> tuple[tuple[int, Locks], ...]:
    """The locks of the last dump of each process."""
    return tuple(
        (process, Locks(dumps[-1], dumps[-2] if len(dumps) > 1 else None))
        for process, dumps in last_dumps_of(capture)
    )


def lock_waiters(dump: Dump) -> list[int]:
    """Who waits for a Mutex or RWMutex; known long waiters left out."""
    rows = dump.snapshot.rows
    reasons = rows.categories("wait_reason")
    sure = [n for n, why in enumerate(reasons) if primitive_of(why) == "lock"]
    maybe = [n for n, why in enumerate(reasons) if why == "semacquire"]
    found = np.isin(rows["wait_reason"], sure)
    old = np.isin(rows["wait_reason"], maybe)
    if old.any():
        numbers = np.unique(rows["stack_id"][old]).tolist()
        locking = [number for number in numbers if dump.stacks[number].waits_for_lock]
        found |= old & np.isin(rows["stack_id"], locking)
    waiting: list[int] = np.intersect1d(
        np.flatnonzero(found), dump.waiting_for_any(NEEDS_OTHERS), assume_unique=True
    ).tolist()
    return waiting


def _nested(stack: Stack) -> tuple[int, int] | None:
    """The frames of a method that waits and of the outermost method of the same type below it."""
    owner = _owner(stack)
    if owner is None:
        return None
    inside = [depth for depth, f in enumerate(stack.functions) if _type_of(f) == owner]
    return (inside[0], inside[-1]) if len(inside) > 1 else None


def _once_depth(stack: Stack) -> int | None:
    """The frame of the innermost ``sync.(*Once).doSlow``."""
    functions = stack.functions
    return functions.index(_ONCE) if _ONCE in functions else None


def _waits_for_once(stack: Stack) -> bool:
    """Whether the lock that it waits for is that of a Once: nothing of the program lies between."""
    depth = _once_depth(stack)
    return depth is not None and all(
        f.startswith(("sync.", "internal/sync.", "runtime.")) for f in stack.functions[:depth]
    )


def locking_depth(stack: Stack) -> int | None:
    """The frame that called Lock: the first that is not of sync."""
    for depth, function in enumerate(stack.functions):
        if not function.startswith(("sync.", "internal/sync.", "runtime.")):
            return depth
    return None


def _package(stack: Stack) -> str:
    depth = locking_depth(stack)
    return "" if depth is None else split_name(stack.functions[depth]).package


def _type_of(function: str) -> tuple[str, str] | None:
    name = split_name(function)
    return (name.package, name.receiver.lstrip("*")) if name.receiver else None


def _owner(stack: Stack) -> tuple[str, str] | None:
    """The type whose method waits for the lock."""
    depth = locking_depth(stack)
    return None if depth is None else _type_of(stack.functions[depth])
