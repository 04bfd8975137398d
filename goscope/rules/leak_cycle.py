"""Goroutines that wait for each other: lock cycles, and locks whose holder waits itself or is gone.

What it detects: goroutines that wait for a Mutex or RWMutex which nobody who can act could let go of:
two locks taken in opposite orders, a method that locks what its caller has locked, a holder that waits
for a channel or a WaitGroup, a path that returned without Unlock; and a WaitGroup all of whose workers
are among them.

Why it matters: nothing ends this but a restart, and whoever needs the lock next waits as well.

Evidence and threshold: the waiter is at the same place in the last two dumps (same id, same stack), or
has waited for a minute as the runtime says; or the locks form a cycle. In none of these dumps does a
goroutine that can act (running, runnable, in a system call, asleep, at the network, or elsewhere than
before) run code of the package that locks: in contention the holder, or the waiter whose turn it is,
is one. The address of a lock is an argument of the frame that waits (``lockSlow``), and who runs
a method of the object around it without waiting for it seems to hold it.

Example: goroutine 8 waits for the lock of ``b`` in ``main.(*account).move`` below a method of ``a``,
goroutine 9 for the lock of ``a`` below a method of ``b``.

What to do: take locks in one order everywhere, unlock with defer right after locking, and never wait for
a channel or a WaitGroup while holding a lock.

False positives: a lock held on purpose for longer than the dumps are apart by code of another package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from goscope.capture import Capture
from goscope.findings import Confidence, Evidence, Finding, Severity
from goscope.goruntime.wait_reasons import primitive_of
from goscope.locks import Lock, Locks, locks_of
from goscope.rules.leak_shape import leak_finding, place_of
from goscope.rules.rule import Rule, Settings
from goscope.stacks import Blocked
from goscope.waiting import Standing


def find(capture: Capture, settings: Settings, *, least_waiters: int = 1) -> Iterator[Finding]:
    """One finding per stack that waits for such a lock, and per WaitGroup whose workers do."""
    for process, locks in locks_of(capture):
        stuck: dict[int, Lock] = {}
        held: list[tuple[Lock, tuple[int, ...] | None]] = []
        for number, lock in enumerate(locks.all):
            if locks.somebody_acts(lock):
                continue
            still = [row for row in lock.rows if row in locks.still]
            cycle = locks.cycles.get(number)
            if len(still) < least_waiters and cycle is None:
                continue
            held.append((lock, cycle))
            stuck.update(dict.fromkeys(lock.rows, lock))
        for lock, cycle in held:
            yield from _lock_findings(process, locks, lock, cycle)
        yield from _group_findings(process, locks, stuck)


def _lock_findings(
    process: int, locks: Locks, lock: Lock, cycle: tuple[int, ...] | None
) -> Iterator[Finding]:
    sure = cycle is not None and any(row in locks.still for row in lock.rows)
    for blocked in groups_of(locks, lock.rows):
        count = len(blocked.rows)
        place = place_of(blocked.stack.user_frame)
        what = "wait for each other's locks" if cycle else "wait for a lock that nobody lets go of"
        yield leak_finding(
            "leak-cycle",
            Severity.CRITICAL if sure else Severity.WARNING,
            Confidence.HIGH if sure else Confidence.MEDIUM,
            blocked,
            process=process,
            title=f"{count} {_singular(what, count)} at {place}",
            detail=" ".join(who_waits_for_whom(locks, lock, cycle)),
            evidence=(
                Evidence("waiting for this lock", len(lock.rows), "goroutines"),
                Evidence("of these here", count, "goroutines", blocked.line_source()),
                *_unmoved(locks, lock.rows),
            ),
        )


def who_waits_for_whom(
    locks: Locks, lock: Lock, cycle: tuple[int, ...] | None = None
) -> Iterator[str]:
    """Sentences: who waits for the lock, who seems to hold it, and where that one is."""
    if cycle is not None and len(cycle) > 1:
        for number in cycle:
            yield from who_waits_for_whom(locks, locks.all[number])
        return
    name = f"the lock {lock.address:#x}" if lock.address is not None else "a lock"
    yield f"{_ids(locks, lock.rows)} for {name}."
    holders = locks.holders(lock)
    for holder in holders:
        dump = locks.dump
        goroutine = dump.ids[holder.row]
        if holder.itself:
            yield f"Goroutine {goroutine} seems to hold it itself: {holder.because}."
            continue
        site = place_of(dump.stack_of(holder.row).user_frame)
        state = dump.reason(holder.row)
        verb = "is" if dump.reasons[holder.row] is None else "waits in"
        yield f"Goroutine {goroutine} seems to hold it ({holder.because}): it {verb} {state} at {site}."
    if not holders:
        yield (
            "Nobody who is left seems to hold it: a path returned without Unlock, or a function "
            "locks what it has locked."
        )


def _group_findings(process: int, locks: Locks, stuck: dict[int, Lock]) -> Iterator[Finding]:
    """WaitGroups that wait for goroutines all of which are stuck."""
    dump = locks.dump
    for row in sorted(locks.still) if stuck else ():
        if primitive_of(dump.reason(row)) != "wait_group" and not _in_wait_group(locks, row):
            continue
        workers = _workers(locks, row)
        if not workers or not all(
            w in stuck or dump.standings[w] is Standing.NEVER for w in workers
        ):
            continue
        (blocked,) = groups_of(locks, (row,))
        where = sorted({place_of(dump.stack_of(w).user_frame) for w in workers})
        yield leak_finding(
            "leak-cycle",
            Severity.WARNING,
            Confidence.MEDIUM,
            blocked,
            process=process,
            title=f"1 waits for workers that never end at {place_of(blocked.stack.user_frame)}",
            detail=f"Goroutine {dump.ids[row]} waits for {len(workers)} that it started: they wait for "
            f"locks that nobody lets go of at {', '.join(where[:3])}.",
            evidence=(
                Evidence("workers, all of them stuck", len(workers), "goroutines"),
                *_unmoved(locks, (row,)),
            ),
        )


def _in_wait_group(locks: Locks, row: int) -> bool:
    """Up to 1.23 the reason is semacquire; the frames tell."""
    functions = locks.dump.stack_of(row).functions[:6]
    return any(function.startswith("sync.(*WaitGroup).Wait") for function in functions)


def _workers(locks: Locks, row: int) -> list[int]:
    """Whom the waiter started, and who has a pointer to the WaitGroup."""
    dump = locks.dump
    found = set(dump.tied.get(("goroutine", dump.ids[row]), ()))
    if dump.addresses[row]:
        found |= set(dump.tied.get(("pointer", dump.addresses[row]), ()))
    return sorted(found - {row, dump.row_of.get(dump.parents[row], row)})


def groups_of(locks: Locks, rows: Sequence[int]) -> list[Blocked]:
    """Goroutines by stack and wait reason, larger groups first."""
    dump = locks.dump
    groups: dict[tuple[int, str], list[int]] = {}
    for row in rows:
        groups.setdefault((dump.stack[row], dump.reason(row)), []).append(row)
    return [
        Blocked(dump.stack_of(members[0]), reason, dump.snapshot, np.array(members, np.int64))
        for (_, reason), members in sorted(groups.items(), key=lambda item: -len(item[1]))
    ]


def _unmoved(locks: Locks, rows: Sequence[int]) -> tuple[Evidence, ...]:
    still = sum(row in locks.still for row in rows)
    if not still:
        return ()
    label = "waiting for a minute or more" if locks.before is None else "at the same place in both dumps"
    return (Evidence(label, still, "goroutines"),)


def _ids(locks: Locks, rows: Sequence[int]) -> str:
    ids = sorted(locks.dump.ids[row] for row in rows)
    if len(ids) == 1:
        return f"Goroutine {ids[0]} waits"
    shown = ", ".join(map(str, ids[:5])) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    return f"Goroutines {shown} wait"


def _singular(words: str, count: int) -> str:
    return words.replace("wait ", "waits ", 1) if count == 1 else words


RULE = Rule("leak-cycle", ("goroutines",), find, __doc__)
