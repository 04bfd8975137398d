"""The states of every goroutine in a generation, each goroutine's in their own order.

This needs no total order of events. An event that names a goroutine carries a sequence number, which counts
the goroutine's starts and wake-ups; later events of its M until it stops belong to the same number, in the
order of the M. So rows sorted by (goroutine, sequence number, position) are histories, whatever the clocks
say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.traces.arrays import Bytes, Int32, Int64, Mask, numbered
from goscope.traces.event_columns import Events
from goscope.traces.event_table import NUMBER, mask_of
from goscope.traces.generation_tables import GenerationTables, TextTable, TraceStacks
from goscope.traces.live_goroutines import LiveGoroutines, Rows, new_goroutines
from goscope.traces.state_transitions import (
    AFTER,
    BEFORE,
    CHANGES,
    GONE,
    OF_STATUS,
    RUNNABLE,
    RUNNING,
    UNKNOWN,
    WAITING,
)
from goscope.traces.thread_contexts import ThreadContexts, signed

STATUSES = mask_of("GoStatus", "GoStatusStack")
_SWITCH = mask_of("GoSwitch", "GoSwitchDestroy")
_CREATE = mask_of("GoCreate", "GoCreateBlocked", "GoCreateSyscall")
_NUMBERED = mask_of("GoStart", "GoUnblock", "GoSwitch", "GoSwitchDestroy")
_NAMES = STATUSES | _CREATE | _NUMBERED
_REASONED = mask_of("GoStop", "GoBlock")
#: Where the stack of the event stands: the second or third argument.
_SECOND = mask_of("GoStop", "GoBlock", "GoSyscallBegin")
_THIRD = mask_of("GoUnblock", "GoCreate", "GoCreateBlocked")
#: Events whose stack is that of the goroutine itself, so that its root is the start function.
_OWN_STACK = _SECOND | mask_of("GoStatusStack")


@dataclass(slots=True)
class History:
    """Rows of state changes, goroutine after goroutine, each in order.

    ``goroutines`` is what was known before, and ``own`` the place of each row's goroutine in it. The first
    row of one that was known is its last state. ``at`` is the position of the event, -1 for such a row.
    ``stack`` is -1 and ``reason`` 0 where there is none. ``firsts`` are the first rows of all goroutines,
    ``anomalies`` counts changes that cannot be.
    """

    goroutines: Rows
    own: Int64
    time: Int64
    state: Bytes
    stack: Int32
    reason: Int32
    at: Int64
    type: Bytes
    firsts: Int64
    anomalies: int = 0

    def __len__(self) -> int:
        return len(self.own)

    def keep(self, rows: Mask) -> None:
        """Drop all other rows."""
        for name in ("own", "time", "state", "stack", "reason", "at", "type"):
            setattr(self, name, getattr(self, name)[rows])
        self.firsts = first_of_each(self.own)


def histories(
    events: Events,
    threads: ThreadContexts,
    dictionary: GenerationTables,
    known: LiveGoroutines,
    stacks: TraceStacks,
    words: TextTable,
    start: int,
) -> History:
    """The histories of all goroutines that a generation, which began at ``start``, names."""
    at, step = _rows(events)
    g, sequence = _owners(events, threads, at, step)
    nobody = g < 0
    anomalies = int(np.count_nonzero(nobody))
    if anomalies:
        at, step, g, sequence = at[~nobody], step[~nobody], g[~nobody], sequence[~nobody]
    ids, own = _numbered(g)
    del g
    goroutines = known.of(ids)
    own, again = _lives(events, at, own, goroutines)
    goroutines = np.concatenate([goroutines, new_goroutines(ids[again])])
    carried = np.flatnonzero(goroutines["state"] != UNKNOWN)
    own, order = _sorted(own, sequence, carried)
    order -= len(carried)
    before = np.flatnonzero(order < 0)  # the rows of last states
    at = at.take(order, mode="clip")
    at[before] = -1
    step = step.take(order, mode="clip")
    step[before] = 0
    found = _history(events, dictionary, words, goroutines, own, at, step, carried)
    _begin(found, start)
    _name(found, events, threads, dictionary, stacks)
    _drop_repeated(found)
    found.anomalies += anomalies
    return found


def first_of_each(own: Int64) -> Int64:
    """The first places of each number in numbers that never fall."""
    new = np.ones(len(own), np.bool_)
    np.not_equal(own[1:], own[:-1], out=new[1:])
    return np.flatnonzero(new)


def _rows(events: Events) -> tuple[Int64, Bytes]:
    """The positions of the events that are state changes, statuses first.

    A switch is three changes: the other goroutine wakes, this one blocks or ends, the other runs. So it
    is there three times, as steps 0, 1 and 2.
    """
    masks = (STATUSES[events.type], CHANGES[events.type])
    at = np.concatenate([np.flatnonzero(mask) for mask in masks])
    if not _SWITCH[events.type].any():
        return at, np.zeros(len(at), np.uint8)
    switch = _SWITCH[events.type.take(at)]
    times = np.where(switch, 3, 1)
    begins = np.repeat(np.cumsum(times) - times, times)
    return np.repeat(at, times), (np.arange(len(begins)) - begins).astype(np.uint8)


def _owners(events: Events, threads: ThreadContexts, at: Int64, step: Bytes) -> tuple[Int64, Int64]:
    """The goroutine of each change, and the number that orders it."""
    types = events.type.take(at)
    first, second, _ = events.arguments
    g = signed(first.take(at))
    numbered = _NUMBERED[types]
    sequence = np.where(numbered, second.take(at).astype(np.int64), 0)
    local = np.flatnonzero(~_NAMES[types] | (step == 1))
    g[local], sequence[local] = threads.g_and_sequence(at[local])
    return g, sequence


def _numbered(g: Int64) -> tuple[Int64, Int64]:
    """The distinct ids in order, and for each row the place of its id among them."""
    if not len(g):
        return g, g
    low, high = int(g.min()), int(g.max())
    if high - low > 4 * len(g) + (1 << 20):
        ids, _, turn = numbered(g)
        return ids, turn
    there = np.zeros(high - low + 1, np.bool_)
    there[g - low] = True
    places = np.cumsum(there) - 1
    return np.flatnonzero(there).astype(np.int64) + low, places.take(g - low)


def _lives(events: Events, at: Int64, own: Int64, goroutines: Rows) -> tuple[Int64, Int64]:
    """Separate goroutines that have the same id one after the other, as callbacks from C do.

    The sequence numbers begin again with each, so the clock decides which rows belong together. Returns the
    goroutine of each row, and the goroutines whose ids the additional ones have.
    """
    types = events.type.take(at)
    created = _CREATE[types]
    births = np.bincount(own[created], minlength=len(goroutines))
    before = goroutines["state"] != UNKNOWN
    before[own[STATUSES[types]]] = True
    several = births + before > 1
    nothing = np.zeros(0, np.int64)
    if not several.any() or not births.any():
        return own, nothing
    several &= births > 0
    rows = np.flatnonzero(several.take(own))
    rows = rows[np.lexsort((at[rows], events.time[at[rows]], own[rows]))]
    owner = own[rows].astype(np.int64)
    born = created[rows]
    first = np.diff(owner, prepend=-1) != 0
    further = born & ~(
        first & ~before[owner]
    )  # the first birth of one that was not there is no further one
    number = np.cumsum(further)
    at_first = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    earlier = number[at_first] - further[at_first]
    lives = number - earlier  # 0 for the life that went on before
    result = own.copy()
    result[rows] = np.where(lives > 0, len(goroutines) + number - 1, owner)
    return result, owner[further]


def _sorted(own: Int64, sequence: Int64, carried: Int64) -> tuple[Int64, Int64]:
    """Sort the rows, last states first: the goroutine of each row, and its position before."""
    rows = len(carried) + len(own)
    owners = np.concatenate([carried, own]) if len(carried) else own.astype(np.int64)
    numbers = np.concatenate([np.zeros(len(carried), np.int64), sequence])
    of_row, of_number = rows.bit_length(), int(numbers.max(initial=0)).bit_length()
    of_owner = int(owners.max(initial=0)).bit_length()
    if of_row + of_number + of_owner > 63 or numbers.min(initial=0) < 0:
        order = np.lexsort((np.arange(rows), numbers, owners))
        return owners[order], order
    keys = owners
    keys <<= of_number
    keys |= numbers
    keys <<= of_row
    keys |= np.arange(rows)
    keys.sort()  # whole numbers sort ten times as fast as positions do
    owners = keys >> (of_row + of_number)
    return owners, keys & ((1 << of_row) - 1)


def _history(
    events: Events,
    dictionary: GenerationTables,
    words: TextTable,
    goroutines: Rows,
    own: Int64,
    at: Int64,
    step: Bytes,
    carried: Int64,
) -> History:
    """The columns of the rows."""
    before = np.flatnonzero(at < 0)
    place = np.maximum(at, 0)
    types = events.type.take(place)
    types[before] = 0
    time = events.time.take(place)
    state = AFTER[types]
    status = np.flatnonzero(STATUSES[types])
    state[status] = OF_STATUS[np.minimum(events.arguments[2][at[status]], 255)]
    expected = BEFORE[types]
    if step.any():
        _switch(types, step, time, state, expected)
    stack = _stacks(events, dictionary, types, at)
    reason = _reasons(events, dictionary, words, types, at)
    last = goroutines[carried]
    for column, name in ((time, "since"), (state, "state"), (stack, "stack"), (reason, "reason")):
        column[before] = last[name]
    found = History(goroutines, own, time, state, stack, reason, at, types, first_of_each(own))
    previous = np.empty_like(state)
    previous[1:] = state[:-1]
    previous[found.firsts] = UNKNOWN
    wrong = previous != expected
    wrong[status] = (previous[status] != UNKNOWN) & (previous[status] != state[status])
    wrong[status] |= state[status] == UNKNOWN
    wrong[before] = False
    found.anomalies = int(np.count_nonzero(wrong))
    return found


def _switch(
    types: Bytes,
    step: Bytes,
    time: Int64,
    state: Bytes,
    expected: Bytes,
) -> None:
    """The steps of a switch follow each other within the nanosecond, as in ``go tool trace``."""
    time += step
    destroys = types == NUMBER["GoSwitchDestroy"]
    state[step == 1] = np.where(destroys, GONE, WAITING)[step == 1]
    expected[step == 1] = RUNNING
    state[step == 2] = RUNNING
    expected[step == 2] = RUNNABLE


def _stacks(
    events: Events,
    dictionary: GenerationTables,
    types: Bytes,
    at: Int64,
) -> Int32:
    """Where each state began: in the goroutine itself, in who woke it, or in who created it."""
    stack = np.full(len(at), -1, np.int32)
    _, second, third = events.arguments
    for mask, column in ((_SECOND, second), (_THIRD, third)):
        rows = np.flatnonzero(mask[types])
        stack[rows] = dictionary.stacks(column.take(at.take(rows)))
    rows = np.flatnonzero(types == NUMBER["GoStatusStack"])
    stack[rows] = dictionary.stacks(events.fourth_of(at[rows]))
    return stack


def _reasons(
    events: Events,
    dictionary: GenerationTables,
    words: TextTable,
    types: Bytes,
    at: Int64,
) -> Int32:
    """Why a goroutine stopped, as numbers of ``words``."""
    reason = np.zeros(len(at), np.int32)
    rows = np.flatnonzero(_REASONED[types])
    texts = dictionary.strings(events.arguments[0].take(at.take(rows)))
    used = np.flatnonzero(np.bincount(texts + 1, minlength=1))
    numbers = np.zeros(len(dictionary.texts) + 1, np.int32)
    for place in used.tolist():
        numbers[place] = words.number(dictionary.texts[place - 1]) if place else 0
    reason[rows] = numbers.take(texts + 1)
    return reason


def _begin(found: History, start: int) -> None:
    """Let goroutines that existed before their first event begin at the start of the generation."""
    firsts = found.firsts
    new = firsts[(found.at[firsts] >= 0) & ~_CREATE[found.type[firsts]]]
    status = new[STATUSES[found.type[new]]]
    found.time[status] = start
    goroutines, own = found.goroutines, found.own[new]
    goroutines["existed"][own] = True
    goroutines["created"][own] = found.time[new]


def _name(
    found: History,
    events: Events,
    threads: ThreadContexts,
    dictionary: GenerationTables,
    stacks: TraceStacks,
) -> None:
    """Note who created whom and where, and the start functions of those not named yet."""
    goroutines = found.goroutines
    roots = np.array([*stacks.roots, -1], np.int32)
    born = np.flatnonzero(_CREATE[found.type])
    own, at = found.own[born], found.at[born]
    goroutines["created"][own] = found.time[born]
    plain = found.type[born] != NUMBER["GoCreateSyscall"]
    goroutines["creator"][own] = threads.g(at)
    goroutines["created_at"][own] = found.stack[born]
    start = np.where(plain, dictionary.stacks(events.arguments[1][at]), -1)
    goroutines["name"][own] = roots[start]
    rows = np.flatnonzero(_OWN_STACK[found.type] & (found.stack >= 0))
    rows = rows[goroutines["name"].take(found.own.take(rows)) < 0]
    first = rows[first_of_each(found.own[rows])]
    goroutines["name"][found.own[first]] = roots[found.stack[first]]


def _drop_repeated(found: History) -> None:
    """Drop status rows that repeat the known state."""
    same = np.zeros(len(found), np.bool_)
    same[1:] = (found.state[1:] == found.state[:-1]) & (found.own[1:] == found.own[:-1])
    if same.any():
        found.keep(~same)
