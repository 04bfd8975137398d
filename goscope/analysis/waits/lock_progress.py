"""Who waits for a lock, a Once or a WaitGroup that somebody who goes on will let go of: a queue, no stop.

No dump tells who holds what. These are signs of work that is done one after the other, which are not there
when nobody lets go:

* a lock changes hands: of those who waited for it in the dump before some do not any more, and others do;
* all who wait were elsewhere then, and somebody goes on in a method of the type that the lock is in;
* somebody who runs, sleeps or waits for the network is inside of the function in which the others wait,
  behind their line, and with the same receiver. ``sync.(*Once).Do`` keeps the line;
* somebody whom the waiter of a WaitGroup started, or who was given the WaitGroup, goes on.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from goscope.analysis.waits.locks import Lock, Locks, lock_waiters, locking_depth
from goscope.analysis.waits.orphaned import waits_for_group
from goscope.analysis.waits.wakeup_graph import (
    CAN_ACT,
    HEAP_FROM,
    NEEDS_OTHERS,
    Dump,
    WakeSource,
    is_at_rest,
)
from goscope.findings.findings import Site
from goscope.goruntime.request_handlers import waits_for_response

_ONCE = "sync.(*Once).doSlow"
_MOST_COMPARED = 1000
"""With so many of those who are in a function a waiter is compared."""


class LockProgress:
    """Of those who wait in a dump for a lock or a WaitGroup, whose wait somebody ends, as it looks.

    ``rows`` has for each of them who goes on, or None where it is not known who of several does.
    """

    def __init__(self, before: Dump | None, after: Dump):
        self._before = before
        self._dump = after
        self._going = self._who_goes_on()
        self.rows: dict[int, int | None] = {}
        self._locks = Locks(after, before)
        locks = self._locks.all
        others = after.waiting_for_any(NEEDS_OTHERS).tolist()
        groups = [row for row in others if waits_for_group(after, row)]
        self._inside = self._by_function([*(lock.rows[0] for lock in locks), *groups])
        for lock in locks:
            holder = self._behind(lock.rows[0])
            if holder is None:
                holder = self._at_it(lock)
            if holder is not None or self._changes_hands(lock):
                self.rows.update(dict.fromkeys(lock.rows, holder))
        children = self._children()
        for row in groups:
            worker = self._worker(row, children)
            if worker is not None:
                self.rows[row] = worker

    @property
    def place(self) -> tuple[Site | None, str] | None:
        """Where most of those who go on are, and in what state; None if they are not known."""
        known = Counter(row for row in self.rows.values() if row is not None)
        if not known:
            return None
        ((row, _),) = known.most_common(1)
        return self._dump.stack_of(row).user_frame, self._dump.reason(row)

    def _who_goes_on(self) -> set[int]:
        """Who runs, sleeps or waits for the network with something that it began; not accept loops."""
        dump = self._dump
        acting = dump.waiting_for_any(CAN_ACT | {WakeSource.PEER_OR_TIMER})
        numbers = dump.snapshot.rows["stack_id"]
        busy = {
            (number, timed): not is_at_rest(dump.stacks[number])
            and (not timed or waits_for_response(dump.stacks[number].functions))
            for number in np.unique(numbers[acting]).tolist()
            for timed in (True, False)
        }
        return {
            row
            for row in acting.tolist()
            if row != dump.dumper
            and busy[dump.stack[row], dump.wake_sources[row] is WakeSource.PEER_OR_TIMER]
        }

    def _by_function(self, waiters: list[int]) -> dict[str, list[tuple[int, int]]]:
        """Who goes on, and how deep, in each of the functions in which these wait."""
        dump = self._dump
        stacks = [dump.stacks[number] for number in {dump.stack[row] for row in waiters}]
        depths = [(stack, locking_depth(stack)) for stack in stacks]
        wanted = {stack.functions[depth] for stack, depth in depths if depth is not None}
        places = {
            number: [(f, d) for d, f in enumerate(dump.stacks[number].functions) if f in wanted]
            for number in {dump.stack[row] for row in self._going}
        }
        found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for row in sorted(self._going):
            for function, depth in places[dump.stack[row]]:
                if len(found[function]) < _MOST_COMPARED:
                    found[function].append((row, depth))
        return dict(found)

    def _behind(self, waiter: int) -> int | None:
        """Who goes on in the function that a goroutine waits in, behind the line where it waits."""
        depth = locking_depth(self._dump.stack_of(waiter))
        if depth is None:
            return None
        here = self._dump.stack_of(waiter).frames[depth]
        once = _ONCE in self._dump.stack_of(waiter).functions
        receiver = self._receiver(waiter, depth)
        for row, at in self._inside.get(here.function or "", ()):
            functions = self._dump.stack_of(row).functions
            there = self._dump.stack_of(row).frames[at]
            other = self._receiver(row, at)
            if receiver and other and receiver != other:
                continue
            if (_ONCE in functions[:at] and _same(here, there)) if once else _later(here, there):
                return row
        return None

    def _receiver(self, row: int, depth: int) -> int:
        """The first argument of a call, if it is printed for certain and points to the heap; else 0."""
        words = self._dump.words(row)
        found = (w.value for w in words if (w.depth, w.position) == (depth, 0) and w.sure)
        value = next(found, 0)
        return value if value >= HEAP_FROM else 0

    def _at_it(self, lock: Lock) -> int | None:
        """Who goes on in a method of the same type, where all who wait were elsewhere in the dump before."""
        before, still = self._before, self._locks.still
        if before is None or any(
            row in still or self._dump.ids[row] not in before.row_of for row in lock.rows
        ):
            return None
        return next((row for row in self._locks.in_methods(lock) if row in self._going), None)

    def _changes_hands(self, lock: Lock) -> bool:
        """Whether somebody who waited for it in the dump before does not any more."""
        before, after = self._before, self._dump
        if before is None or lock.address is None:
            return False
        waiting = {after.ids[row] for row in lock.rows}
        return any(
            before.addresses[row] == lock.address and before.ids[row] not in waiting
            for row in lock_waiters(before)
        )

    def _children(self) -> dict[int, list[int]]:
        found: defaultdict[int, list[int]] = defaultdict(list)
        for row, parent in enumerate(self._dump.parents):
            found[parent].append(row)
        return found

    def _worker(self, row: int, children: dict[int, list[int]]) -> int | None:
        """Who goes on of those for whom somebody waits in a WaitGroup.

        Whoever started goroutines that are left waits for these; else it is the work of another.
        """
        dump = self._dump
        workers = children.get(dump.ids[row], [])
        if dump.addresses[row]:
            address = dump.addresses[row]
            given = dump.tied.get(("pointer", address), [])
            workers = [*workers, *(other for other in given if dump.addresses[other] != address)]
        going = (worker for worker in workers if worker in self._going or worker in self.rows)
        return next(going, None) if workers else self._behind(row)


def _same(here: Site, there: Site) -> bool:
    return (here.file, here.line) == (there.file, there.line)


def _later(here: Site, there: Site) -> bool:
    if here.line is None or there.line is None or here.file != there.file:
        return False
    return there.line > here.line
