"""The system withholds the CPU from the program: a quota is used up, or the machine is taken away.

What it detects: SCHED lines that come much later than their period.

Why it matters: all threads stand still at once, for up to 100 ms again and again, while the Ps count as
busy. Latency has steps of that length, whatever the program does, and queues and pauses of the GC look
like faults of its own.

Evidence and threshold: a thread that needs no P prints the lines (sysmon in runtime/proc.go), and looks
at least every 10 ms, so that a line that is 30 ms late had no CPU. At least 4, and 6 % of the lines: in
160 logs of programs that had their CPUs one line at most was so late, under real quotas of a fortieth to
a quarter of the CPUs that GOMAXPROCS promised 8 to 47 % of them (measured). Lines with P, M and G lines
below them, and logs with lines that are lost, are left out. Of a program that goscope ran the system
itself tells: a third of the periods in which its quota was enforced, and at least 5, in which it was used
up (nr_throttled and nr_periods of cpu.stat).

Example: ``SCHED`` lines at 100, 300, 498, 700 ms with schedtrace=100.

What to do: give the container the CPUs that GOMAXPROCS assumes, or set GOMAXPROCS to the quota (Go 1.25
and newer do that by themselves; go.uber.org/automaxprocs does it for older ones).

False positives: a virtual machine or a laptop that is suspended again and again; a reader of stderr that
lets it fill up.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.scheduler.thresholds import LATE_MS, LEAST_LATE_SHARE
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.findings.scheduler import (
    Place,
    finding_in_state,
    schedules_in_state,
    thresholds_of,
)
from goscope.rules.rule import Family, Rule, Settings
from goscope.sources.live.cpu_use import CpuUse

_ADVICE = (
    "Look at cpu.max and cpu.stat (nr_throttled, throttled_usec) of its cgroup. Give it the CPUs that "
    "GOMAXPROCS assumes, or set GOMAXPROCS to the quota: Go 1.25 and newer do so by themselves, "
    "go.uber.org/automaxprocs does it for older ones."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    late_ms: float = LATE_MS,
    least_late_share: float = LEAST_LATE_SHARE,
    least_throttled_share: float = 1 / 3,
    least_throttled: int = 5,
) -> Iterator[Finding]:
    """One finding per process whose lines come late; of a program that goscope ran what was measured."""
    use, procs = capture.cpu_use, int(capture.table("sched").numbers("gomaxprocs").max(initial=0))
    if use is not None and 0 < use.cpus < procs:
        yield _too_many(use, procs)
    if use is not None and (
        use.throttled >= least_throttled and use.throttled_share >= least_throttled_share
    ):
        yield _measured(use, procs)
        return
    for schedule in schedules_in_state(capture, thresholds_of(settings), "throttled"):
        yield finding_in_state(
            schedule,
            state="throttled",
            rule=RULE.name,
            severity=Severity.WARNING,
            title="The system withholds the CPU",
            advice=_ADVICE,
            place=Place(),
        )


def _measured(use: CpuUse, procs: int) -> Finding:
    """What cpu.stat counted while goscope ran the program."""
    of = f" of the {procs} that GOMAXPROCS assumes" if procs else ""
    return Finding(
        rule="sched-throttled",
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        title=f"Throttled: the system gave it {use.used_s / max(use.wall_s, 0.001):.2g} CPUs{of}",
        detail=f"In {use.throttled} of {use.periods} periods the CPU quota of its cgroup "
        f"({use.quota:.3g} CPUs) was used up, and all its threads stood still until the next one.",
        evidence=(
            Evidence("periods in which the quota was used up", use.throttled, f"of {use.periods}"),
            Evidence("CPU time", round(use.used_s, 2), "s"),
            Evidence("it ran for", round(use.wall_s, 2), "s"),
        ),
        advice=_ADVICE,
        process=0,
    )


def _too_many(use: CpuUse, procs: int) -> Finding:
    return Finding(
        rule="sched-throttled",
        severity=Severity.INFO,
        confidence=Confidence.HIGH,
        title=f"GOMAXPROCS is {procs}, but it may run on {use.cpus} CPUs",
        detail="More Ps than CPUs only add switches between threads, and pauses for whoever holds a lock.",
        evidence=(Evidence("CPUs of its affinity mask", use.cpus, "CPUs"),),
        advice="Leave GOMAXPROCS unset: Go takes the CPUs of the affinity mask.",
        process=0,
    )


RULE = Rule(
    "sched-throttled",
    ("sched",),
    find,
    family=Family.SCHEDULER,
    verdict="scheduler",
    state="throttled",
)
