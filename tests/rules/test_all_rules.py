"""What holds for every rule: its name, its documentation, a case that fires and one that does not."""

from __future__ import annotations

import re

import pytest

import goscope
from goscope.findings.findings import Finding
from goscope.rules import all_rules
from goscope.rules.rule import Rule
from tests.rules.cases import CASES, Texts

SECTIONS = (
    "What it detects:",
    "Why it matters:",
    "Evidence and threshold:",
    "Example:",
    "What to do:",
    "False positives:",
)

#: Rules of which every row of their table is a finding: they can only be quiet without one.
ALWAYS = {"data-race"}

each_rule = pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)

#: Modules that could not have the name of their rule: pytest would take them for tests.
ELSEWHERE = {"test-timeout": "hanging_test"}


def found(rule: Rule, texts: Texts) -> list[Finding]:
    findings = goscope.diagnose(goscope.read(*texts)).findings
    return [finding for finding in findings if finding.rule == rule.name]


def test_names_are_unique_and_every_case_belongs_to_a_rule() -> None:
    names = [rule.name for rule in all_rules()]
    assert len(names) == len(set(names))
    assert set(CASES) == set(names)


@each_rule
def test_the_name_is_that_of_the_module(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    module = ELSEWHERE.get(rule.name, rule.name.replace("-", "_"))
    assert rule.find.__module__ == f"goscope.rules.{module}"


@each_rule
def test_the_documentation_has_all_sections_in_order(rule: Rule) -> None:
    title, *body = rule.documentation.split("\n\n")
    assert title.strip().endswith(".")
    assert "\n" not in title  # the catalogue prints it in one line
    starts = [next((s for s in SECTIONS if part.strip().startswith(s)), part) for part in body]
    assert starts == list(SECTIONS)
    assert all(part.strip() not in SECTIONS for part in body)  # a section says something


@each_rule
def test_it_fires_where_it_must(rule: Rule) -> None:
    findings = found(rule, CASES[rule.name].fires)
    assert len(findings) == CASES[rule.name].count
    for finding in findings:
        assert finding.title
        assert finding.advice
        assert finding.evidence
        assert "unknown" not in finding.title


@each_rule
def test_it_stays_quiet_where_it_must(rule: Rule) -> None:
    capture = goscope.read(*CASES[rule.name].quiet)
    # Quiet for a reason, not for want of input.
    assert rule.present(capture) != (rule.name in ALWAYS)
    assert found(rule, CASES[rule.name].quiet) == []
