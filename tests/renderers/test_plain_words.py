"""Every word of the contract has a sentence for those who do not know Go."""

from __future__ import annotations

import json

import pytest

import goscope
from goscope.findings.findings import Confidence, Severity, Verdict
from goscope.goruntime.crash_kinds import KINDS
from goscope.renderers.json import json_contract
from goscope.renderers.plain_words import (
    CRASHES,
    HEADLINES,
    TITLES,
    headline,
    level,
    not_judged,
    sentence,
)
from tests.renderers.saved_diagnoses import saved
from tests.rules.dumps import dump

SCHEMA = json.loads(json_contract.schema())
STATES = [
    (name, state)
    for name, verdict in SCHEMA["properties"]["verdicts"]["properties"].items()
    for part in verdict.get("allOf", ())
    for state in part.get("properties", {}).get("state", {}).get("enum", ())
]


@pytest.mark.parametrize(("name", "state"), [*STATES, *(("crash", k) for k in ("none", *KINDS))])
def test_every_state_has_a_sentence(name: str, state: str) -> None:
    words = sentence(name, Verdict(state, Confidence.HIGH, "because"))
    assert words.endswith(".")
    assert "_" not in words
    assert TITLES[name]
    assert level(state) in ("ok", "info", "warning", "critical", "unknown")
    assert (level(state) == "unknown") == (state == "unknown")


def test_the_levels() -> None:
    good = {state for _, state in STATES if level(state) == "ok"}
    assert good == {"healthy", "idle", "ok"}
    assert level("none") == "ok"
    assert {k for k in KINDS if level(k) != "critical"} == {
        "sigquit", "crash_tail", "recovered_http_panic", "recovered_logged_stack",
    }  # fmt: skip
    assert level("a kind of a later version") == "critical"


@pytest.mark.parametrize(
    ("state", "status", "shown"),
    [
        ("leak", "critical", "critical"),
        ("leak", "warning", "warning"),
        ("unbalanced", "critical", "warning"),
        ("ok", "critical", "ok"),
        ("unknown", "ok", "unknown"),
        ("sigquit", "info", "info"),
    ],
)
def test_no_verdict_looks_worse_than_the_whole(state: str, status: str, shown: str) -> None:
    assert level(state, status) == shown


def test_nothing_is_left_over() -> None:
    assert set(CRASHES) == set(KINDS)
    assert set(HEADLINES) == set(SCHEMA["properties"]["status"]["enum"])
    assert {s.value for s in Severity} < set(HEADLINES)


def test_a_report_is_headed_with_the_worst_finding_or_with_what_was_looked_at() -> None:
    leaking = saved("go1.27/leak_receiver")
    assert headline(leaking) == leaking.findings[0].title
    assert not_judged(leaking) == ""
    quiet = goscope.diagnose(goscope.read(dump()))
    assert (quiet.status, headline(quiet)) == ("ok", f"{HEADLINES['ok']} (low confidence)")
    assert quiet.not_judged == ("scheduler", "gc", "threads")
    assert not_judged(quiet) == "not judged: Scheduler, GC, Threads"
    crashed = saved("crash")
    assert headline(crashed) == crashed.findings[0].title
    nothing = goscope.diagnose(goscope.read("nothing\nof it\n"))
    assert headline(nothing) == HEADLINES["unknown"]


def test_a_summary_without_problems_says_what_it_did_not_look_at() -> None:
    text = goscope.render(goscope.diagnose(goscope.read(dump())), "text")
    assert text.startswith(
        "goscope: ok (low confidence)\nnothing urgent in what was read; not judged: Scheduler, GC, Threads\n"
    )
