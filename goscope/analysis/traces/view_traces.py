"""The traces of a capture, their stacks, and the facts about each that stand above everything else."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from goscope.analysis.goroutines.dumps import Stack
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_runtime, is_standard_library
from goscope.tables.table import Table

# Functions of the runtime that are not exported: chanrecv1, selectgo, gopark.
_PLUMBING = re.compile(r"runtime\.[a-z]")
_NOWHERE = Stack((), None)


@dataclass(frozen=True, slots=True)
class TraceView:
    """A trace: its row of the ``traces`` table, and what the others hold of it."""

    capture: Capture
    number: int

    def rows(self, table: str) -> Table:
        """The rows of a table that belong to this trace."""
        whole = self.capture.table(table)
        return whole.select(whole["trace"] == self.number)

    def fact(self, column: str) -> int:
        """A number of the ``traces`` table."""
        return int(self.capture.table("traces")[column][self.number])

    def words(self, column: str) -> str | None:
        """A text of the ``traces`` table."""
        return self.capture.table("traces").text(column, self.number)

    @property
    def input(self) -> str:
        return self.words("input") or ""

    @property
    def wall_start_ns(self) -> int | None:
        """When it began, in nanoseconds since 1970; traces of Go 1.22 to 1.24 do not say."""
        known = self.capture.table("traces").present("wall_start_ns")[self.number]
        return self.fact("wall_start_ns") if known else None

    @property
    def proc_shares(self) -> dict[str, float]:
        """What the Ps did, as shares of their time: running, idle, syscall."""
        times = {name: self.fact(f"proc_{name}_ns") for name in ("running", "idle", "syscall")}
        whole = max(sum(times.values()), 1)
        return {name: ns / whole for name, ns in times.items()}

    def stack(self, row: int) -> Stack:
        """A stack by its row of ``trace_stacks``; one without frames below 0."""
        return trace_stacks_of(self.capture)[row] if row >= 0 else _NOWHERE


def traces_of(capture: Capture) -> tuple[TraceView, ...]:
    """All traces, in the order of reading."""
    return tuple(TraceView(capture, number) for number in range(len(capture.table("traces"))))


class LazyTraceStacks:
    """The distinct stacks of all traces; one is made when it is asked for."""

    def __init__(self, capture: Capture):
        frames = capture.table("trace_frames")
        stacks = np.arange(len(capture.table("trace_stacks")) + 1)
        self._bounds = np.searchsorted(frames["stack_id"], stacks).tolist()
        self._functions, self._files = frames.cells("function"), frames.cells("file")
        self._lines = frames["line"]
        self._made: dict[int, Stack] = {}

    def __getitem__(self, row: int) -> Stack:
        if row not in self._made:
            frames = range(self._bounds[row], self._bounds[row + 1])
            self._made[row] = Stack(tuple(map(self._site, frames)), None)
        return self._made[row]

    def _site(self, frame: int) -> Site:
        function, file = (
            None if (code := int(cells.values[frame])) < 0 else cells.categories[code]
            for cells in (self._functions, self._files)
        )
        return Site(function, file, int(self._lines[frame]) or None)


@once_per_capture
def trace_stacks_of(capture: Capture) -> LazyTraceStacks:
    """The stacks of a capture's traces, made once for all views."""
    return LazyTraceStacks(capture)


def place_of(stack: Stack) -> Site | None:
    """The frame that stands for a stack: the program's own, else the innermost outside of the runtime."""
    user = stack.user_frame
    if user is None or not is_standard_library(user.function or ""):
        return user
    outside = (frame for frame in stack.frames if not is_runtime(frame.function or ""))
    return next(outside, None) or next(
        (frame for frame in stack.frames if not _PLUMBING.match(frame.function or "")), user
    )


def stack_rows(table: Table, column: str = "stack_id") -> list[int]:
    """The rows of ``trace_stacks`` that a column names, -1 where it names none."""
    rows: list[int] = np.where(table.present(column), table[column], -1).tolist()
    return rows
