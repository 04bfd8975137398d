"""Compares two captures stack by stack: what is new, grown, shrunk and gone.

The two may be of different runs, pods and builds. Goroutine ids mean nothing in another process, so only
functions tell stacks apart; where both have the same lines and wait reasons these are compared one by one,
so that the numbers are those of the lists of each side. What moved from one line or state to another in
the same functions is no change.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from goscope.analysis.goroutines.moments import Moment, functions_of, moment_of
from goscope.analysis.goroutines.profiles import Counted
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Site, Verdict

#: So many changes of a kind are listed, the largest; the others are counted.
SHOWN_OF_A_KIND = 200


class ChangeKind(Enum):
    """How the number of goroutines with one stack changed."""

    NEW = "new"
    GROWN = "grown"
    SHRUNK = "shrunk"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Change:
    """The goroutines of one stack in one wait reason, before and after.

    ``normal`` says why they may wait for long. ``of_stack`` is how many more there are of the same functions,
    whatever their lines and reasons: goroutines that moved from one to another are not new.
    """

    kind: ChangeKind
    before: int
    after: int
    site: Site | None
    stack: tuple[Site, ...]
    created_by: Site | None
    wait_reason: str | None
    normal: str | None
    of_stack: int

    @property
    def more(self) -> int:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A verdict that is another one."""

    name: str
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what was looked at, and how many goroutines it has; None if none were read."""

    name: str
    source: str | None
    goroutines: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed: most new ones first, then those that grew most, shrank, and are gone.

    ``same`` counts the stacks that did not change, ``creators`` says whether it was compared who
    started the goroutines.
    """

    before: Side
    after: Side
    changes: tuple[Change, ...]
    same: int
    creators: bool
    verdicts: tuple[VerdictChange, ...]

    @property
    def shown(self) -> tuple[Change, ...]:
        """The changes to list: of each kind the largest, and what may leak before what may wait for long."""
        worst = sorted(self.changes, key=lambda c: (c.normal is not None, -abs(c.more)))
        kept: set[int] = set()
        for kind in ChangeKind:
            kept |= {id(c) for c in [c for c in worst if c.kind is kind][:SHOWN_OF_A_KIND]}
        return tuple(change for change in self.changes if id(change) in kept)

    @property
    def left_out(self) -> dict[ChangeKind, int]:
        """How many changes of which kinds are not listed."""
        counts = Counter(change.kind for change in self.changes)
        return {
            kind: counts[kind] - SHOWN_OF_A_KIND
            for kind in ChangeKind
            if counts[kind] > SHOWN_OF_A_KIND
        }

    def has(self, kinds: frozenset[ChangeKind], least: int) -> bool:
        """Whether so many goroutines more are of such a kind, at one stack that may leak."""
        return any(
            c.kind in kinds and min(c.more, c.of_stack) >= least and c.normal is None
            for c in self.changes
        )


def compare(before: Diagnosis, after: Diagnosis, names: tuple[str, str]) -> Comparison:
    """Compare the last dump (or profile) of each, of all their processes together."""
    old, new = moment_of(before.capture), moment_of(after.capture)
    verdicts = tuple(
        VerdictChange(name, before.verdicts[name], verdict)
        for name, verdict in after.verdicts.items()
        if name in before.verdicts and before.verdicts[name].state != verdict.state
    )
    sides = [
        Side(name, *((one.source, one.total) if one is not None else (None, None)))
        for name, one in zip(names, (old, new), strict=True)
    ]
    if old is None or new is None:
        return Comparison(sides[0], sides[1], (), 0, False, verdicts)
    creators = old.creators and new.creators
    olds, news = (_by_functions(moment, creators) for moment in (old, new))
    changes: list[Change] = []
    same = 0
    for functions in {**olds, **news}:
        found = list(_changes(olds[functions], news[functions], exact=creators))
        changes += found
        same += not found
    changes.sort(key=lambda c: (list(ChangeKind).index(c.kind), -abs(c.more)))
    return Comparison(sides[0], sides[1], tuple(changes), same, creators, verdicts)


def _by_functions(moment: Moment, creators: bool) -> defaultdict[object, list[Counted]]:
    found: defaultdict[object, list[Counted]] = defaultdict(list)
    for group in moment.groups:
        found[functions_of(group, creator=creators)].append(group)
    return found


def _changes(old: list[Counted], new: list[Counted], *, exact: bool) -> Iterator[Change]:
    """How the groups of one stack changed, without those that changed against the sum."""
    sums = _sum(old), _sum(new)
    if sums[0] == sums[1]:
        return
    kind = (
        (ChangeKind.GROWN if sums[0] else ChangeKind.NEW)
        if sums[1] > sums[0]
        else (ChangeKind.SHRUNK if sums[1] else ChangeKind.GONE)
    )
    rises = sums[1] > sums[0]
    for ours, theirs in _paired(old, new) if exact else [(old, new)]:
        before, after = _sum(ours), _sum(theirs)
        if before != after and (after > before) == rises:
            example = max(theirs or ours, key=lambda group: group.count)
            normal = example.stack.normal
            yield Change(
                kind=kind,
                before=before,
                after=after,
                site=example.stack.user_frame,
                stack=example.stack.frames,
                created_by=example.stack.created_by,
                wait_reason=example.reason or None,
                normal=normal.because if normal is not None else None,
                of_stack=sums[1] - sums[0],
            )


def _sum(groups: Iterable[Counted]) -> int:
    return sum(group.count for group in groups)


def _paired(
    old: list[Counted], new: list[Counted]
) -> Iterator[tuple[list[Counted], list[Counted]]]:
    """Groups of the same lines and reason, then the others by reason in the order of their lines.

    Where there are not as many on both sides it is not known which line became which: all together.
    """
    ours = {(group.stack.signature, group.reason): group for group in old}
    theirs = {(group.stack.signature, group.reason): group for group in new}
    both = [key for key in ours if key in theirs]
    for key in both:
        yield [ours.pop(key)], [theirs.pop(key)]
    reasons = {group.reason for group in (*ours.values(), *theirs.values())}
    for reason in sorted(reasons):
        left, right = (
            sorted((g for g in side.values() if g.reason == reason), key=_lines)
            for side in (ours, theirs)
        )
        if len(left) == len(right):
            yield from (([a], [b]) for a, b in zip(left, right, strict=True))
        elif left and right:
            yield left, right
        else:
            yield from (([a], []) for a in left)
            yield from (([], [b]) for b in right)


def _lines(group: Counted) -> list[int]:
    return [line or 0 for _, line in group.stack.signature]
