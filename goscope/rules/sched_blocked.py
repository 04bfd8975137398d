"""Nothing runs, because the goroutines wait for each other.

What it detects: (nearly) all Ps idle while the program's goroutines wait for locks, WaitGroups or system
calls, or its requests hang; or a convoy, in which nearly all goroutines wait for one lock.

Why it matters: the program does nothing although it has work; requests hang.

Evidence and threshold: idleprocs equals gomaxprocs in (nearly) all samples, and in the last dump, or the
G lines of scheddetail, at least 4 and half of the goroutines wait for locks or WaitGroups (four fifths if
the main goroutine goes on waiting for work), or half of the requests, or of the goroutines in system
calls. Senders count only where nothing from outside can wake anybody, and not while they grow in number:
that is a leak. The numbers are chosen on labelled programs. Without dump and G lines only the number of
threads speaks, and the confidence is low.

Example: ``SCHED 5010ms: gomaxprocs=8 idleprocs=7 threads=50 spinningthreads=0 idlethreads=43 ...``

What to do: look at the sites where the goroutines wait; find who holds the lock.

False positives: a program that is idle, and once needed many threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from goscope.analysis.scheduler.thresholds import FEW_BLOCKED
from goscope.capture.capture import Capture
from goscope.findings.findings import Finding, Severity
from goscope.rules.findings.scheduler import (
    finding_in_state,
    schedules_in_state,
    thresholds_of,
    where_they_wait,
)
from goscope.rules.rule import Family, Rule, Settings

_TITLES = {
    "locks": "Goroutines wait for locks while Ps idle",
    "requests": "Requests hang while Ps idle",
    "syscalls": "Goroutines block in system calls while Ps idle",
}
_ADVICE = (
    "Look at where the goroutines wait and who holds the lock: take a goroutine dump "
    "(pprof goroutine?debug=2, or SIGQUIT at the end) and give it to goscope with this log."
)
_WITH_DUMP = (
    "Find who holds what they wait for: a goroutine that returned without Unlock or Done, or that waits "
    "itself; the findings about leaks and locks name it where it shows."
)
_SYSCALLS = (
    "Look at what the system calls are for, and how slow it is: a disk, a pipe, a device. Each of these "
    "goroutines needs a thread; bound their number with a semaphore."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    few_blocked: int = FEW_BLOCKED,
) -> Iterator[Finding]:
    """One finding per process whose scheduler verdict is blocked."""
    thresholds = replace(
        thresholds_of(settings),
        few_blocked=few_blocked,
    )
    for schedule in schedules_in_state(capture, thresholds, "blocked"):
        advice = _WITH_DUMP if schedule.waits and schedule.waits.from_dump else _ADVICE
        yield finding_in_state(
            schedule,
            state="blocked",
            rule="sched-blocked",
            severity=Severity.WARNING,
            title=_TITLES.get(schedule.cause, "Goroutines are blocked while Ps idle"),
            advice=_SYSCALLS if schedule.cause == "syscalls" else advice,
            place=where_they_wait(schedule),
        )


RULE = Rule("sched-blocked", ("sched",), find, family=Family.SCHEDULER, verdict="scheduler")
