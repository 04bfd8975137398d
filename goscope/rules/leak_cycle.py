"""Goroutines that wait for each other: lock cycles, and locks whose holder waits itself or is gone.

What it detects: goroutines that wait for a Mutex or RWMutex which nobody who can act could let go of:
two locks taken in opposite orders, a method that locks what its caller has locked, a holder that waits
for a channel or a WaitGroup, a path that returned without Unlock; and a WaitGroup all of whose workers
are among them, or send to a channel that only the one who waits for them could receive from.

Why it matters: nothing ends this but a restart, and whoever needs the lock next waits as well.

Evidence and threshold: the waiter is at the same place in the last two dumps (same id, same stack), or
has waited for a minute as the runtime says; or the locks form a cycle. In none of these dumps does a
goroutine that can act (running, runnable, in a system call, asleep, at the network, or elsewhere than
before) run code of the package that locks: in contention the holder, or the waiter whose turn it is,
is one. A cycle that lasts counts whoever else acts. The address of a lock is an argument of the frame
that waits (``lockSlow``), and who runs a method of the object around it without waiting for it
seems to hold it. If the workers of a WaitGroup send: all of them stand still, were started by the waiter,
and whoever has a parent, pointer, type or function in common with them stands still as well.

Example: goroutine 8 waits for the lock of ``b`` in ``main.(*account).move`` below a method of ``a``,
goroutine 9 for the lock of ``a`` below a method of ``b``.

What to do: take locks in one order everywhere, unlock with defer right after locking, and never wait for
a channel or a WaitGroup while holding a lock.

False positives: a lock held on purpose for longer than the dumps are apart by code of another package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from goscope.analysis.goroutines.dumps import Blocked
from goscope.analysis.waits.locks import Locks, locks_of
from goscope.analysis.waits.orphaned import only_waiter_could_receive, waits_for_group
from goscope.analysis.waits.wakeup_graph import WakeSource
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.findings.leak import leak_finding, place_of
from goscope.rules.findings.lock import advice_about, holder_in_words, who_waits_for_whom
from goscope.rules.rule import Family, Rule, Settings

_MOST_COMPARED = 200
_LOCKED = "wait for locks themselves"
_SENDING = "send what nobody but the waiter seems to receive"
_RECEIVE_FIRST = (
    "Receive while the workers run: start a goroutine that calls Wait and then closes the channel, and range "
    "over the channel; or give it room for all results."
)


def find(capture: Capture, settings: Settings, *, least_waiters: int = 1) -> Iterator[Finding]:
    """One finding per stack that waits for such locks, and per WaitGroup whose workers do."""
    for process, locks in locks_of(capture):
        stuck: dict[int, int] = {}
        for number, lock in enumerate(locks.all):
            still = sum(row in locks.still for row in lock.rows)
            lasting = still > 0 and still >= least_waiters
            if locks.somebody_acts(lock) or locks.holder_acts(lock):
                counts = lasting and number in locks.cycles
            else:
                counts = lasting or number in locks.cycles or locks.held_by_itself(lock)
            if counts:
                stuck.update(dict.fromkeys(lock.rows, number))
        for blocked in _by_place(locks, stuck):
            yield _finding(process, locks, blocked, stuck)
        yield from _group_findings(process, locks, stuck)


def _by_place(locks: Locks, stuck: Mapping[int, int]) -> list[Blocked]:
    """Who waits at one place, by stack; those of one lock cycle together, whatever called them."""
    found: dict[object, Blocked] = {}
    for number, blocked in enumerate(locks.dump.groups(stuck)):
        cycles = {locks.cycles.get(stuck[row]) for row in blocked.rows.tolist()}
        cycle = cycles.pop() if len(cycles) == 1 else None
        place = (blocked.reason, blocked.stack.user_frame)
        key: object = (frozenset(cycle), place) if cycle else number
        first = found.get(key)
        rows = blocked.rows if first is None else np.sort(np.append(first.rows, blocked.rows))
        found[key] = replace(first or blocked, rows=rows)
    return list(found.values())


def _finding(process: int, locks: Locks, blocked: Blocked, stuck: dict[int, int]) -> Finding:
    rows = blocked.rows.tolist()
    numbers = Counter(stuck[row] for row in rows)
    # The sentences are about one of the locks: the one about which most is known.
    known = [
        n
        for n in list(numbers)[:_MOST_COMPARED]
        if any(h.exact for h in locks.holders(locks.all[n]))
    ]
    in_cycles = [n for n in numbers if n in locks.cycles]
    number = max(in_cycles or known or numbers, key=lambda n: numbers[n])
    cycle = locks.cycles.get(number)
    sure = (
        cycle is not None
        and any(row in locks.still for row in rows)
        and (locks.waited_for_minutes(cycle) or not locks.somebody_acts(locks.all[number]))
    )
    verb = "waits" if len(rows) == 1 else "wait"
    if cycle:
        what = "in a lock cycle"
    elif locks.all[number].once:
        what = f"{verb} for a sync.Once whose function has not returned"
    elif any(holder.itself for holder in locks.holders(locks.all[number])):
        what = f"{verb} for a lock that a caller of the same goroutine seems to hold"
    else:
        what = f"{verb} for {holder_in_words(locks, locks.all[number])}"
    sentences = list(who_waits_for_whom(locks, locks.all[number], cycle))
    if len(numbers) > 1:
        sentences.append(f"So it is with {len(numbers) - 1} more such locks.")
    count = len(rows)
    found = leak_finding(
        "leak-cycle",
        Severity.CRITICAL if sure else Severity.WARNING,
        Confidence.HIGH if sure else Confidence.MEDIUM,
        blocked,
        process=process,
        title=f"{count} {what} at {place_of(blocked.stack.user_frame)}",
        detail=" ".join(sentences),
        evidence=(
            Evidence("waiting here", count, "goroutines", blocked.line_source()),
            Evidence("locks that they wait for", len(numbers), "locks"),
            *_unmoved(locks, rows),
        ),
    )
    return replace(found, advice=advice_about(locks, locks.all[number], cycle))


def _group_findings(process: int, locks: Locks, stuck: dict[int, int]) -> Iterator[Finding]:
    """WaitGroups that wait for goroutines all of which are stuck, in a lock or in a send to the waiter."""
    dump = locks.dump
    waiting: dict[int, list[int]] = {}
    reasons = dump.snapshot.rows.categories("wait_reason")
    groups = [
        n for n, why in enumerate(reasons) if why.startswith(("sync.WaitGroup", "semacquire"))
    ]
    maybe = np.flatnonzero(np.isin(dump.snapshot.rows["wait_reason"], groups)).tolist()
    for row in (row for row in maybe if row in locks.still):
        workers = _workers(locks, row) if waits_for_group(dump, row) else []
        locked = all(w in stuck or dump.wake_sources[w] is WakeSource.NONE for w in workers)
        if workers and (locked or only_waiter_could_receive(dump, locks.still, row, workers)):
            waiting[row] = workers
    for blocked in dump.groups(waiting):
        rows = blocked.rows.tolist()
        workers = sorted({w for row in rows for w in waiting[row]})
        where = sorted({place_of(dump.stack_of(w).user_frame) for w in workers})
        ways = {_SENDING if dump.reason(w).startswith("chan send") else _LOCKED for w in workers}
        why = " and ".join(sorted(ways))
        many = f"Goroutine {dump.ids[rows[0]]} waits" if len(rows) == 1 else "They wait"
        found = leak_finding(
            "leak-cycle",
            Severity.WARNING,
            Confidence.MEDIUM,
            blocked,
            process=process,
            title=f"{len(rows)} {'waits' if len(rows) == 1 else 'wait'} for workers that never end "
            f"at {place_of(blocked.stack.user_frame)}",
            detail=f"{many} for {len(workers)} that {'it' if len(rows) == 1 else 'they'} started: these "
            f"{why} at {', '.join(where[:3])}.",
            evidence=(
                Evidence("workers, all of them stuck", len(workers), "goroutines"),
                *_unmoved(locks, rows),
            ),
        )
        yield replace(found, advice=_RECEIVE_FIRST) if why == _SENDING else found


def _workers(locks: Locks, row: int) -> list[int]:
    """Whom the waiter started, in the function that calls Wait if any; and who has the WaitGroup."""
    dump = locks.dump
    waits_in = dump.stack_of(row).user_frame
    children = set(dump.tied.get(("goroutine", dump.ids[row]), ())) - {row}
    found = {
        child
        for child in children
        if waits_in
        and (created := dump.stack_of(child).created_by)
        and created.function == waits_in.function
    } or children
    if dump.addresses[row]:
        found |= set(dump.tied.get(("pointer", dump.addresses[row]), ()))
    return sorted(found - {row, dump.row_of.get(dump.parents[row], row)})


def _unmoved(locks: Locks, rows: Sequence[int]) -> tuple[Evidence, ...]:
    still = sum(row in locks.still for row in rows)
    if not still:
        return ()
    label = (
        "waiting for a minute or more"
        if locks.before is None
        else "at the same place in both dumps"
    )
    return (Evidence(label, still, "goroutines"),)


RULE = Rule(
    "leak-cycle",
    ("goroutines",),
    find,
    family=Family.LEAKS,
    verdict="goroutines",
    state="leak",
    strength=50,
    explains={"lock": "tells who waits for whom, and for ever"},
)
