"""Runs the rules over a capture: findings, then verdicts, then one status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from goscope.analysis.crashes import crash_reports_of
from goscope.analysis.goroutines.profiles import summaries_of
from goscope.capture.capture import Capture
from goscope.diagnosis.diagnosis import Diagnosis, Ignored
from goscope.diagnosis.duplicates import one_per_problem
from goscope.diagnosis.instances import one_for_all_instances
from goscope.diagnosis.selections import share_judged
from goscope.diagnosis.verdicts import verdicts_of
from goscope.findings.findings import Confidence, Finding, Severity, Verdict, worst
from goscope.rules import all_rules, rule_of
from goscope.rules.rule import Rule, Settings


def diagnose(capture: Capture, settings: Settings | None = None) -> Diagnosis:
    """Run every rule whose tables are present, and derive the verdicts."""
    settings = settings or Settings()
    findings = [
        _with_selection(finding, capture, rule)
        for rule in all_rules()
        if settings.runs(rule.name) and rule.present(capture)
        for finding in rule.run(capture, settings)
    ]
    findings = one_for_all_instances(one_per_problem(findings), capture)
    findings.sort(key=lambda f: (-f.severity.rank, -f.confidence.rank, f.rule))
    findings, ignored = _without_ignored(findings, settings)
    verdicts = {
        name: _with_note(name, verdict, ignored)
        for name, verdict in verdicts_of(capture, findings, settings).items()
    }
    return Diagnosis(
        capture,
        _status(capture, findings, verdicts),
        verdicts,
        tuple(findings),
        settings,
        ignored,
        summaries_of(capture),
        crash_reports_of(capture),
    )


def _with_selection(finding: Finding, capture: Capture, rule: Rule) -> Finding:
    """A finding that says on how many rows it rests, where only a selection of them was kept."""
    tables = [name for name in (*rule.tables, *rule.instead) if name in capture.selected]
    if not tables:
        return finding
    notes = "; ".join(share_judged(capture, name) for name in tables)
    return replace(finding, detail=f"{finding.detail} ({notes})".strip())


def _without_ignored(
    findings: list[Finding], settings: Settings
) -> tuple[list[Finding], tuple[Ignored, ...]]:
    """The findings that are news, and the others with the reason why they are not."""
    reasons = [settings.why_ignored(finding) for finding in findings]
    pairs = list(zip(findings, reasons, strict=True))
    return (
        [finding for finding, reason in pairs if reason is None],
        tuple(Ignored(finding, reason) for finding, reason in pairs if reason is not None),
    )


def _with_note(name: str, verdict: Verdict, ignored: tuple[Ignored, ...]) -> Verdict:
    """A verdict that says how many findings it leaves out."""
    rules = [rule_of(one.finding) for one in ignored]
    left_out = sum(rule is not None and rule.verdict == name for rule in rules)
    if not left_out or name == "crash":  # the verdict on crashes rests on the crashes themselves
        return verdict
    note = f"{left_out} finding{'s' * (left_out > 1)} ignored"
    return replace(verdict, reason=f"{verdict.reason} ({note})")


#: The table that the verdict rests on, and the states that are an all-clear.
_RESTS_ON = {"scheduler": "sched", "gc": "gc", "goroutines": "goroutines"}
_ALL_CLEAR = ("ok", "none", "healthy", "idle", "unknown")


def _status(capture: Capture, findings: list[Finding], verdicts: Mapping[str, Verdict]) -> str:
    """The severity of the worst finding; ``ok`` only where nothing that was read speaks against it."""
    severity = worst(findings)
    if severity in (Severity.CRITICAL, Severity.WARNING):
        return str(severity.value)
    if all(verdict.state in ("unknown", "none") for verdict in verdicts.values()):
        return "unknown"
    if severity is Severity.INFO:
        return "info"
    for name, table in _RESTS_ON.items():
        undecided = verdicts[name].state == "unknown" and len(capture.table(table))
        suspected = verdicts[name].state not in _ALL_CLEAR
        if undecided or (suspected and verdicts[name].confidence is Confidence.LOW):
            return "unknown"
    return "ok"
