"""A few user tasks, or regions, take far longer than the others of their type.

What it detects: in an execution trace, types of tasks (runtime/trace.NewTask) with outliers, or of
regions, where none of the tasks has any; and in which of its regions the slowest task spent its time.

Why it matters: who waits for that one waits; means and medians hide it.

Evidence and threshold: at least 10 of the type that began and ended in the trace, and at most a tenth
of them (or one) that take ten times the median and 0.1 s, from where on people notice (Nielsen,
Response Times).

Example: one ``order`` of 40 takes 702 ms, where half take 9 ms and less; 698 ms of it in the region
``await``.

What to do: look at the region and at what its goroutine did there: it ran, waited for a P, or was
blocked.

False positives: a type that stands for two kinds of work, such as answers from a cache and from a disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from goscope.analysis.traces.executions import NS_PER_MS, Execution, executions_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding, Severity, Site
from goscope.parsing.numbers import IntArray
from goscope.rules.findings.trace import in_words, ms, trace_finding
from goscope.rules.rule import Family, Rule, Settings
from goscope.tables.table import Table

_ADVICE = (
    "Look at what the slowest one waited for in its longest region, and give that a timeout or another way; "
    "if the type stands for two kinds of work, give each a type of its own."
)
_STATES = {
    "exec_ns": "running",
    "sched_wait_ns": "waiting for a P",
    "block_ns": "blocked",
    "syscall_ns": "in system calls",
    "syscall_block_ns": "in system calls without a P",
}


@dataclass(frozen=True, slots=True)
class _Slow:
    """The outliers of one type: rows of the table of tasks or regions, the slowest first."""

    kind: str
    name: str
    count: int
    median_ns: float
    rows: IntArray


def find(
    capture: Capture,
    settings: Settings,
    *,
    times_median: float = 10.0,
    least_ms: float = 100.0,
    least_count: int = 10,
    most_share: float = 0.1,
) -> Iterator[Finding]:
    """One finding per trace and type of task, or of region if no task has outliers."""
    for execution in executions_of(capture):
        for kind in ("task", "region"):
            table = execution.rows(f"trace_{kind}s")
            found = list(_outliers(kind, table, times_median, least_ms, least_count, most_share))
            for slow in found:
                yield _finding(execution, table, slow)
            if found:
                break


def _outliers(
    kind: str,
    table: Table,
    times_median: float,
    least_ms: float,
    least_count: int,
    most_share: float,
) -> Iterator[_Slow]:
    codes, words = table["name"], table.categories("name")
    done = table.present("duration_ns")
    for code, name in enumerate(words):
        rows = np.flatnonzero((codes == code) & done)
        if len(rows) < least_count or not name:
            continue
        ns = table["duration_ns"][rows]
        median = float(np.median(ns))
        slow = rows[(ns >= times_median * median) & (ns >= least_ms * NS_PER_MS)]
        if 0 < len(slow) <= max(most_share * len(rows), 1):
            order = np.argsort(-table["duration_ns"][slow], kind="stable")
            yield _Slow(kind, name, len(rows), median, slow[order])


def _finding(execution: Execution, table: Table, slow: _Slow) -> Finding:
    first = int(slow.rows[0])
    longest = int(table["duration_ns"][first])
    number = int(table["stack_id"][first]) if table.present("stack_id")[first] else -1
    stack = execution.stack(number)
    inside = _longest_region(execution, table, slow, first)
    detail = f"Half of {slow.count} take {in_words(slow.median_ns)} and less"
    if inside is not None:
        name, ns, state, part = inside
        where = "" if slow.kind == "region" else f"{in_words(ns)} of it in the region {name}, "
        detail += f"; the slowest spent {where}{in_words(part)} {state}"
    site = stack.user_frame or Site(None)
    return trace_finding(
        "trace-task-slow",
        Severity.WARNING,
        execution,
        title=f"{len(slow.rows)} of {slow.count} {slow.kind}s {slow.name} "
        f"{'takes' if len(slow.rows) == 1 else 'take'} {in_words(longest)}"
        + (" and less" if len(slow.rows) > 1 else ""),
        detail=detail + ".",
        evidence=(
            Evidence(f"{slow.kind}s {slow.name}", slow.count, f"{slow.kind}s", execution.source),
            Evidence("outliers", len(slow.rows), f"{slow.kind}s"),
            Evidence("slowest", ms(longest), "ms"),
            Evidence("median", ms(slow.median_ns), "ms"),
            Evidence("slowest began at", ms(int(table["start_ns"][first])), "ms"),
            *((Evidence(f"region {inside[0]}", ms(inside[1]), "ms"),) if inside else ()),
        ),
        advice=_ADVICE,
        site=site if site.function else None,
        stack=stack,
    )


def _longest_region(
    execution: Execution, table: Table, slow: _Slow, row: int
) -> tuple[str, int, str, int] | None:
    """The longest region of a task, or the region itself: name, time, the longest state in it, its time."""
    regions = execution.rows("trace_regions")
    if slow.kind == "region":
        rows = np.array([row])
    else:
        mine = regions["task"] == int(table["task"][row])
        rows = np.flatnonzero(mine & regions.present("duration_ns") & ~regions.flags("inherited"))
    if not len(rows):
        return None
    longest = int(rows[np.argmax(regions["duration_ns"][rows])])
    times = {word: int(regions[column][longest]) for column, word in _STATES.items()}
    state = max(times, key=lambda word: times[word])
    name = regions.text("name", longest) or ""
    return name, int(regions["duration_ns"][longest]), state, times[state]


RULE = Rule("trace-task-slow", ("traces",), find, family=Family.TRACES, verdict=None)
