"""Goroutines that do the same, over all dumps: how many, since when, what they wait for.

A group is the goroutines of one process with one stack in one state. :func:`stack_tree` lays the groups
out as calls from the outermost function inward. Who started whom is in
:mod:`goscope.analysis.waits.creation_tree`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from goscope.analysis.goroutines.dumps import Snapshot, Stack, snapshots_of, stacks_of
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_runtime, is_standard_library
from goscope.goruntime.wait_reasons import primitive_of
from goscope.tables.table import Floats, Ints, Table

_IDS_SHOWN = 12
# A dump after a signal with GOTRACEBACK=system shows frames that others hide (runtime/traceback.go:
# showframe): those of the runtime that are not exported.
_HIDDEN = re.compile(r"runtime\.[a-z]")
# Where every goroutine begins and where every waiting one stands: they tell nothing.
_EVERYWHERE = frozenset(
    {"runtime.goexit", "runtime.gopark", "runtime.goparkunlock", "runtime.mcall"}
)
_LABELS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class StackGroup:
    """Goroutines with one stack in one state."""

    stack: Stack
    elided: int  # frames that Go left out
    state: str  # the wait reason, or running, runnable, syscall, ...
    primitive: str  # what kind of thing they wait on; the state itself if they do not wait
    counts: tuple[int, ...]  # per dump, oldest first
    wait_minutes: tuple[int, int] | None  # least and most that Go printed in the last dump with any
    leaked: int  # how many the runtime calls leaked, in the last dump
    locked: int  # how many are locked to a thread, in the last dump
    ids: tuple[int, ...]  # the first few of the last dump with any
    labels: tuple[str, ...]  # the most frequent label sets, as JSON objects

    @property
    def count(self) -> int:
        """How many there are in the last dump."""
        return self.counts[-1]

    @property
    def growth(self) -> int:
        return self.counts[-1] - self.counts[0]

    @property
    def grows(self) -> bool:
        """Whether it is larger in each dump than in the one before, over three dumps or more."""
        pairs = zip(self.counts, self.counts[1:], strict=False)
        return len(self.counts) > 2 and all(before < after for before, after in pairs)


@dataclass(frozen=True, slots=True)
class StackGroups:
    """The groups of one process, the largest first, and what was left out."""

    process: int
    dumps: tuple[str, ...]
    totals: tuple[int, ...]  # goroutines per dump
    groups: tuple[StackGroup, ...]
    omitted: int  # groups beyond the limit
    omitted_goroutines: int  # and how many goroutines they hold in the last dump
    state_counts: tuple[tuple[str, str, tuple[int, ...]], ...]  # state, primitive, number per dump
    waits: tuple[tuple[str, int], ...]  # the last dump's goroutines by how long they wait


def stack_groups(capture: Capture, *, limit: int = 600) -> tuple[StackGroups, ...]:
    """The groups of each process that was dumped; at most ``limit`` of them are made out."""
    return tuple(
        _groups(capture, process, dumps, limit) for process, dumps in snapshots_of(capture)
    )


def state_of(table: Table) -> tuple[Ints, list[str]]:
    """For each row of the goroutines table the number of its state, and the words for the numbers.

    The wait reason stands for the state where there is one, as in a header of a dump.
    """
    states, reasons = table.categories("state"), table.categories("wait_reason")
    codes = np.where(table["wait_reason"] >= 0, table["wait_reason"], table["state"] + len(reasons))
    return codes.astype(np.int64), [*reasons, *states]


def visible(stack: Stack) -> tuple[str, ...]:
    """The functions that every kind of dump shows; all of them if there are none."""
    shown = tuple(f or "?" for f in stack.functions if not _HIDDEN.match(f))
    if not shown:
        shown = tuple(f or "?" for f in stack.functions if f not in _EVERYWHERE)
    return shown or tuple(f or "?" for f in stack.functions) or ("?",)


def place_of(stack: Stack) -> Site | None:
    """The frame that stands for a stack: the innermost of the program's own.

    Where all are Go's, the outermost of the library (``net/http.(*conn).serve`` says more than
    ``internal/poll.runtime_pollWait``); where all are the runtime's, the innermost that tells anything.
    """
    user = stack.user_frame
    if user is None or not is_standard_library(user.function or ""):
        return user
    of_library = [f for f in stack.frames if not is_runtime(f.function or "runtime.")]
    if of_library:
        return of_library[-1]
    return next((f for f in stack.frames if f.function not in _EVERYWHERE), user)


@once_per_capture
def alike(capture: Capture) -> Ints:
    """For each stack the first one that is the same but for the runtime's own frames.

    Lines tell, not files: a program that was built in two places is the same program.
    """
    stacks = stacks_of(capture)
    first: dict[object, int] = {}
    alike = []
    for number in range(len(capture.table("stacks"))):
        stack = stacks[number]
        own = [s for s in stack.frames if not _HIDDEN.match(s.function or "")] or stack.frames
        key = (*((s.function, s.line) for s in own), stack.created_by and stack.created_by.function)
        alike.append(first.setdefault(key, number))
    return np.array(alike, np.int64)


def _groups(capture: Capture, process: int, dumps: tuple[Snapshot, ...], limit: int) -> StackGroups:
    codes = [state_of(d.rows)[0] for d in dumps]
    words = state_of(dumps[-1].rows)[1]
    state = np.concatenate(codes)
    stack = alike(capture)[np.concatenate([d.rows["stack_id"] for d in dumps])]
    dump = np.repeat(np.arange(len(dumps)), [len(d.rows) for d in dumps])
    keys, group = np.unique(stack * (len(words) + 1) + state, return_inverse=True)
    counts = np.zeros((len(keys), len(dumps)), np.int64)
    np.add.at(counts, (group, dump), 1)
    order = np.lexsort((keys, -counts.max(axis=1), -counts[:, -1]))
    shown = order[:limit]
    rows_of = _rows_by_group(group, shown)
    columns = _Columns(dumps)
    elided = capture.table("stacks").numbers("elided", 0)
    made = tuple(
        _group(capture, columns, rows, counts[number], words[int(state[rows[0]])], dump, elided)
        for number, rows in zip(shown.tolist(), rows_of, strict=True)
    )
    per_state = np.zeros((len(words) + 1, len(dumps)), np.int64)
    np.add.at(per_state, (state, dump), 1)
    by_size = np.argsort(-per_state.max(axis=1), kind="stable")
    return StackGroups(
        process,
        tuple(d.source for d in dumps),
        tuple(len(d.rows) for d in dumps),
        made,
        len(order) - len(shown),
        int(counts[order[limit:], -1].sum()),
        tuple(
            (words[i], primitive_of(words[i]) or words[i], tuple(per_state[i].tolist()))
            for i in by_size.tolist()
            if per_state[i].any() and i < len(words)
        ),
        _waits(dumps[-1].rows),
    )


class _Columns:
    """Columns of all dumps of a process, one below the other."""

    def __init__(self, dumps: tuple[Snapshot, ...]):
        def joined(name: str) -> Ints:
            return np.concatenate([d.rows[name] for d in dumps])

        self.id, self.stack, self.labels = joined("id"), joined("stack_id"), joined("labels")
        self.leaked, self.locked = joined("leaked") == 1, joined("locked") == 1
        self.minutes: Floats = np.concatenate([d.rows.numbers("wait_minutes") for d in dumps])
        self.label_words = dumps[-1].rows.categories("labels")


def _rows_by_group(group: Ints, shown: Ints) -> list[Ints]:
    order = np.argsort(group, kind="stable")
    begins = np.searchsorted(group[order], shown)
    ends = np.searchsorted(group[order], shown, side="right")
    return [order[b:e] for b, e in zip(begins.tolist(), ends.tolist(), strict=True)]


def _group(
    capture: Capture,
    columns: _Columns,
    rows: Ints,
    counts: Ints,
    state: str,
    dump: Ints,
    elided: Floats,
) -> StackGroup:
    number = int(alike(capture)[columns.stack[rows[0]]])
    latest = rows[dump[rows] == dump[rows].max()]
    last = latest if counts[-1] else latest[:0]
    minutes = columns.minutes[latest]
    minutes = minutes[~np.isnan(minutes)]
    labels, often = np.unique(columns.labels[latest], return_counts=True)
    frequent = labels[np.argsort(-often, kind="stable")].tolist()
    return StackGroup(
        stacks_of(capture)[number],
        int(elided[number]),
        state,
        primitive_of(state) or state,
        tuple(counts.tolist()),
        (int(minutes.min()), int(minutes.max())) if len(minutes) else None,
        int(columns.leaked[last].sum()),
        int(columns.locked[last].sum()),
        tuple(np.sort(columns.id[latest])[:_IDS_SHOWN].tolist()),
        tuple(columns.label_words[c] for c in frequent if c >= 0)[:_LABELS_SHOWN],
    )


#: Go prints whole minutes, from one on; below that nothing.
_WAIT_BOUNDS = (
    ("under 1 min, or not printed", 0),
    ("1 to 4 min", 1),
    ("5 to 14 min", 5),
    ("15 to 59 min", 15),
    ("1 to 5 h", 60),
    ("6 to 23 h", 360),
    ("1 to 6 days", 1440),
    ("7 days and more", 10080),
)


def _waits(rows: Table) -> tuple[tuple[str, int], ...]:
    minutes = rows.numbers("wait_minutes", 0)
    waiting = minutes[rows["wait_reason"] >= 0]
    place = np.searchsorted([least for _, least in _WAIT_BOUNDS], waiting, side="right") - 1
    counts = np.bincount(np.maximum(place, 0), minlength=len(_WAIT_BOUNDS)).tolist()
    return tuple((word, n) for (word, _), n in zip(_WAIT_BOUNDS, counts, strict=True))


@dataclass(slots=True)
class StackNode:
    """A call in the tree of stacks: the function, how many goroutines are inside, and what they wait on."""

    function: str
    count: int = 0
    primitives: dict[str, int] = field(default_factory=dict)
    children: dict[str, StackNode] = field(default_factory=dict)


def stack_tree(
    found: StackGroups, *, nodes: int = 3000, depth: int = 60
) -> tuple[StackNode, int, int]:
    """The last dump's groups as one tree, outermost calls below the root.

    Returns the root, how many goroutines are not in it because it would have more than ``nodes``
    nodes, and how many groups were cut at ``depth`` calls.
    """
    weighed = ((visible(g.stack)[::-1], g.count, g.primitive) for g in found.groups if g.count)
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
