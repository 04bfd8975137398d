"""The verdict on the scheduler: starving, blocked, unbalanced, healthy or idle."""

from __future__ import annotations

from collections.abc import Sequence

from goscope.analysis.scheduler.schedule import schedules_of
from goscope.capture.capture import Capture
from goscope.diagnosis.verdicts.traces import scheduler_verdict_of_traces, together
from goscope.findings.findings import STATES, Confidence, Finding, Verdict
from goscope.findings.settings import Settings
from goscope.rules import findings_by_state
from goscope.rules.findings.scheduler import thresholds_of
from goscope.rules.rule import Family


def scheduler_verdict(capture: Capture, findings: Sequence[Finding], settings: Settings) -> Verdict:
    """The worst verdict of all processes, with what an execution trace of that process says."""
    withheld = findings_by_state(findings, "scheduler", Family.SCHEDULER).get("throttled")
    if withheld and capture.cpu_use is not None:
        return Verdict("throttled", withheld[0].confidence, withheld[0].title)
    schedules = schedules_of(capture, thresholds_of(settings))
    if not schedules:
        return scheduler_verdict_of_traces(capture, findings) or Verdict(
            "unknown",
            Confidence.LOW,
            "no SCHED lines were read",
            "run it with GODEBUG=schedtrace=1000 and give goscope its stderr",
        )
    worst = min(schedules, key=lambda s: STATES["scheduler"].index(s.verdict.state))
    chosen = worst.verdict
    timeline = tuple(stretch for s in schedules for stretch in s.verdict.timeline)
    reason = chosen.reason
    if capture.processes > 1:
        reason = f"{capture.process_name(worst.process)}: {reason}"
    of_traces = scheduler_verdict_of_traces(capture, findings, worst.process)
    own = Verdict(chosen.state, chosen.confidence, reason, chosen.collect, timeline)
    return together(own, of_traces, worst_first=STATES["scheduler"])
