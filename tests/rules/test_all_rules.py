"""What holds for every rule: its name, its documentation, a case that fires and one that does not."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import goscope
from goscope.capture.capture import Capture
from goscope.findings.findings import STATES, Finding
from goscope.rules import all_rules
from goscope.rules.rule import Family, Rule, Settings
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

MODULES = sorted(Path(goscope.__path__[0]).rglob("*.py"))

#: To which verdicts the rules of a family may belong; input rules and those of fleets belong to none.
VERDICTS_OF = {
    Family.SCHEDULER: ("scheduler",),
    Family.THREADS: ("threads",),
    Family.GC: ("gc",),
    Family.LEAKS: ("goroutines",),
    Family.GOROUTINES: ("goroutines",),
    Family.CRASHES: ("crash",),
    Family.TRACES: ("scheduler", "gc", "goroutines", None),
}
#: Families of which several rules may report the same goroutines.
COMPARED = (Family.LEAKS,)
#: A threshold comes from Go, a publication or measured programs; or the text says that it was chosen.
SOURCE = re.compile(
    r"runtime|debug\.\w+|\w+\.go\b|sysmon|[Ss]ince Go|Go's|guide|published|measured|labelled|chosen|"
    r"CockroachDB|LeakProf|Nielsen|law of|quoted"
)

each_rule = pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)

#: Modules that could not have the name of their rule: pytest would take them for tests.
ELSEWHERE = {"test-timeout": "hanging_test"}


def found(rule: Rule, texts: Texts) -> list[Finding]:
    findings = goscope.diagnose(goscope.read(*texts)).findings
    return [finding for finding in findings if finding.rule == rule.name]


def test_names_are_unique_and_every_case_belongs_to_a_rule() -> None:
    names = [rule.name for rule in all_rules()]
    assert len(names) == len(set(names))
    assert set(CASES) == set(names), (
        "each rule needs a Case in tests/rules/cases.py, and each Case a rule"
    )


@each_rule
def test_the_name_is_that_of_the_module(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    module = ELSEWHERE.get(rule.name, rule.name.replace("-", "_"))
    assert rule.find.__module__ == f"goscope.rules.{module}"


# ---- what a rule declares ---------------------------------------------------------------------------


def wrong_declarations(rule: Rule) -> list[str]:
    """What is missing or contradicts itself in the declarations of a rule."""
    wrong = []
    if rule.family in VERDICTS_OF and rule.verdict not in VERDICTS_OF[rule.family]:
        wrong.append(f"a rule of {rule.family.value} belongs to one of {VERDICTS_OF[rule.family]}")
    if rule.state is not None and rule.state not in STATES.get(rule.verdict or "", ()):
        wrong.append(f"{rule.state} is no state of {rule.verdict}")
    if rule.family in COMPARED and not rule.strength:
        wrong.append("how strong is its evidence beside that of the other rules on leaks?")
    if unknown := [name for name in rule.options if name not in rule.defaults()]:
        wrong.append(f"it has no thresholds {unknown}")
    if missing := [o for o in rule.options.values() if not hasattr(Settings(), o)]:
        wrong.append(f"the settings have no {missing}")
    evidence = rule.documentation.partition("Evidence and threshold:")[2].partition("Example:")[0]
    if rule.defaults() and not SOURCE.search(evidence):
        wrong.append("it has thresholds, and its documentation names no source of them")
    return wrong


@each_rule
def test_a_rule_declares_where_it_belongs_and_the_source_of_its_thresholds(rule: Rule) -> None:
    assert wrong_declarations(rule) == []


def a_rule(documentation: str = "", **declared: Any) -> Rule:
    def find(capture: Capture, settings: Settings, *, least: int = 1) -> Iterator[Finding]:
        yield from ()

    find.__module__ = "goscope.rules.x_y"
    sys.modules[find.__module__] = ModuleType(find.__module__, documentation)
    return Rule("x-y", (), find, **declared)


def test_a_rule_that_declares_nothing_is_refused() -> None:
    with pytest.raises(TypeError, match=r"family.*verdict"):
        a_rule()
    sourced = "Evidence and threshold: 1, by Go's guide to the GC.\n\nExample: x"
    assert wrong_declarations(a_rule(sourced, family=Family.GC, verdict="gc")) == []
    assert wrong_declarations(a_rule(family=Family.GC, verdict="gc"))
    assert wrong_declarations(a_rule(sourced, family=Family.GC, verdict=None))
    assert wrong_declarations(a_rule(sourced, family=Family.GC, verdict="gc", state="leak"))
    assert wrong_declarations(a_rule(sourced, family=Family.LEAKS, verdict="goroutines"))
    assert wrong_declarations(
        a_rule(sourced, family=Family.GC, verdict="gc", options={"most": "leak_after_minutes"})
    )


def test_no_two_rules_have_evidence_of_one_strength() -> None:
    strong = [(rule.verdict, rule.state, rule.strength) for rule in all_rules() if rule.strength]
    assert len(strong) == len(set(strong))


@functools.cache
def strings_of(path: Path) -> str:
    """The string constants of a module, but for docstrings, a line for each."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return "\n".join(str(node.value) for node in constants if id(node) not in docstrings)


@each_rule
def test_no_other_module_holds_the_name_of_a_rule(rule: Rule) -> None:
    if rule.name == "crash":  # a verdict and a kind of dump are called so too
        return
    name = re.compile(rf"(?<![\w-]){re.escape(rule.name)}(?![\w-])")
    own = Path(inspect.getfile(rule.find))
    assert name.search(strings_of(own))
    others = [path for path in MODULES if path != own and name.search(strings_of(path))]
    assert others == []


# ---- what a rule finds ------------------------------------------------------------------------------


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
