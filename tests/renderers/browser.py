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

    def close(self) -> None:
        self.page.context.close()
