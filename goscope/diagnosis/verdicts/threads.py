"""The verdict on threads: ok, high or leak."""

from __future__ import annotations

from collections.abc import Sequence

from goscope.analysis.scheduler.threads import threads_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Finding, Verdict
from goscope.rules import findings_by_state
from goscope.rules.rule import Family

_COLLECT = "run it with GODEBUG=schedtrace=1000 and give goscope its stderr"


def threads_verdict(capture: Capture, findings: Sequence[Finding]) -> Verdict:
    """The worst verdict of all processes."""
    found = findings_by_state(findings, "threads", Family.THREADS)
    if growing := found.get("leak"):
        best = max(growing, key=lambda f: f.confidence.rank)
        collect = (
            None
            if best.site is not None
            else "add goroutine dumps: they show who is locked to a thread or in a system call"
        )
        return Verdict("leak", best.confidence, best.title, collect)
    if near := found.get("high"):
        return Verdict("high", near[0].confidence, near[0].title)
    seen = threads_of(capture)
    if not seen:
        return Verdict("unknown", Confidence.LOW, "no SCHED lines were read", _COLLECT)
    most = max(seen, key=lambda s: float(s.threads.max()))
    samples = sum(len(s.t_s) for s in seen)
    strong = (
        Confidence.HIGH if samples >= 6 else Confidence.MEDIUM if samples >= 3 else Confidence.LOW
    )
    return Verdict(
        "ok",
        strong,
        f"{int(most.threads.max())} threads at most, {int(most.bound[-1])} of them not parked at the end",
        None if samples >= 6 else "collect more SCHED lines: at least 6",
    )
