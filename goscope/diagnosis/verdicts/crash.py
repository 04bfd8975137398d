"""The verdict on crashes: the kind of the worst one, or none."""

from __future__ import annotations

from goscope.analysis.crashes import crash_reports_of
from goscope.capture.capture import Capture
from goscope.diagnosis.selections import not_understood
from goscope.findings.findings import Confidence, Verdict


def crash_verdict(capture: Capture) -> Verdict:
    """The kind of the worst crash, of several equally bad ones the first."""
    reports = crash_reports_of(capture)
    if reports:
        worst = max(reports, key=lambda report: report.severity.rank)
        message = worst.message.partition("\n")[0] or worst.kind
        message = f"a slow suite: {message}" if worst.slow_suite else message
        named = worst.kind == "goleak"  # its reports name the places
        where = f" in {worst.site.function}" if worst.site and not named else ""
        where = f"; it happened{where}" if where and worst.hangs else where
        more = f", and {len(reports) - 1} more" if len(reports) > 1 else ""
        sure = worst.confidence
        if sure is Confidence.CERTAIN and not (worst.site or worst.exit):
            sure = Confidence.HIGH
        return Verdict(worst.kind, sure, f"{message}{where} ({worst.source}){more}")
    if capture.recognised:
        none = "no panic, fatal error or fatal signal was read"
        unread = not_understood(capture)
        sure = Confidence.LOW if unread else Confidence.HIGH
        return Verdict("none", sure, f"{none}{unread}")
    return Verdict(
        "unknown",
        Confidence.LOW,
        "nothing of the Go runtime was read",
        "give goscope the program's stderr",
    )
