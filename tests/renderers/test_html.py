"""The HTML report as a file: whole, small, closed to the network, and nothing in it runs that is not ours."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import goscope
from goscope.findings.source_links import source_links
from goscope.renderers.html import RENDERER
from goscope.renderers.html.plotly_library import library
from goscope.renderers.html.section import data_block, rounded, shown
from tests.renderers.hostile import MARKS, SECRET, hostile
from tests.renderers.markup import Markup
from tests.renderers.saved_diagnoses import SAVED, saved
from tests.rules.dumps import dump

MB = 1_000_000


@cache
def report(run: str) -> str:
    return RENDERER.render(saved(run))


@pytest.mark.parametrize("run", SAVED)
def test_the_page_is_well_formed(run: str) -> None:
    page = Markup(report(run))
    assert page.problems == []
    ids = page.values("id")
    assert sorted(set(ids)) == sorted(ids)
    anchors = {h.removeprefix("#") for h in page.values("href") if h.startswith("#")}
    assert anchors <= set(ids)
    for attribute in ("aria-labelledby", "for"):
        assert set(page.values(attribute)) <= set(ids)


@pytest.mark.parametrize("run", SAVED)
def test_no_address_of_the_network_is_in_it(run: str) -> None:
    page = Markup(report(run))
    assert [s for s in page.values("src") if s] == []
    assert [h for h in page.values("href") if not h.startswith("#")] == []
    own = report(run).replace(library().text, "")
    assert "http:" not in own.replace("http://localhost:6060/debug", "")
    assert "https:" not in own
    assert "@import" not in own
    assert not re.search(r"url\((?!#)", own)


def policy_of(page: Markup) -> dict[str, list[str]]:
    (content,) = [
        found["content"]
        for tag, found in page.elements
        if found.get("http-equiv") == "Content-Security-Policy"
    ]
    parts = [part.split() for part in content.split(";")]
    return {part[0]: part[1:] for part in parts}


def test_only_our_two_scripts_may_run() -> None:
    page = Markup(report("go1.27/leak_receiver"))
    policy = policy_of(page)
    assert policy["default-src"] == ["'none'"]
    assert policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert "connect-src" not in policy  # default-src speaks for it
    assert policy["img-src"] == ["data:", "blob:"]
    assert not any(word.startswith(("'unsafe", "'strict", "http")) for word in policy["script-src"])
    own = [text for found, text in page.scripts if "type" not in found]
    (packed,) = [text for found, text in page.scripts if found.get("id") == "plotly"]
    plotly = gzip.decompress(base64.b64decode(packed, validate=True))
    digests = [hashlib.sha256(code).digest() for code in (own[0].encode(), plotly)]
    assert len(own) == 1
    assert policy["script-src"] == [f"'sha256-{base64.b64encode(d).decode()}'" for d in digests]
    # No attribute is a script; the policy would refuse it.
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]


@pytest.mark.parametrize("run", SAVED)
def test_it_is_small(run: str) -> None:
    assert len(report(run).encode()) < 2.2 * MB


def test_nearly_without_data_it_is_close_to_two_megabytes() -> None:
    text = RENDERER.render(goscope.diagnose(goscope.read(dump())))
    assert len(text.encode()) < 2.02 * MB


def test_without_traces_and_dumps_there_is_a_page() -> None:
    text = RENDERER.render(goscope.diagnose(goscope.read("nothing\nof it\n")))
    page = Markup(text)
    assert page.problems == []
    assert "What was read does not tell" in page.text
    assert len(text.encode()) < 100_000  # without charts no plotly


def test_five_thousand_goroutines_of_as_many_stacks_fit() -> None:
    text = "".join(
        f"goroutine {i} [chan receive, {i % 90 + 1} minutes]:\nmain.worker{i}(0xc000)\n"
        f"\t/app/w{i % 100}.go:{i} +0x1d\ncreated by main.spawn in goroutine {max(i - 1, 1)}\n\t/app/main.go:7 +0x66\n\n"
        for i in range(1, 5_001)
    )
    diagnosis = goscope.diagnose(goscope.read(text))
    page = RENDERER.render(diagnosis)
    assert len(page.encode()) < 6 * MB
    assert "Not listed: 4,600 smaller groups with 4,600 goroutines;" in Markup(page).text


def test_a_hundred_thousand_trace_lines_fit() -> None:
    text = "".join(
        f"SCHED {t}ms: gomaxprocs=8 idleprocs={t % 9} threads=17 spinningthreads=0 needspinning=0 idlethreads=5 "
        f"runqueue={t % 301} [ {t % 7} 1 2 3 4 5 6 255 ]\n"
        for t in range(100_000)
    )
    page = RENDERER.render(goscope.diagnose(goscope.read(text)))
    assert len(page.encode()) < 2.2 * MB
    found = Markup(page)
    assert (
        "Up to 100,000 samples per curve: each stretch keeps its smallest and its largest."
        in found.text
    )
    (line,) = figures(found)["timelines"]
    assert max(value for row in line["queues"]["z"] for value in row) == 300
    assert all(len(c["x"]) <= 1200 for p in line["panels"] for c in p["curves"])


def figures(page: Markup) -> dict[str, Any]:
    (data,) = [json.loads(text) for found, text in page.scripts if found.get("id") == "data"]
    assert isinstance(data, dict)
    return data


def test_hostile_input_is_text() -> None:
    text = RENDERER.render(hostile())
    page = Markup(text)
    assert page.problems == []
    assert [f for f, _ in page.scripts if "type" not in f] == [{}]
    assert not [tag for tag, _ in page.elements if tag in ("img", "i")]
    assert not [h for h in page.values("href") if not h.startswith("#")]
    own = text.replace(library().text, "")
    for mark in MARKS:
        assert mark not in own
    assert "</script><script>window.broken=1</script>" in page.text  # it is shown
    assert "\\x1b" in page.text
    assert SECRET not in text
    assert len(text.encode()) < 2.2 * MB
    assert "(cut: 1,000,000 characters)" in page.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", own)
    figures(page)


def test_the_settings_and_what_was_not_understood_are_shown() -> None:
    diagnosis = goscope.diagnose(
        goscope.read("goroutine 7 [chan send, oops\n\ngoroutine 8 [running]:\n")
    )
    words = Markup(RENDERER.render(diagnosis)).text
    assert "not understood" in words
    assert "after_minutes = 5" in words
    assert "GODEBUG=gctrace=1" in words


def test_places_are_links_by_the_template() -> None:
    diagnosis = saved("go1.27/leak_receiver")
    links = source_links("https://example.com/r/{file}#L{line}")
    page = Markup(RENDERER.render(replace(diagnosis, links=links)))
    outside = {h for h in page.values("href") if not h.startswith("#")}
    assert outside
    assert all(re.fullmatch(r"https://example\.com/r/[\w./-]+\.go#L[0-9]+", h) for h in outside)
    # A link never tells where the reader comes from.
    assert all(
        f.get("rel") == "noreferrer" for t, f in page.elements if f.get("href", "#")[0] != "#"
    )


def test_the_page_is_the_same_for_the_same_input() -> None:
    run = "go1.27/leak_receiver"
    assert RENDERER.render(saved(run)) == report(run)


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("plain", "plain"),
        ("a\x1bb\nc", "a\\x1bb\\x0ac"),
        ("http://user:pw@host/x", "http://host/x"),
        ("postgres://u@h and https://a:b@c/", "postgres://h and https://c/"),
        ("mail me@example.com // a@b", "mail me@example.com // a@b"),
        ("x" * 20, "xxxxxxx... (cut: 20 characters)"),
    ],
)
def test_shown(text: str, page: str) -> None:
    assert shown(text, longest=10 if text.startswith("xx") else 600) == page


def test_data_cannot_end_its_element() -> None:
    block = data_block({"</script>": ["<!--", "&lt;", "\u2028\u2029", "'\""]})
    assert not set(block) & set("<>&\u2028\u2029")
    assert json.loads(block) == {"</script>": ["<!--", "&lt;", "\u2028\u2029", "'\""]}


@pytest.mark.parametrize(
    ("value", "figure"),
    [(1.0, 1), (0.1234567, 0.123457), (float("nan"), None), (float("inf"), None), (1e15, 10**15)],
)
def test_rounded(value: float, figure: float | None) -> None:
    assert rounded(value) == figure
