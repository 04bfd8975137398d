"""One finding per problem, where several rules report the same goroutines."""

from __future__ import annotations

from dataclasses import replace

from goscope.findings.findings import Finding
from goscope.rules import family_of, rule_of
from goscope.rules.rule import Family


def one_per_problem(findings: list[Finding]) -> list[Finding]:
    """These findings, of those about the same goroutines only the one with the strongest evidence.

    What an execution trace shows of goroutines that a dump reports as leaked is added to that finding.
    """
    return _with_traces(_strongest(findings))


def _strongest(findings: list[Finding]) -> list[Finding]:
    """One finding per place where goroutines wait and go statement that started them.

    Those that wait for one lock were started in many places, and a profile has no go statements.
    """
    kept: dict[tuple[object, ...], Finding] = {}
    places: dict[tuple[object, ...], Finding] = {}
    result: list[Finding] = []
    for finding in sorted(findings, key=lambda f: -_strength(f)):
        rule = rule_of(finding)
        if rule is None or not _strength(finding):
            result.append(finding)
            continue
        place = (finding.process, finding.site, finding.blocked_on)
        key = place if rule.any_creator else (*place, finding.created_by)
        if key in kept and kept[key].rule != finding.rule:
            continue
        same = places.setdefault((finding.process, finding.site), finding)
        if same.rule != finding.rule and (_from_profile(same) or _from_profile(finding)):
            continue  # a profile may not know the wait reason
        kept.setdefault(key, finding)
        kept.setdefault(place, finding)
        result.append(finding)
    return result


def _strength(finding: Finding) -> int:
    """How strong the evidence of its rule is among rules on blocked goroutines; 0 for all others."""
    rule = rule_of(finding)
    return rule.strength if rule is not None and rule.verdict == "goroutines" else 0


def _from_profile(finding: Finding) -> bool:
    return finding.goroutines is not None and not finding.goroutines.ids


def _with_traces(findings: list[Finding]) -> list[Finding]:
    """Add findings of traces to those of leaks at the same place."""
    traced = {
        (f.process, f.site, f.blocked_on): f
        for f in findings
        if (rule := rule_of(f)) is not None and rule.completes
    }
    used: set[int] = set()
    result: list[Finding] = []
    for finding in findings:
        leaked = family_of(finding) is Family.LEAKS
        seen = traced.get((finding.process, finding.site, finding.blocked_on)) if leaked else None
        if seen is None:
            result.append(finding)
            continue
        used.add(id(seen))
        detail = f"{finding.detail} In the trace: {seen.title}."
        evidence = (*finding.evidence, *seen.evidence)
        result.append(replace(finding, detail=detail, evidence=evidence))
    return [finding for finding in result if id(finding) not in used]
