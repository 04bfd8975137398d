"""Everything that a reader may ask for has a page."""

from __future__ import annotations

import re

import pytest

from goscope.formats.trace_columns import TABLES as TRACE_TABLES
from goscope.goruntime.goroutine_states import STATES
from goscope.goruntime.trace_fields import FIELDS
from goscope.goruntime.wait_reasons import WAIT_REASONS
from goscope.rules import all_rules
from goscope.topics import all_topics, mentioning, near, topic


@pytest.mark.parametrize(
    "name",
    [
        *(rule.name for rule in all_rules()),
        *(state.name for state in STATES),
        *(reason.text for reason in WAIT_REASONS),
        *(field.name for fields in FIELDS.values() for field in fields),
        *FIELDS,
        *TRACE_TABLES,
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
