"""Goroutines of traces by start function: what they did with their time."""

from __future__ import annotations

from typing import Any

from goscope.analysis.traces.view_functions import FunctionView, functions_of
from goscope.renderers.html.section import Page, Section, shown
from goscope.renderers.html.trace_parts import shown_traces


def _build(page: Page) -> str | None:
    parts = []
    for trace in shown_traces(page)[0]:
        found = functions_of(trace)
        if found.shown:
            rows = [_row(one) for one in found.shown]
            parts.append({"trace": trace, "found": found, "rows": rows})
    return page.fill("trace_functions.html", parts=parts) if parts else None


def _row(one: FunctionView) -> dict[str, Any]:
    whole = max(sum(part.ns for part in one.parts), 1)
    words = [one.name or "?", *(part.words for part in one.blocks)]
    return {
        "one": one,
        "parts": [(part, f"{100 * part.ns / whole:.2f}") for part in one.parts],
        "search": shown(" ".join(words).lower(), longest=4000),
    }


SECTION = Section(22, "trace-goroutines", "Goroutines by function", _build)
