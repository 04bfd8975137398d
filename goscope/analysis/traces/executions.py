"""Execution traces as rules and pages look at them: one per trace, with functions, latencies and stacks."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from goscope.analysis.goroutines.dumps import Stack
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from goscope.goruntime.function_names import is_runtime, is_standard_library
from goscope.tables.table import Table

#: The tracing itself starts goroutines that are no load of the program's.
_OF_TRACING = ("runtime/trace.", "runtime/pprof.")
# Functions of the runtime that are not exported: chanrecv1, selectgo, gopark.
_PLUMBING = re.compile(r"runtime\.[a-z]")
_NOWHERE = Stack((), None)
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Function:
    """All goroutines that began in one function; times in nanoseconds, added up over them."""

    name: str | None
    system: bool
    goroutines: int
    created: int
    ended: int
    exec_ns: int
    sched_wait_ns: int
    first_wait_ns: int
    block_ns: int
    syscall_ns: int
    syscall_block_ns: int
    assist_ns: int

    @property
    def all_syscall_ns(self) -> int:
        """In system calls, with and without a P."""
        return self.syscall_ns + self.syscall_block_ns

    @property
    def active_ns(self) -> int:
        """Time in which its goroutines were not at rest."""
        return self.exec_ns + self.sched_wait_ns + self.all_syscall_ns

    @property
    def program(self) -> bool:
        """Whether it is of the program: neither the runtime nor the tracing started it."""
        return not self.system and self.name is not None and not self.name.startswith(_OF_TRACING)


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution in nanoseconds: of waits to be scheduled, or of tasks or regions of one type."""

    kind: str
    name: str | None
    count: int
    total_ns: int
    p50_ns: int
    p90_ns: int
    p99_ns: int
    max_ns: int


_FUNCTION = tuple(f for f in Function.__slots__ if f not in ("name", "system"))
_LATENCY = ("count", "total_ns", "p50_ns", "p90_ns", "p99_ns", "max_ns")


class Execution:
    """One execution trace of a capture."""

    def __init__(self, capture: Capture, number: int):
        self._capture = capture
        self._number = number
        self._whole = traces = capture.table("traces").select(np.array([number]))
        self.source = traces.text("input", 0) or ""
        self.process = int(traces["process"][0])
        self.format = traces.text("format", 0) or ""
        self.dropped_why = traces.text("dropped_why", 0)
        self.duration_ns = max(int(traces["duration_ns"][0]), 1)
        self.procs = max(int(traces["procs"][0]), 1)

    def total(self, column: str) -> int:
        """A number of the traces table."""
        return int(self._whole[column][0])

    @property
    def wall_start_ns(self) -> int | None:
        """When it began, in nanoseconds since 1970; traces of Go 1.22 to 1.24 do not say."""
        return self.total("wall_start_ns") if self._whole.present("wall_start_ns")[0] else None

    @property
    def proc_shares(self) -> dict[str, float]:
        """What the Ps did, as shares of their time: running, idle, syscall."""
        times = {name: self.total(f"proc_{name}_ns") for name in ("running", "idle", "syscall")}
        whole = max(sum(times.values()), 1)
        return {name: ns / whole for name, ns in times.items()}

    def rows(self, table: str) -> Table:
        """The rows of a table that belong to this trace."""
        found = self._capture.table(table)
        return found.select(found["trace"] == self._number)

    def share_of_procs(self, ns: float) -> float:
        """A time as the part of the time that all Ps had."""
        return ns / (self.duration_ns * self.procs)

    def on_average(self, ns: float) -> float:
        """A time of many goroutines as how many of them there were at a time, on average."""
        return ns / self.duration_ns

    @property
    def idle_share(self) -> float:
        """The part of the time of all Ps in which they were idle."""
        return self.share_of_procs(self.total("proc_idle_ns"))

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """By start function, the longest running first."""
        table = self.rows("trace_functions")
        numbers = zip(*(table[name].tolist() for name in _FUNCTION), strict=True)
        heads = zip(table.texts("name"), table.flags("system").tolist(), numbers, strict=True)
        found = [Function(name, system, *values) for name, system, values in heads]
        return tuple(sorted(found, key=lambda f: -f.exec_ns))

    @property
    def program(self) -> tuple[Function, ...]:
        """The functions of the program itself."""
        return tuple(f for f in self.functions if f.program)

    @cached_property
    def latencies(self) -> tuple[Latency, ...]:
        """All distributions, the largest sum first."""
        table = self.rows("trace_latencies")
        numbers = zip(*(table[name].tolist() for name in _LATENCY), strict=True)
        heads = zip(table.texts("kind"), table.texts("name"), numbers, strict=True)
        found = [Latency(kind or "", name, *values) for kind, name, values in heads]
        return tuple(sorted(found, key=lambda f: -f.total_ns))

    def latency(self, kind: str, name: str | None) -> Latency | None:
        """The distribution of one kind and name."""
        return next((f for f in self.latencies if (f.kind, f.name) == (kind, name)), None)

    @cached_property
    def blocks(self) -> dict[str | None, list[tuple[str, int, int]]]:
        """By start function what its goroutines waited for: reason, count, nanoseconds, longest first."""
        table = self.rows("trace_function_blocks")
        found: defaultdict[str | None, list[tuple[str, int, int]]] = defaultdict(list)
        columns = (table["count"].tolist(), table["ns"].tolist())
        for name, reason, count, ns in zip(
            table.texts("name"), table.texts("reason"), *columns, strict=True
        ):
            found[name].append((reason or "", count, ns))
        return {name: sorted(of_it, key=lambda b: -b[2]) for name, of_it in found.items()}

    def profile(self, kind: str) -> list[tuple[int, int, int]]:
        """The stacks of a profile as (stack, count, nanoseconds), the heaviest first; -1 is no stack."""
        table = self.rows("trace_profiles")
        mine = table.select(table.says("kind", kind))
        found = zip(stack_rows(mine), mine["count"].tolist(), mine["ns"].tolist(), strict=True)
        return sorted(found, key=lambda row: (-row[2], -row[1]))

    def stack(self, number: int) -> Stack:
        """A stack of the trace by its number; -1 gives one without frames."""
        return _stacks_of(self._capture)[number] if number >= 0 else _NOWHERE

    def where_it_runs(self, name: str | None) -> tuple[Stack | None, Site]:
        """The stack in which goroutines of a start function were mostly preempted, and its place."""
        for number, _, _ in self.profile("sched"):
            if self.root(number) == name:
                stack = self.stack(number)
                own = stack.user_frame
                library = own is None or is_standard_library(own.function or "")
                return stack, stack.frames[-1] if library else own or Site(name)
        return None, Site(name)

    def root(self, number: int) -> str | None:
        """The start function of the goroutine that has this stack."""
        frames = self.stack(number).frames
        return frames[-1].function if frames else None


class _Stacks:
    """Makes the stacks of traces when they are asked for: there may be a hundred thousand."""

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
def _stacks_of(capture: Capture) -> _Stacks:
    return _Stacks(capture)


@once_per_capture
def executions_of(capture: Capture) -> tuple[Execution, ...]:
    """The execution traces of a capture, in the order of reading."""
    return tuple(Execution(capture, n) for n in range(len(capture.table("traces"))))


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
