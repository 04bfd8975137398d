"""Text of the input that wants to do harm, read from a log and sent through every renderer."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.source_links import source_links
from goscope.renderers import all_renderers

SECRET = "s3cret7"
LINK = "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\"
HARM = f"{LINK}\x9b31m\x90q\x9c\x85\u202e\u2066\u200b\u2028\ufeff\x7f\x07\x08"
COMMANDS = (
    "%0A::set-output name=x::y ::error::x ##[add-mask]x ##vso[task.x] ##teamcity[y] <!-- --> -->"
)
LOG = f"""\
SCHED 1ms: gomaxprocs=4 idleprocs=x dsn=postgres://app:{SECRET}@db/orders {HARM}
SCHED 2ms: gomaxprocs=4 Authorization: Bearer {SECRET}
::set-output name=a::b
panic: {HARM} {COMMANDS} map[Authorization:[Bearer {SECRET}] Cookie:[sid={SECRET}; a=b]] https://u:{SECRET}@h/
::set-output name=c::d

goroutine 7 [running]:
main.f{HARM}({{0x1, 0x2}})
\t/app/{HARM}@everyone#1.go:9 +0x1d
created by main.g{COMMANDS} in goroutine 1
\t/app/main.go:5 +0x66

exit status 2
"""  # fmt: skip
DUMP = f"""\
goroutine 1 [running]:
main.main()
\t/app/main.go:2 +0x1d

goroutine 8 [chan send, 90 minutes] {{token: "{SECRET}", dsn: "mysql://app:{SECRET}@db", h: "Basic {SECRET}=="}}:
main.h(0x1)
\t/app/main.go:19 +0x1d
created by main.{HARM} in goroutine 1
\t/app/main.go:5 +0x66

"""


@pytest.fixture(scope="module")
def diagnosis() -> Diagnosis:
    found = goscope.diagnose(goscope.read(LOG, DUMP))
    assert {f.rule for f in found.findings} == {"crash", "leak-orphan"}
    assert found.capture.inputs[0].unparsed_count == 2
    links = source_links("https://git.example.com/{file}#L{line}", "/app")
    return replace(found, links=links)


NAMES = [renderer.name for renderer in all_renderers()]


@pytest.fixture(params=NAMES)
def page(request: pytest.FixtureRequest, diagnosis: Diagnosis) -> str:
    return render(request.param, diagnosis)


def render(name: str, diagnosis: Diagnosis) -> str:
    return next(r for r in all_renderers() if r.name == name).render(diagnosis)


def test_no_renderer_shows_a_credential(page: str) -> None:
    assert SECRET not in page


def test_no_control_or_formatting_character_comes_out(page: str) -> None:
    own = page if not page.startswith("<!DOCTYPE") else page.partition("<main")[2]
    odd = {
        c for c in own if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    assert odd == set()


def test_every_renderer_shows_the_panic_all_the_same(page: str) -> None:
    assert "Authorization" in page
    assert "git.example.com" in page or "main.h" in page


def test_a_json_reader_gets_the_text(diagnosis: Diagnosis) -> None:
    document = json.loads(render("json", diagnosis))
    (crash,) = document["crashes"]
    assert crash["message"].startswith(HARM)
    assert "map[Authorization:[***] Cookie:[***]]" in crash["message"]


def test_no_line_of_a_job_is_a_command_of_the_input(page: str) -> None:
    """actions/runner: a line that starts with ``::``, spaces apart, or has ``##[`` anywhere."""
    assert not [command for command in ("##[", "##vso[", "##teamcity[") if command in page]
    own = re.compile(r"::(?:error|warning|notice) (?:file=[^:]*,)?(?:line=[0-9]+,)?title=")
    commands = [line for line in page.splitlines() if line.strip().startswith("::")]
    assert all(own.match(line) for line in commands)
    assert bool(commands) == page.startswith("::")


@pytest.mark.parametrize("words", [" ", " x" * 30 + " ", "x" * 76])
def test_nor_is_one_where_a_long_line_is_folded(words: str) -> None:
    text = f"panic: {words}::error::x ::add-mask::y ##[add-mask]z std::vector::at\n\ngoroutine 1 [running]:\nmain.f()\n"
    page = render("text", goscope.diagnose(goscope.read(text + "\t/a.go:1 +0x1\n")))
    assert not [line for line in page.splitlines() if line.strip().startswith("::")]
    assert "std::vector::at" in page
    assert "add-mask" in page


def test_markdown_has_no_comment_no_mention_and_no_reference(diagnosis: Diagnosis) -> None:
    html = (
        MarkdownIt("commonmark", {"html": True})
        .enable("table")
        .render(render("markdown", diagnosis))
    )
    assert "<!--" not in html
    prose = re.sub(r"<code>.*?</code>", "", html)
    assert not re.search(r"@[a-z]|#[0-9]", re.sub(r"<[^>]*>", "", prose))
    assert {
        a
        for a in re.findall(r'href="([^"]*)"', html)
        if not a.startswith("https://git.example.com/")
    } == set()


def test_xml_holds_the_text(diagnosis: Diagnosis) -> None:
    suites = ElementTree.fromstring(render("junit", diagnosis).encode())
    texts = [unescape(found.attrib["message"]) for found in suites.iter("failure")]
    assert any("\\x1b]8;;http" in text and "-->" in text for text in texts)
