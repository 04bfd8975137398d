"""Markdown: what GitHub would make of it, and that names stay names."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

import goscope
from goscope.findings.source_links import source_links
from goscope.renderers.markdown.markdown import RENDERER
from goscope.renderers.markdown.markdown_text import code, text
from tests.renderers.hostile import SECRET, hostile
from tests.renderers.saved_diagnoses import saved
from tests.rules.dumps import dump

GITHUB = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")

#: What GitHub makes a mention or a reference of, wherever it stands in the text of a page.
LINKED = re.compile(r"@[A-Za-z0-9]|#[0-9]|\bGH-[0-9]")


def tags(html: str) -> set[str]:
    return set(re.findall(r"<([a-z][a-z0-9]*)", html))


def test_a_real_report() -> None:
    links = source_links("https://example.com/r/{file}#L{line}", "/app")
    diagnosis = replace(saved("go1.27/leak_receiver"), links=links)
    page = RENDERER.render(diagnosis)
    assert page.startswith("## ❌ goscope: 21 -> 51 -> 86 goroutines at main.leak1.func1")
    html = GITHUB.render(page)
    assert html.count("<tr>") == 1 + len(diagnosis.verdicts)
    assert html.count("<h3>") == len(diagnosis.findings)
    assert html.count("<details>") == html.count("</details>") > 1
    assert 'href="https://example.com/r/' in html
    assert tags(html) <= {
        "h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "strong", "code", "ul", "ol", "li",
        "details", "summary", "a",
    }  # fmt: skip


def test_a_sound_program() -> None:
    page = RENDERER.render(goscope.diagnose(goscope.read(dump())))
    assert page.startswith(
        "## ✅ goscope: No problem was found in what was read (low confidence)\n\nNot judged: Scheduler, GC, Threads.\n"
    )
    assert "###" not in page


def test_hostile_input_is_text() -> None:
    page = RENDERER.render(hostile())
    html = GITHUB.render(page)
    assert tags(html) <= {
        "h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "strong", "code", "ul", "ol", "li",
        "details", "summary",
    }  # fmt: skip
    assert SECRET not in page
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\ud800-\udfff]", page)
    # A mention outside of a code span would notify people. GitHub looks for them in the finished page.
    assert "@" in html
    assert not LINKED.search(re.sub(r"<code>.*?</code>|<[^>]*>", "", html))
    assert len(page) < 30_000
    page.encode()


@pytest.mark.parametrize(
    "words",
    [
        "main.f", "*bold* _it_ ~~x~~ `code`", "<b>bold</b> &amp; <!-- x", "[a](http://b) ![i](c)", "# title", "- item",
        "+ item", "1. item", "2) item", "> quote", "=====", "---", "| a | b |", "a\\b", "trailing\\", "1.5 of 2", "-1", "f(x) {y}",
        "2020-01-01", "a * b", "``` x", "~~~", "    indented", "\ttab",
    ],
)  # fmt: skip
def test_text_is_shown_as_it_is(words: str) -> None:
    html = GITHUB.render(text(words))
    assert tags(html) == {"p"}
    shown = re.sub(r"<[^>]*>", "", html).strip()
    plain = words.replace("\t", "\\x09").strip()
    assert (
        shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
        == plain
    )


@pytest.mark.parametrize(
    "words", ["@everyone", "see #12", "GH-12", "www.example.com", "http://x.example"]
)
def test_nothing_that_github_links_by_itself(words: str) -> None:
    html = GITHUB.render(text(words))
    assert not LINKED.search(html)
    assert html.replace("\u200b", "") == f"<p>{words}</p>\n"
    assert not re.search(r"www\.|://", text(words))


@pytest.mark.parametrize("words", ["f", "a`b", "``", "`", "a``b`c", " x ", "", "<b>", "a|b", "\\"])
def test_code_spans_hold_whatever_they_hold(words: str) -> None:
    (paragraph,) = [t for t in GITHUB.parse(code(words)) if t.type == "inline"]
    children = paragraph.children or []
    assert [t.type for t in children] == ["code_inline"]
    assert children[0].content.strip() == words.strip()
