"""Goroutines have to help marking, as they allocate faster than the garbage collector marks.

What it detects: a high share of CPU in mark assists, where the collector as a whole is still below the
bar of gc-pressure.

Why it matters: an assist is charged to the goroutine that allocates, in the middle of a request. It
shows as latency long before it shows as CPU.

Evidence and threshold: 5 % of GOMAXPROCS over at least 5 cycles and 3 s after the first second; Go's
guide to the GC gives that number for runtime.gcAssistAlloc in a profile. A warning if the collector
takes 10 % and more in all, else a note.

Example: ``0.06+14/9.1/0.2+0.01 ms cpu``: 14 ms of assists to 9.1 ms of background marking.

What to do: allocate less on the busy paths, or give the heap room with a higher GOGC.

False positives: one goroutine that builds up a large structure.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.gc.cycles import Episode, collections_of, thrash_episodes
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Finding, Severity
from goscope.rules.findings.gc import episode_finding, percent
from goscope.rules.gc_pressure import RULE as PRESSURE
from goscope.rules.gc_thrash import thrash_thresholds
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Find who allocates on the busy paths (pprof allocs, alloc_space) and reuse what it allocates; "
    "a higher GOGC leaves the collector more time to mark."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_assist_share: float = 0.05,
    warning_cpu_share: float = 0.1,
    least_cycles: int = 5,
    least_s: float = 3.0,
) -> Iterator[Finding]:
    """One finding per process."""
    pressure = float(PRESSURE.thresholds(settings)["least_cpu_share"])
    for c in collections_of(capture):
        load = c.whole()
        enough = load.cycles >= least_cycles and load.seconds >= least_s
        if not enough or load.assist_share < least_assist_share or load.cpu_share >= pressure:
            continue
        if thrash_episodes(c, thrash_thresholds(settings)):
            continue
        costly = load.cpu_share >= warning_cpu_share
        yield episode_finding(
            "gc-assist-heavy",
            Severity.WARNING if costly else Severity.INFO,
            Confidence.HIGH if costly else Confidence.MEDIUM,
            c,
            Episode(load, lasts=True),
            title=f"Assists take {percent(load.assist_share)} of the CPU",
            detail="The program allocates faster than the collector marks",
            evidence=(),
            advice=_ADVICE,
        )


RULE = Rule(
    "gc-assist-heavy",
    ("gc",),
    find,
    family=Family.GC,
    verdict="gc",
    state="pressure",
    strength=1,
    explains={"gc_pressure": "tells how much of the CPU goes into it"},
)
