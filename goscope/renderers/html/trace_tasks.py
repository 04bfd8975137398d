"""Tasks of traces: the slowest of each type, with what is inside of them."""

from __future__ import annotations

from typing import Any

from goscope.analysis.traces.executions import Execution
from goscope.analysis.traces.view_tasks import tasks_of
from goscope.renderers.html.section import ReportPage, Section
from goscope.renderers.html.trace_parts import fill_for_each_trace


def _part(trace: Execution) -> dict[str, Any] | None:
    found = tasks_of(trace)
    return {"found": found} if found.types else None


def _build(page: ReportPage) -> str | None:
    return fill_for_each_trace(page, "trace_tasks.html", _part)


SECTION = Section(25, "trace-tasks", "Tasks", _build)
