"""Goroutines spend much of their time helping the garbage collector to mark.

What it detects: in an execution trace, goroutines of one start function that are held up by mark
assists.

Why it matters: who allocates while the GC marks has to mark in the same measure, in the middle of a
request. It shows as latency long before it shows as CPU.

Evidence and threshold: assists take at least 10 % of the time in which these goroutines were not
waiting for anything else (running, runnable, helping), at least 20 of them in at least 3 cycles, and 1
% of the trace. Go's guide to the GC calls 5 % of the CPU in runtime.gcAssistAlloc a sign; here it is
time by the clock, in which an assist may also wait, so the bar is twice that.

Example: goroutines of ``main.allocate`` with GOGC=10 help for 57 ms of the 83 ms in which they are not
at rest.

What to do: allocate less on the busy paths, or give the heap room with a higher GOGC.

False positives: one goroutine that builds up a large structure while the program starts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from goscope.capture import Capture
from goscope.executions import Execution, Function, executions_of
from goscope.findings import Evidence, Finding, Severity, Site
from goscope.rules.rule import Rule, Settings
from goscope.rules.trace_shape import in_words, ms, percent, trace_finding
from goscope.stacks import Stack

_ADVICE = (
    "Find who allocates on the busy paths (the stack above, or pprof allocs) and reuse what it allocates; "
    "a higher GOGC leaves the collector more time to mark."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_share: float = 0.1,
    least_assists: int = 20,
    least_cycles: int = 3,
    least_trace_share: float = 0.01,
) -> Iterator[Finding]:
    """One finding per trace, about the function whose goroutines helped longest."""
    for execution in executions_of(capture):
        count, longest = _assists(execution)
        if count < least_assists or execution.total("gc_cycles") < least_cycles:
            continue
        most = max(execution.program, key=lambda f: f.assist_ns, default=None)
        if most is None or most.assist_ns < least_trace_share * execution.duration_ns:
            continue
        share = most.assist_ns / max(_active(most), 1)
        if share < least_share:
            continue
        stack = assist_stack(execution, most.name)
        yield trace_finding(
            "trace-assist-heavy",
            Severity.WARNING,
            execution,
            title=f"Goroutines of {most.name} help the GC for {percent(share)} of their time",
            detail=f"{most.goroutines} goroutines spent {in_words(most.assist_ns)} in mark assists "
            f"and ran for {in_words(most.exec_ns)}.",
            evidence=(
                Evidence("mark assists, of all goroutines", count, "assists", execution.source),
                Evidence("longest", ms(longest), "ms"),
                Evidence(f"of {most.name}", ms(most.assist_ns), "ms"),
            ),
            advice=_ADVICE,
            site=None if stack else Site(most.name),
            stack=stack,
        )


def _active(function: Function) -> int:
    """Time in which the goroutines were not at rest; a help that waits is at most all of its own time."""
    return max(function.exec_ns + function.sched_wait_ns, function.assist_ns)


def _assists(execution: Execution) -> tuple[int, int]:
    """How many ended, and the longest in nanoseconds."""
    table = execution.rows("trace_range_totals")
    mine = np.array([kind == "assist" for kind in table.texts("kind")], np.bool_)
    if not mine.any():
        return 0, 0
    return int(table["count"][mine].sum()), int(table["max_ns"][mine].max())


def assist_stack(execution: Execution, name: str | None = None) -> Stack | None:
    """The stack in which goroutines (of this start function) helped longest; None if none is known."""
    table = execution.rows("trace_ranges")
    weights: Counter[int] = Counter()
    for kind, known, number, ns in zip(
        table.texts("kind"),
        (table.present("stack") & table.present("duration_ns")).tolist(),
        table["stack"].tolist(),
        table["duration_ns"].tolist(),
        strict=True,
    ):
        if kind == "assist" and known and (name is None or execution.root(number) == name):
            weights[number] += ns
    return execution.stack(weights.most_common(1)[0][0]) if weights else None


RULE = Rule("trace-assist-heavy", ("traces",), find, __doc__)
