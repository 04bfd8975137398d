"""Tells processes apart that write to one stream at the same time, without a label on any line.

Each has clocks of its own, the time of its SCHED lines and the number of its GC cycles, and both
only rise. A program that was started again makes a clock fall once, and the one before never goes
on; of two that run at the same time each goes on again and again where it stopped. Lines are told
apart where a clock has only one place to go on; where there are two, nobody can, and that is what
is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from goscope.parsing.numbers import IntArray
from goscope.tables.table import Floats

#: A clock that went on so often behind another's lines belongs to a process that was still there.
RESUMED = 3
#: Of so many lines per hundred the place may be open; else nothing is told apart.
_OPEN_PERCENT = 5
#: Two places are told apart if one is so much nearer, in periods of the trace.
_CLEARLY = 0.35


#: So many processes alike are looked for.
_MOST_ALIKE = 6


@dataclass(frozen=True, slots=True)
class Clock:
    """The readings of the clocks in one stream, in the order of its lines.

    ``kinds`` is the same for all lines of a process; ``rows`` are the rows of the table; a ``counting`` clock
    rises by one each time.
    """

    readings: IntArray
    lines: IntArray
    seconds: Floats
    kinds: IntArray
    rows: IntArray
    counting: bool


@dataclass(frozen=True, slots=True)
class Mixed:
    """Processes that wrote to one stream at the same time.

    ``processes`` says how many at least, ``told_apart`` whether their lines could be told apart.
    """

    processes: int
    told_apart: bool


@dataclass(frozen=True, slots=True)
class Chains:
    """For each table, the process of each of its rows (``rows``), counted from 0."""

    count: int
    rows: dict[str, IntArray]
    mixed: Mixed


@dataclass(slots=True)
class _Chain:
    kind: int
    reading: int
    at: int  # the last row
    members: list[int] = field(default_factory=list)
    resumed: int = 0


def chains_of(clocks: Mapping[str, Clock]) -> Chains | None:
    """The processes behind the readings; None if they ran one after the other."""
    found = {name: _chained(clock) for name, clock in clocks.items() if len(clock.readings)}
    mixed = [
        name
        for name, (chains, _) in found.items()
        if sum(chain.resumed >= RESUMED for chain in chains) >= 2
    ]
    if not mixed:
        return None
    count = max(sum(c.resumed >= RESUMED for c in found[name][0]) for name in mixed)
    for name in mixed:
        if found[name][1] * 100 > _OPEN_PERCENT * len(clocks[name].readings):
            rows = {n: np.zeros(len(clocks[n].readings), np.int64) for n in found}
            return _finished(1, rows, clocks, Mixed(count, False))
    lead = "sched" if "sched" in found else "gc"
    rows = {lead: _numbers(found[lead][0], len(clocks[lead].readings))}
    total = len(found[lead][0])
    for name, (chains, _) in found.items():
        if name == lead:
            continue
        numbers = np.zeros(len(clocks[name].readings), np.int64)
        for chain in chains:
            partner = _partner(clocks[name], chain, clocks[lead], found[lead][0])
            if partner is None:
                partner, total = total, total + 1
            numbers[chain.members] = partner
        rows[name] = numbers
    return _finished(total, rows, clocks, Mixed(count, True))


def _finished(
    count: int, rows: dict[str, IntArray], clocks: Mapping[str, Clock], mixed: Mixed
) -> Chains:
    if "sched" in rows:
        rows["sched rows"] = clocks["sched"].rows
    return Chains(count, rows, mixed)


def _numbers(chains: list[_Chain], size: int) -> IntArray:
    numbers = np.zeros(size, np.int64)
    for number, chain in enumerate(chains):
        numbers[chain.members] = number
    return numbers


def _chained(clock: Clock) -> tuple[list[_Chain], int]:
    """Each reading put to the clock that it goes on; and how many could go on several."""
    period = 1.0 if clock.counting else _period(clock)
    chains: list[_Chain] = []
    current: _Chain | None = None
    undecided = 0
    for row, (reading, kind) in enumerate(
        zip(clock.readings.tolist(), clock.kinds.tolist(), strict=True)
    ):
        fits = [
            (abs(reading - chain.reading - period) / period, chain)
            for chain in chains
            if chain.kind == kind and reading >= chain.reading + clock.counting
        ]
        chosen: _Chain | None = None
        if fits:
            fits.sort(key=lambda fit: (fit[0], -fit[1].at))
            chosen = fits[0][1]
            here = next((miss for miss, chain in fits if chain is current), None)
            if here is not None and here <= fits[0][0] + _CLEARLY:
                chosen = current
            live = [fit for fit in fits if fit[1].resumed or fit[1] is current]
            if len(live) > 1 and live[1][0] - live[0][0] < _CLEARLY and live[0][0] < 1:
                undecided += 1
        if chosen is None:
            chosen = _Chain(kind, reading, row)
            chains.append(chosen)
            if len(chains) > 64:
                return [], 0
        elif chosen is not current:
            chosen.resumed += 1
        chosen.reading, chosen.at = reading, row
        chosen.members.append(row)
        current = chosen
    return chains, undecided


def _period(clock: Clock) -> float:
    """The time between two samples of one process: the steps between its lines are about the same."""
    found: list[tuple[float, float]] = []  # how much the steps differ, and how long they are
    for kind in np.unique(clock.kinds):
        readings = clock.readings[clock.kinds == kind]
        for distance in range(1, min(_MOST_ALIKE, len(readings) - 1) + 1):
            steps = readings[distance:] - readings[:-distance]
            steps = steps[steps > 0]
            if len(steps) >= 3:
                low, middle, high = np.percentile(steps, (25, 50, 75)).tolist()
                found.append(((high - low) / middle, middle))
    if not found:
        return 1.0
    bar = min(spread for spread, _ in found) * 1.5 + 0.02
    return max(min(step for spread, step in found if spread <= bar), 1.0)


def _partner(clock: Clock, chain: _Chain, lead: Clock, others: list[_Chain]) -> int | None:
    """The process of the leading clock that a chain of the other one belongs to."""
    procs = chain.kind >> 3
    same = [n for n, other in enumerate(others) if other.kind >> 3 == procs]
    if len(same) == 1:
        return same[0]
    lines, seconds = clock.lines[chain.members], clock.seconds[chain.members]
    misses = []
    for number in same or range(len(others)):
        members = others[number].members
        expected = np.interp(lines, lead.lines[members], lead.seconds[members])
        misses.append((float(np.median(np.abs(seconds - expected))), number))
    misses.sort()
    if len(misses) > 1 and misses[1][0] - misses[0][0] < 0.5:
        return None
    return misses[0][1] if misses else None
