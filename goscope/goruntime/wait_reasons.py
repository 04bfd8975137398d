"""Why a goroutine waits: the full table of wait reasons.

From ``waitReasonStrings`` in ``runtime/runtime2.go`` (1.11+); older versions pass the same words to
``gopark`` as literals. A dump header shows the reason in place of ``waiting``. A scheddetail G line
shows the *last* reason, which is current only in status 4 (waiting) and 10 (leaked).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .go_versions import OLDEST, Version

Kind: TypeAlias = Literal[
    "user", "never_wakes", "system_idle", "idle_by_design", "transient", "gc_pressure", "test"
]
Primitive: TypeAlias = Literal[
    "channel", "lock", "wait_group", "cond", "semaphore", "select", "io", "sleep", "syscall", "gc",
    "coroutine", "other",
]  # fmt: skip
LeakWeight: TypeAlias = Literal["strong", "weak", "none"]


@dataclass(frozen=True, slots=True)
class WaitReason:
    """A wait reason.

    ``kind``: ``user`` is caused by the program; ``never_wakes`` cannot end; ``system_idle`` is a
    goroutine of the runtime at rest; ``idle_by_design`` rests by design without being one;
    ``transient`` lasts an instant, its goroutine really runs or will at once; ``gc_pressure`` is
    program code held up by the garbage collector; ``test`` occurs only in ``testing/synctest``.

    ``set_by`` is the function of the runtime that parks with this reason, as of the newest version.

    ``leak_weight``: ``strong`` where only another goroutine can end the wait, so that a forgotten
    partner leaks it; ``weak`` where time or the outside world ends the wait (a sleep in an endless
    loop or a dead connection can leak, a healthy server looks the same) or where Go itself already
    reports the leak (synctest); ``none`` where the runtime ends the wait.
    """

    text: str
    kind: Kind
    primitive: Primitive
    leak_weight: LeakWeight
    set_by: str
    meaning: str
    since: Version = OLDEST
    until: Version | None = None


_R = WaitReason
WAIT_REASONS: tuple[WaitReason, ...] = (
    # The program waits for another goroutine.
    _R("chan receive", "user", "channel", "strong", "chanrecv", "Waits for a value, or a close."),
    _R("chan send", "user", "channel", "strong", "chansend", "Waits for a receiver or for room."),
    _R("select", "user", "select", "strong", "selectgo", "Waits for any of several channels."),
    _R("semacquire", "user", "semaphore", "strong", "semacquire1", "A semaphore. Up to 1.19 every "
       "lock and WaitGroup, up to 1.23 WaitGroup; up to 1.10 also sync.Cond."),
    _R("semarelease", "user", "cond", "strong", "syncsemrelease", "The old sync.Cond.",
       until=(1, 6)),
    _R("sync.Cond.Wait", "user", "cond", "strong", "notifyListWait", "Waits for Signal or "
       "Broadcast.", (1, 11)),
    _R("sync.Mutex.Lock", "user", "lock", "strong", "internal_sync_runtime_SemacquireMutex",
       "Waits for a Mutex that another goroutine holds.", (1, 20)),
    _R("sync.RWMutex.RLock", "user", "lock", "strong", "sync_runtime_SemacquireRWMutexR",
       "Waits for a writer, holding or waiting, to finish.", (1, 20)),
    _R("sync.RWMutex.Lock", "user", "lock", "strong", "sync_runtime_SemacquireRWMutex",
       "A writer waits for the readers to finish. For another writer it waits in sync.Mutex.Lock.",
       (1, 20)),
    _R("sync.WaitGroup.Wait", "user", "wait_group", "strong", "sync_runtime_SemacquireWaitGroup",
       "Waits for the counter of a WaitGroup to reach zero.", (1, 24)),
    _R("coroutine", "user", "coroutine", "strong", "coroswitch_m", "An iter.Pull iterator between "
       "two values; it stays until it is drained or stopped.", (1, 22)),
    _R("chan receive (nil chan)", "never_wakes", "channel", "strong", "chanrecv",
       "Receives from a nil channel: blocks for ever."),
    _R("chan send (nil chan)", "never_wakes", "channel", "strong", "chansend",
       "Sends to a nil channel: blocks for ever."),
    _R("select (no cases)", "never_wakes", "select", "strong", "block",
       "select {}: blocks for ever, in the main goroutine usually on purpose."),
    # The program waits for the outside world, for time, or for the runtime.
    _R("IO wait", "user", "io", "weak", "netpollblock", "The network poller: a connection, a "
       "listener or a pipe has no data. Servers and idle connections rest here."),
    _R("sleep", "user", "sleep", "weak", "timeSleep", "time.Sleep; for short times also the "
       "background scavenger."),
    _R("wait for GC cycle", "user", "gc", "none", "gcWaitOnMark",
       "In runtime.GC(), waiting for the cycle.", (1, 9)),
    _R("panicwait", "transient", "other", "none", "main",
       "The main goroutine, while another one prints its panic."),
    _R("trace reader (blocked)", "idle_by_design", "other", "none", "ReadTrace",
       "The reader of the execution trace or flight recorder waits for data."),
    # Goroutines of the runtime at rest.
    _R("force gc (idle)", "system_idle", "gc", "none", "forcegchelper",
       "Waits for sysmon to ask for the GC of every two minutes."),
    _R("GC sweep wait", "system_idle", "gc", "none", "bgsweep", "The background sweeper rests."),
    _R("GC scavenge wait", "system_idle", "gc", "none", "bgscavenge",
       "The background scavenger rests.", (1, 13)),
    _R("finalizer wait", "system_idle", "gc", "none", "runFinalizers",
       "No finalizers to run (runfinq up to 1.24)."),
    _R("cleanup wait", "system_idle", "gc", "none", "runCleanups",
       "No cleanups to run.", (1, 25)),
    _R("GC worker (idle)", "system_idle", "gc", "none", "gcBgMarkWorker",
       "A mark worker between GC cycles.", (1, 6)),
    _R("mark wait (idle)", "system_idle", "gc", "none", "gcBgMarkWorker",
       "A mark worker between GC cycles.", until=(1, 5)),
    _R("Concurrent GC wait", "system_idle", "gc", "none", "backgroundgc",
       "The goroutine that ran the GC of 1.5.", until=(1, 5)),
    _R("GOMAXPROCS updater (idle)", "system_idle", "other", "none", "updateMaxProcsGoroutine",
       "Waits for the CPU limit to change.", (1, 25)),
    _R("timer goroutine (idle)", "system_idle", "other", "none", "timerproc",
       "No timers are set. Used up to 1.13, in the table up to 1.19.", until=(1, 19)),
    # Program code held up by the garbage collector.
    _R("GC assist wait", "gc_pressure", "gc", "none", "gcParkAssist", "Allocates faster than the "
       "GC marks, and waits for credit.", (1, 6)),
    _R("GC assist marking", "gc_pressure", "gc", "none", "gcAssistAlloc1", "Does marking work that "
       "its allocations owe; it really runs.", (1, 8)),
    # An instant in the runtime; the goroutine really runs.
    _R("GC worker (active)", "transient", "gc", "none", "gcBgMarkWorker", "A mark worker at work.",
       (1, 20)),
    _R("GC mark termination", "transient", "gc", "none", "gcMarkTermination",
       "Ends the mark phase.", (1, 20)),
    _R("stopping the world", "transient", "other", "none", "stopTheWorld",
       "Waits for every P to stop.", (1, 20)),
    _R("flushing proc caches", "transient", "gc", "none", "gcMarkTermination",
       "Flushes the allocation caches of all Ps.", (1, 22)),
    _R("trace goroutine status", "transient", "other", "none", "traceAdvance",
       "The execution tracer writes down what the goroutines do.", (1, 22)),
    _R("trace proc status", "transient", "other", "none", "traceAdvance",
       "The execution tracer writes down what the Ps do.", (1, 22)),
    _R("page trace flush", "transient", "other", "none", "finishPageTrace",
       "The page tracer writes its buffers. Used in 1.22 only.", (1, 22)),
    _R("garbage collection", "transient", "gc", "none", "gcMarkTermination",
       "Runs the end of a GC cycle."),
    _R("garbage collection scan", "transient", "gc", "none", "markroot", "Scans its own stack."),
    _R("GC weak to strong wait", "transient", "gc", "none", "gcParkStrongFromWeak",
       "weak.Pointer.Value waits for the end of the mark phase.", (1, 23)),
    _R("dumping heap", "transient", "other", "none", "writeheapdump_m", "debug.WriteHeapDump."),
    _R("preempted", "transient", "other", "none", "casGFromPreempted",
       "Was stopped for a moment; usually the stale reason of a goroutine that runs.", (1, 14)),
    _R("debug call", "transient", "other", "none", "debugCallWrap",
       "A debugger calls a function.", (1, 15)),
    _R("unknown wait reason", "transient", "other", "none", "waitReason.String",
       "A number outside of the table.", (1, 11)),
    # testing/synctest. Where nothing outside the bubble can end a wait it is "durable".
    _R("synctest.Run", "test", "other", "none", "synctestRun",
       "The root of a bubble waits for the goroutines in it.", (1, 24)),
    _R("synctest.Wait", "test", "other", "none", "synctestWait",
       "Waits until all others in the bubble are blocked.", (1, 24)),
    _R("chan receive (synctest)", "test", "channel", "weak", "chanrecv",
       "chan receive on a channel of the bubble.", (1, 24), (1, 24)),
    _R("chan send (synctest)", "test", "channel", "weak", "chansend",
       "chan send on a channel of the bubble.", (1, 24), (1, 24)),
    _R("select (synctest)", "test", "select", "weak", "selectgo",
       "select on channels of the bubble.", (1, 24), (1, 24)),
    _R("chan receive (durable)", "test", "channel", "weak", "chanrecv",
       "chan receive on a channel of the bubble.", (1, 25)),
    _R("chan send (durable)", "test", "channel", "weak", "chansend",
       "chan send on a channel of the bubble.", (1, 25)),
    _R("select (durable)", "test", "select", "weak", "selectgo",
       "select on channels of the bubble.", (1, 25)),
    _R("sync.WaitGroup.Wait (durable)", "test", "wait_group", "weak",
       "sync_runtime_SemacquireWaitGroup", "Wait on a WaitGroup of the bubble.", (1, 25)),
)  # fmt: skip

_BY_TEXT = {reason.text: reason for reason in WAIT_REASONS}
# goroutineheader prints these behind the reason, in this order, before the first comma.
_ANNOTATIONS = (" (durable)", " (scan)", " (leaked)")


def reason(text: str) -> WaitReason | None:
    """The wait reason of a header's state or of a G line; None if it is none (``running``).

    ``(leaked)``, ``(scan)`` and ``(durable)`` are annotations that ``goroutineheader`` adds, except
    where the table itself has them: ``sleep (durable)`` is ``sleep`` in a bubble, but
    ``select (durable)`` is a reason of its own, as ``select (no cases)`` is.
    """
    found = _BY_TEXT.get(text)
    if found is not None:
        return found
    for annotation in _ANNOTATIONS:
        if text.endswith(annotation):
            text = text.removesuffix(annotation)
            found = _BY_TEXT.get(text)
            if found is not None:
                return found
    return None


def never_wakes(text: str) -> bool:
    """Whether nothing can ever end the wait: nil channels and ``select {}``."""
    found = reason(text)
    return found is not None and found.kind == "never_wakes"


def can_leak(text: str) -> bool:
    """Whether a goroutine blocked there can be a leak; ``leak_weight`` says how much it means."""
    found = reason(text)
    return found is not None and found.leak_weight != "none"


def primitive_of(text: str) -> Primitive | None:
    """What a header's state waits on, ``syscall`` included; None for running and the unknown."""
    if text == "syscall":
        return "syscall"
    found = reason(text)
    return None if found is None else found.primitive
