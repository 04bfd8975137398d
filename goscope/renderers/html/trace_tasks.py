"""Tasks of traces: the slowest of each type, with what is inside of them."""

from __future__ import annotations

from goscope.analysis.traces.view_tasks import tasks_of
from goscope.renderers.html.section import Page, Section
from goscope.renderers.html.trace_parts import shown_traces


def _build(page: Page) -> str | None:
    parts = []
    for trace in shown_traces(page)[0]:
        found = tasks_of(trace)
        if found.types:
            parts.append({"trace": trace, "found": found})
    return page.fill("trace_tasks.html", parts=parts) if parts else None


SECTION = Section(25, "trace-tasks", "Tasks", _build)
