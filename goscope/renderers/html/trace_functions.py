"""Goroutines of traces by start function: what they did with their time."""

from __future__ import annotations

from typing import Any

from goscope.analysis.traces.executions import Execution, Function
from goscope.analysis.traces.view_functions import functions_of, parts_of
from goscope.renderers.html.section import ReportPage, Section, shown
from goscope.renderers.html.trace_parts import fill_for_each_trace


def _part(trace: Execution) -> dict[str, Any] | None:
    found = functions_of(trace)
    if not found.shown:
        return None
    return {"found": found, "rows": [_row(trace, one) for one in found.shown]}


def _build(page: ReportPage) -> str | None:
    return fill_for_each_trace(page, "trace_functions.html", _part)


def _row(trace: Execution, one: Function) -> dict[str, Any]:
    parts = parts_of(trace, one)
    whole = max(sum(part.ns for part in parts), 1)
    reasons = (reason or "no reason given" for reason, *_ in trace.blocks.get(one.name, ()))
    words = [one.name or "?", *reasons]
    return {
        "one": one,
        "parts": [(part, f"{100 * part.ns / whole:.2f}") for part in parts],
        "search": shown(" ".join(words).lower(), longest=4000),
    }


SECTION = Section(22, "trace-goroutines", "Goroutines by function", _build)
