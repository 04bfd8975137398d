"""The states of a P, and the numbers that an M line of scheddetail shows.

From ``runtime/runtime2.go`` (``_Pidle`` ... ``_Pdead``, ``type m``) and ``runtime/panic.go``
(``throwType``, ``startpanic_m``).
"""

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

THROWING: dict[int, str] = {
    0: "the thread is not dying",
    1: "fatal error of the program, such as concurrent map writes; up to 1.18 any fatal error",
    2: "fatal error of the runtime, or a fatal signal (1.19+)",
}
"""Values of ``throwing`` on an M line: ``throwType`` in ``runtime/panic.go``."""

DYING: dict[int, str] = {
    0: "the thread is not panicking",
    1: "prints a panic or fatal error",
    2: "failed while it printed the panic ('panic during panic')",
    3: "failed again ('stack trace unavailable'); the process exits at once",
}
"""Values of ``dying`` on an M line: ``startpanic_m`` in ``runtime/panic.go``."""


def name_of_processor_status(status: int) -> str:
    """``idle`` for 0, ... ``dead`` for 4, ``???`` for a number that Go does not have."""
    if 0 <= status < len(PROCESSOR_STATES):
        return PROCESSOR_STATES[status].name
    return "???"
