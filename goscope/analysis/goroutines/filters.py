"""Which goroutines somebody asks for.

Only distinct stacks, states and sets of labels are looked at, so that a dump of 100,000 goroutines costs
no more than its 60 stacks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial

import numpy as np

from goscope.analysis.goroutines.columns import GoroutineColumns
from goscope.analysis.goroutines.dumps import Stack, stacks_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from goscope.tables.table import Bools

#: Words for states that are none of the runtime's: any wait reason, and two marks of a header.
WAITING, LEAKED, LOCKED = "waiting", "leaked", "locked"
_NO_STACK = Stack((), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; a goroutine has to fit every part that is given.

    ``states`` are states, wait reasons, or patterns of them with ``*``; one has to fit. ``functions``,
    ``files`` and ``creators`` look at any frame, at its ``file:line``, and at the go statement.
    ``matches`` look at all of these, the state and the labels; none of ``rejects`` may fit. A label
    without a value has to be there. ``ids`` are ranges, both ends included.
    """

    states: tuple[str, ...] = ()
    least_minutes: int = 0
    functions: tuple[re.Pattern[str], ...] = ()
    files: tuple[re.Pattern[str], ...] = ()
    creators: tuple[re.Pattern[str], ...] = ()
    matches: tuple[re.Pattern[str], ...] = ()
    rejects: tuple[re.Pattern[str], ...] = ()
    labels: tuple[tuple[str, str | None], ...] = ()
    ids: tuple[tuple[int, int], ...] = ()


EVERYTHING = Wanted()


def stack_at(capture: Capture, number: int) -> Stack:
    """A stack by its number; one without frames for -1."""
    return stacks_of(capture)[number] if number >= 0 else _NO_STACK


def place(site: Site) -> str:
    """The file and line of a site, "" if they are not known."""
    if site.file is None:
        return ""
    return site.file if site.line is None else f"{site.file}:{site.line}"


def selected(capture: Capture, columns: GoroutineColumns, wanted: Wanted) -> Bools:
    """Which rows fit."""
    fitting = np.ones(len(columns), np.bool_)
    by_stack = (
        *((_functions, pattern) for pattern in wanted.functions),
        *((_files, pattern) for pattern in wanted.files),
        *((_creator, pattern) for pattern in wanted.creators),
    )
    for words_of, pattern in by_stack:
        fitting &= _on_stacks(capture, columns, words_of, pattern)
    for pattern in wanted.matches:
        fitting &= _anywhere(capture, columns, pattern)
    for pattern in wanted.rejects:
        fitting &= ~_anywhere(capture, columns, pattern)
    if wanted.states:
        fitting &= _in_states(columns, wanted.states)
    if wanted.least_minutes:
        fitting &= np.nan_to_num(columns.minutes) >= wanted.least_minutes
    if wanted.labels:
        sets = [_has(json.loads(text), wanted.labels) for text in columns.labels]
        fitting &= np.array([*sets, False])[columns.label]
    if wanted.ids:
        spans = [(columns.id >= low) & (columns.id <= high) for low, high in wanted.ids]
        fitting &= np.logical_or.reduce(spans)
    return fitting


def _functions(stack: Stack) -> list[str]:
    return [frame.function or "?" for frame in stack.frames]


def _files(stack: Stack) -> list[str]:
    return [place(frame) for frame in stack.frames if frame.file is not None]


def _creator(stack: Stack) -> list[str]:
    made = stack.created_by
    return [] if made is None else [made.function or "?", place(made)]


def _all(stack: Stack) -> list[str]:
    return [*_functions(stack), *_files(stack), *_creator(stack)]


def _anywhere(capture: Capture, columns: GoroutineColumns, pattern: re.Pattern[str]) -> Bools:
    return (
        _on_stacks(capture, columns, _all, pattern)
        | _fitting(columns.states, pattern.search)[columns.state]
        | _fitting(columns.labels, pattern.search)[columns.label]
    )


def _on_stacks(
    capture: Capture,
    columns: GoroutineColumns,
    words_of: Callable[[Stack], list[str]],
    pattern: re.Pattern[str],
) -> Bools:
    numbers = np.unique(columns.stack)
    fits = [any(map(pattern.search, words_of(stack_at(capture, n)))) for n in numbers.tolist()]
    return np.array(fits, np.bool_)[np.searchsorted(numbers, columns.stack)]


def _fitting(words: Sequence[str], fits: Callable[[str], object]) -> Bools:
    """Which words fit, and False for the code -1."""
    return np.array([*(bool(fits(word)) for word in words), False])


def _in_states(columns: GoroutineColumns, states: Sequence[str]) -> Bools:
    asked = [state.casefold() for state in states]
    named = _fitting(columns.states, partial(_is_one, asked))
    if WAITING in asked:
        named[: len(columns.reasons)] = True
    fitting: Bools = named[columns.state]
    if LEAKED in asked:
        fitting |= columns.leaked
    if LOCKED in asked:
        fitting |= columns.locked
    return fitting


def _is_one(asked: Sequence[str], state: str) -> bool:
    return any(fnmatchcase(state.casefold(), pattern) for pattern in asked)


def _has(labels: dict[str, str], wanted: Sequence[tuple[str, str | None]]) -> bool:
    return all(key in labels and value in (None, labels[key]) for key, value in wanted)
