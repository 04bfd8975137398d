"""The garbage collector stops the whole program for longer than it should.

What it detects: stop-the-world phases of 10 ms and more, in one of ten cycles or more.

Why it matters: no goroutine runs meanwhile; every request that is under way waits.

Evidence and threshold: the first and the last of the clock times of a gc line. Since Go 1.8 these phases
take some tens of microseconds; 10 ms is the goal that Go 1.5 was made for. At least 3 of them, for one
alone may be the machine; of an excerpt from the middle of a run, of less than
10 lines, one is mentioned. Pauses of 0.2 s and more are
left to the scheduler rules: there a goroutine does not yield.

Example: ``gc 9 @3.3s 2%: 18+40+21 ms clock, ...``

What to do: see whether the machine or the container has fewer CPUs than GOMAXPROCS (throttling), and what
runs without function calls in the program.

False positives: a machine whose CPUs are taken by others: the program waits for a CPU, not for the GC.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from goscope.analysis.gc.cycles import Collecting, collections_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Compare GOMAXPROCS with the CPUs that the program really has (container quota, other programs): a "
    "thread without a CPU holds up the pause. Else look for loops without calls, with a CPU profile."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    long_ms: float = 10.0,
    not_preempted_ms: float = 200.0,
    warning_ms: float = 50.0,
    least_count: int = 3,
    least_share: float = 0.1,
    excerpt_cycles: int = 10,
) -> Iterator[Finding]:
    """One finding per process."""
    for c in collections_of(capture):
        pauses = c.usual_pauses_ms
        long = pauses[(pauses >= long_ms) & (pauses < not_preempted_ms)]
        if 0 < len(long) < least_count and c.first_cycle > 1 and c.cycles < excerpt_cycles:
            yield _of_excerpt(c, long_ms, float(long.max()))
            continue
        if len(long) < least_count or len(long) < least_share * len(pauses):
            continue
        usual = float(np.median(long))
        yield Finding(
            rule="gc-long-pause",
            severity=Severity.WARNING if usual >= warning_ms else Severity.INFO,
            confidence=Confidence.MEDIUM,
            title=f"The GC stops the program for {usual:.0f} ms in {len(long)} of {len(pauses)} cycles",
            detail=f"The longest such phase took {long.max():.0f} ms; tens of microseconds are usual.",
            evidence=(
                Evidence(f"phases of {long_ms:g} ms and more", len(long), "cycles", c.source),
                Evidence("longest", float(long.max()), "ms"),
                Evidence("median of all cycles", round(float(np.median(pauses)), 3), "ms"),
            ),
            advice=_ADVICE,
            process=c.process,
        )


def _of_excerpt(c: Collecting, long_ms: float, longest_ms: float) -> Finding:
    """One long phase is a fact; that it comes again is not known of so few lines."""
    row = int(np.nanargmax(np.where(c.pause_ms == longest_ms, 1, 0)))
    cycle = int(c.numbers("cycle")[row])
    return Finding(
        rule="gc-long-pause",
        severity=Severity.INFO,
        confidence=Confidence.LOW,
        title=f"The GC stopped the program for {longest_ms:.0f} ms in cycle {cycle}",
        detail=f"Tens of microseconds are usual; {c.cycles} gc lines do not show whether it happens often.",
        evidence=(
            Evidence("longest phase", longest_ms, "ms", c.source),
            Evidence("cycles read", c.cycles, "cycles"),
        ),
        advice=_ADVICE,
        process=c.process,
    )


RULE = Rule("gc-long-pause", ("gc",), find, family=Family.GC, verdict="gc")
