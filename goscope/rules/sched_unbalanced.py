"""Some Ps always work while others always idle.

What it detects: at least one P busy in (nearly) every sample, while the same share of Ps stays idle; or
work piled up in one run queue while other Ps idle.

Why it matters: the program cannot use the CPU that it has; it is as slow as its serial part.

Evidence and threshold: at random load the number of busy Ps varies with P * p * (1 - p), as tosses of a
coin do; here its variance is at most 0.6 of that, less than 3 % of the samples find every P idle, and at
least 70 % find some idle, over 5 samples and more. Threads that only look for work do not count.

Example: ``idleprocs=3`` of 4 in every line.

What to do: split the serial work, or accept it and give the program fewer Ps.

False positives: one goroutine that is meant to be busy, such as a poller.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.capture.capture import Capture
from goscope.findings.findings import Finding, Severity
from goscope.rules.findings.scheduler import (
    finding_in_state,
    schedules_in_state,
    thresholds_of,
    where_they_run,
)
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Take a CPU profile to find the serial part, and split it over several goroutines; "
    "if it cannot be split, the program needs no more Ps than it uses."
)


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per process whose scheduler verdict is unbalanced."""
    for schedule in schedules_in_state(capture, thresholds_of(settings), "unbalanced"):
        yield finding_in_state(
            schedule,
            state="unbalanced",
            rule="sched-unbalanced",
            severity=Severity.WARNING,
            title="Work does not spread over the Ps",
            advice=_ADVICE,
            place=where_they_run(capture, schedule.process),
        )


RULE = Rule("sched-unbalanced", ("sched",), find, family=Family.SCHEDULER, verdict="scheduler")
