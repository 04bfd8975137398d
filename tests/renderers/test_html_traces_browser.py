"""Execution traces in the report, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.renderers.browser import PATIENCE, Shown
from tests.renderers.traces import TASKS, hostile_trace, traced

SHOWN = Callable[..., Shown]
COLOURS = "() => document.querySelector('.profilepart .icicle').data[0].marker.colors.join()"

# Starting a browser takes longer than all other tests of a report.
pytestmark = pytest.mark.full


@pytest.mark.parametrize("name", ["tasks", "http", "starving", "gc"])
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (400, True)])
def test_charts_are_drawn_and_nothing_leaves_the_page(
    show: SHOWN, name: str, width: int, dark: bool
) -> None:
    shown = show(traced(f"go1.27/trace_{name}"), width=width, dark=dark)
    assert shown.data("problem") == ""
    assert shown.complaints == []
    assert shown.requests == [shown.path.as_uri()]
    charts = shown.page.locator(".chart")
    assert charts.count() == 3
    for i in range(3):
        assert charts.nth(i).locator("svg.main-svg").count() > 0
    assert shown.page.locator(".icicle g.slice").count() > 1
    assert shown.page.locator(".traceline .imagelayer image").count() == 1
    wide = shown.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide == width


def test_the_time_line_has_one_axis_and_zooms(show: SHOWN) -> None:
    shown = show(traced("go1.27/trace_gc"))
    layout = "document.querySelector('.traceline')._fullLayout"
    axes = shown.page.evaluate(
        f"() => Object.keys({layout}).filter(k => /^[xy]axis[0-9]*$/.test(k)).sort()"
    )
    assert axes == ["xaxis", "yaxis", "yaxis2", "yaxis3", "yaxis4", "yaxis5"]
    words = shown.page.locator(".traceline").inner_text()
    for word in (
        "Ps",
        "running",
        "GC",
        "waiting for a P",
        "Heap",
        "The world stopped",
        "milliseconds",
    ):
        assert word in words
    marked = "() => document.querySelector('.traceline').layout.shapes.filter(s => s.yref === 'paper').length"
    assert shown.page.evaluate(marked) == 11  # collections
    seen = f"() => {layout}.xaxis.range"
    whole = shown.page.evaluate(seen)
    shown.drag(".traceline")
    low, high = shown.page.evaluate(seen)
    assert whole[0] < low < high < whole[1]
    shown.page.click(".zoomout")
    assert shown.page.evaluate(seen) == whole


def test_the_colours_of_a_p_are_what_it_did(show: SHOWN) -> None:
    """Both Ps of a starving program run nearly all the time; those of a resting one hardly do."""
    share = """async () => {
        const picture = new Image(), canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
        picture.src = document.querySelector(".traceline .imagelayer image").getAttribute("href");
        await picture.decode();
        [canvas.width, canvas.height] = [picture.width, picture.height];
        pen.drawImage(picture, 0, 0);
        const seen = pen.getImageData(0, 0, canvas.width, canvas.height).data;
        let green = 0;
        for (let i = 0; i < seen.length; i += 4) green += seen[i] === 0x58 && seen[i + 1] === 0xa9 && seen[i + 2] === 0x42;
        return green / (seen.length / 4) / (7 / 8);
    }"""
    assert show(traced("go1.27/trace_starving")).page.evaluate(share) == pytest.approx(
        0.99, abs=0.01
    )
    assert show(traced(TASKS)).page.evaluate(share) < 0.03


def test_what_a_p_did_is_told_under_the_mouse(show: SHOWN) -> None:
    shown = show(traced("go1.27/trace_starving"))
    row = shown.page.locator(".traceline .nsewdrag").first
    row.evaluate("e => e.scrollIntoView({block: 'center'})")
    box = row.bounding_box()
    shown.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.25)
    shown.page.wait_for_selector(".traceline .hoverlayer text")
    told = shown.page.locator(".traceline .hoverlayer").text_content()
    assert "P0: " in told
    assert "% running" in told
    assert "% idle" in told


def test_a_profile_is_chosen_and_searched(show: SHOWN) -> None:
    shown = show(traced("go1.27/trace_http"))
    part = ".profilepart"
    assert set(shown.rows("state", part)) == {"sync"}
    root = "() => document.querySelector('.profilepart .icicle').data[0].labels[0]"
    assert shown.page.evaluate(root) == "waited for each other"
    assert shown.page.locator(".profilepart .about:visible").count() == 1
    shown.page.select_option(".profilepart select.state", "network")
    assert set(shown.rows("state", part)) == {"network"}
    assert shown.page.evaluate(root) == "waited for the network"
    assert "connections" in shown.page.locator(".profilepart .about:visible").first.inner_text()
    plain = shown.page.evaluate(COLOURS)
    before = len(shown.rows("ns", part))
    shown.page.fill(".profilepart .search", "BACKGROUNDREAD")
    assert 0 < len(shown.rows("ns", part)) < before
    assert all("backgroundread" in words for words in shown.rows("search", part))
    assert shown.page.evaluate(COLOURS) != plain
    shown.page.fill(".profilepart .search", "")
    assert shown.page.evaluate(COLOURS) == plain
    assert len(shown.rows("ns", part)) == before


@pytest.mark.parametrize(
    ("section", "key", "other"),
    [
        ("#trace-goroutines", "exec", "sched"),
        ("#trace-profiles", "ns", "mean"),
        ("#trace-latencies", "p99", "count"),
        ("#trace-wakeups", "ns", "max"),
    ],
)
def test_tables_sort_both_ways(show: SHOWN, section: str, key: str, other: str) -> None:
    shown = show(traced("go1.27/trace_http"))
    for column in (other, key):
        shown.page.focus(f"{section} th button[data-key={column}]")
        shown.page.keyboard.press("Enter")
        numbers = [int(n) for n in shown.rows(column, section)]
        assert len(numbers) > 3
        assert numbers == sorted(numbers, reverse=True)
        shown.page.keyboard.press("Enter")
        assert [int(n) for n in shown.rows(column, section)] == sorted(numbers)
    assert shown.page.locator(f"{section} th[aria-sort]").count() == 1


def test_functions_are_filtered(show: SHOWN) -> None:
    shown = show(traced("go1.27/trace_starving"))
    part = "#trace-goroutines"
    shown.page.select_option(f"{part} select.state", "program")
    assert set(shown.rows("state", part)) == {"program"}
    shown.page.fill(f"{part} .search", "compute")
    assert shown.rows("name", part) == ["main.compute"]
    assert shown.page.locator(f"{part} .found").inner_text() == "40 goroutines in 1 groups"


def test_a_histogram_is_chosen(show: SHOWN) -> None:
    shown = show(traced(TASKS))
    data = (
        "() => document.querySelector('.histogram').data.map(t => t.y.reduce((a, b) => a + b, 0))"
    )
    counts = shown.page.evaluate(data)
    assert len(counts) == 2
    assert counts[1] < counts[0]
    shown.page.select_option(".choice", label="task: order")
    assert shown.page.evaluate(data) == [40]
    kind = "() => document.querySelector('.histogram')._fullLayout.xaxis.type"
    assert shown.page.evaluate(kind) == "log"


def test_a_waterfall_opens_with_the_keyboard(show: SHOWN) -> None:
    shown = show(traced(TASKS))
    slow = shown.page.locator("#trace-tasks details.slow", has_text="702 ms").first
    assert not slow.locator(".waterfall").is_visible()
    slow.locator("summary").focus()
    shown.page.keyboard.press("Enter")
    assert slow.locator(".waterfall").is_visible()
    names = slow.locator(".waterfall code").all_inner_texts()
    assert names == ["order", "validate", "stock", "pack", "payment", "bank", "await"]
    left = "e => e.getBoundingClientRect().left"
    bars = slow.locator(".waterfall .span i")
    starts = [bars.nth(i).evaluate(left) for i in range(bars.count())]
    assert starts == sorted(starts)


@pytest.mark.parametrize("width", [1280, 400])
def test_hostile_names_are_shown_and_do_nothing(show: SHOWN, width: int) -> None:
    shown = show(hostile_trace(), width=width)
    assert shown.complaints == []
    assert shown.requests == [shown.path.as_uri()]
    assert shown.data("ready") == "charts"
    assert shown.page.evaluate("() => window.broken === undefined")
    assert shown.page.locator("main img").count() == 0
    words = shown.page.locator("#trace-goroutines").inner_text()
    assert "m.<img src=x onerror=window.broken=2>" in words
    texts = (
        "() => [...document.querySelectorAll('.icicle text')].map(t => t.textContent).join('\\n')"
    )
    assert "<b>bold<i>%\u200b{value}" in shown.page.evaluate(texts)
    assert shown.page.locator(".icicle [style*='bold']").count() == 0
    shown.page.select_option(".choice", label="region: <b>v</b>")
    assert shown.complaints == []
    assert shown.page.evaluate("() => document.documentElement.scrollWidth") == width


def test_without_charts_the_figures_are_there(show: SHOWN) -> None:
    broken = "window.TextDecoder = undefined; window.Response = undefined"
    shown = show(traced("go1.27/trace_sync"), before=broken)
    assert shown.data("ready") == "failed"
    assert shown.page.locator(".chart:visible").count() == 0
    shown.page.select_option(".profilepart select.state", "sched")
    assert set(shown.rows("state", ".profilepart")) == {"sched"}
    assert shown.page.locator("#trace .figures table").count() == 3


def test_it_has_names_for_who_cannot_see_and_prints(show: SHOWN) -> None:
    shown = show(traced(TASKS), dark=True)
    unnamed = shown.page.evaluate(
        "() => [...document.querySelectorAll('button, select, input, [role=img], [role=region]')]"
        ".filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label'))).length"
    )
    assert unnamed == 0
    assert len(shown.page.pdf()) > 10_000
    assert shown.complaints == []


def test_it_is_usable_soon(show: SHOWN) -> None:
    shown = show(traced("go1.27/trace_gc"))
    assert shown.complaints == []
    assert shown.busy() < PATIENCE  # other tests may run at the same time
    shown = show(traced(*(f"go1.27/trace_{name}" for name in ("http", "sync", "gc", "tasks"))))
    assert shown.complaints == []
    assert shown.page.locator(".traceline svg.main-svg").count() > 3
    assert shown.busy() < 2 * PATIENCE  # twelve charts


@pytest.mark.parametrize("name", ["tasks", "http", "sync"])
def test_tables_fit_on_paper(show: SHOWN, name: str) -> None:
    """A4 and Letter hold 690 pixels between their margins."""
    shown = show(
        traced(f"go1.27/trace_{name}"), width=690 + 36
    )  # main has a padding of 18 on each side
    shown.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    shown.page.emulate_media(media="print")
    over = shown.page.evaluate(
        "() => [...document.querySelectorAll('main table')].filter(t => t.checkVisibility()"
        " && t.getBoundingClientRect().right > 690 + 24).map(t => t.closest('section').id)"
    )
    assert over == []
