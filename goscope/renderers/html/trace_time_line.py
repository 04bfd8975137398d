"""Execution traces: what each is in short, and all of it on one axis of time."""

from __future__ import annotations

from typing import Any

from goscope.analysis.traces.view_time_line import Lanes, TraceTimeLine, time_line
from goscope.renderers.html.section import ReportPage, Section, rounded
from goscope.renderers.html.time_line import figures_of, panels_data
from goscope.renderers.html.trace_parts import shown_traces
from goscope.renderers.terminal.trace_facts import facts_of


def _build(page: ReportPage) -> str | None:
    traces, more = shown_traces(page)
    if not traces:
        return None
    parts = []
    for trace in traces:
        line = time_line(trace)
        page.charts.setdefault("traces", []).append(line and _chart(line))
        parts.append(
            {
                "trace": trace,
                "line": line,
                "facts": facts_of(trace),
                "rows": line and figures_of(line.panels),
                "ranges": line and line.ranges,
            }
        )
    return page.fill("trace_time_line.html", parts=parts, more=more)


def _chart(line: TraceTimeLine) -> dict[str, Any]:
    return {
        "unit": line.unit,
        "end": rounded(line.end),
        "lanes": line.lanes and _lanes(line.lanes),
        "queues": None,
        "panels": panels_data(line.panels),
        "stretches": [],
        "marks": [],
        "marking": [[rounded(begin), rounded(end)] for begin, end in line.marking],
    }


def _lanes(lanes: Lanes) -> dict[str, Any]:
    return {
        "rows": list(lanes.rows),
        "x": [rounded(v) for v in lanes.starts.tolist()],
        "states": [
            ["running", "running", lanes.running.tolist()],
            ["gc", "GC", lanes.gc.tolist()],
            ["syscall", "system call", lanes.syscall.tolist()],
        ],
    }


SECTION = Section(21, "trace", "Trace", _build)
