"""Latency distributions of traces: waits for a P, tasks, regions."""

from __future__ import annotations

from typing import Any

from goscope.analysis.traces.executions import Execution, Latency
from goscope.analysis.traces.view_latencies import (
    Histogram,
    LatencyView,
    LatencyViews,
    latencies_of,
)
from goscope.goruntime.function_names import short_name
from goscope.renderers.html.section import ReportPage, Section, label, shown
from goscope.renderers.html.trace_parts import fill_for_each_trace

WORDS = {"sched": "scheduling", "task": "task", "region": "region"}


def _build(page: ReportPage) -> str | None:
    def part(trace: Execution) -> dict[str, Any] | None:
        found = latencies_of(trace)
        if not found.shown:
            return None
        choices = _choices(found)
        page.charts.setdefault("latencies", []).append([figures for _, figures in choices])
        return {
            "found": found,
            "choices": [words for words, _ in choices],
            "rows": [_row(one, found) for one in found.shown],
        }

    return fill_for_each_trace(page, "trace_latencies.html", part, words=WORDS)


def _choices(found: LatencyViews) -> list[tuple[str, list[Any]]]:
    choices = []
    if found.overall is not None:
        choices.append(("all waits for a P", _figures("waits", *found.overall)))
    for view in found.shown:
        one = view.figures
        what = "waits" if one.kind == "sched" else f"{one.kind}s"
        words = f"{WORDS[one.kind]}: {label(_name(one))}"
        choices.append((words, _figures(what, view.all, view.later)))
    return choices


def _name(one: Latency) -> str:
    """A function without its path; the names of tasks and regions are what the program says."""
    if one.kind == "sched":
        return short_name(one.name or "not known")
    return one.name or "no name"


def _figures(what: str, everything: Histogram, later: Histogram | None) -> list[Any]:
    return [what, *(h and [list(h.edges_ns), list(h.counts)] for h in (everything, later))]


def _row(view: LatencyView, found: LatencyViews) -> dict[str, Any]:
    one = view.figures
    return {
        "one": one,
        "later_p99_ns": view.later_p99_ns,
        "name": _name(one),
        "at": {
            name: f"{100 * found.position(ns):.2f}"
            for name, ns in (
                ("p50", one.p50_ns),
                ("p90", one.p90_ns),
                ("p99", one.p99_ns),
                ("max", one.max_ns),
            )
        },
        "search": shown(f"{WORDS[one.kind]} {one.name or '?'}".lower(), longest=2000),
    }


SECTION = Section(24, "trace-latencies", "Latencies", _build)
