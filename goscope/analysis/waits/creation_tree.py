"""The goroutines of a dump in groups and as a tree, for people and renderers.

Three ways to group: by signature (the distinct stack; arguments do not count), by the place where they
block, and by the go statement that started them. The tree follows ``created by ... in goroutine N``
(Go 1.21 and newer). Who waits for which lock is in :mod:`goscope.analysis.waits.locks`, whom nobody can
wake in :mod:`goscope.analysis.waits.orphaned`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.waits.orphaned import orphans, waiting_only_for_dumper
from goscope.analysis.waits.wakeup_graph import Dump, WakeSource
from goscope.findings.findings import Group, Site

_IDS_SHOWN = 20
#: What stands below the function of a go statement in dumps with GOTRACEBACK=system and crash.
_BELOW_ENTRY = frozenset({"runtime.goexit", "runtime.main"})


@dataclass(frozen=True, slots=True)
class Cluster:
    """Goroutines that have something in common: where, in which states and wait reasons, and one of
    their stacks."""

    site: Site | None
    reasons: Mapping[str, int]
    goroutines: Group
    stack: Stack


@dataclass(frozen=True, slots=True)
class Branch:
    """Goroutines that one function of one parent branch started at one place.

    ``depth`` 0 is a root: the main goroutine, and whoever was started by a goroutine that has ended
    (``parent_gone``) or that is not printed. A branch comes right before its children.
    """

    depth: int
    function: str | None
    created_by: Site | None
    reasons: Mapping[str, int]
    goroutines: Group
    parent_gone: bool


def by_signature(dump: Dump) -> tuple[Cluster, ...]:
    """A cluster per distinct stack, larger ones first."""
    return _clusters(dump, lambda row: dump.stack[row], lambda stack: stack.user_frame)


def by_blocking_site(dump: Dump) -> tuple[Cluster, ...]:
    """A cluster per innermost line of the program and wait reason; who runs is left out."""
    waiting = (WakeSource.PEER_OR_TIMER, WakeSource.PEER, WakeSource.NONE, WakeSource.EXTERNAL)

    def key(row: int) -> Hashable:
        if dump.wake_sources[row] not in waiting or dump.reasons[row] is None:
            return None
        return dump.stack_of(row).user_frame, dump.reasons[row]

    return _clusters(dump, key, lambda stack: stack.user_frame)


def by_creator(dump: Dump) -> tuple[Cluster, ...]:
    """A cluster per go statement; the main goroutine has none."""
    return _clusters(
        dump, lambda row: dump.stack_of(row).created_by, lambda stack: stack.created_by
    )


def tree(dump: Dump) -> tuple[Branch, ...]:
    """Who started whom, parents before their children, in the order of the dump.

    Goroutines that one branch started at one place are one branch. A goroutine that started others of
    its own kind (a recursion of go statements) is one branch with them, so the tree stays flat.
    """
    children = _children(dump)
    roots = [
        row for row, parent in enumerate(dump.parents) if _parent_row(dump, row, parent) is None
    ]
    found: list[Branch] = []
    left = [(0, rows) for rows in reversed(_alike(dump, roots))]
    seen = set(roots)
    unseen = iter(range(len(dump.ids)))
    while True:
        if not left:
            # Goroutines that started each other have no root; no program prints them.
            row = next((row for row in unseen if row not in seen), None)
            if row is None:
                return tuple(found)
            seen.add(row)
            left.append((0, [row]))
        depth, members = left.pop()
        own = _kind(dump, members[0])
        below: list[int] = []
        at = 0
        while at < len(members):
            for child in children.get(members[at], ()):
                if child not in seen:
                    seen.add(child)
                    (members if _kind(dump, child) == own else below).append(child)
            at += 1
        found.append(_branch(dump, depth, members))
        left += [(depth + 1, group) for group in reversed(_alike(dump, below))]


def explained(before: Dump | None, after: Dump) -> frozenset[int]:
    """The ids of goroutines of which it is known why they wait.

    Proven leaks, those that nothing can wake, those left behind or orphaned, known long waiters and
    the runtime's own. A verdict on the scheduler need not ask what blocks them.
    """
    rows = {left.row for left in waiting_only_for_dumper(before, after)}
    if before is not None:
        rows.update(orphans(before, after))
    rows.update(after.waiting_for_any({WakeSource.NONE, WakeSource.RUNTIME}).tolist())
    rows.update(
        row
        for row in after.waiting_for_any({WakeSource.EXTERNAL}).tolist()
        if after.stack_of(row).normal is not None
    )
    leaked = after.snapshot.rows.flags("leaked")
    return frozenset(
        goroutine for row, goroutine in enumerate(after.ids) if row in rows or leaked[row]
    )


def _clusters(
    dump: Dump, key: Callable[[int], Hashable], site: Callable[[Stack], Site | None]
) -> tuple[Cluster, ...]:
    groups: dict[Hashable, list[int]] = {}
    for row in range(len(dump.ids)):
        found = key(row)
        if found is not None:
            groups.setdefault(found, []).append(row)
    return tuple(
        Cluster(
            site(dump.stack_of(rows[0])),
            _reasons(dump, rows),
            _group(dump, rows),
            dump.stack_of(rows[0]),
        )
        for rows in sorted(groups.values(), key=len, reverse=True)
    )


def _reasons(dump: Dump, rows: list[int]) -> Mapping[str, int]:
    return dict(Counter(dump.reason(row) for row in rows).most_common())


def _group(dump: Dump, rows: list[int]) -> Group:
    return Group(len(rows), tuple(sorted(dump.ids[row] for row in rows)[:_IDS_SHOWN]))


def _parent_row(dump: Dump, row: int, parent: int) -> int | None:
    above = dump.row_of.get(parent) if parent >= 0 else None
    return None if above == row else above


def _children(dump: Dump) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row, parent in enumerate(dump.parents):
        above = _parent_row(dump, row, parent)
        if above is not None:
            found.setdefault(above, []).append(row)
    return found


def _kind(dump: Dump, row: int) -> tuple[str | None, Site | None]:
    """The function that a goroutine was started with, and the go statement."""
    stack = dump.stack_of(row)
    entry = next((f for f in reversed(stack.functions) if f not in _BELOW_ENTRY), None)
    return entry, stack.created_by


def _alike(dump: Dump, rows: list[int]) -> list[list[int]]:
    """Those that were started with one function at one place, and whose parents are there or not."""
    groups: dict[Hashable, list[int]] = {}
    for row in rows:
        gone = dump.parents[row] >= 0 and dump.parents[row] not in dump.row_of
        groups.setdefault((*_kind(dump, row), gone), []).append(row)
    return list(groups.values())


def _branch(dump: Dump, depth: int, rows: list[int]) -> Branch:
    first = rows[0]
    function, created_by = _kind(dump, first)
    gone = dump.parents[first] >= 0 and dump.parents[first] not in dump.row_of
    return Branch(depth, function, created_by, _reasons(dump, rows), _group(dump, rows), gone)
