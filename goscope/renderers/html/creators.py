"""Who started whom: the goroutines of the last dump as a tree of the functions that they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from goscope.analysis.waits.creation_tree import Branch, tree
from goscope.analysis.waits.wakeup_graph import dumps_of
from goscope.renderers.html.section import Page, Section

_DEEPEST = 12
_BRANCHES = 400
_PROCESSES = 4


@dataclass(slots=True)
class Node:
    """A branch with those below it; ``whole`` counts them all."""

    branch: Branch
    whole: int
    children: list[Node] = field(default_factory=list)


def nested(branches: Sequence[Branch]) -> list[Node]:
    """The flat tree as nodes in nodes, larger ones first.

    Generations beyond the deepest that is shown stand beside it.
    """
    roots: list[Node] = []
    path: list[Node] = []
    for branch in branches:
        del path[min(branch.depth, _DEEPEST) :]
        node = Node(branch, 0)
        (path[-1].children if path else roots).append(node)
        path.append(node)
        for above in path:
            above.whole += branch.goroutines.count
    for some in (roots, *(node.children for node in _all(roots))):
        some.sort(key=lambda node: -node.whole)
    return roots


def _all(roots: Sequence[Node]) -> list[Node]:
    found = list(roots)
    for node in found:
        found += node.children
    return found


def cut(roots: list[Node], most: int) -> int:
    """Leave out all but the largest branches, and say how many goroutines that are."""
    ranked = sorted(_all(roots), key=lambda node: -node.whole)
    dropped = {id(node) for node in ranked[most:]}
    hidden = 0
    for some in (roots, *(node.children for node in ranked[:most])):
        hidden += sum(node.whole for node in some if id(node) in dropped)
        some[:] = [node for node in some if id(node) not in dropped]
    return hidden


def _build(page: Page) -> str | None:
    parts = []
    for process, dumps in dumps_of(page.diagnosis.capture)[:_PROCESSES]:
        if not any(parent >= 0 for parent in dumps[-1].parents):
            continue  # up to 1.20 Go does not say which goroutine started it
        roots = nested(tree(dumps[-1]))
        hidden = cut(roots, _BRANCHES)
        parts.append({"process": process, "roots": roots, "hidden": hidden})
    return page.fill("creators.html", parts=parts) if parts else None


SECTION = Section(34, "creators", "Who started whom", _build)
