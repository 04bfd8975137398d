"""One file per problem. A rule is a pure function from a capture to findings.

A module of this package, or of one in it, that defines ``RULE`` is a rule; nothing else registers it.
Its name is the problem, its docstring the documentation that ``goscope explain`` and ``goscope rules``
print.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from goscope.discovery import modules_defining
from goscope.findings.findings import Finding
from goscope.rules.rule import Family, Rule


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of their names."""
    found = (m.RULE for m in modules_defining("RULE", __name__, __path__))
    return tuple(sorted(found, key=lambda one: one.name))


@functools.cache
def _by_name() -> dict[str, Rule]:
    return {rule.name: rule for rule in all_rules()}


def rule_of(finding: Finding) -> Rule | None:
    """The rule that made a finding; None for one that a later version wrote."""
    return _by_name().get(finding.rule)


def family_of(finding: Finding) -> Family | None:
    """The family of the rule that made a finding."""
    rule = rule_of(finding)
    return rule.family if rule is not None else None


def findings_by_state(
    findings: Iterable[Finding], verdict: str, *families: Family
) -> dict[str, list[Finding]]:
    """The findings that make a state of a verdict, by that state; the strongest rule first."""
    found: dict[str, list[tuple[int, Finding]]] = {}
    for finding in findings:
        rule = rule_of(finding)
        if rule is None or rule.verdict != verdict or rule.family not in families:
            continue
        if rule.state is not None and rule.makes_state(finding):
            found.setdefault(rule.state, []).append((rule.strength, finding))
    return {
        state: [finding for _, finding in sorted(of, key=lambda pair: -pair[0])]
        for state, of in found.items()
    }
