"""Everything that a reader may ask for has a page."""

from __future__ import annotations

import re

import pytest

from goscope.explain.topics import all_topics, mentioning, near, rules_about, topic
from goscope.formats import all_formats
from goscope.formats.trace.schema import TABLES as TRACE_TABLES
from goscope.goruntime.goroutine_states import STATES
from goscope.goruntime.wait_reasons import WAIT_REASONS
from goscope.rules import all_rules

#: The tables of lines that have a page for each field.
TABLES = ("sched", "procs", "threads", "sched_goroutines", "gc")


@pytest.mark.parametrize(
    "name",
    [
        *(rule.name for rule in all_rules()),
        *(state.name for state in STATES),
        *(reason.text for reason in WAIT_REASONS),
        *(c.name for f in all_formats() for name in TABLES for c in f.tables.get(name, ())),
        *(table for form in all_formats() for table in form.tables),
        *(column.name for columns in TRACE_TABLES.values() for column in columns),
    ],
)
def test_there_is_a_page(name: str) -> None:
    found = topic(name)
    assert found is not None
    assert found.name == name or name in ("status", "preempted")
    assert len(found.text) > 20


def test_names_are_found_however_they_are_typed() -> None:
    for typed in ("Leak Growth", "leak_growth", "LEAK-GROWTH"):
        found = topic(typed)
        assert found is not None
        assert found.name == "leak-growth"


def test_a_state_names_the_functions_that_change_it() -> None:
    found = topic("waiting")
    assert found is not None
    assert re.search(r"running +by gopark", found.text)
    assert re.search(r"runnable +by goready", found.text)


def test_nearest_names_and_pages_that_mention_a_word() -> None:
    assert near("leak-grwth")[0] == "leak-growth"
    assert "preemption" in mentioning("sysmon")
    assert near("zzzzzz") == [] == mentioning("zzzzzz")


def test_pages_name_only_rules_that_there_are() -> None:
    rules = {rule.name for rule in all_rules()}
    families = {rule.split("-")[0] for rule in rules}
    for found in all_topics():
        if found.group == "background":
            for name in re.findall(r"\b[a-z]+(?:-[a-z]+)+\b", found.text):
                assert name in rules or name.split("-")[0] not in families, (found.name, name)


def test_names_are_given_once_but_for_fields_of_the_name_of_something_else() -> None:
    names = [found.name for found in all_topics() if found.group != "single fields"]
    assert sorted({name for name in names if names.count(name) > 1}) == ["preempted"]


def test_a_page_says_what_goscope_does_about_it() -> None:
    rules = {rule.name for rule in all_rules()}
    for reason in WAIT_REASONS:
        found = topic(reason.text)
        assert found is not None
        if reason.kind in ("user", "never_wakes") and reason.leak_weight == "strong":
            done = found.text.partition("goscope: ")[2]
            assert set(re.findall(r"\b(?:leak|lock)-[a-z-]+", done)) & rules, reason.text
            assert set(re.findall(r"\b(?:leak|lock)-[a-z-]+", done)) <= rules
    idle = topic("idleprocs")
    assert idle is not None
    assert "sched-starving" in rules_about(idle)
