"""The states of goroutines in a trace, and which events lead to them."""

from __future__ import annotations

import numpy as np

from goscope.traces.event_table import (
    GO_RUNNABLE,
    GO_RUNNING,
    GO_SYSCALL,
    GO_WAITING,
    NUMBER,
    ByType,
)

RUNNABLE, RUNNING, WAITING, SYSCALL, GONE = range(5)
#: The state is not known yet, or there is no goroutine yet.
UNKNOWN = 5
#: In tables of spans: a system call from when it lost its P.
SYSCALL_LOST = 5
#: Their names in the tables.
NAMES = ("runnable", "running", "waiting", "syscall", "gone", "syscall_blocked")

#: By event: the state before it, and the state after it.
_TRANSITIONS = {
    "GoCreate": (UNKNOWN, RUNNABLE),
    "GoCreateBlocked": (UNKNOWN, WAITING),
    "GoCreateSyscall": (UNKNOWN, SYSCALL),
    "GoStart": (RUNNABLE, RUNNING),
    "GoDestroy": (RUNNING, GONE),
    "GoDestroySyscall": (SYSCALL, GONE),
    "GoStop": (RUNNING, RUNNABLE),
    "GoBlock": (RUNNING, WAITING),
    "GoUnblock": (WAITING, RUNNABLE),
    "GoSyscallBegin": (RUNNING, SYSCALL),
    "GoSyscallEnd": (SYSCALL, RUNNING),
    "GoSyscallEndBlocked": (SYSCALL, RUNNABLE),
    "GoSwitch": (WAITING, RUNNABLE),  # of the goroutine that it names; two more steps follow
    "GoSwitchDestroy": (WAITING, RUNNABLE),
}


def _table(side: int) -> ByType:
    table = np.full(256, UNKNOWN, np.uint8)
    for name, states in _TRANSITIONS.items():
        table[NUMBER[name]] = states[side]
    return ByType(table)


BEFORE = _table(0)
AFTER = _table(1)
#: Events that change the state of a goroutine.
CHANGES = ByType(AFTER.table != UNKNOWN)

#: The state for each value of a GoStatus event.
OF_STATUS = np.full(256, UNKNOWN, np.uint8)
OF_STATUS[[GO_RUNNABLE, GO_RUNNING, GO_SYSCALL, GO_WAITING]] = (
    RUNNABLE,
    RUNNING,
    SYSCALL,
    WAITING,
)
