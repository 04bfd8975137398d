"""Goroutines that nobody who can act could wake: what is left of a program that is over or hangs.

Two cases are told from two dumps. When the main goroutine or a test made both and everything else that
can act has nothing to do with a goroutine, only the maker of the dumps is left to wake it
(:func:`waiting_only_for_dumper`). In a program that runs, the only sure thing is a sender whose function has
returned, in a package in which nobody else is (:func:`orphans`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from goscope.analysis.waits.wakeup_graph import (
    CAN_ACT,
    NEEDS_OTHERS,
    SHORT_NAP_NS,
    Dump,
    Tie,
    WakeSource,
    is_at_rest,
)
from goscope.goruntime.function_names import declared_name, is_standard_library
from goscope.goruntime.wait_reasons import primitive_of

_A_POOL = 2
"""So many goroutines with one stack, started by one that lives, are workers that wait for a job."""


LONG_MINUTES = 3
"""A receiver that takes nothing for so long is hardly a slow one."""


@dataclass(frozen=True, slots=True)
class Left:
    """A goroutine that nobody who can act could wake.

    ``needs_partner``: it, or one that it is tied to, waits in a way that time cannot end.
    ``on_maker``: the chain of its parents leads to the goroutine that made the dumps, which may
    yet wake it.
    """

    row: int
    needs_partner: bool
    on_maker: bool


def unmoved(before: Dump | None, after: Dump) -> set[int]:
    """Who waits for other goroutines, in both dumps at one place; rows of the later dump.

    Without an earlier dump those that have waited for a minute, as far as the runtime says so.
    """
    waits = {*NEEDS_OTHERS, WakeSource.NONE}
    if before is None:
        long = np.flatnonzero(after.snapshot.rows.numbers("wait_minutes") >= 1).tolist()
        return {row for row in long if after.wake_sources[row] in waits}
    earlier = before.row_of
    return {
        row
        for row in after.waiting_for_any(waits).tolist()
        if after.ids[row] in earlier and after.same(row, before, earlier[after.ids[row]])
    }


def waiting_only_for_dumper(before: Dump | None, after: Dump) -> tuple[Left, ...]:
    """Whom only the maker of the dumps could wake, if that is the main goroutine or a test.

    Without an earlier dump, minutes of waiting stand for it (:func:`unmoved`). Who moved between the
    dumps can act, and so can whoever has to do with one that can. Goroutines in a select or a chan
    receive alone prove nothing: a timer may wake them, so they carry ``needs_partner`` only if
    they are tied to one that no timer wakes.
    """
    if not after.made_by_harness or (before is not None and not before.made_by_harness):
        return ()
    still = unmoved(before, after)
    if not still:
        return ()
    wake_sources = after.wake_sources
    movers = [
        row
        for row, standing in enumerate(wake_sources)
        if row != after.dumper
        and not after.traits(row).harness
        and (standing in CAN_ACT or (standing in NEEDS_OTHERS and row not in still))
    ]
    still -= after.reachable(movers)
    rows = [
        row
        for row in sorted(still)
        if wake_sources[row] is not WakeSource.NONE and _of_the_program(after, row)
    ]
    found = []
    leads: dict[int, bool] = {}
    for component in _components(after, rows):
        partner = _lacks_partner(after, component)
        found += [Left(row, partner, _leads_to_maker(after, row, leads)) for row in component]
    return tuple(sorted(found, key=lambda left: left.row))


def orphans(before: Dump, after: Dump) -> tuple[int, ...]:
    """Senders that wait in both dumps, whose function has returned and whose package nobody else is in.

    The channel was made, or captured, by the function of the go statement. Its goroutine is gone, or
    is back in a loop of the standard library, so it receives no more; and nobody else runs code of the
    package that could.
    """
    still = unmoved(before, after)
    senders = [
        row
        for row in still
        if after.reason(row).startswith("chan send")
        and _own_closure(after, row)
        and _creator_returned(after, row)
    ]
    if not senders:
        return ()
    stacks = {after.stack[row] for row in senders}
    others: set[str] = set()
    for row in range(len(after.ids)):
        if after.stack[row] not in stacks and after.wake_sources[row] is not WakeSource.RUNTIME:
            others |= after.traits(row).packages
    return tuple(row for row in sorted(senders) if not after.traits(row).packages & others)


def stale_senders(dumps: Sequence[Dump], *, least: int) -> dict[int, str]:
    """Senders whose go statement is in a function that nobody is in any more; a reason for each.

    Somebody else may have the channel, and take from it now and then. That nobody does is likely where
    they have waited for three minutes, as the runtime says; or where ``least`` of them with one stack stand
    still in three dumps, nobody of that stack got away, and those who started them are gone, or do not
    receive (they accept connections, wait for nothing, or sleep shortly, again and again). Whoever can act
    and has to do with a sender speaks for it.
    """
    after = dumps[-1]
    long = after.snapshot.rows.numbers("wait_minutes") >= LONG_MINUTES
    still = unmoved(dumps[-2] if len(dumps) > 1 else None, after)
    senders = [row for row in still if after.reason(row).startswith("chan send")]
    senders = _without_relatives(after, _without_function(after, senders))
    found = {row: "minutes" for row in senders if long[row]}
    if len(dumps) < 3:
        return found
    before, middle = dumps[-3:-1]
    earlier = {middle.ids[row] for row in unmoved(before, middle)}
    staying = {after.ids[row] for row in still}
    served = {
        dump.stack[row]
        for dump in (before, middle)
        for row, why in enumerate(dump.reasons)
        if why is not None and why.startswith("chan send") and dump.ids[row] not in staying
    }
    packages = {
        package
        for row in _acting(after)
        if not _naps(after, row)
        for package in after.traits(row).packages
    }
    many = [
        row
        for row in senders
        if after.ids[row] in earlier
        and after.stack[row] not in served
        and _cannot_receive(after, row, packages)
    ]
    sizes = Counter(after.stack[row] for row in many)
    return {
        **{row: "dumps" for row in many if sizes[after.stack[row]] >= least},
        **found,
    }


def _without_function(dump: Dump, senders: Sequence[int]) -> list[int]:
    """Those of them whose go statement is in a function of the program that is on no stack."""
    present = {f for number in set(dump.stack) for f in dump.stacks[number].functions}
    gone = {
        number: (created := dump.stacks[number].created_by) is not None
        and created.function is not None
        and not is_standard_library(created.function)
        and created.function not in present
        for number in {dump.stack[row] for row in senders}
    }
    return [row for row in senders if gone[dump.stack[row]]]


def _without_relatives(dump: Dump, senders: Sequence[int]) -> list[int]:
    """Those of them who have nothing in common with anybody who can act.

    A parent that started both counts, but for the main one, which starts most.
    """
    if not senders:
        return []
    ties = {tie for row in _acting(dump) for tie in dump.ties(row)} - {("goroutine", 1)}
    return [row for row in senders if not ties.intersection(dump.ties(row))]


def _acting(dump: Dump) -> list[int]:
    """Who can act, but for the maker of the dump and those who only accept connections."""
    rows = dump.waiting_for_any(CAN_ACT).tolist()
    return [row for row in rows if row != dump.dumper and not is_at_rest(dump.stack_of(row))]


def _cannot_receive(dump: Dump, row: int, packages: set[str]) -> bool:
    """Whether its parent is gone; or accepts connections, waits for nothing, or has come round without
    receiving, in a program in which nobody else who acts is in the sender's package."""
    parent = dump.parents[row]
    above = dump.row_of.get(parent)
    if parent < 0 or above is None:
        return parent >= 0
    never = dump.wake_sources[above] is WakeSource.NONE or is_at_rest(dump.stack_of(above))
    return (never or _naps(dump, above)) and not dump.traits(row).packages & packages


def _naps(dump: Dump, row: int) -> bool:
    """Whether it sleeps so shortly that it would have received something between two dumps."""
    return 0 < dump.nap_ns(row) <= SHORT_NAP_NS


def _of_the_program(dump: Dump, row: int) -> bool:
    """Whether a frame or the go statement is the program's own, and it is no harness."""
    stack = dump.stack_of(row)
    if dump.traits(row).harness or not stack.frames:
        return False
    names = [*stack.functions, stack.created_by.function if stack.created_by else None]
    return any(name and not is_standard_library(name) for name in names)


def _components(dump: Dump, rows: Sequence[int]) -> list[list[int]]:
    """The rows parted into those that have to do with each other.

    That the maker of the dump started two of them alone does not tie them.
    """
    maker = dump.ids[dump.dumper] if dump.dumper is not None else -1
    by_tie: dict[Tie, list[int]] = {}
    ties_of: dict[int, list[Tie]] = {}
    for row in rows:
        ties = [tie for tie in dump.ties(row) if tie != ("goroutine", maker) and tie in dump.tied]
        ties_of[row] = ties
        for tie in ties:
            by_tie.setdefault(tie, []).append(row)
    seen: set[int] = set()
    followed: set[Tie] = set()
    found = []
    for first in rows:
        if first in seen:
            continue
        seen.add(first)
        component, left = [], [first]
        while left:
            row = left.pop()
            component.append(row)
            for tie in ties_of[row]:
                if tie not in followed:
                    followed.add(tie)
                    fresh = [other for other in by_tie[tie] if other not in seen]
                    seen.update(fresh)
                    left += fresh
        found.append(component)
    return found


def _leads_to_maker(dump: Dump, row: int, known: dict[int, bool]) -> bool:
    """Whether its parents, as far as they are there, end at the maker of the dump, or are unknown."""
    chain: list[int] = []
    leads: bool | None = None
    while leads is None:
        if row in known:
            leads = known[row]
            break
        known[row] = True  # for hostile goroutines that started each other
        chain.append(row)
        parent = dump.parents[row]
        above = dump.row_of.get(parent)
        if parent < 0:
            leads = True
        elif above is None:
            leads = False
        elif above == dump.dumper or dump.traits(above).harness:
            leads = True
        else:
            row = above
    known.update(dict.fromkeys(chain, leads))
    return leads


def _lacks_partner(dump: Dump, component: Sequence[int]) -> bool:
    """Whether somebody of these waits in a way that neither time nor the maker's next job would end.

    Senders and those who wait for a lock do. A WaitGroup or a Cond ends with what its workers wait
    for: it counts unless these are a pool that the maker of the dumps parked.
    """
    waiting = [row for row in component if dump.wake_sources[row] is WakeSource.PEER]
    serving = [row for row in waiting if _primitive(dump, row) in ("wait_group", "cond")]
    if len(serving) < len(waiting):
        return True
    maker = dump.ids[dump.dumper] if dump.dumper is not None else -1
    alike = Counter(
        dump.stack[row]
        for row in component
        if dump.parents[row] in (maker, -1) and _primitive(dump, row) != "wait_group"
    )
    return bool(serving) and max(alike.values(), default=0) < _A_POOL


def only_waiter_could_receive(
    dump: Dump, still: Collection[int], waiter: int, workers: Sequence[int]
) -> bool:
    """Whether all workers of a WaitGroup send, and nobody who moves has anything to do with them.

    They were started by the waiter, so the channel is its own or was given to it; it receives nothing as
    long as it waits for them.
    """
    if not all(
        w in still
        and dump.reason(w).startswith("chan send")
        and dump.parents[w] == dump.ids[waiter]
        for w in workers
    ):
        return False
    ties = {tie for w in workers for tie in dump.ties(w)} - {("goroutine", 1)}
    kin = {row for tie in ties for row in dump.tied.get(tie, ())}
    return all(row in still for row in kin - {waiter, *workers})


def waits_for_group(dump: Dump, row: int) -> bool:
    """Whether a goroutine waits for a WaitGroup. Up to 1.23 the reason is semacquire; the frames tell."""
    return _primitive(dump, row) == "wait_group"


def _primitive(dump: Dump, row: int) -> str | None:
    """What it waits on. Up to 1.23 a WaitGroup is a semacquire, up to 1.19 a lock as well."""
    if dump.reason(row) == "semacquire":
        functions = dump.stack_of(row).functions[:6]
        if any(function.startswith("sync.(*WaitGroup).Wait") for function in functions):
            return "wait_group"
    return primitive_of(dump.reason(row))


def _own_closure(dump: Dump, row: int) -> bool:
    """Whether it waits in a closure of the function with the go statement: ``f.func1`` of ``f``."""
    stack = dump.stack_of(row)
    site, created = stack.user_frame, stack.created_by
    if site is None or created is None or not site.function or not created.function:
        return False
    return site.function != created.function and declared_name(site.function) == declared_name(
        created.function
    )


def _creator_returned(dump: Dump, row: int) -> bool:
    """Whether the goroutine with the go statement is gone, or has nothing of the program on its stack."""
    parent = dump.parents[row]
    if parent < 0:
        return False
    above = dump.row_of.get(parent)
    return above is None or not (dump.traits(above).packages or dump.traits(above).harness)
