"""Nothing runs, because the goroutines wait for each other.

What it detects: (nearly) all Ps idle while most of the program's goroutines wait for locks, sends or
system calls.

Why it matters: the program does nothing although it has work; requests hang.

Evidence and threshold: idleprocs equals gomaxprocs in (nearly) all samples, and at least 4 and half of
the waiting goroutines, in the last dump or the G lines of scheddetail, need another goroutine to act.
Without either only the number of threads speaks, and the confidence is low.

Example: ``SCHED 5010ms: gomaxprocs=8 idleprocs=7 threads=50 spinningthreads=0 idlethreads=43 ...``

What to do: look at the sites where the goroutines wait; find who holds the lock.

False positives: a program that is idle, and once needed many threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from goscope.capture import Capture
from goscope.findings import Finding, Severity
from goscope.rules.rule import Rule, Settings
from goscope.rules.scheduler_shape import findings_in_state
from goscope.scheduling import FEW_BLOCKED, bars_of

_ADVICE = (
    "Look at where the goroutines wait and who holds the lock: take a goroutine dump "
    "(pprof goroutine?debug=2, or SIGQUIT at the end) and give it to goscope with this log."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    few_blocked: int = FEW_BLOCKED,
) -> Iterator[Finding]:
    """One finding per process whose scheduler verdict is blocked."""
    bars = replace(
        bars_of(settings),
        few_blocked=few_blocked,
    )
    yield from findings_in_state(
        capture,
        bars,
        "blocked",
        "sched-blocked",
        Severity.WARNING,
        "Goroutines are blocked while Ps idle",
        _ADVICE,
    )


RULE = Rule("sched-blocked", ("sched",), find, __doc__)
