"""Runnable goroutines wait for a P, and go on waiting.

What it detects: no P is idle, and more than 32 goroutines per P wait to run in half of the samples
(16 if it lasts nearly all the time); or a few wait while threads by the dozen sit in system calls. Where
one goroutine keeps its P so long that others wait behind it, sched-no-preemption speaks.

Why it matters: every request waits in the run queue before it is served at all.

Evidence and threshold: sum of all run queues per P, over many samples; CockroachDB calls more than 32
per P overload. In the first two seconds of a program queues are its start, as those of a compiler are.
A program that goscope ran and that ended by itself, with exit code 0, had work to do and did it: a note.

Example: ``SCHED 4036ms: gomaxprocs=8 idleprocs=0 ... runqueue=500 [55 60 71 58 63 57 66 69]``

What to do: bound the number of goroutines that compute at once, give the program more Ps, or profile
what they compute.

False positives: a short burst at start-up; in a log, a batch job that is meant to use all the CPU there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from goscope.analysis.scheduler.goroutine_states import transitions_of
from goscope.analysis.scheduler.thresholds import BUSY_THREADS_PER_P, LASTING_PER_P, OVERLOAD_PER_P
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding, Severity
from goscope.rules.findings.scheduler import (
    finding_in_state,
    schedules_in_state,
    stop_evidence,
    thresholds_of,
    where_they_run,
    where_they_wait,
)
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Bound the number of goroutines that compute at once (a worker pool of GOMAXPROCS), raise GOMAXPROCS "
    "if the machine has more cores, and take a CPU profile to see what they compute."
)

_SYSCALLS = (
    "Look at what the system calls are for, and how slow it is: a disk, a pipe, a device. Bound how many "
    "goroutines are in them at once with a semaphore."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    overload_per_p: float = OVERLOAD_PER_P,
    lasting_per_p: float = LASTING_PER_P,
    busy_threads_per_p: float = BUSY_THREADS_PER_P,
) -> Iterator[Finding]:
    """One finding per process whose scheduler verdict is starving."""
    thresholds = replace(
        thresholds_of(settings),
        overload_per_p=overload_per_p,
        lasting_per_p=lasting_per_p,
        busy_threads_per_p=busy_threads_per_p,
    )
    for schedule in schedules_in_state(capture, thresholds, "starving"):
        if schedule.verdict.state == "starving" and schedule.cause == "kept":
            continue  # sched-no-preemption says who keeps a P
        slow = schedule.cause == "syscalls"
        yield finding_in_state(
            schedule,
            state="starving",
            rule="sched-starving",
            severity=Severity.INFO if capture.finished else Severity.CRITICAL,
            title="Goroutines wait behind slow system calls"
            if slow
            else "Goroutines starve for CPU",
            advice=_SYSCALLS if slow else _ADVICE,
            place=where_they_wait(schedule) if slow else where_they_run(capture, schedule.process),
            extra=(*_time_in_queues(capture, schedule.process), *stop_evidence(schedule.stops)),
        )


def _time_in_queues(capture: Capture, process: int) -> tuple[Evidence, ...]:
    """From the G lines of scheddetail: how much of the time in which goroutines could run they waited."""
    for found in transitions_of(capture):
        if found.process == process:
            shares = dict(found.shares)
            waited, ran = shares.get("runnable", 0.0), shares.get("running", 0.0)
            if waited + ran > 0:
                share = round(100 * waited / (waited + ran))
                source = f"{found.samples} samples of scheddetail"
                return (Evidence("time that active goroutines wait to run", share, "%", source),)
    return ()


RULE = Rule("sched-starving", ("sched",), find, family=Family.SCHEDULER, verdict="scheduler")
