"""The goroutines of a dump as a tree of who started whom: ``created by ... in goroutine N`` (Go 1.21)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from goscope.analysis.waits.wakeup_graph import Dump
from goscope.findings.findings import Group, Site

_IDS_SHOWN = 20
_DEEPEST = 12  # generations that are nested in each other
#: What stands below the function of a go statement in dumps with GOTRACEBACK=system and crash.
_BELOW_ENTRY = frozenset({"runtime.goexit", "runtime.main"})


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


@dataclass(slots=True)
class BranchNode:
    """A branch with those below it; ``whole`` counts them all."""

    branch: Branch
    whole: int
    children: list[BranchNode] = field(default_factory=list)


def nested(branches: Sequence[Branch]) -> list[BranchNode]:
    """The flat tree as nodes in nodes, larger ones first.

    Generations beyond the deepest that is shown stand beside it.
    """
    roots: list[BranchNode] = []
    path: list[BranchNode] = []
    for branch in branches:
        del path[min(branch.depth, _DEEPEST) :]
        node = BranchNode(branch, 0)
        (path[-1].children if path else roots).append(node)
        path.append(node)
        for above in path:
            above.whole += branch.goroutines.count
    for some in (roots, *(node.children for node in _all(roots))):
        some.sort(key=lambda node: -node.whole)
    return roots


def _all(roots: Sequence[BranchNode]) -> list[BranchNode]:
    found = list(roots)
    for node in found:
        found += node.children
    return found


def cut(roots: list[BranchNode], most: int) -> int:
    """Leave out all but the largest branches, and say how many goroutines that are."""
    ranked = sorted(_all(roots), key=lambda node: -node.whole)
    dropped = {id(node) for node in ranked[most:]}
    hidden = 0
    for some in (roots, *(node.children for node in ranked[:most])):
        hidden += sum(node.whole for node in some if id(node) in dropped)
        some[:] = [node for node in some if id(node) not in dropped]
    return hidden


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
