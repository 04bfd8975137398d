"""What became of goroutines from dump to dump: births, deaths, who moved and who did not.

The same id in a later dump of a process is the same goroutine (runtime/proc.go: ids are never used
again). Numbers for renderers; the rules judge them.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from goscope.findings import Site
from goscope.stacks import Stack
from goscope.waiting import Dump


@dataclass(frozen=True, slots=True)
class Step:
    """What happened between two dumps to goroutines of one origin, or to all.

    ``born`` and ``died`` count ids that came and went; of those in both dumps ``moved`` are at another
    place or in another state and ``unmoved`` at the same.
    """

    born: int
    died: int
    moved: int
    unmoved: int


@dataclass(frozen=True, slots=True)
class History:
    """The goroutines of one go statement over the dumps of a process.

    ``counts`` has a number per dump, ``steps`` one entry per interval between dumps. ``stack`` is that
    of the most in the last dump that has any.
    """

    created_by: Site | None
    stack: Stack
    counts: tuple[int, ...]
    steps: tuple[Step, ...]

    @property
    def growth(self) -> int:
        """How many more there are in the last dump than in the first."""
        return self.counts[-1] - self.counts[0]


def histories(dumps: Sequence[Dump]) -> tuple[History, ...]:
    """A history per go statement, the fastest growing first, then the largest.

    The go statement is the origin of a goroutine and stays what it is while its stack changes. The main
    goroutine and others without one are one history.
    """
    members = [_by_origin(dump) for dump in dumps]
    origins = dict.fromkeys(origin for found in members for origin in found)
    found = [
        History(
            origin,
            _usual_stack(dumps, [found.get(origin, []) for found in members]),
            tuple(len(found.get(origin, ())) for found in members),
            tuple(
                _step(
                    dumps[n],
                    dumps[n + 1],
                    members[n].get(origin, []),
                    members[n + 1].get(origin, []),
                )
                for n in range(len(dumps) - 1)
            ),
        )
        for origin in origins
    ]
    return tuple(sorted(found, key=lambda h: (-h.growth, -h.counts[-1])))


def steps(dumps: Sequence[Dump]) -> tuple[Step, ...]:
    """What happened to all goroutines in each interval between dumps."""
    return tuple(
        _step(before, after, range(len(before.ids)), range(len(after.ids)))
        for before, after in itertools.pairwise(dumps)
    )


def _by_origin(dump: Dump) -> dict[Site | None, list[int]]:
    found: dict[Site | None, list[int]] = {}
    for row in range(len(dump.ids)):
        found.setdefault(dump.stack_of(row).created_by, []).append(row)
    return found


def _usual_stack(dumps: Sequence[Dump], rows: Sequence[list[int]]) -> Stack:
    last = max(n for n, mine in enumerate(rows) if mine)
    stacks = [dumps[last].stack[row] for row in rows[last]]
    return dumps[last].stacks[Counter(stacks).most_common(1)[0][0]]


def _step(before: Dump, after: Dump, old: Sequence[int], new: Sequence[int]) -> Step:
    then = {before.ids[row]: row for row in old}
    now = {after.ids[row]: row for row in new}
    both = then.keys() & now.keys()
    same = sum(after.same(now[goroutine], before, then[goroutine]) for goroutine in both)
    return Step(
        born=len(now) - len(both),
        died=len(then) - len(both),
        moved=len(both) - same,
        unmoved=same,
    )
