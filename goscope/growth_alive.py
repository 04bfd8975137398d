"""Growth that is no leak, as dumps show it: who is fed, and who serves an open connection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from goscope.capture import Capture
from goscope.goruntime.wait_reasons import primitive_of
from goscope.stacks import Blocked, Snapshot, Stack, Stacks, stacks_of

_ACCEPT = ("net.(*netFD).accept", "internal/poll.(*FD).Accept")
_LEAST_FED = 2
_LEAST_FED_SHARE = 0.1
#: A connection has a handler, and that one often a reader and a writer.
_MOST_CHILDREN = 2

_Place = tuple[str, str | None, int | None]


def fed(capture: Capture, dumps: Sequence[Snapshot], ids: Sequence[frozenset[int]]) -> bool:
    """Whether goroutines that are there for two dumps or more still get what they receive.

    Who waits in a plain ``chan receive`` in one dump and elsewhere in the next was served by a sender that
    is alive. The young are left out: where a goroutine is on its way into a leak it moves too. So it takes
    three dumps.
    """
    stacks = stacks_of(capture)
    places = [_places(dump, stacks, known) for dump, known in zip(dumps, ids, strict=True)]
    seen = moved = 0
    for oldest, before, after in zip(ids, places[1:], places[2:], strict=False):
        for goroutine in oldest & before.keys() & after.keys():
            one, other = before[goroutine], after[goroutine]
            seen += 1
            moved += one != other and any(p[0].startswith("chan receive") for p in (one, other))
    return moved >= _LEAST_FED and moved >= _LEAST_FED_SHARE * seen


def _places(dump: Snapshot, stacks: Stacks, ids: frozenset[int]) -> dict[int, _Place]:
    """Why and where each of these waits; signal dumps show more frames, but not more of the program's own."""
    rows = dump.rows
    reasons = rows.texts("wait_reason")
    found: dict[int, _Place] = {}
    for row in np.flatnonzero(np.isin(rows["id"], list(ids))).tolist():
        why = reasons[row]
        if why is not None:
            site = stacks[int(rows["stack"][row])].user_frame
            place = (site.function, site.line) if site else (None, None)
            found[int(rows["id"][row])] = (why.removesuffix(" (leaked)"), *place)
    return found


def serving(capture: Capture, blocked: Blocked, count: int) -> bool:
    """Whether goroutines belong to connections that were accepted and are open: read from, in IO wait.

    The handler is started by a function that is in an accept loop now, others by a function that is in
    such a handler now. Whoever outlives the connection has no handler left, and does not count.
    """
    created = blocked.stack.created_by
    if created is None or created.function is None:
        return False
    stacks = stacks_of(capture)
    rows = blocked.snapshot.rows
    numbers, sizes = np.unique(rows["stack"], return_counts=True)
    present = [(stacks[n], size) for n, size in zip(numbers.tolist(), sizes.tolist(), strict=True)]
    accepting = {f for stack, _ in present if _accepts(stack) for f in stack.functions}
    if created.function in accepting:
        return primitive_of(blocked.reason) == "io"
    handlers = sum(
        size
        for stack, size in present
        if created.function in stack.functions and _reads(stack, accepting)
    )
    return bool(count <= _MOST_CHILDREN * handlers)


def _accepts(stack: Stack) -> bool:
    return any(f in _ACCEPT for f in stack.functions)


def _reads(stack: Stack, accepting: set[str]) -> bool:
    created = stack.created_by
    return (
        created is not None
        and created.function in accepting
        and "internal/poll.(*FD).Read" in stack.functions
    )
