"""The browser, and a report shown in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from goscope.diagnosis.diagnosis import Diagnosis
from goscope.renderers.html import RENDERER
from tests.renderers.browser import CHROMIUM, FLAGS, Shown


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright drives the browser; it is not installed"
    )
    if CHROMIUM is None:
        pytest.skip("chromium shows the report; it is not installed")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield running
        running.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    opened: list[Shown] = []

    def open_report(
        diagnosis: Diagnosis, *, width: int = 1280, dark: bool = False, before: str = ""
    ) -> Shown:
        path = tmp_path / f"report-{len(opened)}.html"
        path.write_text(RENDERER.render(diagnosis), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        page = context.new_page()
        shown = Shown(page, path, [], [])
        page.on("console", lambda message: shown.complaints.append(message.text))
        page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        page.on("request", lambda request: shown.requests.append(request.url))
        if before:
            page.add_init_script(before)
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready=charts], html[data-ready=failed]", state="attached")
        opened.append(shown)
        return shown

    yield open_report
    for one in opened:
        one.close()
