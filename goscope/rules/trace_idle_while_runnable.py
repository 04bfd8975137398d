"""Goroutines are ready and Ps are idle, and yet they do not come together.

What it detects: in an execution trace, goroutines of the program that waited long for a P while at
least one P was idle nearly all of that time.

Why it matters: an idle P takes a ready goroutine within microseconds. If it does not, its thread got no
CPU: a container over its quota, GOMAXPROCS above the CPUs that there are, or a machine that is busy
with others. No change of the program helps.

Evidence and threshold: at least 3 such waits of 10 ms and more, together a tenth of the length of the
trace, with 0.9 idle Ps and more on average meanwhile. With a free CPU the wake-up of a thread takes
some microseconds; the kernel's period for CPU quotas is 100 ms by default (cpu.cfs_period_us).
Goroutines of the runtime do not count.

Example: 64 Ps on the two CPUs of a machine: 50 waits of 10 ms and more, 557 ms at most, while 49 Ps are
idle.

What to do: compare GOMAXPROCS with the quota (Go 1.25 sets it by itself), and look at nr_throttled in
cpu.stat of the container and at the load of the machine.

False positives: a machine that slept, or a program that was stopped (SIGSTOP) while it was traced.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from goscope.analysis.traces.executions import NS_PER_MS, Execution, executions_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding, Severity
from goscope.rules.findings.trace import in_words, ms, percent, trace_finding
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Compare GOMAXPROCS with the CPUs that the program really has (container quota, other programs), and "
    "look at nr_throttled in the container's cpu.stat: its threads wait for a CPU, not for a P."
)
#: The idle time of Ps is known by slices of time; a wait has to last for some of them.
_SLICES = 3


def find(
    capture: Capture,
    settings: Settings,
    *,
    long_ms: float = 10.0,
    least_waits: int = 3,
    least_share: float = 0.1,
    least_idle_procs: float = 0.9,
) -> Iterator[Finding]:
    """One finding per trace."""
    for execution in executions_of(capture):
        waits = [
            wait
            for wait in _long_waits(execution, long_ms * NS_PER_MS)
            if wait.idle_procs >= least_idle_procs
        ]
        total = sum(wait.ns for wait in waits)
        if len(waits) >= least_waits and total >= least_share * execution.duration_ns:
            yield _finding(execution, waits, long_ms)


@dataclass(frozen=True, slots=True)
class _Wait:
    name: str
    ns: int
    idle_procs: float  # on average, meanwhile


def _long_waits(execution: Execution, least_ns: float) -> Iterator[_Wait]:
    """Of the longest waits for a P those that are long enough, the longest first."""
    idle = execution.rows("trace_timeline_procs")
    slices = execution.rows("trace_timeline")
    if not len(slices):
        return
    starts, widths = slices["start_ns"], slices["width_ns"]
    in_slice = np.zeros(len(slices))
    np.add.at(in_slice, np.searchsorted(starts, idle["start_ns"]), idle["idle_ns"])
    program = {f.name for f in execution.program}
    table = execution.rows("trace_longest")
    rows = zip(
        table.texts("state"),
        table.texts("name"),
        table["start_ns"].tolist(),
        table["duration_ns"].tolist(),
        strict=True,
    )
    least = max(least_ns, _SLICES * int(widths.max()))
    waits = [(ns, start, name) for state, name, start, ns in rows if state == "runnable"]
    for ns, start, name in sorted(waits, reverse=True, key=lambda wait: wait[:2]):
        if name is None or name not in program or ns < least:
            continue
        shared = np.minimum(starts + widths, start + ns) - np.maximum(starts, start)
        shares = np.maximum(shared, 0) / np.maximum(widths, 1)
        yield _Wait(name, ns, float((shares * in_slice).sum()) / ns)


def _finding(execution: Execution, waits: list[_Wait], long_ms: float) -> Finding:
    total = sum(wait.ns for wait in waits)
    idle = sum(wait.ns * wait.idle_procs for wait in waits) / total
    longest = waits[0]
    stack, site = execution.where_it_runs(longest.name)
    return trace_finding(
        "trace-idle-while-runnable",
        Severity.WARNING,
        execution,
        title=f"{len(waits)} waits of {long_ms:g} ms and more for a P, while {idle:.1f} of "
        f"{execution.procs} Ps are idle",
        detail=f"Goroutines of {longest.name} waited longest, {in_words(longest.ns)}. An idle P takes a "
        "ready goroutine at once, if its thread gets a CPU.",
        evidence=(
            Evidence(
                f"of the longest, {long_ms:g} ms and more", len(waits), "waits", execution.source
            ),
            Evidence("longest", ms(longest.ns), "ms"),
            Evidence("together", ms(total), "ms"),
            Evidence("Ps idle meanwhile, on average", round(idle, 1), "Ps"),
            Evidence("idle time of the Ps, in all", percent(execution.idle_share)),
        ),
        advice=_ADVICE,
        site=site,
        stack=stack,
    )


RULE = Rule(
    "trace-idle-while-runnable",
    ("traces",),
    find,
    family=Family.TRACES,
    verdict="scheduler",
    state="unbalanced",
)
