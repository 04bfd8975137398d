"""Goroutines of traces by start function: what they did with their time."""

from __future__ import annotations

from typing import Any

from goscope.analysis.traces.view_functions import FunctionView, functions_of
from goscope.analysis.traces.view_traces import TraceView
from goscope.renderers.html.section import ReportPage, Section, shown
from goscope.renderers.html.trace_parts import fill_for_each_trace


def _part(trace: TraceView) -> dict[str, Any] | None:
    found = functions_of(trace)
    return {"found": found, "rows": list(map(_row, found.shown))} if found.shown else None


def _build(page: ReportPage) -> str | None:
    return fill_for_each_trace(page, "trace_functions.html", _part)


def _row(one: FunctionView) -> dict[str, Any]:
    whole = max(sum(part.ns for part in one.parts), 1)
    words = [one.name or "?", *(part.words for part in one.blocks)]
    return {
        "one": one,
        "parts": [(part, f"{100 * part.ns / whole:.2f}") for part in one.parts],
        "search": shown(" ".join(words).lower(), longest=4000),
    }


SECTION = Section(22, "trace-goroutines", "Goroutines by function", _build)
