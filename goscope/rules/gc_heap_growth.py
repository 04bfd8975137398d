"""The live heap grows from cycle to cycle and does not stop.

What it detects: a steady rise of what each GC cycle finds alive, in every quarter of the time.

Why it matters: it is a leak of memory, or a cache without a bound; it ends with the memory of the machine.

Evidence and threshold: the third size of a gc line over time. A line with a slope above 0 and R2 above
0.7 over at least 10 cycles and 4 s, as a warm-up does not make it; through the floors where there are
many cycles, so that a sawtooth does not hide or feign it. The last quarter must rise at least at 0.6 of
the pace of the whole (a cache that fills up slows down), the program must still allocate as it did (or it
has loaded what it needs and rests), and not faster in the measure in which the heap grew (that is load).
Less than 10 MB in all, or 32 MB within the first minute, is any program's start. Where all that is
allocated is kept, each cycle is twice as far away as the last one: 5 to 9 cycles are enough if they make a
line (R2 above 0.95), each of the last three intervals keeps the pace, and the next cycle is not overdue.
But the confidence is low then, and within the first minute it is only mentioned: what loads its data looks
the same until it has done so. Within the first minute the same holds of a program that keeps a
third and more of all that it allocates: leaks that were measured kept a tenth, programs that loaded half. The
numbers were chosen on measured programs.
``limit_mb`` tells how much memory there is (GOMEMLIMIT, or the container's), if you say so: no gc line
does. The finding then tells the time that is left until the goal of the heap reaches it.

Example: ``... 24->24->13 MB``, ``... 40->40->22 MB``, ``... 70->70->38 MB``: 12 MB more each second.

What to do: take two heap profiles some minutes apart and compare them.

False positives: a cache or a data set that is still being filled when the log ends; watch for longer.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.gc.cycles import Collecting, collections_of
from goscope.analysis.gc.heap_trend import (
    LEAST_CYCLES,
    HeapTrend,
    kept_share,
    trend_of,
    trend_of_few,
)
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Take two heap profiles some minutes apart and compare them: go tool pprof -diff_base=first "
    "-sample_index=inuse_space second. If the log is short, watch for longer: a cache stops growing."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_cycles: int = 10,
    least_r2: float = 0.7,
    least_s: float = 4.0,
    least_growth_mb: float = 10.0,
    brief_s: float = 60.0,
    brief_growth_mb: float = 32.0,
    loading_share: float = 0.33,
    limit_mb: float = 0.0,
) -> Iterator[Finding]:
    """One finding per process."""
    for c in collections_of(capture):
        trend = trend_of(c, least_cycles=least_cycles, least_r2=least_r2) or trend_of_few(c)
        if trend is None or not trend.steady(least_r2) or trend.seconds < least_s:
            continue
        brief = trend.seconds < brief_s
        if trend.grown_mb < max(least_growth_mb, brief_growth_mb if brief else 0.0):
            continue
        if brief and capture.finished:
            continue  # it took what its work needed, and ended
        loads = brief and trend.end_s <= brief_s and kept_share(c) >= loading_share
        yield _finding(c, trend, brief, loads, limit_mb)


def _finding(c: Collecting, trend: HeapTrend, brief: bool, loads: bool, limit_mb: float) -> Finding:
    left_s = _seconds_left(c, trend, limit_mb)
    soon = left_s is not None and left_s < 3600
    few = trend.cycles < LEAST_CYCLES
    severity = Severity.CRITICAL if soon else Severity.WARNING
    confidence = Confidence.MEDIUM if brief else Confidence.HIGH
    if few or loads:
        severity, confidence = Severity.INFO if brief else Severity.WARNING, Confidence.LOW
    evidence = [
        Evidence("live heap, first quarter, least", round(trend.first_mb), "MB", c.source),
        Evidence("live heap, last quarter, least", round(trend.last_mb), "MB", c.last_source),
        Evidence("growth", round(trend.mb_per_s * 60, 2), "MB a minute"),
        Evidence("R2 of the line", round(trend.r2, 3)),
        Evidence("cycles", trend.cycles, "cycles"),
    ]
    if left_s is not None:
        evidence.append(
            Evidence(f"left until the goal is {limit_mb:g} MB", round(left_s / 60, 1), "minutes")
        )
    return Finding(
        rule="gc-heap-growth",
        severity=severity,
        confidence=confidence,
        title=f"The live heap grows by {_pace(trend.mb_per_s)}",
        detail=f"From {trend.start_s:.0f} to {trend.end_s:.0f} s it rose from {trend.first_mb:.0f} to "
        f"{trend.last_mb:.0f} MB without a stop" + _doubt(c, loads, brief or few),
        evidence=tuple(evidence),
        advice=_ADVICE,
        process=c.process,
    )


def _doubt(c: Collecting, loads: bool, short: bool) -> str:
    if loads:
        kept = f"{kept_share(c):.0%} of all that it allocates"
        return f"; it keeps {kept}, as a program does that loads its data."
    return "; a warm-up can look so for as long." if short else "."


def _pace(mb_per_s: float) -> str:
    if mb_per_s >= 1:
        return f"{mb_per_s:.0f} MB a second"
    if mb_per_s * 60 >= 1:
        return f"{mb_per_s * 60:.0f} MB a minute"
    return f"{mb_per_s * 3600:.0f} MB an hour"


def _seconds_left(c: Collecting, trend: HeapTrend, limit_mb: float) -> float | None:
    """The time until the heap's goal reaches a limit, as the goal keeps its ratio to the live heap."""
    if not limit_mb:
        return None
    goal, live = float(c.goal_mb[-1]), max(float(c.live_mb[-2]), 1.0)
    return max(limit_mb - goal, 0.0) / (trend.mb_per_s * max(goal / live, 1.0))


RULE = Rule("gc-heap-growth", ("gc",), find, family=Family.GC, verdict="gc", state="heap_growth")
