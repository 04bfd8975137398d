"""The thresholds of the scheduler's states, with their sources."""

from __future__ import annotations

from dataclasses import dataclass

#: Runnable goroutines per P that count as overload (CockroachDB, admission control).
OVERLOAD_PER_P = 32.0
#: The same when it lasts nearly all the time; between the quoted samples of 11 and 125.
LASTING_PER_P = 16.0
#: Threads that are not parked, per P, that show goroutines in blocking system calls.
BUSY_THREADS_PER_P = 6.0
#: A stop-the-world phase that is as long as this waited for a goroutine that did not yield: it is asked
#: to after 10 ms (forcePreemptNS), so this is twenty time slices.
STUCK_STW_MS = 200.0
#: A schedtick that stands still for so long while all Ps work: forty time slices. A thread that waits
#: for a core, because there are more Ps than cores, makes a shorter pause.
KEPT_MS = 400.0
#: A SCHED line is late from this on. ``sysmon`` looks every 10 ms (runtime/proc.go); of 160 logs of programs
#: that had their CPUs none has more than one line that is so late; under quotas of a fortieth to a quarter of
#: the CPUs 8 to 47 % of the lines were.
LATE_MS = 30.0
LEAST_LATE_SHARE = 0.06
#: So many waiting goroutines make "blocked" of an idle program.
FEW_BLOCKED = 4


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of the states, as the scheduler rules have them."""

    overload_per_p: float = OVERLOAD_PER_P
    lasting_per_p: float = LASTING_PER_P
    busy_threads_per_p: float = BUSY_THREADS_PER_P
    stuck_stw_ms: float = STUCK_STW_MS
    kept_ms: float = KEPT_MS
    few_blocked: int = FEW_BLOCKED
    late_ms: float = LATE_MS
    least_late_share: float = LEAST_LATE_SHARE
