"""The slowest tasks of each type as waterfalls: the tasks inside of them, and the regions of both.

A task of a trace is what the program began with ``trace.NewTask``; it may begin and end in different
goroutines, and be part of another one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.analysis.traces.executions import Execution
from goscope.analysis.traces.view_functions import Part
from goscope.tables.table import Table

_STATES = (
    ("running", "running", "exec_ns"),
    ("waiting for a P", "runnable", "sched_wait_ns"),
    ("blocked", "channel", "block_ns"),
    ("in system calls", "syscall", "syscall_ns"),
    ("in system calls, its P lost", "syscall", "syscall_block_ns"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A task or region in a waterfall; shares are of the time that the waterfall shows."""

    kind: str  # task or region
    name: str | None
    depth: int
    number: int  # of the task, or of the region's goroutine
    start_ns: int | None  # since the start of the trace; None: before it
    duration_ns: int | None  # None: its start or its end was not seen
    begin: float  # where it begins and how long it is, from 0 to 1
    length: float
    ended: bool
    mostly: Part | None  # of a region: what its goroutine did for most of it


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with all that belongs to it; the first bar is its own."""

    bars: tuple[Bar, ...]
    omitted: int
    length: float  # compared with the longest that is shown of its type

    @property
    def task(self) -> Bar:
        return self.bars[0]


@dataclass(frozen=True, slots=True)
class TaskType:
    """Tasks with one name: how many there are, and the slowest."""

    name: str | None
    count: int
    unended: int
    median_ns: int | None
    slowest: tuple[TaskView, ...]


@dataclass(frozen=True, slots=True)
class TaskViews:
    """The types, the one with the longest task first."""

    types: tuple[TaskType, ...]
    omitted: int  # types that are not shown
    annotations_left_out: int  # tasks, regions and logs that the reader did not keep


def tasks_of(trace: Execution, *, types: int = 20, each: int = 6, bars: int = 60) -> TaskViews:
    """The slowest tasks of a trace."""
    view = _Waterfalls(trace, bars)
    rows = trace.rows("trace_tasks")
    names = rows.texts("name")
    by_name: dict[str | None, list[int]] = {}
    for row, name in enumerate(names):
        by_name.setdefault(name, []).append(row)
    length = view.length
    for mine in by_name.values():
        mine.sort(key=lambda row: -length[row])
    ranked = sorted(by_name.items(), key=lambda pair: -length[pair[1][0]])
    made = []
    for name, mine in ranked[:types]:
        done = [view.duration[row] for row in mine if view.duration[row] >= 0]
        longest = max(length[mine[0]], 1)
        made.append(
            TaskType(
                name,
                len(mine),
                sum(not view.ended[row] for row in mine),
                int(np.median(done)) if done else None,
                tuple(view.of(row, length[row] / longest) for row in mine[:each]),
            )
        )
    return TaskViews(tuple(made), len(ranked[types:]), trace.total("annotations_left_out"))


class _Waterfalls:
    """The tasks and regions of a trace, and who belongs to whom."""

    def __init__(self, trace: Execution, bars: int):
        self._most = bars
        tasks, self._regions = trace.rows("trace_tasks"), trace.rows("trace_regions")
        end = trace.total("duration_ns")
        self._tasks = tasks
        self._spans = {t.name: _spans(t, end) for t in (tasks, self._regions)}
        begins, ends = self._spans[tasks.name]
        #: How long each was seen, in nanoseconds: at least, if its start or end was not.
        self.length: list[int] = (ends - begins).tolist()
        self.duration: list[int] = np.where(
            tasks.present("duration_ns"), tasks["duration_ns"], -1
        ).tolist()
        self.ended: list[bool] = tasks.present("end_ns").tolist()
        self._children = _grouped(np.where(tasks.present("parent"), tasks["parent"], 0))
        self._own = _grouped(self._regions["task"])
        self._names = {t.name: t.texts("name") for t in (tasks, self._regions)}
        self._parts = {column: self._regions[column] for _, _, column in _STATES}

    def of(self, row: int, length: float) -> TaskView:
        """The waterfall of a task: its regions and the tasks inside of it, each with its own."""
        begins, ends = (int(column[row]) for column in self._spans[self._tasks.name])
        span = max(ends - begins, 1)
        found: list[Bar] = []
        omitted = 0
        waiting = [(self._tasks, row, 0)]
        seen = {row}
        while waiting:
            table, at, depth = waiting.pop()
            if len(found) < self._most:
                found.append(self._bar(table, at, depth, begins, span))
            else:
                omitted += 1
            if table is not self._tasks:
                continue
            number = int(self._tasks["task"][at])
            children = [c for c in self._children.get(number, ()) if c not in seen]
            seen.update(children)
            inside = [(self._tasks, child, depth + 1) for child in children]
            inside += [(self._regions, region, depth + 1) for region in self._own.get(number, ())]
            inside.sort(key=lambda one: -int(self._spans[one[0].name][0][one[1]]))
            waiting += inside
        return TaskView(tuple(found), omitted, length)

    def _bar(self, table: Table, row: int, depth: int, begins: int, span: int) -> Bar:
        is_task = table is self._tasks
        start, end = (int(column[row]) for column in self._spans[table.name])
        begin = min(max((start - begins) / span, 0.0), 1.0)
        known = bool(table.present("duration_ns")[row])
        return Bar(
            "task" if is_task else "region",
            self._names[table.name][row],
            min(depth, 8),
            int(table["task" if is_task else "g"][row]),
            int(table["start_ns"][row]) if table.present("start_ns")[row] else None,
            int(table["duration_ns"][row]) if known else None,
            begin,
            min((end - begins) / span, 1.0) - begin,
            bool(table.present("end_ns")[row]),
            None if is_task else self._mostly(row),
        )

    def _mostly(self, row: int) -> Part | None:
        parts = [Part(w, kind, int(self._parts[c][row])) for w, kind, c in _STATES]
        longest = max(parts, key=lambda part: part.ns)
        return longest if longest.ns > 0 else None


def _spans(table: Table, end: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...]:
    """When each began and ended, as far as the trace tells."""
    begins = np.where(table.present("start_ns"), table["start_ns"], 0)
    ends = np.where(table.present("end_ns"), table["end_ns"], end)
    return begins, np.maximum(begins, ends)


def _grouped(keys: np.ndarray[tuple[int], np.dtype[np.int64]]) -> dict[int, list[int]]:
    """The rows of each key but 0."""
    found: dict[int, list[int]] = {}
    for row in np.flatnonzero(keys > 0).tolist():
        found.setdefault(int(keys[row]), []).append(row)
    return found
