"""Makes the pictures of the README: the summary on a terminal, and the report in a browser.

    python docs/make_pictures.py

Needs the ``dev`` dependencies and Debian's ``chromium``. The captures are those of ``goscope demo``.
"""

from __future__ import annotations

import gzip
import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.explain.demonstrations import DEMONSTRATIONS
from goscope.reading.capture_builder import CaptureBuilder
from goscope.renderers.html import RENDERER
from goscope.renderers.terminal import summary as terminal

HERE = Path(__file__).parent
TERMINAL, REPORT = HERE / "terminal.svg", HERE / "report.png"
_WIDTH, _HEIGHT = 1280, 1330
_MOST_BYTES = 300_000


def diagnosed(name: str) -> Diagnosis:
    """A demonstration, its inputs named as by somebody who stands in their folder."""
    builder = CaptureBuilder()
    for path in DEMONSTRATIONS[name].paths():
        packed = path.read_bytes()
        text = gzip.decompress(packed) if path.suffix == ".gz" else packed
        builder.read(path.name.removesuffix(".gz"), [text])
    return goscope.diagnose(builder.build())


def draw_terminal(path: Path) -> None:
    """The summary, as rich draws a terminal."""
    console = Console(
        record=True,
        width=82,
        file=io.StringIO(),
        force_terminal=True,
        highlight=False,
        markup=False,
    )
    console.print("$ goscope stderr.log dump-1.txt dump-2.txt dump-3.txt")
    console.print()
    terminal.show(diagnosed("leak"), console, height=46)
    drawn = console.export_svg(title="goscope")
    # The fonts would come from a server; every viewer has a monospaced one of its own.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    path.write_text(re.sub(r"terminal-\d+", "terminal", drawn), encoding="utf-8")


def draw_report(path: Path) -> None:
    """The top of the report, as a browser shows it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(folder) / "report.html"
        page.write_text(RENDERER.render(diagnosed("starving")), encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--hide-scrollbars"]
        )
        shown = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        shown.goto(page.as_uri())
        shown.wait_for_selector("html[data-ready=charts]", state="attached")
        shown.screenshot(path=path)
        browser.close()


def main() -> int:
    draw_terminal(TERMINAL)
    draw_report(REPORT)
    for path in (TERMINAL, REPORT):
        size = path.stat().st_size
        print(f"{path.name}: {size:,} bytes")
        if size > _MOST_BYTES:
            print(f"{path.name} is larger than {_MOST_BYTES:,} bytes", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
