"""The HTML report in a real browser: Debian's chromium, driven by playwright."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.source_links import source_links
from goscope.renderers.html import RENDERER
from tests.renderers.browser import PATIENCE, Shown
from tests.renderers.hostile import hostile
from tests.renderers.saved_diagnoses import saved

# Starting a browser takes longer than all other tests of a report.
pytestmark = pytest.mark.full


def leak() -> Diagnosis:
    return saved("go1.27/leak_receiver")


@pytest.mark.parametrize(
    "run", ["go1.27/leak_receiver", "go1.23/cpu_starving", "go1.19/idle_server", "go1.27/crowd"]
)
def test_charts_are_drawn_and_nothing_leaves_the_page(show: Callable[..., Shown], run: str) -> None:
    shown = show(saved(run))
    assert shown.data("problem") == ""
    assert shown.data("ready") == "charts"
    assert shown.complaints == []
    assert shown.requests == [shown.path.as_uri()]
    charts = shown.page.locator(".chart")
    assert charts.count() > 0
    for i in range(charts.count()):
        assert charts.nth(i).locator("svg.main-svg").count() > 0
    assert shown.page.locator(".icicle g.slice").count() > 1


def test_the_time_line_has_a_row_for_everything_on_one_axis(show: Callable[..., Shown]) -> None:
    shown = show(saved("go1.23/gc_thrash"))
    rows = shown.page.evaluate(
        "() => { const l = document.getElementById('timelinechart')._fullLayout;"
        "return Object.keys(l).filter(k => /^[xy]axis[0-9]*$/.test(k)).sort(); }"
    )
    assert [r for r in rows if r.startswith("x")] == ["xaxis"]
    panels = len(rows) - 1
    assert panels == 7, (
        "one axis for each Panel of analysis/series/timeline.py, and one for the states"
    )
    words = shown.page.locator("#timelinechart").inner_text()
    for word in (
        "Run queues",
        "Threads",
        "Heap",
        "CPU for garbage collection",
        "Stop-the-world pauses",
        "scheduler",
    ):
        assert word in words
    heat = shown.page.evaluate(
        "() => document.getElementById('timelinechart').data.filter(t => t.type === 'heatmap').length"
    )
    assert heat == 1


def test_zooming_and_back(show: Callable[..., Shown]) -> None:
    shown = show(saved("go1.23/cpu_starving"))
    seen = "() => document.getElementById('timelinechart')._fullLayout.xaxis.range"
    whole = shown.page.evaluate(seen)
    shown.drag("#timelinechart")
    low, high = shown.page.evaluate(seen)
    assert whole[0] < low < high < whole[1]
    shown.page.click("#zoomout")
    assert shown.page.evaluate(seen) == whole


def test_search_and_state_filter_the_table_and_mark_the_picture(
    show: Callable[..., Shown],
) -> None:
    shown = show(saved("go1.27/crowd"))
    before = len(shown.rows("count"))
    colours = "() => document.querySelector('.icicle').data[0].marker.colors.join()"
    plain = shown.page.evaluate(colours)
    shown.page.fill(".search", "PRODUCE")
    places = shown.rows("search")
    assert 0 < len(places) < before
    assert all("produce" in words for words in places)
    counts = sum(map(int, shown.rows("count")))
    assert shown.page.locator(".found").inner_text().startswith(f"{counts:,} goroutines")
    assert shown.page.evaluate(colours) != plain
    shown.page.fill(".search", "")
    shown.page.select_option("select.state", "sync.Mutex.Lock")
    assert set(shown.rows("state")) == {"sync.Mutex.Lock"}
    shown.page.select_option("select.state", "")
    assert len(shown.rows("count")) == before
    assert shown.page.evaluate(colours) == plain


def test_the_table_sorts_both_ways(show: Callable[..., Shown]) -> None:
    shown = show(saved("go1.27/crowd"))
    counts = [int(n) for n in shown.rows("count")]
    assert counts == sorted(counts, reverse=True)
    shown.page.click("th button[data-key=count]")
    assert [int(n) for n in shown.rows("count")] == sorted(counts)
    # With the keyboard as well.
    shown.page.focus("th button[data-key=state]")
    shown.page.keyboard.press("Enter")
    states = shown.rows("state")
    assert states == sorted(states)
    assert shown.page.locator("th[aria-sort]").count() == 1
    shown.page.keyboard.press("Enter")
    assert shown.rows("state") == sorted(states, reverse=True)


def background(shown: Shown) -> str:
    return str(shown.page.evaluate("() => getComputedStyle(document.body).backgroundColor"))


def test_dark_as_the_system_asks_and_by_the_switch(show: Callable[..., Shown]) -> None:
    light, dark = show(leak()), show(leak(), dark=True)
    assert background(light) == "rgb(251, 251, 250)"
    assert background(dark) == "rgb(20, 24, 28)"
    ink = "() => document.getElementById('timelinechart')._fullLayout.font.color"
    assert light.page.evaluate(ink) == "#1c2126"
    assert dark.page.evaluate(ink) == "#e4e8eb"
    light.page.click("#theme")
    assert background(light) == background(dark)
    assert light.page.evaluate(ink) == "#e4e8eb"
    assert light.page.locator("#theme").inner_text() == "Light"
    assert light.complaints == dark.complaints == []


def test_several_processes_on_a_narrow_screen(show: Callable[..., Shown], tmp_path: Path) -> None:
    """The choice of a process names its input, by a path that is longer than the screen is wide."""
    folder = tmp_path / "a-folder-with-a-long-name" / "and-another-one-inside-of-it"
    folder.mkdir(parents=True)
    line = "SCHED {}ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 idlethreads=1 runqueue=0 [0 1]\n"
    for name, end in (("first.log", 5), ("second.log", 9)):
        (folder / name).write_text("".join(line.format(t * 1000) for t in range(end)))
    shown = show(goscope.diagnose(goscope.read(folder)), width=400)
    assert shown.page.locator("#process option").count() == 2
    assert shown.page.evaluate("() => document.documentElement.scrollWidth") == 400
    # The longer one is shown first.
    assert shown.page.locator("#process").input_value() == "1"
    axis = "() => document.getElementById('timelinechart')._fullLayout.xaxis.range[1]"
    assert shown.page.evaluate(axis) == 8


@pytest.mark.parametrize("run", ["go1.27/leak_receiver", "go1.27/crowd", "go1.23/cpu_starving"])
def test_a_narrow_screen_needs_no_sideways_scrolling(show: Callable[..., Shown], run: str) -> None:
    shown = show(saved(run), width=400)
    wide = shown.page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1] == 400
    over = shown.page.evaluate(
        "() => [...document.querySelectorAll('main p, main h3, main dd, main summary, main .chart')]"
        ".filter(e => e.getBoundingClientRect().right > 401 && !e.closest('.scroll, nav')).length"
    )
    assert over == 0
    assert shown.complaints == []


@pytest.mark.parametrize("width", [1280, 400])
def test_hostile_names_are_shown_and_do_nothing(show: Callable[..., Shown], width: int) -> None:
    shown = show(hostile(), width=width)
    assert shown.complaints == []
    assert shown.requests == [shown.path.as_uri()]
    assert shown.data("ready") == "charts"
    assert shown.page.evaluate("() => window.broken === undefined")
    assert shown.page.locator("main img").count() == 0
    words = shown.page.locator("main").inner_text()
    assert "</script><script>window.broken=1</script>" in words
    # In the picture too: a name is text there, no bold type and no link.
    texts = shown.page.evaluate(
        "() => [...document.querySelectorAll('.icicle text')].map(t => t.textContent).join('\\n')"
    )
    assert "main.<b>bold<i>%\u200b{value} 1" in texts
    assert shown.page.locator(".icicle [style*='bold']").count() == 0
    assert shown.page.locator(".icicle a").count() == 0
    wide = shown.page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1]


def test_a_browser_that_cannot_decompress_still_shows_the_figures(
    show: Callable[..., Shown],
) -> None:
    shown = show(leak(), before="delete window.DecompressionStream")
    assert shown.data("ready") == "failed"
    assert shown.page.locator("#nocharts").is_visible()
    assert shown.page.locator(".figures table").count() > 0
    assert shown.page.locator(".chart:visible").count() == 0
    shown.page.fill(".search", "leak1")
    assert len(shown.rows("count")) > 0


def test_without_scripts_everything_but_the_charts_is_there(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(RENDERER.render(leak()), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    words = page.locator("main").inner_text()
    context.close()
    assert "need JavaScript" in words
    assert "main.leak1.func1" in words
    assert "Thresholds in force" in words


def test_a_script_in_the_page_that_is_not_ours_does_not_run(browser: Any, tmp_path: Path) -> None:
    """Should escaping ever fail, the policy still holds."""
    text = RENDERER.render(leak()).replace(
        "<main", "<script>window.broken=1</script><img src=x onerror=window.broken=2><main", 1
    )
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready=charts]", state="attached")
    assert page.evaluate("() => window.broken === undefined")
    page.close()


def test_everything_can_be_reached_with_the_keyboard(show: Callable[..., Shown]) -> None:
    shown = show(replace(leak(), links=source_links("https://example.com/{file}#L{line}")))
    shown.page.keyboard.press("Tab")
    assert shown.page.evaluate("() => document.activeElement.className") == "skip"
    names = shown.page.evaluate(
        "() => [...document.querySelectorAll('button, select, input, [role=img], [role=region]')]"
        ".filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label'))).length"
    )
    assert names == 0
    levels = shown.page.evaluate(
        "() => [...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_it_prints_in_light_colours(show: Callable[..., Shown]) -> None:
    shown = show(leak(), dark=True)
    shown.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert background(shown) == "rgb(251, 251, 250)"
    shown.page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert background(shown) == "rgb(20, 24, 28)"
    assert len(shown.page.pdf()) > 10_000


def test_charts_fit_on_paper_and_on_the_screen_again(show: Callable[..., Shown]) -> None:
    shown = show(saved("go1.27/crowd"))
    widths = (
        "() => [...document.querySelectorAll('.js-plotly-plot .main-svg:first-child')]"
        ".map(e => e.getBoundingClientRect().width)"
    )
    on_screen = shown.page.evaluate(widths)
    assert max(on_screen) > 1000
    shown.page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    on_paper = shown.page.evaluate(widths)
    assert len(on_paper) == len(on_screen)
    assert max(on_paper) <= 690
    shown.page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert shown.page.evaluate(widths) == on_screen
    assert shown.complaints == []


def test_a_large_report_is_usable_soon(show: Callable[..., Shown]) -> None:
    sched = "".join(
        f"SCHED {t}ms: gomaxprocs=8 idleprocs={t % 9} threads=17 spinningthreads=0 needspinning=0 idlethreads=5 "
        f"runqueue={t % 301} [ {t % 7} 1 2 3 4 5 6 255 ]\n"
        for t in range(30_000)
    )
    stacks = "".join(
        f"goroutine {i} [chan receive, {i % 90 + 1} minutes]:\nmain.worker{i % 3000}(0xc000)\n"
        f"\t/app/w{i % 100}.go:7 +0x1d\ncreated by main.spawn in goroutine 1\n\t/app/main.go:7 +0x66\n\n"
        for i in range(1, 20_001)
    )
    diagnosis = goscope.diagnose(goscope.read(sched, stacks))
    took = []
    for _ in range(3):  # a machine that is busy with other things is asked again
        shown = show(diagnosis)
        assert shown.complaints == []
        busy = shown.busy()  # what the page itself took, loading and drawing included
        took.append((busy, float(shown.data("interactive")), float(shown.data("drawn"))))
        if busy < PATIENCE:
            break
    assert any(
        0 < busy < PATIENCE and interactive < 1000 * PATIENCE and drawn < 4000 * PATIENCE
        for busy, interactive, drawn in took
    ), took
