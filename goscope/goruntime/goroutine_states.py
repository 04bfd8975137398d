"""The states of a goroutine (G status) and the transitions between them.

From ``runtime/runtime2.go`` (``_Gidle`` ... ``_Gdeadextra``), ``gStatusStrings`` in
``runtime/traceback.go``, and every ``casgstatus``, ``castogscanstatus`` and ``casGTo...`` call of
the runtime. ``status=N`` of a scheddetail G line is the number; a dump header prints ``header``,
unless a wait reason takes its place (``goroutineheader``).
"""

from __future__ import annotations

from dataclasses import dataclass

from .go_versions import OLDEST, Version

SCAN = 0x1000
"""``_Gscan``: added to a status while the garbage collector holds the stack of the goroutine."""

IDLE, RUNNABLE, RUNNING, SYSCALL, WAITING, MORIBUND = range(6)
DEAD, ENQUEUE, COPYSTACK, PREEMPTED, LEAKED, DEADEXTRA = range(6, 12)


@dataclass(frozen=True, slots=True)
class GoroutineState:
    """A G status: its number, name, what a dump header prints for it, versions and meaning."""

    number: int
    name: str
    header: str
    since: Version
    until: Version | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Transition:
    """A direct change of status, and the runtime functions that make it.

    Not every function is in every version: ``exitsyscallNoP`` came with 1.26, coroutines with 1.22.
    """

    before: int
    after: int
    made_by: tuple[str, ...]
    since: Version = OLDEST
    until: Version | None = None


STATES: tuple[GoroutineState, ...] = tuple(
    GoroutineState(number, name, header, since, until, meaning)
    for number, name, header, since, until, meaning in (
        (IDLE, "idle", "idle", OLDEST, None, "Just allocated, not initialised. In a dump, "
         "goroutine 0 [idle] is the scheduler stack of a thread."),
        (RUNNABLE, "runnable", "runnable", OLDEST, None,
         "On a run queue, ready to run, waiting for a P."),
        (RUNNING, "running", "running", OLDEST, None,
         "Executing Go code: it has an M, and a P except for an instant around system calls."),
        (SYSCALL, "syscall", "syscall", OLDEST, None,
         "In a system call or in C code: it occupies a thread but needs no P."),
        (WAITING, "waiting", "waiting", OLDEST, None,
         "Blocked in the runtime; the wait reason says on what. Something must ready it."),
        (MORIBUND, "moribund", "???", OLDEST, None,
         "Unused. The number is kept for gdb scripts."),
        (DEAD, "dead", "dead", OLDEST, None,
         "Exited, on the list of free Gs, or being set up. The next go statement may reuse it."),
        (ENQUEUE, "enqueue", "enqueue", OLDEST, (1, 6),
         "Used only with the scan bit: readied while its stack was being scanned."),
        (COPYSTACK, "copystack", "copystack", OLDEST, None,
         "Its stack is being moved to a larger one; it goes on running afterwards."),
        (PREEMPTED, "preempted", "preempted", (1, 14), None,
         "Stopped itself because suspendG asked; whoever asked must resume it."),
        (LEAKED, "leaked", "leaked", (1, 26), None,
         "Blocked for ever: the garbage collector found that nothing can reach what it waits on."),
        (DEADEXTRA, "deadextra", "waiting for cgo callback", (1, 26), None,
         "The dead G of an extra M, kept for callbacks from C threads. One is normal with cgo."),
    )
)  # fmt: skip

TRANSITIONS: tuple[Transition, ...] = (
    Transition(IDLE, DEAD, ("newproc1", "oneNewExtraM")),
    Transition(IDLE, DEADEXTRA, ("oneNewExtraM",), (1, 26)),
    Transition(DEAD, RUNNABLE, ("newproc", "newproc1", "gfget")),
    Transition(DEAD, WAITING, ("newcoro", "newproc1"), (1, 23)),
    Transition(RUNNABLE, WAITING, ("newcoro",), (1, 22), (1, 22)),
    Transition(RUNNABLE, RUNNING, ("execute", "coroswitch_m")),
    Transition(RUNNING, WAITING, ("gopark", "park_m", "coroswitch_m", "casGToWaiting",
                                  "stopTheWorld", "gcMarkTermination", "forEachP")),
    Transition(WAITING, RUNNABLE, ("goready", "ready", "injectglist", "findRunnable", "park_m",
                                   "resumeG", "coroswitch_m")),
    Transition(WAITING, RUNNING, ("stopTheWorld", "gcMarkTermination", "forEachP",
                                  "gcAssistAlloc1", "gcBgMarkWorker", "coroswitch_m")),
    Transition(RUNNING, SYSCALL, ("entersyscall", "reentersyscall", "entersyscallblock")),
    Transition(SYSCALL, RUNNING, ("exitsyscall",)),
    Transition(SYSCALL, RUNNABLE, ("exitsyscall0",), OLDEST, (1, 25)),
    Transition(RUNNING, RUNNABLE, ("goschedImpl", "gosched_m", "gopreempt_m", "goyield_m",
                                   "exitsyscallNoP")),
    Transition(RUNNING, DEAD, ("goexit0", "gdestroy")),
    Transition(RUNNING, COPYSTACK, ("newstack", "copystack")),
    Transition(COPYSTACK, RUNNING, ("newstack", "copystack")),
    Transition(RUNNING, PREEMPTED, ("preemptPark", "asyncPreempt"), (1, 14)),
    Transition(PREEMPTED, WAITING, ("suspendG", "casGFromPreempted"), (1, 14)),
    Transition(DEAD, SYSCALL, ("needm",), OLDEST, (1, 25)),
    Transition(SYSCALL, DEAD, ("dropm",), OLDEST, (1, 25)),
    Transition(DEADEXTRA, SYSCALL, ("needm",), (1, 26)),
    Transition(SYSCALL, DEADEXTRA, ("dropm",), (1, 26)),
    Transition(WAITING, LEAKED, ("findGoroutineLeaks",), (1, 26)),
    Transition(LEAKED, WAITING, ("allGsSnapshotSortedForGC", "findGoroutineLeaks"), (1, 26)),
)  # fmt: skip

# The statuses that castogscanstatus accepts. A preempted goroutine gets its scan bit on the way
# from running (casGToPreemptScan) and only loses it.
_SCANNABLE = frozenset({RUNNABLE, RUNNING, SYSCALL, WAITING, LEAKED, DEADEXTRA})
_DIRECT = frozenset((t.before, t.after) for t in TRANSITIONS)
_BY_HEADER = {s.header: s.number for s in STATES if s.header != "???"}


def state(status: int) -> GoroutineState | None:
    """The state of a status number, with or without the scan bit; None if Go has no such number."""
    number = status & ~SCAN
    return STATES[number] if 0 <= number < len(STATES) else None


def name_of_status(status: int) -> str:
    """``waiting`` for 4, ``waiting (scan)`` for 4100, and as in the runtime ``???`` for others."""
    found = state(status)
    if found is None:
        return "???"
    return f"{found.name} (scan)" if status & SCAN else found.name


def status_of_header(text: str) -> int | None:
    """The status number of a dump header's state; None for a wait reason, which means waiting."""
    return _BY_HEADER.get(text)


def is_transition(before: int, after: int) -> bool:
    """Whether some Go version goes from one status to the other in a single step.

    The scan bit is followed too: it is set on a goroutine that stays in its state (``suspendG``),
    cleared again, and set while a running goroutine becomes preempted (``casGToPreemptScan``).
    """
    if before & SCAN:
        base = before & ~SCAN
        return after == base and (base in _SCANNABLE or base == PREEMPTED)
    if after & SCAN:
        base = after & ~SCAN
        return (before == base and base in _SCANNABLE) or (before, base) == (RUNNING, PREEMPTED)
    return (before, after) in _DIRECT


def is_reachable_between_samples(before: int, after: int) -> bool:
    """Whether a G may show these statuses in two samples some time apart.

    Any number of steps may lie between, and a dead G may come back as another goroutine, so nearly
    everything follows everything. What cannot be: a return to idle, and the unused statuses.
    """
    base = before & ~SCAN, after & ~SCAN
    if state(before) is None or state(after) is None:
        return False
    return base[0] == base[1] or base in _REACHABLE


def _closure() -> frozenset[tuple[int, int]]:
    reached = set(_DIRECT)
    for via in range(len(STATES)):
        into = [a for a, b in reached if b == via]
        out = [b for a, b in reached if a == via]
        reached.update((a, b) for a in into for b in out)
    return frozenset(reached)


_REACHABLE = _closure()
