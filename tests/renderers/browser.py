"""What tests of the HTML report in a real browser share: Debian's chromium, driven by playwright."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
#: In how many seconds a report can be used and is drawn; slow machines may ask for more.
PATIENCE = float(os.environ.get("GOSCOPE_BROWSER_SECONDS", "2"))


class Shown:
    """An open report, and what it complained of or asked for."""

    def __init__(self, page: Any, path: Path, complaints: list[str], requests: list[str]):
        self.page = page
        self.path = path
        self.complaints = complaints
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.requests = requests

    def data(self, name: str) -> str:
        """An attribute that the report's script leaves at the root."""
        found = self.page.evaluate("name => document.documentElement.dataset[name]", name)
        return "" if found is None else str(found)

    def busy(self) -> float:
        """Seconds of CPU that the page took, loading and drawing included, whatever else runs meanwhile."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        (found,) = (one["value"] for one in metrics if one["name"] == "TaskDuration")
        assert found > 0
        return float(found)

    def rows(self, key: str, part: str = "") -> list[str]:
        """A figure of each row that a table that can be sorted shows."""
        found = self.page.evaluate(
            "([part, key]) => [...document.querySelectorAll(part + ' .sortable tbody tr')]"
            ".filter(r => !r.hidden).map(r => r.dataset[key])",
            [part, key],
        )
        return [str(value) for value in found]

    def drag(self, chart: str) -> None:
        """Drag the mouse over a third of a chart."""
        row = self.page.locator(f"{chart} .nsewdrag").first
        row.evaluate("e => e.scrollIntoView({block: 'center'})")
        box = row.bounding_box()
        self.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 5)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 8, steps=4)
        self.page.mouse.up()

    def close(self) -> None:
        self.page.context.close()
