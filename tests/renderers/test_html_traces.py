"""Execution traces in the report: which sections there are, and what they say."""

from __future__ import annotations

import re

import pytest

import goscope
from goscope.renderers.html import RENDERER
from goscope.renderers.html.page import sections
from goscope.renderers.html.plotly_library import library
from goscope.renderers.html.section import ReportPage
from goscope.renderers.markdown.markdown import RENDERER as MARKDOWN
from tests.renderers.hostile import BREAKOUT, IMAGE, MARKS
from tests.renderers.markdown.test_markdown import GITHUB, tags
from tests.renderers.markup import Markup
from tests.renderers.saved_diagnoses import saved
from tests.renderers.test_html import figures
from tests.renderers.test_html_sections import section
from tests.renderers.traces import TASKS, hostile_trace, traced
from tests.traces.truth import NAMES

OURS = [s.anchor for s in sections() if s.anchor.startswith("trace")]


def test_without_a_trace_there_is_nothing_about_traces() -> None:
    page = ReportPage(saved("go1.27/leak_receiver"))
    assert OURS == [
        "trace", "trace-goroutines", "trace-profiles", "trace-latencies", "trace-tasks", "trace-wakeups",
    ]  # fmt: skip
    assert [s.anchor for s in sections() if s.anchor in OURS and s.build(page)] == []
    assert not set(page.charts) & {"traces", "profiles", "latencies"}
    assert "xecution trace" not in MARKDOWN.render(page.diagnosis)


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(("go1.22/", "go1.27/"))])
@pytest.mark.sampled(5)
def test_every_trace_becomes_a_sound_page(name: str) -> None:
    text = RENDERER.render(traced(name))
    page = Markup(text)
    assert page.problems == []
    ids = page.values("id")
    assert sorted(set(ids)) == sorted(ids)
    assert {h.removeprefix("#") for h in page.values("href") if h.startswith("#")} <= set(ids)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", text.replace(library().text, ""))
    assert len(text.encode()) < 2_500_000
    found = figures(page)
    assert len(found["traces"]) == 1


def test_tasks_are_a_section_only_where_there_are_some() -> None:
    assert section("trace-tasks", traced("go1.27/trace_starving")) == ""
    words = section("trace-tasks", traced(TASKS))
    assert "order 40 tasks" in words
    assert words.index("702 ms at 1.37 s") < words.index("40 ms at 1.15 s")
    assert "audit 1 task, 1 not ended" in words
    assert "263 more tasks and regions inside of it are not shown" in words


def test_facts_of_a_trace() -> None:
    words = section("trace", traced("go1.27/trace_gc"))
    for fact in (
        "45.2 ms",
        "format 1.26",
        "events 86,230",
        "Ps 2",
        "GC cycles 11",
        "stop-the-world (GC mark termination)",
    ):
        assert fact in words


def test_functions_waits_and_wakers() -> None:
    words = section("trace-goroutines", traced("go1.27/trace_starving"))
    assert "main. compute" in words  # it may be broken there
    assert "waiting for a P" in words
    waits = section("trace-profiles", traced("go1.27/trace_sync"))
    assert "main.(*ledger).post" in waits.replace(" ", "")
    wakers = section("trace-wakeups", traced("go1.27/trace_sync"))
    assert "the same function" in wakers


def test_a_cut_trace_says_so() -> None:
    from tests.conftest import content
    from tests.traces.truth import trace_path

    whole = content(trace_path(TASKS))
    diagnosis = goscope.diagnose(goscope.read(whole[:-2000], spans=False))
    words = section("trace", diagnosis)
    assert "Not all of it could be read" in words
    assert "bytes were not used" in words


def test_several_traces_are_told_apart_and_bounded() -> None:
    names = [
        "go1.22/trace_http",
        *(f"go1.27/trace_{n}" for n in ("http", "sync", "gc", "starving")),
    ]
    diagnosis = traced(*names)
    page = Markup(RENDERER.render(diagnosis))
    assert page.problems == []
    assert len(figures(page)["traces"]) == 4
    words = section("trace", diagnosis)
    assert "Not shown: 1 more trace;" in words
    assert "go1.22/trace_http.out" in words


def test_hostile_names_are_text() -> None:
    text = RENDERER.render(hostile_trace())
    page = Markup(text)
    assert page.problems == []
    assert [f for f, _ in page.scripts if "type" not in f] == [{}]
    assert not [
        f
        for tag, f in page.elements
        if tag in ("img", "b", "i") and not set(f) <= {"class", "style", "title", "aria-hidden"}
    ]
    own = text.replace(library().text, "")
    for mark in MARKS:
        assert mark not in own
    shown = re.sub(r"\s+", "", page.text)
    assert BREAKOUT.replace(" ", "") in shown
    assert IMAGE.replace(" ", "") in shown
    assert "<b>v</b>" in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", own)
    # Styles are made of our own words and numbers only.
    for style in page.values("style"):
        assert re.fullmatch(r"[-a-z0-9%.:;,() ]*", style), style


def test_markdown_has_the_short_of_it() -> None:
    page = MARKDOWN.render(traced("go1.27/trace_starving"))
    assert "### Execution trace `go1.27/trace_starving`" in page
    lines = [line for line in page.splitlines() if line.startswith("| `main.compute`")]
    assert lines == ["| `main.compute` | 40 | 2.76 s | 45.3 s | 11.2 s |"]
    assert "| wait for a P | `main.compute` | 288 | 124 ms | 628 ms | 652 ms |" in page
    html = GITHUB.render(page)
    assert html.count("<table>") == 3


def test_hostile_names_in_markdown() -> None:
    page = MARKDOWN.render(hostile_trace())
    html = GITHUB.render(page)
    assert tags(html) <= {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "ul", "ol", "li", "strong", "details", "summary"}  # fmt: skip
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", page)
    # A vertical bar in a name does not end its cell.
    rows = re.findall(r"<tr>(.*?)</tr>", html, flags=re.DOTALL)
    assert {row.count("<td") + row.count("<th") for row in rows} == {3, 5, 6}
