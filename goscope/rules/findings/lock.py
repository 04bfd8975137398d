"""What the rules about locks have in common: who waits for whom in sentences, and what to do."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from goscope.analysis.waits.locks import Lock, Locks
from goscope.findings.findings import Site


def who_waits_for_whom(
    locks: Locks, lock: Lock, cycle: tuple[int, ...] | None = None, *, kept: bool = True
) -> Iterator[str]:
    """Sentences: who waits for the lock, who seems to hold it, and where that one is.

    ``cycle``: the locks that lead back to this one. ``kept``: nobody can unlock it, so that
    something is said also where no holder is seen.
    """
    dump = locks.dump
    if cycle is not None and len(cycle) > 1:
        for number in cycle:
            link = locks.all[number]
            holder = next((h for h in locks.holders(link) if h.row in locks.lock_of), None)
            by = f", which goroutine {dump.ids[holder.row]} seems to hold" if holder else ""
            yield f"{_ids(locks, link.rows)} for {_name(link)}{by}."
        return
    yield f"{_ids(locks, lock.rows)} for {_name(lock)}."
    holders = locks.holders(lock)
    for holder in holders:
        goroutine = dump.ids[holder.row]
        if holder.itself:
            yield f"Goroutine {goroutine} seems to hold it itself: {holder.because}."
            continue
        verb = "is" if dump.reasons[holder.row] is None else "waits in"
        place = _short(dump.stack_of(holder.row).user_frame)
        state = dump.reason(holder.row)
        yield f"Goroutine {goroutine} seems to hold it ({holder.because}): it {verb} {state} at {place}."
    if holders or not kept:
        return
    crowd = len(locks.in_methods(lock)) or locks.others_in_package(lock)
    if crowd:
        others = "other goroutine runs" if crowd == 1 else "other goroutines run"
        yield f"Who holds it is not to be seen; {crowd} {others} code of its package."
    elif not dump.whole:
        yield "Who holds it is not in this text, which is not the whole dump."
    else:
        yield (
            "Nobody who is left seems to hold it: a path returned without Unlock, or a function "
            "locks what it has locked."
        )


def holder_in_words(locks: Locks, lock: Lock) -> str:
    """What a title says of a lock that is in no cycle and not held by who waits for it."""
    if locks.holders(lock):
        return "a lock whose holder waits as well"
    if locks.in_methods(lock) or locks.others_in_package(lock):
        return "a lock whose holder is not to be seen"
    if not locks.dump.whole:
        return "a lock whose holder is not in this text"
    return "a lock that nobody who is left seems to hold"


def advice_about(locks: Locks, lock: Lock, cycle: tuple[int, ...] | None) -> str:
    """What to do about a lock whose waiters wait on."""
    holders = locks.holders(lock)
    if cycle is not None and len(cycle) > 1:
        return "Take these locks in one order everywhere, for example by name or id."
    if lock.once:
        return (
            "See why the function of the sync.Once does not return: what runs for long belongs into a "
            "goroutine that it starts."
        )
    if any(holder.itself for holder in holders):
        return (
            "A method must not call another that takes the same lock: split the inner one into one that "
            "locks and one that expects the lock to be held."
        )
    if holders:
        return (
            "Do not wait for a channel, a WaitGroup or another lock while holding a lock: unlock first, "
            "or hand the work to a goroutine that does not hold it."
        )
    if not locks.dump.whole or locks.in_methods(lock) or locks.others_in_package(lock):
        return (
            "Look for who holds it in a dump of all goroutines (goroutine?debug=2, or SIGQUIT): somebody who "
            "waits, runs or sleeps in other code of this package."
        )
    return "Unlock with defer right after locking, so that no early return or panic keeps the lock."


def _name(lock: Lock) -> str:
    return f"the lock {lock.address:#x}" if lock.address is not None else "a lock"


def _short(site: Site | None) -> str:
    """A site without its folder: the sentence names several."""
    if site is None or site.function is None:
        return "an unknown place"
    file = (site.file or "?").rpartition("/")[2]
    return f"{site.function} ({file}:{site.line})"


def _ids(locks: Locks, rows: Sequence[int]) -> str:
    ids = heapq.nsmallest(5, (locks.dump.ids[row] for row in rows))
    if len(rows) == 1:
        return f"Goroutine {ids[0]} waits"
    shown = ", ".join(map(str, ids)) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
    return f"Goroutines {shown} wait"
