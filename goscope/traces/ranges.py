"""Ranges of time: stop-the-world pauses, GC marking, mark assists, sweeps.

A pause or an assist belongs to a goroutine, wherever it runs; a sweep to a P and the M that it runs on;
marking to the whole program. ``...Active`` events stand for a range that was open when the generation
began.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from goscope.traces.arrays import Int64, Mask, among
from goscope.traces.bounded_rows import BoundedRows, Columns
from goscope.traces.event_columns import Events
from goscope.traces.event_table import NUMBER
from goscope.traces.generation_tables import GenerationTables, TextTable
from goscope.traces.live_goroutines import Rows
from goscope.traces.tally import Tally
from goscope.traces.thread_contexts import ThreadContexts, signed

STW, GC, ASSIST, SWEEP = range(4)
KINDS = ("stw", "gc", "assist", "sweep")
#: What ``go tool trace`` calls them; a stop adds its kind.
_NAMES = {GC: "GC concurrent mark phase", ASSIST: "GC mark assist", SWEEP: "GC incremental sweep"}
#: Sweeps and assists that keep a row each, unless all spans are wanted.
MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class _RangeKind:
    number: int
    begin: int
    end: int
    active: int
    stack: int  # which argument of the begin event


_KINDS = (
    _RangeKind(STW, NUMBER["STWBegin"], NUMBER["STWEnd"], -1, 1),
    _RangeKind(
        ASSIST, NUMBER["GCMarkAssistBegin"], NUMBER["GCMarkAssistEnd"], NUMBER["GCMarkAssistActive"], 0
    ),
    _RangeKind(SWEEP, NUMBER["GCSweepBegin"], NUMBER["GCSweepEnd"], NUMBER["GCSweepActive"], 0),
    _RangeKind(GC, NUMBER["GCBegin"], NUMBER["GCEnd"], NUMBER["GCActive"], 1),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _OpenRange:
    """A range that has not ended."""

    start: int
    name: int
    g: int
    p: int
    stack: int


#: Called with the kind and the times of ranges that began (1) or ended (-1).
Step = Callable[[int, Int64, int], None]


class Ranges:
    """The ranges of one trace."""

    def __init__(self, words: TextTable, step: Step, *, all_rows: bool):
        self._words = words
        self._step = step
        self.totals = Tally("kind", "name")
        self.rare = BoundedRows()
        self.frequent = BoundedRows(None if all_rows else MOST_ROWS, "duration")
        self._open: dict[tuple[int, int], _OpenRange] = {}
        self.cycles = 0

    def add(
        self,
        events: Events,
        threads: ThreadContexts,
        dictionary: GenerationTables,
        goroutines: Rows,
        start: int,
    ) -> None:
        """Take the ranges of a generation, and add to what is known of goroutines."""
        for kind in _KINDS:
            found = _RangeEvents(kind, events, threads, dictionary, self._words, start)
            if not len(found.key):
                continue
            if kind.number == GC:
                self.cycles += int(np.count_nonzero(found.type == kind.begin))
            self._take(kind, found, goroutines)

    def _take(self, kind: _RangeKind, found: _RangeEvents, goroutines: Rows) -> None:
        still = [key for number, key in self._open if number == kind.number]
        found.forget_active(np.array(still, np.int64))
        key, begins = found.key, found.begins
        same = key[1:] == key[:-1]
        first = np.flatnonzero(same & begins[:-1] & ~begins[1:])
        columns = found.columns(first, first + 1)
        single = np.ones(len(key), np.bool_)
        single[first] = single[first + 1] = False
        began = [found.time[first]]
        ended = [found.time[first + 1]]
        rows = [columns]
        for at in np.flatnonzero(single).tolist():
            owner = (kind.number, int(key[at]))
            if begins[at]:
                if owner not in self._open:
                    self._open[owner] = found.opened(at)
                    began.append(found.time[at : at + 1])
            else:
                opened = self._open.pop(owner, None)
                if opened is not None:
                    ended.append(found.time[at : at + 1])
                rows.append(found.closed(opened, at))
        for part in began:
            self._step(kind.number, part, 1)
        for part in ended:
            self._step(kind.number, part, -1)
        for table in rows:
            self._keep(kind.number, table, goroutines)

    def _keep(self, kind: int, columns: Columns, goroutines: Rows) -> None:
        whole = columns["start"] >= 0
        name, duration = columns["name"][whole], columns["duration"][whole]
        self.totals.add((np.full(len(name), kind), name), duration)
        (self.rare if kind in (STW, GC) else self.frequent).add(columns)
        if kind == GC:
            return
        mine = whole & (columns["g"] >= 0) & (columns["g"] == columns["end_g"])
        place, known = _places(goroutines, columns["g"][mine])
        np.add.at(goroutines[KINDS[kind]], place, columns["duration"][mine][known])

    def still_open(self) -> list[tuple[int, _OpenRange]]:
        """The ranges that had not ended at the end of the trace, with their kinds."""
        return [(kind, opened) for (kind, _), opened in self._open.items()]


def _places(goroutines: Rows, ids: Int64) -> tuple[Int64, Mask]:
    """Where goroutines are, the last of those with one id; and which are there at all."""
    order = np.argsort(goroutines["id"], kind="stable")
    in_order = goroutines["id"][order]
    place = np.searchsorted(in_order, ids, side="right") - 1
    known = (place >= 0) & (in_order[np.maximum(place, 0)] == ids)
    return order[place[known]], known


class _RangeEvents:
    """The events of a kind in a generation, by whose they are and in order."""

    def __init__(
        self,
        kind: _RangeKind,
        events: Events,
        threads: ThreadContexts,
        dictionary: GenerationTables,
        words: TextTable,
        start: int,
    ):
        at = np.flatnonzero(
            (events.type == kind.begin) | (events.type == kind.end) | (events.type == kind.active)
        )
        self._kind = kind
        types = events.type[at]
        active = types == kind.active
        g, sequence = threads.g_and_sequence(at)
        if kind.number == GC:
            key, sequence = np.zeros(len(at), np.int64), events.arguments[0][at].astype(np.int64)
        elif kind.number == SWEEP:
            key, sequence = threads.segments[at].astype(np.int64), np.zeros(len(at), np.int64)
            key = threads.ms[key]
        else:
            if kind.number == ASSIST:
                g = np.where(active, events.arguments[0][at].astype(np.int64), g)
            key, sequence = g, np.where(active, -1, sequence)
        order = np.lexsort((at, sequence, key))
        self.key, self.type, self._at = key[order], types[order], at[order]
        self._g = g[order]
        self.begins = self.type != kind.end
        self.time = events.time[self._at].copy()
        self.time[self.type == kind.active] = start
        self._events, self._threads = events, threads
        self._dictionary, self._words = dictionary, words

    def forget_active(self, keys: Int64) -> None:
        """Drop ``...Active`` events of ranges that are known to be open."""
        known = (self.type == self._kind.active) & among(self.key, keys)
        for name in ("key", "type", "time", "begins", "_at", "_g"):
            setattr(self, name, getattr(self, name)[~known])

    def _name(self, rows: Int64) -> Int64:
        if self._kind.number != STW:
            return np.full(len(rows), self._words.number(_NAMES[self._kind.number]))
        texts = self._dictionary.strings(self._events.arguments[0][self._at[rows]]).tolist()
        said = (self._dictionary.texts[text] if text >= 0 else "" for text in texts)
        return np.array([self._words.number(f"stop-the-world ({name})") for name in said], np.int64)

    def _stack(self, rows: Int64) -> Int64:
        ids = self._events.arguments[self._kind.stack][self._at[rows]]
        stacks = self._dictionary.stacks(ids).astype(np.int64)
        return np.where(self.type[rows] == self._kind.begin, stacks, -1)

    def columns(self, begins: Int64, ends: Int64) -> Columns:
        """Rows of ranges whose begin and end are here."""
        start = self.time[begins]
        end = np.maximum(self.time[ends], start)
        return {
            "kind": np.full(len(begins), self._kind.number),
            "name": self._name(begins),
            "g": self._owner(begins),
            "end_g": self._owner(ends),
            "p": self._p(begins),
            "start": start,
            "end": end,
            "duration": end - start,
            "stack": self._stack(begins),
            **self._bytes(ends),
        }

    def opened(self, row: int) -> _OpenRange:
        """A range that begins here and ends later."""
        at = np.array([row])
        name, stack = int(self._name(at)[0]), int(self._stack(at)[0])
        g, p = int(self._owner(at)[0]), int(self._p(at)[0])
        return _OpenRange(int(self.time[row]), name, g, p, stack)

    def closed(self, opened: _OpenRange | None, row: int) -> Columns:
        """A range that ends here and began before; its begin may be unknown."""
        at = np.array([row])
        end = int(self.time[row])
        g, p = int(self._owner(at)[0]), int(self._p(at)[0])
        name = self._words.number(_NAMES.get(self._kind.number, "stop-the-world"))
        was = opened or _OpenRange(-1, name, g, p, -1)
        numbers = {
            "kind": self._kind.number, "name": was.name, "g": was.g, "end_g": g, "p": was.p,
            "start": was.start, "end": end, "duration": max(end - was.start, 0) if opened else -1,
            "stack": was.stack,
        }  # fmt: skip
        return {name: np.array([value]) for name, value in numbers.items()} | self._bytes(at)

    def _owner(self, rows: Int64) -> Int64:
        return np.full(len(rows), -1) if self._kind.number == GC else self._g[rows]

    def _p(self, rows: Int64) -> Int64:
        if self._kind.number != SWEEP:
            return np.full(len(rows), -1)
        return self._threads.p(self._at[rows])

    def _bytes(self, rows: Int64) -> Columns:
        names = ("swept_bytes", "reclaimed_bytes")
        if self._kind.number != SWEEP:
            return {name: np.full(len(rows), -1) for name in names}
        at = self._at[rows]
        return {name: signed(self._events.arguments[n][at]) for n, name in enumerate(names)}
