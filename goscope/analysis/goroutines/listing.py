"""Goroutines that somebody asked for, put together by what they have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from goscope.analysis.goroutines.columns import Goroutines, goroutines_of
from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.goroutines.filters import Wanted, place, selected, stack_at
from goscope.analysis.goroutines.groups import alike, place_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from goscope.goruntime.function_names import package_of
from goscope.redaction import labels_without_credentials
from goscope.tables.table import Ints

_IDS_SHOWN = 12
_LABELS_SHOWN = 5


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
    found = []
    for goroutines in goroutines_of(capture):
        fitting = goroutines.rows(selected(capture, goroutines, wanted))
        last = len(goroutines.words.sources) - 1
        shown = fitting.rows(fitting.dump == last) if by is By.NONE else fitting
        keys, names = _keys(capture, shown, by, label)
        groups = _grouped(capture, shown, keys, names, sort, limit, examples)
        sizes = np.zeros(len(names), np.int64)
        np.add.at(sizes, keys[shown.dump == last], shown.count[shown.dump == last])
        found.append(
            Listing(
                goroutines.process,
                capture.process_name(goroutines.process),
                goroutines.words.sources,
                goroutines.of_profile,
                goroutines.totals,
                fitting.totals,
                _states(goroutines.rows(goroutines.dump == last)),
                groups,
                len(names) - len(groups),
                int(sizes.sum()) - sum(group.count for group in groups),
            )
        )
    return tuple(found)


def _keys(
    capture: Capture, goroutines: Goroutines, by: By, label: str | None
) -> tuple[Ints, list[str]]:
    """For each row the number of its group, and the names of the groups that there are."""
    state = goroutines.state
    words = [word or "unknown state" for word in goroutines.words.states]
    if by is By.NONE:
        return np.arange(len(goroutines)), [_id_name(i) for i in goroutines.id.tolist()]
    if by is By.STATE:
        return _named(state, words)
    if by is By.LABEL:
        keys, sets = _named_by(goroutines.label, lambda code: _label_set(goroutines, code, label))
        otherwise = "no labels" if label is None else f"no label {label}"
        return keys, [_label_name(json.loads(found)) or otherwise for found in sets]
    if by is By.SIGNATURE:
        same = np.append(alike(capture), -1)[goroutines.stack]
        pairs, keys = np.unique(same * len(words) + state, return_inverse=True)
        names = [
            f"{words[pair % len(words)]} in {_place(stack_at(capture, pair // len(words)))}"
            for pair in pairs.tolist()
        ]
        return keys, names
    of_stack = {
        By.LOCATION: _place,
        By.FRAME: _frame,
        By.CREATOR: _creator,
        By.PACKAGE: _package,
    }[by]
    places, names = _named_by(goroutines.stack, lambda n: of_stack(stack_at(capture, n)))
    if by is not By.LOCATION:
        return places, names
    return _named(
        places * len(words) + state, [f"{word} in {name}" for name in names for word in words]
    )


def _named(codes: Ints, words: Sequence[str]) -> tuple[Ints, list[str]]:
    there, keys = np.unique(codes, return_inverse=True)
    return keys, [words[code] for code in there.tolist()]


def _named_by(codes: Ints, name: Callable[[int], str]) -> tuple[Ints, list[str]]:
    """Codes that have one name together."""
    there, inverse = np.unique(codes, return_inverse=True)
    numbers: dict[str, int] = {}
    of_code = [numbers.setdefault(name(code), len(numbers)) for code in there.tolist()]
    return np.array(of_code, np.int64)[inverse], list(numbers)


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


def _label_set(goroutines: Goroutines, code: int, key: str | None) -> str:
    """The labels that are asked for, as JSON: groups whose names hide the same are groups of their own."""
    labels = _labels(goroutines, code)
    return json.dumps({k: v for k, v in labels.items() if key in (None, k)})


def _label_name(labels: dict[str, str]) -> str:
    return ", ".join(f"{k}={v}" for k, v in labels_without_credentials(labels).items())


def _labels(goroutines: Goroutines, code: int) -> dict[str, str]:
    found: dict[str, str] = json.loads(goroutines.words.labels[code]) if code >= 0 else {}
    return found


def _states(goroutines: Goroutines) -> tuple[tuple[str, int], ...]:
    counts = np.bincount(goroutines.state, goroutines.count, len(goroutines.words.states))
    order = np.argsort(-counts, kind="stable")
    return tuple((goroutines.words.states[i], int(counts[i])) for i in order.tolist() if counts[i])


def _grouped(
    capture: Capture,
    goroutines: Goroutines,
    keys: Ints,
    names: Sequence[str],
    sort: Sort,
    limit: int,
    examples: int,
) -> tuple[GoroutineGroup, ...]:
    """The first groups in the order that is asked for; only these are made out."""
    counts = np.zeros((len(names), len(goroutines.words.sources)), np.int64)
    np.add.at(counts, (keys, goroutines.dump), goroutines.count)
    order = _order(goroutines, keys, names, counts, sort)
    shown = order[: limit or len(order)]
    by_key = np.argsort(keys, kind="stable")
    bounds = np.searchsorted(keys[by_key], np.arange(len(names) + 1)).tolist()
    return tuple(
        _group(
            capture,
            goroutines.rows(by_key[bounds[key] : bounds[key + 1]]),
            names[key],
            tuple(counts[key].tolist()),
            examples,
        )
        for key in shown.tolist()
    )


def _order(
    goroutines: Goroutines, keys: Ints, names: Sequence[str], counts: Ints, sort: Sort
) -> Ints:
    last, most = counts[:, -1], counts.max(axis=1, initial=0)
    if sort is Sort.NAME:
        return np.array(sorted(range(len(names)), key=lambda key: names[key]), np.int64)
    if sort is Sort.ID:
        first: Ints = np.full(len(names), np.iinfo(np.int64).max, np.int64)
        np.minimum.at(first, keys, goroutines.id)
        return np.argsort(first, kind="stable")
    if sort is Sort.WAIT:
        longest = np.full(len(names), -1.0)
        latest = goroutines.dump == _latest(goroutines, keys, len(names))[keys]
        np.maximum.at(longest, keys[latest], np.nan_to_num(goroutines.minutes[latest], nan=-1.0))
        return np.lexsort((-last, -longest))
    if sort is Sort.GROWTH:
        return np.lexsort((-last, counts[:, 0] - last))
    return np.lexsort((-most, -last))


def _latest(goroutines: Goroutines, keys: Ints, groups: int) -> Ints:
    """The last dump that has any of a group."""
    latest = np.zeros(groups, np.int64)
    np.maximum.at(latest, keys, goroutines.dump)
    return latest


def _group(
    capture: Capture, rows: Goroutines, name: str, counts: tuple[int, ...], examples: int
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
        len(set(np.append(alike(capture), -1)[numbers].tolist())),
        int(latest.count[latest.leaked].sum()),
        int(latest.count[latest.locked].sum()),
        tuple(ids.tolist()),
        tuple(latest.words.labels[code] for code in frequent if labels[code]),
        _examples(capture, latest, examples),
    )


def _one(sites: Sequence[Site | None]) -> Site | None:
    return sites[0] if len(set(sites)) == 1 else None


def _examples(capture: Capture, latest: Goroutines, most: int) -> tuple[Example, ...]:
    """A goroutine of each stack, the most frequent stack first, then more; who waits longest goes first."""
    minutes = np.nan_to_num(latest.minutes, nan=-1.0)
    _, same = np.unique(np.append(alike(capture), -1)[latest.stack], return_inverse=True)
    often = np.bincount(same, latest.count)
    order = np.lexsort((latest.id, -minutes, -often[same], same))
    begins = np.flatnonzero(np.diff(same[order], prepend=-1))
    turn = np.empty(len(order), np.int64)
    turn[order] = np.arange(len(order)) - np.repeat(begins, np.diff([*begins, len(order)]))
    shown = np.lexsort((latest.id, -minutes, -often[same], turn))[:most]
    return tuple(_example(capture, latest, row) for row in shown.tolist())


def _example(capture: Capture, rows: Goroutines, row: int) -> Example:
    minutes, line = rows.minutes[row], int(rows.line[row])
    name = rows.words.inputs[int(rows.input[row])]
    return Example(
        id=int(rows.id[row]) if rows.id[row] >= 0 else None,
        count=int(rows.count[row]),
        state=rows.words.states[int(rows.state[row])],
        wait_minutes=None if np.isnan(minutes) else int(minutes),
        leaked=bool(rows.leaked[row]),
        locked=bool(rows.locked[row]),
        labels=_labels(rows, int(rows.label[row])),
        parent=int(rows.parent[row]) if rows.parent[row] >= 0 else None,
        source=f"{name}:{line}" if line else name,
        stack=stack_at(capture, int(rows.stack[row])),
    )
