"""The time line: all that traces say, on one axis, with verdicts and findings marked on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goscope.analysis.series.timeline import Queues, TimeLine, moment, time_lines
from goscope.renderers import plain_words
from goscope.renderers.html.section import ReportPage, Section, label, rounded
from goscope.tables.downsampling import Curve, Panel

_PROCESSES = 12  # a log of more restarts than that shows the first ones
_MARKS = 60


def _build(page: ReportPage) -> str | None:
    lines = time_lines(page.diagnosis.capture)
    drawn = [line for line in lines if line.end_s > 0 and (line.panels or line.queues)]
    if not drawn:
        return None
    shown = drawn[:_PROCESSES]
    page.charts["timelines"] = [_chart(page, line) for line in shown]
    return page.fill(
        "time_line.html",
        lines=[_described(line) for line in shown],
        first=_first(page.charts["timelines"]),
        more=len(drawn) - len(shown),
        reduced=max(map(_samples, shown)),
    )


def _first(charts: list[dict[str, Any]]) -> int:
    """Which process is shown first: one with findings marked on it, else the one that was seen longest."""
    return max(range(len(charts)), key=lambda n: (len(charts[n]["marks"]), charts[n]["end"]))


def _chart(page: ReportPage, line: TimeLine) -> dict[str, Any]:
    return {
        "process": line.process,
        "end": rounded(line.end_s),
        "queues": line.queues and _heat(line.queues),
        "panels": panels_data(line.panels),
        "stretches": _stretches(page, line.process),
        "marks": _marks(page, line.process),
    }


def panels_data(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Panels as the chart takes them."""
    return [
        {
            "title": panel.title,
            "unit": panel.unit,
            "detail": panel.detail,
            "form": panel.form,
            "curves": [_curve(name, curve) for name, curve in panel.curves if len(curve.x)],
        }
        for panel in panels
    ]


def figures_of(panels: Sequence[Panel]) -> list[tuple[Any, ...]]:
    """Panels as rows of a table: title, unit, curve, its least, median, largest and last value."""
    return [
        (panel.title, panel.unit, name, *map(rounded, curve.figures))
        for panel in panels
        for name, curve in panel.curves
        if len(curve.x)
    ]


def _curve(name: str, curve: Curve) -> dict[str, Any]:
    return {
        "name": name,
        "x": [rounded(v) for v in curve.x.tolist()],
        "y": [rounded(v) for v in curve.y.tolist()],
    }


def _heat(queues: Queues) -> dict[str, Any]:
    return {
        "rows": list(queues.rows),
        "x": [rounded(v) for v in [*queues.start_s.tolist(), queues.end_s]],
        "z": [[v if v >= 0 else None for v in row] for row in queues.grid.values.tolist()],
    }


def _stretches(page: ReportPage, process: int) -> list[dict[str, Any]]:
    return [
        {
            "verdict": name,
            "state": stretch.state,
            "level": plain_words.level(stretch.state),
            "start": stretch.start_ms / 1000,
            "end": stretch.end_ms / 1000,
        }
        for name, verdict in page.diagnosis.verdicts.items()
        for stretch in verdict.timeline
        if stretch.process == process
    ][:400]


def _marks(page: ReportPage, process: int) -> list[dict[str, Any]]:
    """Findings whose evidence was read from a trace line, at the time of that line."""
    marks = []
    for finding in page.diagnosis.findings[:_MARKS]:
        for evidence in finding.evidence:
            when = moment(page.diagnosis.capture, evidence.source)
            if when is not None and when[0] == process:
                marks.append(
                    {
                        "at": rounded(when[1]),
                        "severity": finding.severity.value,
                        "title": label(finding.title),
                        "rule": finding.rule,
                    }
                )
                break
    return marks


def _samples(line: TimeLine) -> int:
    """How many samples stand behind the longest curve that was reduced; 0 if none was."""
    behind = [c.samples for panel in line.panels for _, c in panel.curves if c.reduced]
    if line.queues is not None and line.queues.grid.reduced:
        behind.append(line.queues.grid.samples)
    return max(behind, default=0)


def _described(line: TimeLine) -> dict[str, Any]:
    """The figures as a table, for who cannot see the chart."""
    return {
        "process": line.process,
        "source": line.source,
        "end_s": line.end_s,
        "rows": figures_of([*([line.queues.longest] if line.queues else []), *line.panels]),
    }


SECTION = Section(20, "timeline", "Over time", _build)
