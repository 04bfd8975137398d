"""Which execution traces the sections of the page show."""

from __future__ import annotations

from goscope.analysis.traces.view_traces import TraceView, traces_of
from goscope.renderers.html.section import Page

_SHOWN = 4


def shown_traces(page: Page) -> tuple[tuple[TraceView, ...], int]:
    """The first traces, and how many more there are."""
    traces = traces_of(page.diagnosis.capture)
    return traces[:_SHOWN], max(len(traces) - _SHOWN, 0)
