"""Growth that is no leak, or need not be one, as dumps show it: who is fed, who serves an open connection,
and whose wait ends without another goroutine."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from itertools import pairwise

import numpy as np

from goscope.analysis.goroutines.dumps import Blocked, Snapshot, StackTable, stacks_of
from goscope.analysis.waits.connections import Connections
from goscope.analysis.waits.wakeup_graph import SHORT_NAP_NS, dumps_of
from goscope.capture.capture import Capture
from goscope.goruntime.long_waiters import waits_for_child
from goscope.goruntime.request_handlers import waits_for_response
from goscope.parsing.numbers import IntArray

_LEAST_FED = 2
_LEAST_FED_SHARE = 0.1
_LEAST_SERVED = 2
_DISORDER = 0.1
#: Of the largest step between two dumps the last one is at least so much, unless a pool fills up.
_LEAST_STEP_SHARE = 0.1

_Place = tuple[str, str | None, int | None]


class BenignGrowth(Enum):
    """Why goroutines that become more and stay may be no leak."""

    CONNECTED = "connected"  # they serve connections whose peers keep them open
    FED = "fed"  # they are workers, and the old ones get work
    SERVED = "served"  # they queue, and the oldest of them have ended
    SETTLED = "settled"  # there are no more in the last dump than in the one before
    STOPPED = "stopped"  # the same of senders and lock waiters, which no pool parks
    SETTLING = "settling"  # hardly more than in the dump before: a pool that reaches its size
    NAPPING = "napping"  # a sleep ends by itself, and is longer than the dumps are apart
    PATIENT = "patient"  # requests that wait for other goroutines, and so do their clients
    PEER = "peer"  # somebody at the other end of a connection or a pipe may end it
    CHILD = "child"  # a child process that ends does
    LOOPING = "looping"  # short sleeps, again and again: it may have an end

    @property
    def harmless(self) -> bool:
        """Whether nothing but the growth itself speaks for a leak."""
        return self in (
            BenignGrowth.CONNECTED,
            BenignGrowth.FED,
            BenignGrowth.SERVED,
            BenignGrowth.SETTLED,
            BenignGrowth.NAPPING,
        )


def doubt_about(
    capture: Capture,
    dumps: Sequence[Snapshot],
    ids: Sequence[frozenset[int]],
    blocked: Blocked,
    connections: Connections,
) -> BenignGrowth | None:
    """The strongest reason why growth may be no leak; None if only other goroutines could end the wait.

    ``ids`` are the goroutines in each dump, ``blocked`` where most of them wait in the last one, whose
    connections are given.
    """
    if connections.explain(blocked, len(ids[-1])):
        return BenignGrowth.CONNECTED
    steps = [len(new) - len(old) for old, new in pairwise(ids)]
    # Workers are parked in a receive, a select or a Cond; nobody parks them in a send or before a lock.
    parked = blocked.primitive != "lock" and not blocked.reason.startswith("chan send")
    if parked and steps[-1] == 0:
        return BenignGrowth.SETTLED
    if fed(capture, dumps, ids):
        return BenignGrowth.FED
    if _served(capture, dumps, blocked):
        return BenignGrowth.SERVED
    if steps[-1] == 0:
        return BenignGrowth.STOPPED
    if len(steps) > 1 and steps[-1] < _LEAST_STEP_SHARE * max(steps):
        return BenignGrowth.SETTLING
    if blocked.primitive == "sleep":
        return (
            BenignGrowth.LOOPING
            if 0 < _longest_nap(capture, blocked) <= SHORT_NAP_NS
            else BenignGrowth.NAPPING
        )
    if waits_for_child(blocked.stack.functions):
        return BenignGrowth.CHILD
    if blocked.primitive == "io" or waits_for_response(blocked.stack.functions):
        return BenignGrowth.PEER
    if connections.beside_readers(blocked):
        return BenignGrowth.PEER
    return BenignGrowth.PATIENT if connections.have_peers(blocked) else None


def _longest_nap(capture: Capture, blocked: Blocked) -> int:
    """The longest of their sleeps that are known, in ns; 0 if none is."""
    dump = next(
        d for _, of in dumps_of(capture) for d in of if d.snapshot.number == blocked.snapshot.number
    )
    return max(map(dump.nap_ns, blocked.rows.tolist()))


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


def _served(capture: Capture, dumps: Sequence[Snapshot], blocked: Blocked) -> bool:
    """Whether all who wait in one place are a queue: the ones who came first have ended, in each step.

    Where goroutines leak, those that end are the ones that never got stuck, and the young among them. Ids
    are given in the order of the go statements; who gets to the queue first may be a little out of it.
    """
    stacks = stacks_of(capture)
    for dump, later in pairwise(dumps):
        waiting = _ids_at(dump, stacks, blocked)
        gone = np.flatnonzero(~np.isin(waiting, later.rows["id"]))
        if len(gone) < _LEAST_SERVED:
            return False
        if np.median(gone) > len(gone) + _DISORDER * len(waiting):
            return False
    return len(dumps) > 2


def _ids_at(dump: Snapshot, stacks: StackTable, blocked: Blocked) -> IntArray:
    """The ids of all who wait where these do, whoever started them, the oldest first."""
    rows, site = dump.rows, blocked.stack.user_frame
    alike = [r.partition(" (leaked)")[0] == blocked.reason for r in rows.categories("wait_reason")]
    for_this = np.isin(rows["wait_reason"], np.flatnonzero(alike))
    numbers = np.unique(rows["stack_id"][for_this]).tolist()
    here = [number for number in numbers if stacks[number].user_frame == site]
    return np.sort(rows["id"][for_this & np.isin(rows["stack_id"], here)])


def _places(dump: Snapshot, stacks: StackTable, ids: frozenset[int]) -> dict[int, _Place]:
    """Why and where each of these waits; signal dumps show more frames, but not more of the program's own."""
    rows = dump.rows
    reasons = rows.texts("wait_reason")
    found: dict[int, _Place] = {}
    for row in np.flatnonzero(np.isin(rows["id"], list(ids))).tolist():
        why = reasons[row]
        if why is not None:
            site = stacks[int(rows["stack_id"][row])].user_frame
            place = (site.function, site.line) if site else (None, None)
            found[int(rows["id"][row])] = (why.removesuffix(" (leaked)"), *place)
    return found
