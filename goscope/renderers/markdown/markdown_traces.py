"""Execution traces in Markdown: who waited for a P, and how long things took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from goscope.analysis.traces.executions import Execution, executions_of
from goscope.analysis.traces.view_functions import longest_waiting
from goscope.analysis.traces.view_latencies import latencies_of
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.renderers.markdown.markdown_text import code, text
from goscope.renderers.quantities import duration, plural
from goscope.renderers.terminal.trace_facts import facts_of

_SHOWN = 4
_KINDS = {"sched": "wait for a P", "task": "task", "region": "region"}


def trace_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """A section for each of the first traces; nothing if there is none."""
    traces = executions_of(diagnosis.capture)
    for trace in traces[:_SHOWN]:
        yield from ("", f"### Execution trace {code(trace.source)}", "")
        facts = ", ".join(f"{name} {value}" for name, value in facts_of(trace))
        yield text(f"{duration(trace.total('duration_ns'))}; {facts}.")
        yield from _functions(trace)
        yield from _latencies(trace)
    if len(traces) > _SHOWN:
        yield from ("", f"{plural(len(traces) - _SHOWN, 'more trace')}.")


def _functions(trace: Execution) -> Iterator[str]:
    found = longest_waiting(trace)
    if not found:
        return
    yield ""
    yield "Goroutines that waited longest for a P, by start function:"
    yield from _table(
        ("start function", "goroutines", "running", "waiting for a P", "before the first run"),
        [
            (
                _name(one.name),
                f"{one.goroutines:,}",
                *map(duration, (one.exec_ns, one.sched_wait_ns, one.first_wait_ns)),
            )
            for one in found
        ],
    )


def _latencies(trace: Execution) -> Iterator[str]:
    found = latencies_of(trace, each=5).shown
    if not found:
        return
    yield ""
    yield "The longest latencies of each sort:"
    yield from _table(
        ("latency", "of", "times", "median", "99 %", "longest"),
        [
            (
                _KINDS[one.kind],
                _name(one.name),
                f"{one.count:,}",
                *map(duration, (one.p50_ns, one.p99_ns, one.max_ns)),
            )
            for one in (view.figures for view in found)
        ],
    )


def _name(name: str | None) -> str:
    """A name in a cell of a table, which a vertical bar would end even in code."""
    return code(name or "?").replace("|", "\\|")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Figures stand to the right; the cells are Markdown."""
    yield ""
    yield f"| {' | '.join(head)} |"
    left = sum(not cell[:1].isdigit() for cell in rows[0])
    yield f"| {' | '.join(['---'] * left + ['---:'] * (len(head) - left))} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
