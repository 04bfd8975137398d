"""Very many findings: reports stay small and say how many they leave out; what judges sees them all."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.baseline import baseline_text, read_baseline
from goscope.findings.findings import SHOWN_OF_A_RULE, LeftOut, Severity, shown_and_left_out
from goscope.findings.settings import Settings
from goscope.renderers import all_renderers
from goscope.renderers.json import json_contract
from tests.cli.running import in_process
from tests.renderers.ci.test_sarif import SCHEMA as SARIF
from tests.rules.dumps import dump, goroutine

SITES = 1_300
LEFT = SITES - SHOWN_OF_A_RULE
SAID = f"{LEFT:,} more findings of leak-long-wait (warning), not shown"


@cache
def text() -> str:
    """Goroutines that leak at as many places; two of them leak at the last one."""
    places = [*range(SITES), SITES - 1]
    return dump(
        *(
            goroutine(
                20 + n,
                "chan send, 9 minutes",
                where=f"main.leak{place}()\n\t/app/main.go:{place + 10} +0x28",
            )
            for n, place in enumerate(places)
        )
    )


@cache
def diagnosed() -> Diagnosis:
    return goscope.diagnose(goscope.read(text()))


def test_the_worst_of_a_rule_are_shown_and_the_others_counted() -> None:
    found = diagnosed()
    leaks = [f for f in found.shown if f.rule == "leak-long-wait"]
    assert len(leaks) == SHOWN_OF_A_RULE
    assert leaks[0].site is not None
    assert leaks[0].site.function == f"main.leak{SITES - 1}"  # two goroutines
    assert found.left_out == (LeftOut("leak-long-wait", Severity.WARNING, LEFT),)
    assert len(found.findings) == len(found.shown) + LEFT


def test_a_worse_one_is_shown_wherever_it_stands() -> None:
    leaks = [f for f in diagnosed().findings if f.rule == "leak-long-wait"]
    larger = [f for f in leaks if f.goroutines is not None and f.goroutines.count == 2]
    shown, left = shown_and_left_out([*leaks[1:10], *larger], most=3)
    assert shown == (*leaks[1:3], *larger)
    assert [one.count for one in left] == [7]


def test_few_findings_leave_nothing_out() -> None:
    few = diagnosed().findings[:SHOWN_OF_A_RULE]
    assert shown_and_left_out(few) == (few, ())


@pytest.mark.parametrize(
    "name", [r.name for r in all_renderers() if r.name not in ("markdown", "saved")]
)
def test_every_report_is_small_and_says_how_many_it_leaves_out(name: str) -> None:
    (renderer,) = (r for r in all_renderers() if r.name == name)
    report = renderer.render(diagnosed())
    assert report.count("main.leak1200") <= 1  # with its few lines, not with the findings
    if name == "json":
        found = json.loads(report)
        jsonschema.validate(found, json.loads(json_contract.schema()))
        assert found["findings_left_out"] == [
            {"rule": "leak-long-wait", "severity": "warning", "count": LEFT}
        ]
    else:
        assert SAID in " ".join(report.split())


def test_markdown_says_how_many_there_are() -> None:
    (renderer,) = (r for r in all_renderers() if r.name == "markdown")
    total = len(diagnosed().findings)
    assert f"\n{total - 30:,} more findings.\n" in renderer.render(diagnosed())


def test_the_sarif_log_notifies_as_the_standard_asks() -> None:
    (renderer,) = (r for r in all_renderers() if r.name == "sarif")
    log = json.loads(renderer.render(diagnosed()))
    jsonschema.validate(log, SARIF)
    (invocation,) = log["runs"][0]["invocations"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["level"] == "warning"
    assert notification["associatedRule"] == {"id": "leak-long-wait"}


def test_junit_fails_for_those_that_it_does_not_show() -> None:
    (renderer,) = (r for r in all_renderers() if r.name == "junit")
    suites = ElementTree.fromstring(renderer.render(diagnosed()))
    assert suites.attrib["failures"] == str(SHOWN_OF_A_RULE + 1)
    assert len(suites.findall("testsuite/testcase")) == int(suites.attrib["tests"])


def test_a_baseline_knows_every_one_of_them(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text(baseline_text(diagnosed().findings), encoding="utf-8")
    settings = Settings(baseline=read_baseline(path))
    again = goscope.diagnose(goscope.read(text()), settings)
    assert again.findings == ()
    assert len(again.ignored) == len(diagnosed().findings)
    document = json_contract.document(again)
    assert len(document["ignored"]) + document["ignored_left_out"] == len(again.ignored)
    assert document["ignored_left_out"] > 0


def test_fail_on_sees_what_no_report_shows(tmp_path: Path) -> None:
    """All that is shown is known, and one that would not be shown is new."""
    place = tmp_path / "dump.txt"
    place.write_text(text(), encoding="utf-8")
    known = tmp_path / "known.json"
    hidden = set(diagnosed().findings) - set(diagnosed().shown)
    assert hidden
    new = sorted(hidden, key=lambda f: f.title)[0]
    known.write_text(baseline_text(f for f in diagnosed().findings if f != new), encoding="utf-8")
    arguments = ("dump.txt", "-q", "--fail-on", "warning", "--baseline", "known.json")
    assert in_process(*arguments, cwd=tmp_path).returncode == 1


def test_many_crashes_are_counted() -> None:
    block = "panic: boom {0}\n\ngoroutine {1} [running]:\nmain.f{0}()\n\t/app/a.go:{1} +0x1\nexit status 2\n"
    found = goscope.diagnose(goscope.read("".join(block.format(n, n + 7) for n in range(1_100))))
    document = json_contract.document(found)
    assert len(document["crashes"]) + document["crashes_left_out"] == len(found.crashes)
    assert document["crashes_left_out"] == 100
