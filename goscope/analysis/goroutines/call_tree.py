"""Stacks as a tree of calls, outermost first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.goroutines.listing import Listing


@dataclass(slots=True)
class StackNode:
    """A call in the tree of stacks: the function, how many goroutines are inside, and what they wait on."""

    function: str
    count: int = 0
    primitives: dict[str, int] = field(default_factory=dict)
    children: dict[str, StackNode] = field(default_factory=dict)


def calls_of(stack: Stack) -> tuple[str, ...]:
    """The functions that every kind of dump shows, outermost first."""
    return tuple(frame.function or "?" for frame in reversed(stack.shown_frames)) or ("?",)


def stack_tree(found: Listing, *, nodes: int = 3000, depth: int = 60) -> tuple[StackNode, int, int]:
    """The last dump's groups as one tree, outermost calls below the root.

    Returns the root, how many goroutines are not in it because it would have more than ``nodes``
    nodes, and how many groups were cut at ``depth`` calls.
    """
    weighed = ((calls_of(g.stack), g.count, g.primitive) for g in found.groups if g.count)
    root, missing, cut = tree_of(weighed, nodes=nodes, depth=depth)
    return root, found.omitted_goroutines + missing, cut


def tree_of(
    weighed: Iterable[tuple[Sequence[str], int, str]], *, nodes: int, depth: int = 60
) -> tuple[StackNode, int, int]:
    """Stacks as one tree: the calls of each, outermost first, its weight, and what it is of.

    Returns the root, the weight that is not in it because it would have more than ``nodes`` nodes, and
    how many stacks were cut at ``depth`` calls.
    """
    root = StackNode("")
    left = nodes
    missing, cut = 0, 0
    for calls, weight, kind in weighed:
        cut += len(calls) > depth
        path = calls[:depth]
        at: StackNode | None = root
        known = 0
        for call in path:
            at = at.children.get(call) if at else None
            if at is None:
                break
            known += 1
        if len(path) - known > left:
            missing += weight
            continue
        left -= len(path) - known
        here = root
        _count(here, weight, kind)
        for call in path:
            here = here.children.setdefault(call, StackNode(call))
            _count(here, weight, kind)
    return root, missing, cut


def _count(node: StackNode, weight: int, kind: str) -> None:
    node.count += weight
    node.primitives[kind] = node.primitives.get(kind, 0) + weight
