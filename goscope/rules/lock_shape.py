"""What the rules about locks have in common: who waits for whom in sentences, and groups of waiters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from goscope.locks import Lock, Locks
from goscope.rules.leak_shape import place_of
from goscope.stacks import Blocked


def who_waits_for_whom(
    locks: Locks, lock: Lock, cycle: tuple[int, ...] | None = None, *, kept: bool = True
) -> Iterator[str]:
    """Sentences: who waits for the lock, who seems to hold it, and where that one is.

    ``kept``: nobody can let go of it, so that something is said also where no holder is seen.
    """
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
    crowd = 0 if holders or not kept else locks.in_methods(lock)
    if crowd:
        yield f"One of {crowd} goroutines in methods of its type may hold it."
    elif not holders and kept:
        yield (
            "Nobody who is left seems to hold it: a path returned without Unlock, or a function "
            "locks what it has locked."
        )


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


def _ids(locks: Locks, rows: Sequence[int]) -> str:
    ids = sorted(locks.dump.ids[row] for row in rows)
    if len(ids) == 1:
        return f"Goroutine {ids[0]} waits"
    shown = ", ".join(map(str, ids[:5])) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    return f"Goroutines {shown} wait"
