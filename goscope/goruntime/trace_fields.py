"""What each field of schedtrace, scheddetail and gctrace lines means, its unit and its versions.

From ``schedtrace`` in ``runtime/proc.go``, ``type p``, ``type m`` and ``type schedt`` in
``runtime/runtime2.go``, and ``gcMarkTermination`` in ``runtime/mgc.go``. ``name`` is the column of
the table; ``printed`` is how the runtime writes it, where that differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .go_versions import OLDEST, Version

FieldTable: TypeAlias = Literal["sched", "procs", "threads", "sched_goroutines", "gc"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a trace line: column name, unit ("" for none), meaning, versions, printed form."""

    name: str
    unit: str
    meaning: str
    since: Version = OLDEST
    until: Version | None = None
    printed: str = ""


_F = Field
SCHED_FIELDS: tuple[Field, ...] = (
    _F("t_ms", "ms", "Time since the first SCHED line of the process, not since its start. 0 marks "
       "a new process.", printed="SCHED Nms"),
    _F("gomaxprocs", "Ps", "GOMAXPROCS: how many goroutines can run at the same time."),
    _F("idleprocs", "Ps", "Ps without work. In a system call it is idle once sysmon took it away."),
    _F("threads", "threads", "OS threads (Ms) created minus those that exited, with idle ones."),
    _F("spinningthreads", "threads", "Threads that look for work instead of sleeping."),
    _F("needspinning", "", "1 if a thread should start to look for work.", (1, 20)),
    _F("idlethreads", "threads", "Threads that are parked because there is no work for them."),
    _F("runqueue", "goroutines", "Runnable goroutines in the global queue."),
    _F("local_queues", "goroutines", "Runnable goroutines in the queue of each P, at most 256; "
       "read without a lock. Not printed with scheddetail.", printed="[N N ...]"),
    _F("schedticks", "ticks", "Scheduler calls of each P since the start, modulo 2**32. Not "
       "printed with scheddetail.", (1, 25)),
    _F("gcwaiting", "", "The world is being or is stopped. scheddetail only."),
    _F("nmidlelocked", "threads", "Idle threads that are locked to a goroutine; -1 for a moment is "
       "legal. scheddetail only."),
    _F("stopwait", "Ps", "Ps that must still stop before the world is stopped. scheddetail only."),
    _F("sysmonwait", "", "The monitor thread sleeps. scheddetail only."),
)  # fmt: skip

PROC_FIELDS: tuple[Field, ...] = (
    _F("p", "", "Number of the P.", printed="PN:"),
    _F("status", "", "0 idle, 1 running, 2 syscall (up to 1.25), 3 gcstop, 4 dead."),
    _F("schedtick", "ticks", "Scheduler calls on this P, modulo 2**32. While it runs and the tick "
       "stands still, one goroutine keeps the P."),
    _F("syscalltick", "ticks", "System calls on this P, modulo 2**32."),
    _F("on_m", "", "The thread that has the P; none if idle.", printed="m="),
    _F("runqsize", "goroutines", "Runnable goroutines in its queue, at most 256."),
    _F("gfreecnt", "goroutines", "Dead goroutines kept for reuse."),
    _F("timerslen", "timers", "Timers on the heap of this P.", (1, 14)),
)  # fmt: skip

THREAD_FIELDS: tuple[Field, ...] = (
    _F("m", "", "Number of the thread; 0 is the main thread.", printed="MN:"),
    _F("on_p", "", "The P that it has; none if it is idle, blocked or in a system call.",
       printed="p="),
    _F("curg", "", "The goroutine that it runs, or that is in a system call on it."),
    _F("mallocing", "", "Not 0 while it is inside the memory allocator."),
    _F("throwing", "", "0 no, 1 a fatal error of the program, 2 of the runtime (1.19+)."),
    _F("preemptoff", "", "If not empty, why its goroutine must not be preempted, as 'gcing'."),
    _F("locks", "locks", "Runtime locks that it holds; it is not preempted while there are any."),
    _F("dying", "", "0 no, 1 panicking, 2 panic during panic, 3 not even a stack trace."),
    _F("helpgc", "", "Helper number in a parallel GC phase.", until=(1, 11)),
    _F("spinning", "", "Looks for work."),
    _F("blocked", "", "Asleep on a note: parked, or waiting for a thread. Wrong in 1.5 and 1.6."),
    _F("lockedg", "", "The goroutine that locked itself to this thread (runtime.LockOSThread)."),
)  # fmt: skip

GOROUTINE_FIELDS: tuple[Field, ...] = (
    _F("g", "", "Id of the goroutine; 1 is the main goroutine.", printed="GN:"),
    _F("status", "", "0 idle, 1 runnable, 2 running, 3 syscall, 4 waiting, 6 dead, 8 copystack, "
       "9 preempted, 10 leaked, 11 deadextra; 4096 more while its stack is scanned."),
    _F("reason", "", "The last wait reason; current only in status 4 and 10. Empty if it never "
       "waited.", printed="(...)"),
    _F("on_m", "", "The thread that it runs on. Waiting with a thread means that it really runs "
       "code of the runtime.", printed="m="),
    _F("lockedm", "", "The thread that it is locked to."),
)  # fmt: skip

GC_FIELDS: tuple[Field, ...] = (
    _F("cycle", "", "Number of the GC cycle. A falling number starts a new process.",
       printed="gc N"),
    _F("t_s", "s", "Time since the runtime started.", printed="@Ts"),
    _F("cpu_percent", "%", "Share of the CPU time since the start of the program that went to the "
       "GC, rounded down: cumulative, and high for the first cycles of any program."),
    _F("leak_check", "", "The cycle looked for leaked goroutines.", (1, 26),
       printed="(checking for goroutine leaks)"),
    _F("stw_sweep_ms", "ms", "Clock: the world stopped to end sweeping and to start marking."),
    _F("scan_ms", "ms", "Clock: concurrent scan.", until=(1, 5)),
    _F("write_barrier_ms", "ms", "Clock: installing the write barrier.", until=(1, 5)),
    _F("mark_ms", "ms", "Clock: concurrent mark."),
    _F("stw_mark_ms", "ms", "Clock: the world stopped to end marking."),
    _F("sweep_cpu_ms", "ms", "CPU: sweep termination; its clock time times the Ps stopped."),
    _F("scan_cpu_ms", "ms", "CPU: scan.", until=(1, 5)),
    _F("write_barrier_cpu_ms", "ms", "CPU: installing the write barrier.", until=(1, 5)),
    _F("assist_cpu_ms", "ms", "CPU: marking done by goroutines that allocate."),
    _F("background_cpu_ms", "ms", "CPU: marking by background workers, dedicated and fractional."),
    _F("idle_cpu_ms", "ms", "CPU: marking on Ps that would else be idle."),
    _F("mark_term_cpu_ms", "ms", "CPU: mark termination; its clock time times the Ps stopped."),
    _F("heap_start_mb", "MiB", "Heap when the cycle started, rounded down."),
    _F("heap_end_mb", "MiB", "Heap when marking ended, rounded down."),
    _F("heap_live_mb", "MiB", "Heap that was marked as live, rounded down."),
    _F("heap_goal_mb", "MiB", "Heap size at which the cycle was meant to end, set from the live heap "
       "that the cycle before it found; not the goal of the next one.", printed="MB goal"),
    _F("stacks_mb", "MiB", "Goroutine stacks that were scanned.", (1, 18), printed="MB stacks"),
    _F("globals_mb", "MiB", "Global data that can be scanned.", (1, 18), printed="MB globals"),
    _F("gomaxprocs", "Ps", "GOMAXPROCS; the CPU times count these, not the machine's cores.",
       printed="N P"),
    _F("forced", "", "Asked for by runtime.GC, debug.FreeOSMemory or a leak check; not the GC of "
       "every two minutes. In 1.5 to 1.8 any GC that was not concurrent.", printed="(forced)"),
)  # fmt: skip

FIELDS: dict[FieldTable, tuple[Field, ...]] = {
    "sched": SCHED_FIELDS,
    "procs": PROC_FIELDS,
    "threads": THREAD_FIELDS,
    "sched_goroutines": GOROUTINE_FIELDS,
    "gc": GC_FIELDS,
}
"""The fields of each table of traces, in the order in which the runtime prints them."""
