"""JUnit XML: it parses, it counts right, and findings of a warning or worse fail."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

import goscope
from goscope.findings.findings import Severity
from goscope.findings.settings import Settings
from goscope.renderers.ci.junit import RENDERER
from goscope.rules import all_rules
from tests.renderers.hostile import SECRET, hostile
from tests.renderers.saved_diagnoses import RUNS, saved
from tests.rules.dumps import dump, leaks


@pytest.mark.parametrize("run", [*RUNS, "go1.23/gc_thrash"])
def test_real_captures(run: str) -> None:
    diagnosis = saved(run)
    suites = ElementTree.fromstring(RENDERER.render(diagnosis))
    (suite,) = suites
    assert suites.tag == "testsuites"
    cases = suite.findall("testcase")
    bad = [f for f in diagnosis.findings if f.severity is not Severity.INFO]
    assert suites.attrib == suite.attrib
    assert int(suite.attrib["tests"]) == len(cases)
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure")) == len(bad)
    assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
    named = {
        c.attrib["name"].split(":")[0] for c in cases if c.attrib["classname"] == "goscope.rules"
    }
    assert named == {rule.name for rule in all_rules()} | {f.rule for f in diagnosis.findings}


def test_rules_without_input_or_switched_off_are_skipped() -> None:
    text = dump(*leaks(range(20, 40), "chan send, 9 minutes"))
    settings = Settings(disable=("leak-*",))
    suites = ElementTree.fromstring(RENDERER.render(goscope.diagnose(goscope.read(text), settings)))
    why = {
        case.attrib["name"]: skipped.attrib["message"]
        for case in suites.iter("testcase")
        for skipped in case.findall("skipped")
    }
    assert why["leak-long-wait"] == "switched off in the settings"
    assert why["gc-thrash"] == "nothing in the input that it could look at"


def test_hostile_input_is_xml() -> None:
    text = RENDERER.render(hostile())
    suites = ElementTree.fromstring(text.encode())
    failure = next(suites.iter("failure"))
    assert "window.broken=1" in failure.attrib["message"]
    assert "\\x1b" in failure.attrib["message"]
    assert SECRET not in text
    assert len(text) < 60_000
