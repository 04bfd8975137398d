"""The analyses of ``go tool trace`` for one execution trace: goroutines by start function, scheduler
latency, the four profiles, and tasks and regions; with at most so many rows as people and pages bear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.traces.executions import Execution, Function, Latency, executions_of
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture

#: The profiles: what Go's tool calls them (-pprof=net|sync|syscall|sched), and what they add up.
PROFILES = {
    "network": "waiting for the network",
    "sync": "waiting for channels, locks, select",
    "syscall": "in system calls",
    "sched": "runnable until they ran, from the first run on",
    "cpu": "samples of a CPU profile that ran at the same time",
}
MOST_FUNCTIONS = 100
MOST_LATENCIES = 100
MOST_STACKS = 20


@dataclass(frozen=True, slots=True)
class Heavy:
    """A stack of a profile: how often, and how long in all; samples of the CPU have no time."""

    stack: Stack
    count: int
    ns: int | None


@dataclass(frozen=True, slots=True)
class Profile:
    """One of the profiles: its sum, how many stacks it has, and the heaviest of them."""

    kind: str
    meaning: str
    count: int
    ns: int | None
    stacks: int
    heaviest: tuple[Heavy, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a trace adds up to. Functions and latencies come longest first."""

    execution: Execution
    functions: tuple[Function, ...]
    functions_left_out: int
    latencies: tuple[Latency, ...]
    profiles: tuple[Profile, ...]

    def of_kind(self, *kinds: str) -> tuple[Latency, ...]:
        """The distributions of these kinds: sched, sched_later, first_run, task or region."""
        return tuple(found for found in self.latencies if found.kind in kinds)

    def blocks(self, function: Function) -> list[tuple[str, int, int]]:
        """What its goroutines waited for: reason, count, nanoseconds; longest first."""
        return self.execution.blocks.get(function.name, [])


@once_per_capture
def analyses_of(capture: Capture) -> tuple[Analysis, ...]:
    """One analysis per execution trace, in the order of reading."""
    return tuple(_analysis(execution) for execution in executions_of(capture))


def _analysis(execution: Execution) -> Analysis:
    active = sorted(execution.functions, key=lambda f: (f.system, -f.active_ns))
    latencies = [
        found
        for kind in ("sched", "sched_later", "first_run", "task", "region")
        for found in [f for f in execution.latencies if f.kind == kind][:MOST_LATENCIES]
    ]
    return Analysis(
        execution,
        tuple(active[:MOST_FUNCTIONS]),
        max(len(active) - MOST_FUNCTIONS, 0),
        tuple(latencies),
        tuple(_profiles(execution)),
    )


def _profiles(execution: Execution) -> Iterator[Profile]:
    for kind, meaning in PROFILES.items():
        rows = execution.profile(kind)
        timed = kind != "cpu"
        if not rows and not timed:
            continue
        yield Profile(
            kind,
            meaning,
            sum(count for _, count, _ in rows),
            sum(ns for _, _, ns in rows) if timed else None,
            len(rows),
            tuple(
                Heavy(execution.stack(number), count, ns if timed else None)
                for number, count, ns in rows[:MOST_STACKS]
            ),
        )
