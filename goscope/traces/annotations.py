"""User annotations of a trace: tasks, regions and logs.

They are few compared with other events, and tasks cross goroutines and generations, so they are followed
one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from goscope.traces.arrays import Int64
from goscope.traces.bounded_rows import BoundedRows
from goscope.traces.event_columns import Events
from goscope.traces.event_table import NUMBER, ByType, mask_of
from goscope.traces.generation_tables import GenerationTables, TextTable
from goscope.traces.latency_distributions import REGION, TASK, LatencyDistributions
from goscope.traces.live_goroutines import SUMS, Rows
from goscope.traces.region_sums import Sums, sums_at
from goscope.traces.spans import Spans
from goscope.traces.state_transitions import GONE, WAITING
from goscope.traces.thread_contexts import ThreadContexts, signed

#: Tasks and regions (the longest) and logs (the first) that keep a row each, unless all spans are wanted.
MOST_ROWS = 50_000
_TASK_BEGIN, _TASK_END = NUMBER["UserTaskBegin"], NUMBER["UserTaskEnd"]
_REGION_BEGIN, _REGION_END = NUMBER["UserRegionBegin"], NUMBER["UserRegionEnd"]
_LOG = NUMBER["UserLog"]
_TASKS = mask_of("UserTaskBegin", "UserTaskEnd")
_REGIONS = mask_of("UserRegionBegin", "UserRegionEnd")
_CREATES = mask_of("GoCreate", "GoCreateBlocked")
#: Stands for the end of a goroutine among the events of regions.
_END_OF_GOROUTINE = 0


@dataclass(frozen=True, slots=True)
class _Task:
    parent: int
    name: int
    g: int
    start: int
    stack: int


@dataclass(frozen=True, slots=True)
class _Region:
    task: int
    name: int
    start: int
    stack: int
    inherited: bool
    sums: Sums | None


class Annotations:
    """The tasks, regions and logs of one trace."""

    def __init__(self, words: TextTable, latencies: LatencyDistributions, *, all_rows: bool):
        most = None if all_rows else MOST_ROWS
        self._words = words
        self._latencies = latencies
        self.tasks = BoundedRows(most, "duration")
        self.regions = BoundedRows(most, "duration")
        self.logs = BoundedRows(most)
        self.counts = {"tasks": 0, "regions": 0, "logs": 0}
        self._open_tasks: dict[int, _Task] = {}
        self._open_regions: dict[int, list[_Region]] = {}

    def add(
        self,
        events: Events,
        threads: ThreadContexts,
        tables: GenerationTables,
        spans: Spans,
        before: Rows,
    ) -> None:
        """Add a generation; ``before`` holds the goroutines of ``spans`` as they were when it began."""
        said = _AnnotationReader(events, threads, tables, self._words)
        self._add_tasks(said)
        self._add_logs(said)
        if self._open_regions or _REGIONS[events.type].any():
            self._add_regions(said, spans, before)

    def finish(self, goroutines: Rows) -> None:
        """The trace ends; ``goroutines`` are those that live, their sums up to that moment."""
        tasks = [
            [task, t.parent, t.name, t.g, t.start, -1, -1, t.stack]
            for task, t in self._open_tasks.items()
        ]
        self.counts["tasks"] += len(tasks)
        self.tasks.add(_columns(_TASK_COLUMNS, tasks))
        places = {int(g): place for place, g in enumerate(goroutines["id"])}
        rows = []
        for g, regions in self._open_regions.items():
            place = places.get(g)
            for region in regions:
                sums = None
                if place is not None:
                    sums = tuple(int(goroutines[name][place]) for name in SUMS)
                rows.append(_region_row(g, region, -1, sums))
        self.counts["regions"] += len(rows)
        self.regions.add(_columns(_REGION_COLUMNS, rows))

    def _add_tasks(self, said: _AnnotationReader) -> None:
        rows: list[list[int]] = []
        for at, kind, time, g, task in said.of(_TASKS):
            if kind == _TASK_BEGIN:
                parent, name, stack = said.task(at)
                self._open_tasks[task] = _Task(parent, name, g, time, stack)
                continue
            t = self._open_tasks.pop(task, None)
            if t is None:
                rows.append([task, -1, -1, g, -1, time, -1, -1])
            else:
                took = max(time - t.start, 0)
                rows.append([task, t.parent, t.name, t.g, t.start, time, took, t.stack])
        self.counts["tasks"] += len(rows)
        self.tasks.add(_columns(_TASK_COLUMNS, rows))
        whole = np.array([row for row in rows if row[6] >= 0], np.int64).reshape(-1, 8)
        self._latencies.add(TASK, whole[:, 2], whole[:, 6])

    def _add_logs(self, said: _AnnotationReader) -> None:
        rows, messages = said.logs()
        self.counts["logs"] += len(rows)
        self.logs.add({**_columns(_LOG_COLUMNS, rows), "message": np.array(messages, object)})

    def _add_regions(self, said: _AnnotationReader, spans: Spans, before: Rows) -> None:
        kinds = said.regions(spans)
        sums = sums_at(spans, before, kinds.g, kinds.time)
        rows: list[list[int]] = []
        open_regions = self._open_regions
        columns = (kinds.kind, kinds.time, kinds.g, kinds.at, kinds.new_g)
        for row, (kind, time, g, at, new_g) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            active = open_regions.get(g)
            if kind == _REGION_BEGIN:
                task, name, stack = said.region(at)
                region = _Region(task, name, time, stack, False, sums(row))
                open_regions.setdefault(g, []).append(region)
            elif kind == _REGION_END:
                task, name, stack = said.region(at)
                unknown = _Region(task, name, -1, stack, False, (0,) * len(SUMS))
                region = active.pop() if active else unknown
                rows.append(_region_row(g, region, time, sums(row)))
            elif kind == _END_OF_GOROUTINE:
                for region in open_regions.pop(g, []):
                    rows.append(_region_row(g, region, time, sums(row)))
            elif active:
                task = active[-1].task
                open_regions[new_g] = [_Region(task, 0, time, -1, True, (0,) * len(SUMS))]
        self.counts["regions"] += len(rows)
        self.regions.add(_columns(_REGION_COLUMNS, rows))
        whole = np.array([r for r in rows if r[3] >= 0 and not r[6]], np.int64)
        whole = whole.reshape(-1, len(_REGION_COLUMNS))
        self._latencies.add(REGION, whole[:, 2], whole[:, 5])


_TASK_COLUMNS = ("task", "parent", "name", "g", "start", "end", "duration", "stack")
_REGION_COLUMNS = ("g", "task", "name", "start", "end", "duration", "inherited", "stack", *SUMS)
_LOG_COLUMNS = ("time", "g", "task", "category", "stack")


def _region_row(g: int, region: _Region, end: int, sums: Sums | None) -> list[int]:
    """A row of a region; its times are what its goroutine did meanwhile."""
    spent = [0] * len(SUMS)
    if sums is not None and region.sums is not None:
        spent = [now - then for now, then in zip(sums, region.sums, strict=True)]
    took = max(end - region.start, 0) if end >= 0 and region.start >= 0 else -1
    place = [g, region.task, region.name, region.start, end, took]
    return [*place, int(region.inherited), region.stack, *spent]


def _columns(names: tuple[str, ...], rows: list[list[int]]) -> dict[str, npt.NDArray[Any]]:
    table = np.array(rows, np.int64).reshape(-1, len(names))
    return {name: table[:, place] for place, name in enumerate(names)}


@dataclass(frozen=True, slots=True)
class _RegionEvents:
    """The begins and ends of regions, and the births and ends of goroutines, in the order of time."""

    kind: Int64
    time: Int64
    g: Int64
    at: Int64
    new_g: Int64


class _AnnotationReader:
    """The annotations of a generation, with their words."""

    def __init__(
        self,
        events: Events,
        threads: ThreadContexts,
        tables: GenerationTables,
        words: TextTable,
    ):
        self._events = events
        self._threads = threads
        self._tables = tables
        self._words = words

    def of(self, mask: ByType) -> list[tuple[int, int, int, int, int]]:
        """The position, type, time, goroutine and first argument of these events, in the order of time."""
        at = np.flatnonzero(mask[self._events.type])
        at = at[np.argsort(self._events.time[at], kind="stable")]
        columns = (
            at,
            self._events.type[at],
            self._events.time[at],
            self._threads.g(at),
            signed(self._events.arguments[0][at]),
        )
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def task(self, at: int) -> tuple[int, int, int]:
        """The parent, the name and the stack of a task that begins."""
        _, parent, name = (int(column[at]) for column in self._events.arguments)
        stack = self._stack(self._events.fourth_of(np.array([at])))
        return parent or -1, self._word(name), stack

    def region(self, at: int) -> tuple[int, int, int]:
        """The task, the name and the stack of a region that begins or ends."""
        task, name, stack = (column[at : at + 1] for column in self._events.arguments)
        return int(signed(task)[0]), self._word(int(name[0])), self._stack(stack)

    def logs(self) -> tuple[list[list[int]], list[str]]:
        """Logs, and their messages."""
        at = np.flatnonzero(self._events.type == _LOG)
        at = at[np.argsort(self._events.time[at], kind="stable")]
        task, category, message = (column[at] for column in self._events.arguments)
        texts = [*self._tables.texts, ""]
        categories = [
            self._words.number(texts[text]) for text in self._tables.strings(category).tolist()
        ]
        columns = (
            self._events.time[at],
            self._threads.g(at),
            signed(task),
            np.array(categories, np.int64),
            self._tables.stacks(self._events.fourth_of(at)),
        )
        rows = np.stack([column.astype(np.int64) for column in columns], axis=1).tolist()
        return rows, [texts[text] for text in self._tables.strings(message).tolist()]

    def regions(self, spans: Spans) -> _RegionEvents:
        """All that begins and ends regions."""
        events, history = self._events, spans.history
        at = np.flatnonzero(_REGIONS[events.type] | _CREATES[events.type])
        over = np.flatnonzero(
            (history.state == GONE)
            | ((history.state == WAITING) & (history.reason == self._words.number("forever")))
        )
        over = over[history.at[over] >= 0]
        owners = spans.goroutines["id"][history.own[over]]
        kind = np.concatenate([events.type[at], np.full(len(over), _END_OF_GOROUTINE)])
        time = np.concatenate([events.time[at], history.time[over]])
        g = np.concatenate([self._threads.g(at), owners])
        position = np.concatenate([at, history.at[over]])
        order = np.lexsort((position, time))
        at = position[order]
        return _RegionEvents(
            kind[order].astype(np.int64), time[order], g[order], at, signed(events.arguments[0][at])
        )

    def _word(self, string: int) -> int:
        text = int(self._tables.strings(np.array([string], np.uint64))[0])
        return self._words.number(self._tables.texts[text] if text >= 0 else "")

    def _stack(self, stack: npt.NDArray[Any]) -> int:
        return int(self._tables.stacks(stack)[0])
