"""The states of a P, from ``runtime/runtime2.go`` (``_Pidle`` ... ``_Pdead``)."""

from __future__ import annotations

from dataclasses import dataclass

from .go_versions import OLDEST, Version


@dataclass(frozen=True, slots=True)
class ProcessorState:
    """A P status: its number, name, versions in which it occurs, and meaning."""

    number: int
    name: str
    since: Version
    until: Version | None
    meaning: str


PROCESSOR_STATES: tuple[ProcessorState, ...] = (
    ProcessorState(0, "idle", OLDEST, None,
                   "Runs nothing; on the list of idle Ps, its run queue is empty."),
    ProcessorState(1, "running", OLDEST, None,
                   "Owned by an M that runs Go code or the scheduler. From 1.26 also while the "
                   "goroutine is in a system call; its G status 3 tells."),
    ProcessorState(2, "syscall", OLDEST, (1, 25),
                   "Its goroutine is in a system call; sysmon may take the P away. It does not "
                   "count as idle, although it uses no CPU of Go."),
    ProcessorState(3, "gcstop", OLDEST, None,
                   "Halted because the world is stopped; it keeps its run queue."),
    ProcessorState(4, "dead", OLDEST, None,
                   "Not in use since GOMAXPROCS was lowered."),
)  # fmt: skip
