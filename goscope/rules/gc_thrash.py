"""The garbage collector runs nearly all the time and frees little.

What it detects: cycle upon cycle over a heap whose goal is hardly larger than what is alive: GOGC set
very low, or a memory limit (GOMEMLIMIT) that the live heap has come close to.

Why it matters: the program pays a large part of its CPU, and each allocation, to the collector; with a
memory limit it gets slower and slower until somebody restarts it.

Evidence and threshold: the CPU milliseconds of the cycles against time and GOMAXPROCS (the percentage
of a gc line is of the whole run and lags behind), after the first second, idle marking left out. At
least 5 cycles in 3 s or more that take 15 % of the CPU with a goal of at most 1.34 times the live heap
(GOGC=33): the collector takes 25 % while it marks (Go's guide to the GC), so it marks for more than half
of the time. Or marking for 60 % of the time, as with more Ps than cores it cannot get its share. Or 45 %
of the CPU, whatever the goal: the limiter of the runtime caps it at 50 %. Cycles that were asked for, and
those of leak checks, do not count.

Example: ``gc 120 @5.1s 38%: ... 60->63->58 MB, 61 MB goal``, twenty times a second.

What to do: raise GOGC or GOMEMLIMIT, or hold less: a heap profile tells who does.

False positives: a program that is meant to trade CPU for memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.gc.cycles import Thrash, collections_of, thrash_episodes
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.findings.gc import episode_finding, percent
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Give the heap room: raise GOGC (100 is the default), or GOMEMLIMIT and the memory of the machine if "
    "that is what holds it down. If neither can be, find out who holds the memory: pprof heap, inuse_space."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_cpu_share: float = 0.15,
    least_marking_share: float = 0.6,
    most_headroom: float = 1.34,
    alone_cpu_share: float = 0.45,
    least_cycles: int = 5,
    least_s: float = 3.0,
) -> Iterator[Finding]:
    """One finding per process and stretch of time."""
    thresholds = Thrash(
        least_cpu_share,
        least_marking_share,
        most_headroom,
        alone_cpu_share,
        least_cycles,
        least_s,
    )
    for c in collections_of(capture):
        for episode in thrash_episodes(c, thresholds):
            load = episode.load
            tight = load.headroom <= most_headroom
            yield episode_finding(
                "gc-thrash",
                Severity.CRITICAL if episode.lasts else Severity.WARNING,
                Confidence.HIGH if episode.lasts else Confidence.MEDIUM,
                c,
                episode,
                title=f"The GC marks for {percent(min(load.marking_share, 1))} of the time, takes "
                f"{percent(load.cpu_share)} of the CPU"
                + (
                    f" and each cycle frees {percent(load.freed_share)} of the heap"
                    if tight
                    else ""
                ),
                detail=f"{load.per_second:.0f} cycles a second"
                + (
                    f", as the heap may grow to {load.headroom:.2f} times what is alive"
                    if tight
                    else ""
                ),
                evidence=(
                    Evidence("goal over live heap, median", round(load.headroom, 2)),
                    Evidence("freed by a cycle, median", round(load.freed_share * 100), "%"),
                ),
                advice=_ADVICE,
            )


RULE = Rule(
    "gc-thrash",
    ("gc",),
    find,
    family=Family.GC,
    verdict="gc",
    state="thrash",
    state_from=Severity.CRITICAL,
    brief="it took much more",
)


def thrash_thresholds(settings: Settings) -> Thrash:
    """The thresholds that hold of this rule, for the rules that leave to it what is its own."""
    return Thrash(**RULE.thresholds(settings))  # type: ignore[arg-type]
