"""What the gc rules have in common: a stretch of the collector's work as a finding."""

from __future__ import annotations

from goscope.analysis.gc.cycles import Collecting, Episode
from goscope.findings.findings import Confidence, Evidence, Finding, Severity


def percent(share: float) -> str:
    """A share of 0 to 1 for a sentence."""
    return f"{share * 100:.0f} %"


def episode_finding(
    rule: str,
    severity: Severity,
    confidence: Confidence,
    c: Collecting,
    episode: Episode,
    *,
    title: str,
    detail: str,
    evidence: tuple[Evidence, ...],
    advice: str,
) -> Finding:
    """A finding about a stretch of time, with what the collector cost in it."""
    load = episode.load
    return Finding(
        rule=rule,
        severity=severity,
        confidence=confidence,
        title=title if episode.lasts else f"{title}, for a while",
        detail=f"{detail}; from {load.start_s:.1f} to {load.end_s:.1f} s.",
        evidence=(
            Evidence("cycles", load.cycles, "cycles", c.source),
            Evidence("CPU of the GC, without idle marking", round(load.cpu_share * 100, 1), "%"),
            Evidence("of it assists", round(load.assist_share * 100, 1), "%"),
            Evidence("time spent marking", round(load.marking_share * 100), "%"),
            *evidence,
        ),
        advice=advice,
        process=c.process,
    )
