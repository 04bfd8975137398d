"""Keeps long tables within bounds: a selection of their rows, the same however they were read.

A log of half a million samples says all that a million say. When a table grows beyond its bound, it is
made much shorter, so that a longer log takes little more memory than one that just fits. Whole stretches of
lines are kept and others let go: neighbours tell of the time between them. Of each two
stretches one stays, then of each four, and so on, picked as by a coin, so that no rhythm of the log
decides. The number of a line alone tells whether it stays; so chunks of any size and two processes
that read a half each come to the same selection. What stands out stays beside it: the largest values
of some columns, the places where a clock fell and another process began, the first row and the last.
What the rows cost that were let go is added up in the row behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from goscope.tables.builder import STREAM, Costs, TableBuilder
from goscope.tables.malloc import hand_back_memory
from goscope.tables.table import Bools, Cells, Ints, Table

#: So many rows a table has at most, or the lines that stand below those of another together with them.
MOST_ROWS = 1 << 20
#: So many eighths of that a table has at most once rows were let go.
_FILLED = 5
#: So many lines a stretch has, as a power of two.
STRETCH = 12
#: So many places where a process began are kept; a log in which several write at once has no end of them.
_MOST_PINS = 20_000
#: At this level one stretch of more stays than any file has.
_HIGHEST = 40

Anchors = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Keeping:
    """What of a table must stay when rows are let go.

    ``below`` is the table whose rows its lines stand under: they stay with that row. ``clock`` only
    rises while a process lives. ``extremes`` are columns whose largest values stay. ``costs`` gives
    what is added up of rows that are let go, as whole numbers, a column each.
    """

    below: str | None = None
    clock: str | None = None
    extremes: tuple[str, ...] = ()
    costs: Costs | None = None
    sums: tuple[str, ...] = ()


ALL = Keeping()
#: A column that marks, in a selection, rows that stay for what stands out in them.
_APART = "apart"


def representative_rows(table: Table) -> Bools:
    """The rows that may be counted: all but those of a selection that stay because they stand out."""
    return ~table[_APART] if _APART in table else np.ones(len(table), np.bool_)


def chosen(anchors: Anchors, level: int) -> Bools:
    """Which rows stay at a level: those of one stretch in 2 ** level."""
    stretch = anchors >> STRETCH
    first = np.flatnonzero(np.append(True, stretch[1:] != stretch[:-1]))[: len(stretch)]
    lengths = np.diff(first, append=len(stretch))
    stretch = stretch[first]
    stays = np.ones(len(stretch), np.bool_)
    for bit in range(level):
        stays &= ((stretch >> bit) & 1) == _coin(stretch >> (bit + 1), bit)
    return np.repeat(stays, lengths)


def _coin(numbers: Anchors, bit: int) -> Anchors:
    """0 or 1 for each number, as by chance, but always the same (the finalizer of SplitMix64)."""
    mixed = (numbers * 64 + bit).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(63)).astype(np.int64)


@dataclass(slots=True)
class State:
    """What is remembered of rows beyond those that are kept; it can be pickled."""

    level: int = 0
    pins: list[int] = field(default_factory=list)
    first: dict[int, tuple[int, float]] = field(default_factory=dict)  # anchor and clock, by stream
    last: dict[int, tuple[int, float]] = field(default_factory=dict)


class Bound:
    """The bound of one table and of those whose lines stand below its own."""

    def __init__(
        self, head: TableBuilder, details: Iterable[TableBuilder], keeping: Keeping, most: int
    ):
        self.state = State()
        #: Of a process that reads the rest of an input: tells what its anchors lack.
        self.missing: Callable[[], int] = lambda: 0
        self._head = head
        self._builders = (head, *details)
        self._keeping = keeping
        self.most = most
        self._chosen = 0
        self._most_with_extras = most
        self._apart = np.empty(0, np.int64)  # heads that stay though they are not chosen
        self._shift: int | None = None

    def _limit(self, level: int) -> int:
        """So many rows may be chosen at a level."""
        return self.most * _FILLED // 8 if level else self.most

    @property
    def builders(self) -> tuple[TableBuilder, ...]:
        """Those of the table and of what stands below it."""
        return self._builders

    @property
    def is_sampling(self) -> bool:
        """Whether rows are let go."""
        return self.state.level > 0

    def rows_to_keep(self, anchors: Anchors) -> Bools:
        """Which lines stay, known by the anchor of the head that they stand below."""
        stays = self._of_level(anchors)
        if len(self._apart):
            stays |= np.isin(anchors, self._apart)
        return stays

    def added(self, builder: TableBuilder, cells: Mapping[str, Cells], anchors: Anchors) -> None:
        """Rows were added to a builder just now, of which these are the columns."""
        if builder is self._head and len(anchors):
            self._watch(anchors, cells.get(self._keeping.clock or ""))
        if not self.is_sampling:
            self._chosen += len(anchors)
        else:
            picked = self._of_level(anchors)
            self._chosen += int(np.count_nonzero(picked))
            if builder is not self._head:
                stays = self.rows_to_keep(anchors)
            else:
                table = Table(builder.name, builder.schema, cells, len(anchors))
                stays = self._head_stays(lambda: table, anchors)
                self._apart = np.concatenate([self._apart, anchors[stays & ~picked]])
            builder.keep(stays, latest=True)
        rows = sum(b.rows for b in self._builders)
        if self._chosen > self._limit(self.state.level) or rows > self._most_with_extras:
            self.enforce_limit()

    def enforce_limit(self) -> None:
        """Let go of what need not stay."""
        rows = sum(builder.rows for builder in self._builders)
        if not self.is_sampling and rows <= self.most:
            self._chosen = rows
            return
        all_anchors = [builder.anchors() for builder in self._builders]
        while True:
            picked = [self._of_level(anchors) for anchors in all_anchors]
            self._chosen = sum(int(np.count_nonzero(some)) for some in picked)
            if self._chosen <= self._limit(self.state.level):
                break
            self.state.level += 1
        if self.is_sampling:
            head, *details = all_anchors
            stays = self._head_stays(self._head.build, head)
            self._apart = head[stays & ~picked[0]]
            self._head.keep(stays)
            for builder, anchors in zip(self._builders[1:], details, strict=True):
                builder.keep(self.rows_to_keep(anchors))
            hand_back_memory()
        rows = sum(builder.rows for builder in self._builders)
        self._most_with_extras = max(self._limit(self.state.level), rows) + self.most // 8

    def counts(self) -> dict[int, int]:
        """How many rows would be chosen at this level and at higher ones."""
        anchors = np.concatenate([builder.anchors() for builder in self._builders])
        found = {}
        for level in range(self.state.level, _HIGHEST):
            anchors = anchors[chosen(self._whole(anchors), level)]
            found[level] = len(anchors)
            if not len(anchors):
                break
        return found

    def make_room(self, others: Mapping[int, int]) -> None:
        """Let go of what cannot stay together with so many rows of another part of the input."""
        own = self.counts()
        for level in range(max(min(own), min(others)), _HIGHEST):
            self.state.level = level
            if own.get(level, 0) + others.get(level, 0) <= self._limit(level):
                break
        self.enforce_limit()

    def marked(self, table: Table) -> Table:
        """The table of heads, with a mark at the rows that say nothing of what is usual."""
        if not self.is_sampling:
            return table
        return table.replaced(_APART, Cells(~self._of_level(self._head.anchors())))

    def raise_level(self, other: State) -> None:
        """Let go of what another process has let go of, before what it read is taken over."""
        if other.level > self.state.level:
            self.state.level = other.level
            self.enforce_limit()

    def merge(self, other: State, shift: int) -> None:
        """Go on behind what another process read; its rows are in the builders already."""
        mine = self.state
        first = {stream + (shift >> STREAM): at for stream, at in other.first.items()}
        pins = [pin + shift for pin in other.pins]
        for stream, (anchor, clock) in first.items():
            before = mine.last.get(stream)
            if before is None:
                mine.first[stream] = anchor + shift, clock
            elif clock < before[1]:
                pins += [before[0], anchor + shift]
        mine.pins = sorted({*mine.pins, *pins})[:_MOST_PINS]
        for stream, (anchor, clock) in other.last.items():
            mine.last[stream + (shift >> STREAM)] = anchor + shift, clock
        self.enforce_limit()

    def _of_level(self, anchors: Anchors) -> Bools:
        if not self.is_sampling:
            return np.ones(len(anchors), np.bool_)
        return chosen(self._whole(anchors), self.state.level)

    def _whole(self, anchors: Anchors) -> Anchors:
        """The anchors as one process knows them that reads it all."""
        if self._shift is None:
            self._shift = self.missing()
        return anchors + self._shift

    def _watch(self, anchors: Anchors, cells: Cells | None) -> None:
        """Remember where processes begin."""
        state = self.state
        stream = int(anchors[0]) >> STREAM
        clock = np.zeros(len(anchors), np.int64) if cells is None else cells.values
        before = state.last.get(stream)
        if before is None:
            state.first[stream] = int(anchors[0]), float(clock[0])
            before = int(anchors[0]), float(clock[0])
        if len(state.pins) < _MOST_PINS:
            falls = np.flatnonzero(np.diff(clock, prepend=before[1]) < 0)
            above = np.concatenate([[before[0]], anchors[:-1]])
            pins = np.column_stack((above[falls], anchors[falls])).ravel().tolist()
            state.pins += pins[: _MOST_PINS - len(state.pins)]
        state.last[stream] = int(anchors[-1]), float(clock[-1])

    def _head_stays(self, table: Callable[[], Table], anchors: Anchors) -> Bools:
        """The rows of a table of heads that stay: the chosen ones, and what stands out.

        A table holds on to each column that was looked at, so that it is asked for anew for each.
        """
        stays = self._of_level(anchors)
        state = self.state
        ends = [anchor for anchor, _ in (*state.first.values(), *state.last.values())]
        stays |= np.isin(anchors, np.array([*ends, *state.pins], np.int64))
        groups = self._whole(anchors) >> (STRETCH + state.level)
        order: Anchors | slice = slice(None)
        if (np.diff(groups) < 0).any():  # several streams
            order = np.argsort(groups, kind="stable")
            groups = groups[order]
        starts = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))[: len(groups)]
        place = np.arange(len(anchors))[order]
        for column in self._keeping.extremes:
            values = table().numbers(column, -np.inf)[order]
            if len(values):
                stays[place[_first_of_largest(values, starts)]] = True
        return stays


def _first_of_largest(values: npt.NDArray[np.float64], starts: Anchors) -> Anchors:
    """For each group of values, where its largest one stands, the first of several."""
    largest = np.maximum.reduceat(values, starts)
    lengths = np.diff(starts, append=len(values))
    same = np.flatnonzero(values == np.repeat(largest, lengths))
    group = np.searchsorted(starts, same, side="right") - 1
    first: Anchors = same[np.append(True, group[1:] != group[:-1])]
    return first


def anchors_of(stream: int, lines: Ints) -> Anchors:
    """The anchors of lines (from 1) of a stream."""
    return (np.int64(stream) << STREAM) + lines.astype(np.int64) - 1


def shift_of(stream: int, lines_above: int) -> int:
    """What the anchors lack of a process that reads a stream from below these lines on, as its stream 0."""
    return (stream << STREAM) + lines_above


def bounds_of(
    builders: Mapping[str, TableBuilder], keeping: Mapping[str, Keeping], most: int
) -> dict[str, Bound]:
    """The bound of each table whose lines stand alone, by its name."""
    found = {}
    for name, builder in builders.items():
        own = keeping.get(name, ALL)
        if own.below is None:
            details = [b for n, b in builders.items() if keeping.get(n, ALL).below == name]
            found[name] = Bound(builder, details, own, most)
    return found
