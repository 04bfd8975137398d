"""Who wakes whom in traces."""

from __future__ import annotations

from goscope.analysis.traces.view_wakeups import wakeups_of
from goscope.renderers.html.section import Page, Section
from goscope.renderers.html.trace_parts import shown_traces


def _build(page: Page) -> str | None:
    parts = []
    for trace in shown_traces(page)[0]:
        found = wakeups_of(trace)
        if found.shown:
            parts.append({"trace": trace, "found": found})
    return page.fill("trace_wakeups.html", parts=parts) if parts else None


SECTION = Section(26, "trace-wakeups", "Who wakes whom", _build)
