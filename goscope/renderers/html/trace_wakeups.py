"""Who wakes whom in traces."""

from __future__ import annotations

from typing import Any

from goscope.analysis.traces.executions import Execution
from goscope.analysis.traces.view_wakeups import wakeups_of
from goscope.renderers.html.section import ReportPage, Section
from goscope.renderers.html.trace_parts import fill_for_each_trace


def _part(trace: Execution) -> dict[str, Any] | None:
    found = wakeups_of(trace)
    return {"found": found} if found.shown else None


def _build(page: ReportPage) -> str | None:
    return fill_for_each_trace(page, "trace_wakeups.html", _part)


SECTION = Section(26, "trace-wakeups", "Who wakes whom", _build)
