"""From a capture to a diagnosis: runs the rules whose tables are present and derives the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goscope.capture import Capture
from goscope.findings import Confidence, Finding, Severity, Verdict, worst
from goscope.profiles import ProfileSummary, goroutine_profiles_of, summaries_of
from goscope.rules import all_rules
from goscope.rules.rule import Settings
from goscope.scheduling import schedules_of
from goscope.stacks import snapshots_of

#: Which scheduler word speaks for a capture of several processes.
_WORST_FIRST = ("starving", "blocked", "unbalanced", "healthy", "idle", "unknown")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that renderers need: the status, the verdicts, the findings, worst first, and the capture."""

    capture: Capture
    status: str
    verdicts: Mapping[str, Verdict]
    findings: tuple[Finding, ...]
    settings: Settings
    profiles: tuple[ProfileSummary, ...] = ()


def diagnose(capture: Capture, settings: Settings | None = None) -> Diagnosis:
    """Run every rule over a capture."""
    settings = settings or Settings()
    findings = [
        finding
        for rule in all_rules()
        if rule.present(capture)
        for finding in rule.find(capture, settings)
    ]
    findings = _without_repeats(findings)
    findings.sort(key=lambda f: (-f.severity.rank, -f.confidence.rank, f.rule))
    verdicts = {
        "scheduler": _scheduler(capture),
        "gc": _unjudged(capture, "gc", "gc lines", "run it with GODEBUG=gctrace=1"),
        "goroutines": _goroutines(capture, findings),
        "threads": _unjudged(
            capture, "sched", "SCHED lines", "run it with GODEBUG=schedtrace=1000"
        ),
        "crash": Verdict("unknown", Confidence.LOW, "this version does not look for crashes"),
    }
    return Diagnosis(
        capture,
        _status(capture, findings, verdicts),
        verdicts,
        tuple(findings),
        settings,
        summaries_of(capture),
    )


_STRENGTH = ("leak-proven", "leak-forever-blocked", "leak-growth", "leak-long-wait")


def _without_repeats(findings: list[Finding]) -> list[Finding]:
    """One finding per leaking place: the rule with the strongest evidence speaks, the others add theirs."""
    kept: dict[tuple[object, ...], Finding] = {}
    places: dict[tuple[object, ...], Finding] = {}
    result: list[Finding] = []
    for finding in sorted(findings, key=lambda f: _strength(f.rule)):
        if finding.rule not in _STRENGTH:
            result.append(finding)
            continue
        key = (finding.process, finding.site, finding.blocked_on)
        if key in kept and kept[key].rule != finding.rule:
            continue
        same = places.setdefault((finding.process, finding.site), finding)
        if same.rule != finding.rule and (_from_profile(same) or _from_profile(finding)):
            continue  # a profile may not know the wait reason
        kept.setdefault(key, finding)
        result.append(finding)
    return result


def _from_profile(finding: Finding) -> bool:
    return finding.goroutines is not None and not finding.goroutines.ids


def _strength(rule: str) -> int:
    return _STRENGTH.index(rule) if rule in _STRENGTH else len(_STRENGTH)


def _status(capture: Capture, findings: list[Finding], verdicts: Mapping[str, Verdict]) -> str:
    severity = worst(findings)
    if severity in (Severity.CRITICAL, Severity.WARNING):
        return str(severity.value)
    if all(verdict.state == "unknown" for verdict in verdicts.values()):
        return "unknown"
    return "info" if severity is Severity.INFO else "ok"


def _scheduler(capture: Capture) -> Verdict:
    schedules = schedules_of(capture)
    if not schedules:
        return Verdict(
            "unknown",
            Confidence.LOW,
            "no SCHED lines were read",
            "run it with GODEBUG=schedtrace=1000 and give goscope its stderr",
        )
    worst_one = min(schedules, key=lambda s: _WORST_FIRST.index(s.verdict.state))
    chosen = worst_one.verdict
    timeline = tuple(stretch for s in schedules for stretch in s.verdict.timeline)
    reason = chosen.reason
    if len(schedules) > 1:
        reason = f"{capture.process_name(worst_one.process)}: {reason}"
    return Verdict(chosen.state, chosen.confidence, reason, chosen.collect, timeline)


def _goroutines(capture: Capture, findings: list[Finding]) -> Verdict:
    dumps = snapshots_of(capture)
    profiles = goroutine_profiles_of(capture, "goroutine")
    searches = goroutine_profiles_of(capture, "goroutineleak")
    if not dumps and not profiles and not searches:
        return Verdict(
            "unknown",
            Confidence.LOW,
            "no goroutine dump was read",
            "add two or three dumps of /debug/pprof/goroutine?debug=2, some seconds apart",
        )
    most = max((len(snapshots) for _, snapshots in dumps), default=0)
    collect = None if most > 2 else "add dumps some seconds apart: growth tells leaks from waiting"
    if not dumps:
        collect = "add dumps (goroutine?debug=2) some seconds apart: they have ids and wait times"
    leaks = [f for f in findings if f.rule.startswith("leak-") and f.severity is not Severity.INFO]
    if leaks:
        best = max(leaks, key=lambda f: (f.confidence.rank, f.severity.rank))
        sure = best.confidence.rank >= Confidence.HIGH.rank
        return Verdict(
            "leak" if sure else "suspected_leak",
            best.confidence,
            best.title,
            None if sure else collect,
        )
    confidence = Confidence.HIGH if most > 2 else Confidence.MEDIUM if most == 2 else Confidence.LOW
    parts = []
    if dumps:
        total = sum(len(d.rows) for _, snapshots in dumps for d in snapshots[-1:])
        parts.append(_none_leaked(total, most, "dump"))
    elif profiles:
        most = max(len(found) for _, found in profiles)
        total = sum(found[-1].total for _, found in profiles)
        parts.append(_none_leaked(total, most, "profile"))
    if searches and not any(found[-1].total for _, found in searches):
        parts.append(
            "the runtime searched for leaks and found none (it misses what stays reachable)"
        )
        confidence = max(confidence, Confidence.MEDIUM, key=lambda c: c.rank)
    return Verdict("ok", confidence, "; ".join(parts), collect)


def _none_leaked(total: int, most: int, what: str) -> str:
    s = "s" * (most > 1)
    return f"{total} goroutines in the last of {most} {what}{s}, and none of them looks leaked"


def _unjudged(capture: Capture, table: str, what: str, how: str) -> Verdict:
    rows = len(capture.table(table))
    if not rows:
        return Verdict("unknown", Confidence.LOW, f"no {what} were read", how)
    return Verdict("unknown", Confidence.LOW, f"{what} read: {rows}; not judged by this version")
