"""Crashes: the message, the goroutine to blame first, then the others in groups; data races."""

from __future__ import annotations

from typing import Any

from goscope.analysis.crashes import CrashReport, others_of
from goscope.renderers.html.section import ReportPage, Section
from goscope.renderers.plain_words import CRASHES

_SHOWN = 20


def _build(page: ReportPage) -> str | None:
    crashes = page.diagnosis.crashes
    if not crashes:
        return None
    return page.fill(
        "crashes.html",
        crashes=[_crash(page, crash) for crash in crashes[:_SHOWN]],
        more=max(len(crashes) - _SHOWN, 0),
    )


def _crash(page: ReportPage, crash: CrashReport) -> dict[str, Any]:
    return {
        "crash": crash,
        "words": CRASHES.get(crash.kind, "The program crashed."),
        "facts": [
            (name, value)
            for name, value in (
                ("goroutine", None if crash.goroutine is None else str(crash.goroutine)),
                ("signal", crash.signal),
                ("address", crash.address),
                ("waits for", crash.waits_for),
                ("panicked first in", crash.origin),
                ("running tests", ", ".join(crash.running_tests[:10])),
                ("end", crash.exit),
            )
            if value
        ],
        "others": others_of(page.diagnosis.capture, crash),
    }


SECTION = Section(15, "crashes", "Crashes", _build)
