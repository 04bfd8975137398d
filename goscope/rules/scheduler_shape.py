"""What the scheduler rules have in common: a verdict of the scheduler as a finding."""

from __future__ import annotations

from collections.abc import Iterator

from goscope.capture import Capture
from goscope.findings import Evidence, Finding, Severity
from goscope.scheduling import Bars, schedules_of


def findings_in_state(
    capture: Capture,
    bars: Bars,
    state: str,
    rule: str,
    severity: Severity,
    title: str,
    advice: str,
) -> Iterator[Finding]:
    """One finding per process whose scheduler was in this state, with the time that it lasted."""
    for schedule in schedules_of(capture, bars):
        verdict = schedule.verdict
        lasting = [s for s in verdict.timeline if s.state == state and s.end_ms > s.start_ms]
        if verdict.state != state and not lasting:
            continue
        spans = ", ".join(f"{s.start_ms / 1000:g} to {s.end_ms / 1000:g} s" for s in lasting)
        whole = verdict.state == state
        yield Finding(
            rule=rule,
            severity=severity if whole else Severity.WARNING,
            confidence=verdict.confidence,
            title=title if whole else f"{title} for a while",
            detail=(verdict.reason if whole else f"the rest of the time it is {verdict.state}")
            + (f"; {spans}" if spans else "")
            + ".",
            evidence=(
                *schedule.evidence,
                *(Evidence("lasted", s.end_ms - s.start_ms, "ms") for s in lasting),
            ),
            advice=advice,
            process=schedule.process,
        )
