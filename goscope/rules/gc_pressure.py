"""The garbage collector takes a large part of the CPU, as the program allocates so much.

What it detects: a share of the CPU that is high for the whole run, or for a stretch of it, in a heap that
has room: what gc-thrash is not.

Why it matters: what the collector takes, the program has not; latency rises with each allocation that
has to assist.

Evidence and threshold: 25 % of GOMAXPROCS over at least 5 cycles and 3 s after the first second, from
the CPU milliseconds of the cycles. While it marks the collector takes 25 % by design (Go's guide to the
GC), so this is marking without a pause, or much assisting. Idle marking, cycles that were
asked for and leak checks do not count.

Example: ``gc 2000 @6.2s 32%: 0.1+1.4+0.01 ms clock, 0.2+1.1/1.2/0.4+0.02 ms cpu, 4->5->2 MB, 5 MB goal``

What to do: allocate less (pprof allocs, alloc_space), or let the heap grow larger with a higher GOGC.

False positives: a batch job that is as fast as it has to be; Ps beyond the cores of the machine, which
make the times of a cycle longer than they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.gc.cycles import Collecting, collections_of, episodes, thrash_episodes
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.findings.gc import episode_finding, percent
from goscope.rules.gc_thrash import thrash_thresholds
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Find who allocates (pprof allocs, alloc_space), reuse buffers, avoid pointers in what lives long; "
    "if there is memory to spare, a higher GOGC makes cycles rarer in the same measure."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_cpu_share: float = 0.25,
    least_cycles: int = 5,
    least_s: float = 3.0,
    least_age_s: float = 60.0,
) -> Iterator[Finding]:
    """One finding per process and stretch of time; of a short excerpt by the line's own percentage."""
    for c in collections_of(capture):
        if (
            short := _of_excerpt(c, least_cpu_share, least_cycles, least_s, least_age_s)
        ) is not None:
            yield short
            continue
        thrash = thrash_episodes(c, thrash_thresholds(settings))
        found = episodes(
            c,
            least_cpu_share,
            lambda load: (
                load.cpu_share >= least_cpu_share
                and load.cycles >= least_cycles
                and load.seconds >= least_s
            ),
        )
        for episode in found:
            if any(episode.overlaps(other) for other in thrash):
                continue
            load = episode.load
            yield episode_finding(
                "gc-pressure",
                Severity.WARNING if episode.lasts else Severity.INFO,
                Confidence.HIGH if episode.lasts else Confidence.MEDIUM,
                c,
                episode,
                title=f"The GC takes {percent(load.cpu_share)} of the CPU",
                detail=f"The program allocates enough for {load.per_second:.0f} cycles a second",
                evidence=(),
                advice=_ADVICE,
            )


def _of_excerpt(
    c: Collecting, least_cpu_share: float, least_cycles: int, least_s: float, least_age_s: float
) -> Finding | None:
    """What the percentage of the last line says, where the lines span too little to measure anything.

    It is the share of all CPU since the program started: late in a run one line speaks of hours.
    """
    load, age_s = c.whole(), float(c.t_s[-1])
    if (load.cycles >= least_cycles and load.seconds >= least_s) or age_s < least_age_s:
        return None
    taken = float(c.numbers("cpu_percent", slice(-1, None))[0]) / 100
    if not taken >= least_cpu_share:
        return None
    return Finding(
        rule="gc-pressure",
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
        title=f"The GC has taken {percent(taken)} of the CPU since the program started",
        detail=f"So says the gc line {age_s:,.0f} s after the start; {c.cycles} lines are too few to say "
        "whether it does so now.",
        evidence=(
            Evidence("CPU of the GC since the start", round(taken * 100), "%", c.last_source),
            Evidence("since the start", round(age_s), "s"),
        ),
        advice=_ADVICE,
        process=c.process,
    )


RULE = Rule(
    "gc-pressure",
    ("gc",),
    find,
    family=Family.GC,
    verdict="gc",
    state="pressure",
    strength=2,
    brief="it took much more",
)
