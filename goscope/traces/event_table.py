"""The events of execution traces: the one place that holds their numbers, names and arguments.

The facts are those of Go's ``internal/trace/tracev2`` (``internal/trace/event/go122`` up to Go 1.24).
Numbers never changed their meaning, so one table with the format in which each came suffices.
``tests/traces/test_event_table.py`` holds it against a Go toolchain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from goscope.traces.arrays import Bytes

#: The versions of the format that are read, and the Go releases that write them.
FORMATS = {22: "Go 1.22", 23: "Go 1.23 and 1.24", 25: "Go 1.25", 26: "Go 1.26 and 1.27"}


@dataclass(frozen=True, slots=True)
class Event:
    """A timed event: its number, name, arguments behind the time, and the format that brought it.

    Arguments that end in ``string`` or ``stack`` are ids of those tables.
    """

    number: int
    name: str
    arguments: tuple[str, ...] = ()
    since: int = 22


def _event(number: int, name: str, arguments: str = "", since: int = 22) -> Event:
    return Event(number, name, tuple(arguments.split()), since)


# Batches, and what tables are made of.
EVENT_BATCH = 1
STACKS, STACK = 2, 3
STRINGS, STRING = 4, 5
CPU_SAMPLES, CPU_SAMPLE = 6, 7
FREQUENCY = 8
EXPERIMENTAL_BATCH = 49
SYNC, CLOCK_SNAPSHOT = 50, 51
END_OF_GENERATION = 52

EVENTS = (
    _event(9, "ProcsChange", "procs stack"),
    _event(10, "ProcStart", "p p_seq"),
    _event(11, "ProcStop"),
    _event(12, "ProcSteal", "p p_seq m"),
    _event(13, "ProcStatus", "p pstatus"),
    _event(14, "GoCreate", "new_g new_stack stack"),
    _event(15, "GoCreateSyscall", "new_g"),
    _event(16, "GoStart", "g g_seq"),
    _event(17, "GoDestroy"),
    _event(18, "GoDestroySyscall"),
    _event(19, "GoStop", "reason_string stack"),
    _event(20, "GoBlock", "reason_string stack"),
    _event(21, "GoUnblock", "g g_seq stack"),
    _event(22, "GoSyscallBegin", "p_seq stack"),
    _event(23, "GoSyscallEnd"),
    _event(24, "GoSyscallEndBlocked"),
    _event(25, "GoStatus", "g m gstatus"),
    _event(26, "STWBegin", "kind_string stack"),
    _event(27, "STWEnd"),
    _event(28, "GCActive", "gc_seq"),
    _event(29, "GCBegin", "gc_seq stack"),
    _event(30, "GCEnd", "gc_seq"),
    _event(31, "GCSweepActive", "p"),
    _event(32, "GCSweepBegin", "stack"),
    _event(33, "GCSweepEnd", "swept reclaimed"),
    _event(34, "GCMarkAssistActive", "g"),
    _event(35, "GCMarkAssistBegin", "stack"),
    _event(36, "GCMarkAssistEnd"),
    _event(37, "HeapAlloc", "heapalloc"),
    _event(38, "HeapGoal", "heapgoal"),
    _event(39, "GoLabel", "label_string"),
    _event(40, "UserTaskBegin", "task parent_task name_string stack"),
    _event(41, "UserTaskEnd", "task stack"),
    _event(42, "UserRegionBegin", "task name_string stack"),
    _event(43, "UserRegionEnd", "task name_string stack"),
    _event(44, "UserLog", "task key_string value_string stack"),
    _event(45, "GoSwitch", "g g_seq", since=23),
    _event(46, "GoSwitchDestroy", "g g_seq", since=23),
    _event(47, "GoCreateBlocked", "new_g new_stack stack", since=23),
    _event(48, "GoStatusStack", "g m gstatus stack", since=23),
    # The AllocFree experiment (GODEBUG=traceallocfree=1): skipped, but they stand between the others.
    _event(128, "Span", "id npages kindclass", since=23),
    _event(129, "SpanAlloc", "id npages kindclass", since=23),
    _event(130, "SpanFree", "id", since=23),
    _event(131, "HeapObject", "id type", since=23),
    _event(132, "HeapObjectAlloc", "id type", since=23),
    _event(133, "HeapObjectFree", "id", since=23),
    _event(134, "GoroutineStack", "id order", since=23),
    _event(135, "GoroutineStackAlloc", "id order", since=23),
    _event(136, "GoroutineStackFree", "id", since=23),
)

NUMBER = {event.name: event.number for event in EVENTS}
#: Numbers from here on need a byte of their own that looks like the middle of a varint.
FIRST_EXPERIMENTAL = 128
#: No event has more arguments behind the time.
MOST_ARGUMENTS = max(len(event.arguments) for event in EVENTS)

#: What ``GoStatus`` and ``ProcStatus`` say (``tracev2.GoStatus``, ``tracev2.ProcStatus``).
GO_RUNNABLE, GO_RUNNING, GO_SYSCALL, GO_WAITING = 1, 2, 3, 4
PROC_RUNNING, PROC_IDLE, PROC_SYSCALL, PROC_SYSCALL_ABANDONED = 1, 2, 3, 4

#: The largest batch and the deepest stack that Go writes (``tracev2.MaxBatchSize``, ``MaxFramesPerStack``).
MOST_BATCH = 64 << 10
MOST_FRAMES = 128


class ByType:
    """A byte for each type of event, to be indexed by the types of many events.

    Indexing a table by an array of bytes would make eight bytes of each first.
    """

    def __init__(self, table: npt.NDArray[Any]):
        self.table = table
        self._bytes = table.tobytes()

    def __getitem__(self, types: Bytes) -> npt.NDArray[Any]:
        found = bytearray(types.data).translate(self._bytes)
        return np.frombuffer(found, self.table.dtype) if found else self.table[:0].copy()

    def __or__(self, other: ByType) -> ByType:
        return ByType(self.table | other.table)


def arities(format_version: int) -> ByType:
    """The number of varints behind each event's number, the time among them; 0 for unknown events."""
    table = np.zeros(256, np.int8)
    for event in EVENTS:
        if event.since <= format_version:
            table[event.number] = 1 + len(event.arguments)
    return ByType(table)


def mask_of(*names: str) -> ByType:
    """True for these events."""
    mask = np.zeros(256, np.bool_)
    mask[[NUMBER[name] for name in names]] = True
    return ByType(mask)
