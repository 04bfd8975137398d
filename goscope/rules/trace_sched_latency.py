"""Goroutines that could run wait long for a P.

What it detects: in an execution trace, goroutines of the program that were runnable for long until they
ran, while hardly any P was idle.

Why it matters: this wait is added to every request, between any two of its steps, and no profile shows
it.

Evidence and threshold: at least 2 runnable goroutines per P on average, at most 10 % of the time of the
Ps idle, and half of the waits longer than 10 ms: so long a goroutine may run before it is preempted
(forcePreemptNS, runtime/proc.go). This is only mentioned, as pools that are meant to saturate the CPU
look so. It is a warning from 8 per P on, for most of the time, if one wait in a hundred takes 0.1 s: from
there on people notice (Nielsen, Response Times), and 8 slices of 10 ms nearly make it. It is critical if
half of the waits take so long. The wait from a goroutine's creation to its first run is told apart.
Goroutines of the runtime do not count: its sweeper alone may yield 40,000 times.

Example: forty goroutines that compute on two Ps: half of the waits take 124 ms, where 15 µs are usual.

What to do: bound how many goroutines compute at once, raise GOMAXPROCS if the machine has more cores,
and see in a CPU profile what they compute.

False positives: a batch job that is meant to use all the CPU there is and in which nobody waits for one
result.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.traces.executions import (
    NS_PER_MS,
    Execution,
    Function,
    Latency,
    executions_of,
)
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding, Severity
from goscope.rules.findings.trace import in_words, ms, percent, trace_finding
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Bound the number of goroutines that compute at once (a worker pool of GOMAXPROCS), raise GOMAXPROCS "
    "if the machine has more cores, and take a CPU profile to see what they compute."
)
_BURST = (
    "They are started faster than they can run: start fewer at a time (a worker pool, a semaphore), and "
    "take a CPU profile to see what they compute."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_runnable_per_p: float = 2.0,
    most_idle_share: float = 0.1,
    least_p50_ms: float = 10.0,
    warning_runnable_per_p: float = 8.0,
    warning_p99_ms: float = 100.0,
    least_waits: int = 20,
) -> Iterator[Finding]:
    """One finding per trace, about the function whose goroutines waited longest in all."""
    for execution in executions_of(capture):
        waited = sum(f.sched_wait_ns for f in execution.program)
        per_p = execution.share_of_procs(waited)
        if per_p < least_runnable_per_p or execution.idle_share > most_idle_share:
            continue
        most = max(execution.program, key=lambda f: f.sched_wait_ns)
        found = _waits(execution, most)
        if found.count < least_waits or found.p50_ns < least_p50_ms * NS_PER_MS:
            continue
        severity = Severity.INFO
        noticed = warning_p99_ms * NS_PER_MS
        if (
            per_p >= warning_runnable_per_p
            and found.p99_ns >= noticed
            and _lasts(execution, least_runnable_per_p)
        ):
            severity = Severity.CRITICAL if found.p50_ns >= noticed else Severity.WARNING
        yield _finding(execution, most, found, severity, per_p)


def _waits(execution: Execution, function: Function) -> Latency:
    """How long its goroutines waited; where hardly a wait ended in the trace, how long each did at least."""
    found = execution.latency("sched", function.name)
    if found is not None and found.count >= function.goroutines / 2:
        return found
    each = function.sched_wait_ns // max(function.goroutines, 1)
    total = function.sched_wait_ns
    return Latency("sched", function.name, function.goroutines, total, each, each, each, each)


def _lasts(execution: Execution, per_p: float) -> bool:
    """Whether so many were runnable for half of the time: a burst at its start ends by itself."""
    slices = execution.rows("trace_timeline")
    width = slices["width_ns"]
    crowded = slices["runnable"] >= per_p * execution.procs
    return bool(width[crowded].sum() >= 0.5 * width.sum())


def _finding(
    execution: Execution, most: Function, found: Latency, severity: Severity, per_p: float
) -> Finding:
    first = execution.latency("first_run", most.name)
    later = execution.latency("sched_later", most.name)
    of_first = most.first_wait_ns / max(most.sched_wait_ns, 1)
    stack, site = execution.where_it_runs(most.name)
    shares = [(f.name, execution.share_of_procs(f.exec_ns)) for f in execution.program[:3]]
    run = [f"{name} {percent(share)}" for name, share in shares if share >= 0.01]
    return trace_finding(
        "trace-sched-latency",
        severity,
        execution,
        title=f"Goroutines of {most.name} wait for a P, half of the times {in_words(found.p50_ns)} and more",
        detail=f"They waited {in_words(most.sched_wait_ns)} in all and ran for {in_words(most.exec_ns)}; "
        f"{percent(of_first)} of that was the wait for their first run. "
        f"The time of the Ps went to {', '.join(run) or 'others'}.",
        evidence=(
            Evidence("waits to run", found.count, "waits", execution.source),
            Evidence("median", ms(found.p50_ns), "ms"),
            Evidence("99th percentile", ms(found.p99_ns), "ms"),
            Evidence("longest", ms(found.max_ns), "ms"),
            *_apart("first run after creation, median", first),
            *_apart("later ones, median", later),
            Evidence("runnable per P, on average", round(per_p, 1), "goroutines"),
            Evidence("idle time of the Ps", round(execution.idle_share * 100, 1), "%"),
        ),
        advice=_BURST if of_first > 0.8 else _ADVICE,
        site=site,
        stack=stack,
    )


def _apart(label: str, found: Latency | None) -> tuple[Evidence, ...]:
    return () if found is None else (Evidence(label, ms(found.p50_ns), "ms"),)


RULE = Rule(
    "trace-sched-latency",
    ("traces",),
    find,
    family=Family.TRACES,
    verdict="scheduler",
    state="starving",
)
