"""Runnable goroutines wait for a P, and go on waiting.

What it detects: no P is idle, and more than 32 goroutines per P wait to run in half of the samples
(16 if it lasts nearly all the time); or one goroutine keeps its P so long that others wait behind it;
or a few wait while threads by the dozen sit in system calls.

Why it matters: every request waits in the run queue before it is served at all.

Evidence and threshold: sum of all run queues per P, over many samples; CockroachDB calls more than 32
per P overload. A loop that does not yield shows as a schedtick that stands still, or as a
stop-the-world phase of 0.2 s and more in gctrace.

Example: ``SCHED 4036ms: gomaxprocs=8 idleprocs=0 ... runqueue=500 [55 60 71 58 63 57 66 69]``

What to do: bound the number of goroutines that compute at once, give the program more Ps, or profile
what they compute.

False positives: a short burst at start-up; a batch job that is meant to use all the CPU there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from goscope.capture import Capture
from goscope.findings import Finding, Severity
from goscope.rules.rule import Rule, Settings
from goscope.rules.scheduler_shape import findings_in_state
from goscope.scheduling import (
    BUSY_THREADS_PER_P,
    LASTING_PER_P,
    OVERLOAD_PER_P,
    STUCK_STW_MS,
    bars_of,
)

_ADVICE = (
    "Bound the number of goroutines that compute at once (a worker pool of GOMAXPROCS), raise GOMAXPROCS "
    "if the machine has more cores, and take a CPU profile to see what they compute."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    overload_per_p: float = OVERLOAD_PER_P,
    lasting_per_p: float = LASTING_PER_P,
    busy_threads_per_p: float = BUSY_THREADS_PER_P,
    stuck_stw_ms: float = STUCK_STW_MS,
) -> Iterator[Finding]:
    """One finding per process whose scheduler verdict is starving."""
    bars = replace(
        bars_of(settings),
        overload_per_p=overload_per_p,
        lasting_per_p=lasting_per_p,
        busy_threads_per_p=busy_threads_per_p,
        stuck_stw_ms=stuck_stw_ms,
    )
    yield from findings_in_state(
        capture,
        bars,
        "starving",
        "sched-starving",
        Severity.CRITICAL,
        "Goroutines starve for CPU",
        _ADVICE,
    )


RULE = Rule("sched-starving", ("sched",), find, __doc__)
