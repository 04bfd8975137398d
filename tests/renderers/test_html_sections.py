"""What single sections of the HTML report say about captures of which that is known."""

from __future__ import annotations

import pytest
from plotly.offline import get_plotlyjs

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.renderers.html import RENDERER
from goscope.renderers.html.page import sections
from goscope.renderers.html.plotly_library import parsed_at_once
from goscope.renderers.html.section import ReportPage, environment
from tests.conftest import CAPTURES, content
from tests.renderers.markup import Markup
from tests.renderers.saved_diagnoses import SAVED, saved


def section(anchor: str, diagnosis: Diagnosis) -> str:
    """The text of one section, without tags and line ends; "" if there is none."""
    (found,) = [s for s in sections() if s.anchor == anchor]
    built = found.build(ReportPage(diagnosis))
    return " ".join(Markup("<!DOCTYPE html>\n" + (built or "")).text.split())


def test_sections_have_names_of_their_own_and_an_order() -> None:
    anchors = [s.anchor for s in sections()]
    assert len(set(anchors)) == len(anchors)
    assert anchors[0] == "summary"
    assert anchors[-1] == "inputs"
    assert len({s.order for s in sections()}) == len(anchors)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("divide.log", ["An integer was divided by zero.", "divide_by_zero", "runtime error: integer divide by zero"]),
        ("close_closed.log", ["A channel was closed twice.", "close_of_closed_channel"]),
        ("deadlock_many.log", ["All goroutines were asleep", "The other goroutines, in"]),
    ],
)  # fmt: skip
def test_a_crash_has_its_message_and_the_one_to_blame_first(log: str, words: list[str]) -> None:
    path = CAPTURES / "go1.27/crashes" / log
    diagnosis = goscope.diagnose(goscope.read(content(path)))
    found = section("crashes", diagnosis)
    for word in words:
        assert word in found
    crash = diagnosis.crashes[0]
    if crash.site is not None and crash.site.function:
        assert found.index(crash.site.function) < (found + "The other goroutines").index(
            "The other goroutines"
        )


def test_the_other_goroutines_are_those_of_the_crash() -> None:
    text = "panic: oops\n\ngoroutine 7 [running]:\nmain.f()\n\t/app/a.go:1 +0x1\n\n" + "".join(
        f"goroutine {i} [chan receive]:\nmain.worker()\n\t/app/b.go:2 +0x1\n\n" for i in (8, 9, 10)
    )
    alone = "goroutine 1 [select (no cases)]:\nmain.elsewhere()\n\t/app/c.go:3 +0x1\n\n"
    found = section("crashes", goscope.diagnose(goscope.read(alone, text)))
    assert "in 1 group" in found
    assert "3 chan receive main.worker" in found
    assert "elsewhere" not in found


def test_without_a_crash_there_is_no_such_section() -> None:
    assert section("crashes", saved("go1.27/leak_receiver")) == ""


def test_locks_in_a_circle() -> None:
    diagnosis = saved("go1.27/lock_cycles")
    found = section("locks", diagnosis)
    assert "in a circle" in found
    assert "main.(*account).deposit" in found


def test_states_of_goroutines_are_a_picture_with_a_table() -> None:
    diagnosis = saved("go1.27/lock_cycles")
    found = section("lifecycle", diagnosis)
    assert "% of the time" in found
    assert "from to seen" in found


@pytest.mark.parametrize("run", SAVED)
def test_every_kind_of_diagnosis_becomes_a_sound_page(run: str) -> None:
    page = Markup(RENDERER.render(saved(run)))
    assert page.problems == []


def test_a_text_is_broken_at_its_joints_and_stays_escaped() -> None:
    template = environment().from_string("{{ text|soft }}")
    shown = template.render(text="app/<b>x.(*T).Go:7")
    assert shown == "app/&lt;b&gt;x.(*T).<wbr>Go:<wbr>7"


def test_plotly_is_parsed_at_once_and_another_form_stays_as_it_is() -> None:
    script = get_plotlyjs()
    made = parsed_at_once(script)
    assert len(made) == len(script) + 2
    assert "self : this, (() => {" in made
    assert made.rstrip().endswith("return Plotly;\n})));")
    assert parsed_at_once("var Plotly = {};") == "var Plotly = {};"
