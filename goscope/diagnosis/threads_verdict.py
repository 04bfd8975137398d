"""The word for the threads: ok, leak or high, from their findings."""

from __future__ import annotations

from collections.abc import Sequence

from goscope.analysis.scheduler.threads import threads_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Finding, Severity, Verdict

_COLLECT = "run it with GODEBUG=schedtrace=1000 and give goscope its stderr"


def threads_verdict(capture: Capture, findings: Sequence[Finding]) -> Verdict:
    """The word for all processes: the worst one speaks."""
    seen = threads_of(capture)
    growing = [
        f
        for f in findings
        if f.rule in ("threads-growing", "threads-locked") and f.severity is not Severity.INFO
    ]
    if growing:
        best = max(growing, key=lambda f: f.confidence.rank)
        collect = (
            None
            if best.site is not None
            else "add goroutine dumps: they show who is locked to a thread or in a system call"
        )
        return Verdict("leak", best.confidence, best.title, collect)
    near = [f for f in findings if f.rule == "threads-near-limit"]
    if near:
        return Verdict("high", near[0].confidence, near[0].title)
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
