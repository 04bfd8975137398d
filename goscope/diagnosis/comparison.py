"""Compares two captures by the signatures of stacks: what is new, grown, shrunk and gone.

Goroutine ids mean nothing in another process, and line numbers shift with every edit, so neither is looked
at: the two may be of different runs, pods and builds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from goscope.analysis.goroutines.signatures import Gathered, Signature, gathered_of
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Site, Verdict

#: So many changes of a kind are listed, the largest; the others are counted.
SHOWN_OF_A_KIND = 200


class Kind(Enum):
    """How the number of goroutines with one signature changed."""

    NEW = "new"
    GROWN = "grown"
    SHRUNK = "shrunk"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Change:
    """The goroutines of one signature, before and after; ``normal`` says why they may wait for long."""

    kind: Kind
    before: int
    after: int
    site: Site | None
    stack: tuple[Site, ...]
    created_by: Site | None
    wait_reason: str | None
    normal: str | None

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

    ``same`` counts the signatures that did not change, ``creators`` says whether it was compared who
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
        for kind in Kind:
            kept |= {id(c) for c in [c for c in worst if c.kind is kind][:SHOWN_OF_A_KIND]}
        return tuple(change for change in self.changes if id(change) in kept)

    @property
    def left_out(self) -> dict[Kind, int]:
        """How many changes of which kinds are not listed."""
        counts = Counter(change.kind for change in self.changes)
        return {
            kind: counts[kind] - SHOWN_OF_A_KIND for kind in Kind if counts[kind] > SHOWN_OF_A_KIND
        }

    def has(self, kinds: frozenset[Kind], least: int) -> bool:
        """Whether so many goroutines more are of such a kind, at one signature that may leak."""
        return any(c.kind in kinds and c.more >= least and c.normal is None for c in self.changes)


def compare(before: Diagnosis, after: Diagnosis, names: tuple[str, str]) -> Comparison:
    """Compare the last dump (or profile) of each, of all their processes together."""
    old, new = gathered_of(before.capture), gathered_of(after.capture)
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
    if not creators:
        old, new = old.without_creators(), new.without_creators()
    changes = []
    for signature in {**old.counts, **new.counts}:
        counts = old.counts.get(signature, 0), new.counts.get(signature, 0)
        if counts[0] != counts[1]:
            changes.append(_change(signature, counts, old, new))
    changes.sort(key=lambda c: (list(Kind).index(c.kind), -abs(c.more)))
    same = len({**old.counts, **new.counts}) - len(changes)
    return Comparison(sides[0], sides[1], tuple(changes), same, creators, verdicts)


def _change(signature: Signature, counts: tuple[int, int], old: Gathered, new: Gathered) -> Change:
    before, after = counts
    if not before:
        kind = Kind.NEW
    elif not after:
        kind = Kind.GONE
    else:
        kind = Kind.GROWN if after > before else Kind.SHRUNK
    side = new if after else old
    stack = side.stacks[signature]
    normal = stack.normal
    return Change(
        kind=kind,
        before=before,
        after=after,
        site=stack.user_frame,
        stack=stack.frames,
        created_by=stack.created_by,
        wait_reason=side.reasons.get(signature),
        normal=normal.because if normal is not None else None,
    )
