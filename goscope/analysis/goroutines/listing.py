"""Goroutines put together by what they have in common, with their numbers over the dumps.

The lists of the terminal and the page, and ``goscope goroutines``, are such listings.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np

from goscope.analysis.goroutines.columns import GoroutineColumns, goroutines_of
from goscope.analysis.goroutines.dumps import Stack, same_stack
from goscope.analysis.goroutines.filters import EVERYTHING, Wanted, place, selected, stack_at
from goscope.analysis.goroutines.grouping import Grouping, group_by, group_by_name
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_runtime, is_standard_library, package_of
from goscope.goruntime.wait_reasons import primitive_of
from goscope.redaction import labels_without_credentials
from goscope.tables.table import Ints

_IDS_SHOWN = 12
_LABELS_SHOWN = 5
# Where every goroutine begins and where every waiting one stands: they tell nothing.
_EVERYWHERE = frozenset(
    {"runtime.goexit", "runtime.gopark", "runtime.goparkunlock", "runtime.mcall"}
)


class By(Enum):
    """What the goroutines of a group have in common."""

    SIGNATURE = "signature"  # the stack, but for the runtime's own frames, and the state
    LOCATION = "location"  # the innermost line of the program, and the state
    FRAME = "frame"  # the innermost function of the program
    CREATOR = "creator"  # the go statement
    PACKAGE = "package"  # the package of that function
    LABEL = "label"
    STATE = "state"
    NONE = "none"  # nothing: each is shown alone


class Sort(Enum):
    """What comes first."""

    COUNT = "count"  # the most in the last dump
    WAIT = "wait"  # the longest wait
    GROWTH = "growth"  # what grew most from the first dump to the last
    NAME = "name"
    ID = "id"  # the lowest id


@dataclass(frozen=True, slots=True)
class Example:
    """One goroutine, or a record of a profile, which has no id and stands for ``count``."""

    id: int | None
    count: int
    state: str
    wait_minutes: int | None
    leaked: bool
    locked: bool
    labels: dict[str, str]
    parent: int | None
    source: str  # input and line
    stack: Stack


@dataclass(frozen=True, slots=True)
class GoroutineGroup:
    """Goroutines with something in common; all but the counts is of the last dump that has any."""

    name: str
    site: Site | None  # the innermost place in the program, if all have one; else None
    created_by: Site | None  # the go statement, likewise
    counts: tuple[int, ...]  # per dump, oldest first
    states: tuple[tuple[str, int], ...]  # the most frequent first
    wait_minutes: tuple[int, int] | None  # least and most that Go printed
    stacks: int  # different ones
    leaked: int
    locked: int
    ids: tuple[int, ...]  # the first few
    labels: tuple[str, ...]  # the most frequent sets, as JSON objects
    examples: tuple[Example, ...]

    @property
    def count(self) -> int:
        """How many there are in the last dump."""
        return self.counts[-1]

    @property
    def growth(self) -> int:
        """How many more there are than in the first dump."""
        return self.counts[-1] - self.counts[0]

    @property
    def grows(self) -> bool:
        """Whether it is larger in each dump than in the one before, over three dumps or more."""
        return len(self.counts) > 2 and all(old < new for old, new in pairwise(self.counts))

    @property
    def stack(self) -> Stack:
        """The stack of the first example."""
        return self.examples[0].stack

    @property
    def state(self) -> str:
        """The most frequent state."""
        return self.states[0][0]

    @property
    def primitive(self) -> str:
        """What kind of thing most of them wait on; the state itself if they do not wait."""
        return primitive_of(self.state) or self.state


@dataclass(frozen=True, slots=True)
class Listing:
    """The goroutines of one process that fit, in groups."""

    process: int
    name: str
    sources: tuple[str, ...]  # of the dumps
    of_profile: bool
    totals: tuple[int, ...]  # all goroutines, per dump
    matched: tuple[int, ...]  # those that fit
    states: tuple[tuple[str, int], ...]  # of all in the last dump
    groups: tuple[GoroutineGroup, ...]
    omitted: int  # groups beyond the limit
    omitted_goroutines: int  # and what they hold in the last dump
    present: int  # all groups that have any in the last dump


def listings(
    capture: Capture,
    wanted: Wanted,
    *,
    by: By = By.SIGNATURE,
    label: str | None = None,
    sort: Sort = Sort.COUNT,
    limit: int = 0,
    examples: int = 1,
) -> tuple[Listing, ...]:
    """A listing per process that has goroutines.

    ``label`` groups by the value of one label, if ``by`` is LABEL. ``limit`` 0 is none. Alone
    (``By.NONE``) only the goroutines of the last dump are shown.
    """
    return tuple(
        listing(
            capture, columns, wanted, by=by, label=label, sort=sort, limit=limit, examples=examples
        )
        for columns in goroutines_of(capture)
    )


def listing(
    capture: Capture,
    columns: GoroutineColumns,
    wanted: Wanted = EVERYTHING,
    *,
    by: By = By.SIGNATURE,
    label: str | None = None,
    sort: Sort = Sort.COUNT,
    limit: int = 0,
    examples: int = 1,
) -> Listing:
    """The goroutines of one process that fit; see :func:`listings`."""
    fitting = columns.rows(selected(capture, columns, wanted))
    last = len(columns.sources) - 1
    shown = fitting.rows(fitting.dump == last) if by is By.NONE else fitting
    grouping, names = _grouping(capture, shown, by, label)
    counts = grouping.counts(shown.dump, last + 1, shown.count)
    order = _order(shown, grouping, names, counts, sort)
    made = order[: limit or len(order)]
    rows = grouping.rows() if len(grouping) else []
    return Listing(
        columns.process,
        capture.process_name(columns.process),
        columns.sources,
        columns.of_profile,
        columns.totals,
        fitting.totals,
        _states(columns.rows(columns.dump == last)),
        tuple(
            _group(
                capture, shown.rows(rows[key]), names[key], tuple(counts[key].tolist()), examples
            )
            for key in made.tolist()
        ),
        len(order) - len(made),
        int(counts[order[len(made) :], -1].sum()),
        int((counts[:, -1] > 0).sum()),
    )


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


def _grouping(
    capture: Capture, columns: GoroutineColumns, by: By, label: str | None
) -> tuple[Grouping, list[str]]:
    """The groups, and their names."""
    states = [state or "unknown state" for state in columns.states]
    names: list[str] = []
    if by is By.NONE:
        grouping = group_by(np.arange(len(columns)))
        return grouping, [_id_name(i) for i in columns.id.tolist()]
    if by is By.SIGNATURE:
        grouping = group_by(same_stack(capture)[columns.stack], columns.state)
    elif by is By.STATE:
        grouping = group_by(columns.state)
    elif by is By.LABEL:
        keys, sets = group_by_name(columns.label, lambda code: _label_set(columns, code, label))
        grouping = group_by(keys)
        otherwise = "no labels" if label is None else f"no label {label}"
        names = [_label_name(json.loads(found)) or otherwise for found in sets]
    else:
        name = {By.LOCATION: _place, By.FRAME: _frame, By.CREATOR: _creator, By.PACKAGE: _package}[
            by
        ]
        keys, names = group_by_name(columns.stack, lambda n: name(stack_at(capture, n)))
        grouping = group_by(keys, columns.state) if by is By.LOCATION else group_by(keys)
    if by in (By.SIGNATURE, By.STATE, By.LOCATION):
        firsts = columns.rows(grouping.first)
        names = [states[code] for code in firsts.state.tolist()]
        if by is not By.STATE:
            places = [_place(stack_at(capture, number)) for number in firsts.stack.tolist()]
            names = [f"{state} in {where}" for state, where in zip(names, places, strict=True)]
    return grouping, names


def _id_name(number: int) -> str:
    return "no id" if number < 0 else f"goroutine {number}"


def _site(site: Site | None, otherwise: str) -> str:
    return otherwise if site is None else f"{site.function or '?'} {place(site)}".rstrip()


def _place(stack: Stack) -> str:
    return _site(place_of(stack), "no stack")


def _frame(stack: Stack) -> str:
    site = place_of(stack)
    return "no stack" if site is None else site.function or "?"


def _creator(stack: Stack) -> str:
    return _site(stack.created_by, "no go statement known")


def _package(stack: Stack) -> str:
    return package_of(_frame(stack)) or "no package"


def _label_set(columns: GoroutineColumns, code: int, key: str | None) -> str:
    """The labels that are asked for, as JSON: groups whose names hide the same are groups of their own."""
    labels = _labels(columns, code)
    return json.dumps({k: v for k, v in labels.items() if key in (None, k)})


def _label_name(labels: dict[str, str]) -> str:
    return ", ".join(f"{k}={v}" for k, v in labels_without_credentials(labels).items())


def _labels(columns: GoroutineColumns, code: int) -> dict[str, str]:
    found: dict[str, str] = json.loads(columns.labels[code]) if code >= 0 else {}
    return found


def _states(columns: GoroutineColumns) -> tuple[tuple[str, int], ...]:
    counts = np.bincount(columns.state, columns.count, len(columns.states))
    order = np.argsort(-counts, kind="stable")
    return tuple((columns.states[i], int(counts[i])) for i in order.tolist() if counts[i])


def _order(
    columns: GoroutineColumns, grouping: Grouping, names: Sequence[str], counts: Ints, sort: Sort
) -> Ints:
    last, most, group = counts[:, -1], counts.max(axis=1, initial=0), grouping.group
    if sort is Sort.NAME:
        return np.array(sorted(range(len(names)), key=lambda key: names[key]), np.int64)
    if sort is Sort.ID:
        first: Ints = np.full(len(names), np.iinfo(np.int64).max, np.int64)
        np.minimum.at(first, group, columns.id)
        return np.argsort(first, kind="stable")
    if sort is Sort.WAIT:
        latest: Ints = np.zeros(len(names), np.int64)  # the last dump that has any of a group
        np.maximum.at(latest, group, columns.dump)
        there = columns.dump == latest[group]
        longest = np.full(len(names), -1.0)
        np.maximum.at(longest, group[there], np.nan_to_num(columns.minutes[there], nan=-1.0))
        return np.lexsort((-last, -longest))
    if sort is Sort.GROWTH:
        return np.lexsort((-last, counts[:, 0] - last))
    return np.lexsort((-most, -last))


def _group(
    capture: Capture, rows: GoroutineColumns, name: str, counts: tuple[int, ...], examples: int
) -> GoroutineGroup:
    latest = rows.rows(rows.dump == rows.dump.max())
    numbers = np.unique(latest.stack).tolist()
    stacks = [stack_at(capture, number) for number in numbers]
    minutes = latest.minutes[~np.isnan(latest.minutes)]
    labels = np.bincount(latest.label[latest.label >= 0], latest.count[latest.label >= 0])
    frequent = np.argsort(-labels, kind="stable")[:_LABELS_SHOWN].tolist()
    ids = np.unique(latest.id[latest.id >= 0])[:_IDS_SHOWN]
    return GoroutineGroup(
        name,
        _one([place_of(stack) for stack in stacks]),
        _one([stack.created_by for stack in stacks]),
        counts,
        _states(latest),
        (int(minutes.min()), int(minutes.max())) if len(minutes) else None,
        len(set(same_stack(capture)[numbers].tolist())),
        int(latest.count[latest.leaked].sum()),
        int(latest.count[latest.locked].sum()),
        tuple(ids.tolist()),
        tuple(latest.labels[code] for code in frequent if labels[code]),
        _examples(capture, latest, examples),
    )


def _one(sites: Sequence[Site | None]) -> Site | None:
    return sites[0] if len(set(sites)) == 1 else None


def _examples(capture: Capture, latest: GoroutineColumns, most: int) -> tuple[Example, ...]:
    """A goroutine of each stack, the most frequent stack first, then more; who waits longest goes first."""
    minutes = np.nan_to_num(latest.minutes, nan=-1.0)
    _, same = np.unique(same_stack(capture)[latest.stack], return_inverse=True)
    often = np.bincount(same, latest.count)
    order = np.lexsort((latest.id, -minutes, -often[same], same))
    begins = np.flatnonzero(np.diff(same[order], prepend=-1))
    turn = np.empty(len(order), np.int64)
    turn[order] = np.arange(len(order)) - np.repeat(begins, np.diff([*begins, len(order)]))
    shown = np.lexsort((latest.id, -minutes, -often[same], turn))[:most]
    return tuple(_example(capture, latest, row) for row in shown.tolist())


def _example(capture: Capture, rows: GoroutineColumns, row: int) -> Example:
    minutes, line = rows.minutes[row], int(rows.line[row])
    name = rows.inputs[int(rows.input[row])]
    return Example(
        id=int(rows.id[row]) if rows.id[row] >= 0 else None,
        count=int(rows.count[row]),
        state=rows.states[int(rows.state[row])],
        wait_minutes=None if np.isnan(minutes) else int(minutes),
        leaked=bool(rows.leaked[row]),
        locked=bool(rows.locked[row]),
        labels=_labels(rows, int(rows.label[row])),
        parent=int(rows.parent[row]) if rows.parent[row] >= 0 else None,
        source=f"{name}:{line}" if line else name,
        stack=stack_at(capture, int(rows.stack[row])),
    )
