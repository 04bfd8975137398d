"""From a capture to a diagnosis: runs the rules whose tables are present and derives the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import goscope
from goscope.analysis.crashes import CrashReport, crash_reports_of
from goscope.analysis.goroutines.dumps import snapshots_of
from goscope.analysis.goroutines.profiles import ProfileSummary, goroutine_profiles_of, summaries_of
from goscope.analysis.scheduler.schedule import schedules_of, thresholds_of
from goscope.capture.capture import Capture
from goscope.diagnosis.gc_verdict import gc_verdict
from goscope.diagnosis.threads_verdict import threads_verdict
from goscope.diagnosis.trace_verdicts import (
    gc_verdict_of_traces,
    goroutine_verdict_of_traces,
    scheduler_verdict_of_traces,
    together,
)
from goscope.findings.findings import (
    Confidence,
    Finding,
    LeftOut,
    Severity,
    Verdict,
    shown_and_left_out,
    worst,
)
from goscope.findings.source_links import NO_LINKS, SourceLinks
from goscope.rules import all_rules
from goscope.rules.rule import Rule, Settings
from goscope.tables.notebook import html_table

if TYPE_CHECKING:
    import pandas as pd

#: Which scheduler word speaks for a capture of several processes.
_WORST_FIRST = ("starving", "blocked", "unbalanced", "healthy", "idle", "unknown")
_FINDING_COLUMNS = (
    "rule severity confidence title process function file line blocked_on created_by goroutines detail advice"
).split()


@dataclass(frozen=True, slots=True)
class Ignored:
    """A finding that is no news, by the settings or a baseline, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that renderers need: the status, the verdicts, the findings, worst first, the crashes in the
    order of the text, and the capture.

    ``save("x.goscope.json")`` keeps it as a value, and :func:`goscope.load` gives it back.
    """

    capture: Capture
    status: str
    verdicts: Mapping[str, Verdict]
    findings: tuple[Finding, ...]
    settings: Settings
    ignored: tuple[Ignored, ...] = ()
    profiles: tuple[ProfileSummary, ...] = ()
    crashes: tuple[CrashReport, ...] = ()
    links: SourceLinks = NO_LINKS

    @property
    def shown(self) -> tuple[Finding, ...]:
        """The findings that reports tell one by one: the worst of each rule."""
        return shown_and_left_out(self.findings)[0]

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """How many findings reports only count."""
        return shown_and_left_out(self.findings)[1]

    def to_html(self) -> str:
        """The report as one HTML page that needs no network."""
        return goscope.render(self, "html")

    def to_json(self) -> str:
        """The report as JSON for programs; ``goscope schema`` prints its schema."""
        return goscope.render(self, "json")

    def to_markdown(self) -> str:
        """The report for an issue or a pull request."""
        return goscope.render(self, "markdown")

    def save(self, path: str | Path) -> None:
        """Write a report; the suffix picks its form, as for ``goscope -o``.

        ``.html .md .json .sarif .xml .txt``, or ``.goscope.json``, which :func:`goscope.load` reads.

        Raises:
            UsageError: no report has this suffix.
            InputError: the file cannot be written.
        """
        goscope.write(self, path)

    def findings_frame(self) -> pd.DataFrame:
        """The findings as a DataFrame, a row per finding, the worst first."""
        import pandas as pd

        rows = [
            {
                "rule": f.rule,
                "severity": f.severity.value,
                "confidence": f.confidence.value,
                "title": f.title,
                "process": f.process,
                "function": f.site.function if f.site else None,
                "file": f.site.file if f.site else None,
                "line": f.site.line if f.site else None,
                "blocked_on": f.blocked_on,
                "created_by": f.created_by.function if f.created_by else None,
                "goroutines": f.goroutines.count if f.goroutines else None,
                "detail": f.detail,
                "advice": f.advice,
            }
            for f in self.findings
        ]
        return pd.DataFrame(rows, columns=_FINDING_COLUMNS).astype(
            {"process": "Int64", "line": "Int64", "goroutines": "Int64"}
        )

    def __repr__(self) -> str:
        rules = ", ".join(dict.fromkeys(finding.rule for finding in self.findings))
        return f"<goscope.Diagnosis {self.status}: {rules or 'no findings'}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdicts and the findings."""
        verdicts = [
            (name, v.state, v.confidence.value, v.reason) for name, v in self.verdicts.items()
        ]
        findings = [
            (f.severity.value, f.rule, f.confidence.value, f.title, f.advice) for f in self.shown
        ]
        head = ("severity", "rule", "confidence", "finding", "next")
        return html_table(
            f"goscope: {self.status}", ("", "verdict", "confidence", "reason"), verdicts
        ) + html_table(
            "; ".join([f"{len(findings)} findings", *map(str, self.left_out)]), head, findings
        )


def diagnose(capture: Capture, settings: Settings | None = None) -> Diagnosis:
    """Run every rule over a capture."""
    settings = settings or Settings()
    findings = [
        _with_selection(finding, capture, rule)
        for rule in all_rules()
        if settings.runs(rule.name) and rule.present(capture)
        for finding in rule.run(capture, settings)
    ]
    findings = joined_with_traces(_without_repeats(findings))
    findings.sort(key=lambda f: (-f.severity.rank, -f.confidence.rank, f.rule))
    findings, ignored = _without_ignored(findings, settings)
    verdicts = {
        "scheduler": _scheduler(capture, findings, settings),
        "gc": _gc(capture, findings),
        "goroutines": _goroutines(capture, findings),
        "threads": threads_verdict(capture, findings),
        "crash": _crash(capture),
    }
    verdicts = {
        name: _with_note(name, _judged_on(capture, name, v), ignored)
        for name, v in verdicts.items()
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


#: What the lines of a table are called.
_LINES = {"sched": "SCHED lines", "gc": "gc lines"}
#: The tables that verdicts rest on.
_RESTS_ON = {"gc": "gc", "scheduler": "sched", "threads": "sched"}


def _share_judged(capture: Capture, table: str) -> str:
    """How many rows of a table were judged, of which there is a selection."""
    return (
        f"judged on {len(capture.table(table)):,} of {capture.selected[table]:,} "
        f"{_LINES.get(table, f'rows of {table}')}"
    )


def _with_selection(finding: Finding, capture: Capture, rule: Rule) -> Finding:
    """A finding that tells of what selection it was made, so that nobody takes its numbers for all."""
    tables = [name for name in (*rule.tables, *rule.instead) if name in capture.selected]
    if not tables:
        return finding
    notes = "; ".join(_share_judged(capture, name) for name in tables)
    return replace(finding, detail=f"{finding.detail} ({notes})".strip())


def _judged_on(capture: Capture, name: str, verdict: Verdict) -> Verdict:
    table = _RESTS_ON.get(name)
    if table not in capture.selected or verdict.state == "unknown":
        return verdict
    return replace(verdict, reason=f"{verdict.reason} ({_share_judged(capture, table)})")


#: Which rules speak for which verdict.
_SPEAKS = {"goroutines": "leak-", "gc": "gc-", "threads": "threads-", "scheduler": "sched-"}


def _with_note(name: str, verdict: Verdict, ignored: tuple[Ignored, ...]) -> Verdict:
    """A verdict that tells how many findings it leaves out."""
    prefix = _SPEAKS.get(name)
    left_out = sum(prefix is not None and i.finding.rule.startswith(prefix) for i in ignored)
    if not left_out:
        return verdict
    note = f"{left_out} finding{'s' * (left_out > 1)} ignored"
    return replace(verdict, reason=f"{verdict.reason} ({note})")


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


def joined_with_traces(findings: list[Finding]) -> list[Finding]:
    """What a trace says about goroutines that a dump calls leaked goes into that finding."""
    never = {
        (f.process, f.site, f.blocked_on): f for f in findings if f.rule == "trace-never-ended"
    }
    used: set[int] = set()
    result: list[Finding] = []
    for finding in findings:
        key = (finding.process, finding.site, finding.blocked_on)
        seen = never.get(key) if finding.rule.startswith("leak-") else None
        if seen is not None:
            used.add(id(seen))
        result.append(finding if seen is None else _with_trace(finding, seen))
    return [finding for finding in result if id(finding) not in used]


def _with_trace(finding: Finding, seen: Finding) -> Finding:
    detail = f"{finding.detail} In the trace: {seen.title}."
    return replace(finding, detail=detail, evidence=(*finding.evidence, *seen.evidence))


_STRENGTH = (
    "leak-proven",
    "leak-forever-blocked",
    "leak-growth",
    "leak-cycle",
    "leak-orphan",
    "leak-long-wait",
    "leak-hot-site",
    "lock-contention",
)


def _without_repeats(findings: list[Finding]) -> list[Finding]:
    """One finding per leaking place and go statement: the rule with the strongest evidence speaks.

    Who waits for one lock was started in many places, and a profile knows no go statement.
    """
    kept: dict[tuple[object, ...], Finding] = {}
    places: dict[tuple[object, ...], Finding] = {}
    result: list[Finding] = []
    for finding in sorted(findings, key=lambda f: _strength(f.rule)):
        if finding.rule not in _STRENGTH:
            result.append(finding)
            continue
        place = (finding.process, finding.site, finding.blocked_on)
        key = place if finding.rule == "lock-contention" else (*place, finding.created_by)
        if key in kept and kept[key].rule != finding.rule:
            continue
        same = places.setdefault((finding.process, finding.site), finding)
        if same.rule != finding.rule and (_from_profile(same) or _from_profile(finding)):
            continue  # a profile may not know the wait reason
        kept.setdefault(key, finding)
        kept.setdefault(place, finding)
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
    if all(verdict.state in ("unknown", "none") for verdict in verdicts.values()):
        return "unknown"
    return "info" if severity is Severity.INFO else "ok"


def _gc(capture: Capture, findings: list[Finding]) -> Verdict:
    verdict = gc_verdict(capture, findings)
    if verdict.state == "unknown":
        return gc_verdict_of_traces(capture, findings) or verdict
    return verdict


def _scheduler(capture: Capture, findings: list[Finding], settings: Settings) -> Verdict:
    schedules = schedules_of(capture, thresholds_of(settings))
    if not schedules:
        return scheduler_verdict_of_traces(capture, findings) or Verdict(
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
    of_traces = scheduler_verdict_of_traces(capture, findings, worst_one.process)
    own = Verdict(chosen.state, chosen.confidence, reason, chosen.collect, timeline)
    return together(own, of_traces, worst_first=_WORST_FIRST)


def _crash(capture: Capture) -> Verdict:
    """The worst crash, the first of several equally bad ones."""
    reports = crash_reports_of(capture)
    if reports:
        worst_one = max(reports, key=lambda report: report.severity.rank)
        said = worst_one.message.partition("\n")[0] or worst_one.kind
        where = f" in {worst_one.site.function}" if worst_one.site else ""
        more = f", and {len(reports) - 1} more" if len(reports) > 1 else ""
        sure = worst_one.confidence
        if sure is Confidence.CERTAIN and not (worst_one.site or worst_one.exit):
            sure = Confidence.HIGH
        return Verdict(worst_one.kind, sure, f"{said}{where} ({worst_one.source}){more}")
    if capture.recognised:
        return Verdict("none", Confidence.HIGH, "no panic, fatal error or fatal signal was read")
    return Verdict(
        "unknown",
        Confidence.LOW,
        "nothing of the Go runtime was read",
        "give goscope the program's stderr",
    )


def _goroutines(capture: Capture, findings: list[Finding]) -> Verdict:
    deadlock = next((r for r in crash_reports_of(capture) if r.kind == "deadlock"), None)
    if deadlock is not None:
        said = deadlock.message.partition("\n")[0]
        return Verdict("deadlock", Confidence.CERTAIN, f"{said} ({deadlock.source})")
    dumps = snapshots_of(capture)
    profiles = goroutine_profiles_of(capture, "goroutine")
    searches = goroutine_profiles_of(capture, "goroutineleak")
    if not dumps and not profiles and not searches:
        crashed = len(capture.table("goroutines")) > 0
        return goroutine_verdict_of_traces(capture, findings) or Verdict(
            "unknown",
            Confidence.LOW,
            "no goroutine dump was read" + (" but those of crashes" if crashed else ""),
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
