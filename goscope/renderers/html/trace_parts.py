"""Which execution traces the sections of the page show, and the sections that have a part for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goscope.analysis.traces.executions import Execution, executions_of
from goscope.renderers.html.section import ReportPage

_SHOWN = 4


def shown_traces(page: ReportPage) -> tuple[tuple[Execution, ...], int]:
    """The first traces, and how many more there are."""
    traces = executions_of(page.diagnosis.capture)
    return traces[:_SHOWN], max(len(traces) - _SHOWN, 0)


def fill_for_each_trace(
    page: ReportPage,
    template: str,
    part_of: Callable[[Execution], dict[str, Any] | None],
    **values: Any,
) -> str | None:
    """A template with what ``part_of`` returns for each trace; None if no trace has anything to show."""
    parts = []
    for trace in shown_traces(page)[0]:
        part = part_of(trace)
        if part is not None:
            parts.append({"trace": trace, **part})
    return page.fill(template, parts=parts, **values) if parts else None
