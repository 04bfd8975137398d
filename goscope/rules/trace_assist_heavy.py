"""Goroutines spend much of their time helping the garbage collector to mark.

What it detects: in an execution trace, goroutines of one start function that are held up by mark
assists.

Why it matters: who allocates while the GC marks has to mark in the same measure, in the middle of a
request. It shows as latency long before it shows as CPU.

Evidence and threshold: assists take 5 % of what all Ps could do, and a tenth of the time in which these
goroutines were not waiting for anything else; at least 20 of them, in at least 3 cycles. Go's guide to
the GC calls 5 % of the CPU in runtime.gcAssistAlloc a sign. Here it is time by the clock, in which its
thread may have had no CPU: hence a note, and a warning from twice that on.

Example: goroutines of ``main.allocate`` with GOGC=10 help for 57 ms of the 83 ms in which they are not
at rest.

What to do: allocate less on the busy paths, or give the heap room with a higher GOGC.

False positives: one goroutine that builds up a large structure while the program starts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.traces.executions import Execution, Function, executions_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding, Severity, Site
from goscope.rules.findings.trace import in_words, ms, percent, trace_finding
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Find who allocates on the busy paths (the stack above, or pprof allocs) and reuse what it allocates; "
    "a higher GOGC leaves the collector more time to mark."
)

_PARKED = "GC mark assist wait for work"


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_share: float = 0.05,
    warning_share: float = 0.1,
    least_own_share: float = 0.1,
    least_assists: int = 20,
    least_cycles: int = 3,
) -> Iterator[Finding]:
    """One finding per trace, about the function whose goroutines helped longest."""
    for execution in executions_of(capture):
        count, longest = _assists(execution)
        if count < least_assists or execution.total("gc_cycles") < least_cycles:
            continue
        most = max(execution.program, key=lambda f: f.assist_ns, default=None)
        of_all = assist_share(execution)
        if most is None or of_all < least_share:
            continue
        share = most.assist_ns / max(_active(most), 1)
        if share < least_own_share:
            continue
        stack = assist_stack(execution, most.name)
        yield trace_finding(
            "trace-assist-heavy",
            Severity.WARNING if of_all >= warning_share else Severity.INFO,
            execution,
            title=f"Goroutines of {most.name} help the GC for {percent(share)} of their time",
            detail=f"{most.goroutines} goroutine{'s' * (most.goroutines != 1)} spent "
            f"{in_words(most.assist_ns)} in mark assists and ran for {in_words(most.exec_ns)}.",
            evidence=(
                Evidence("mark assists, of all goroutines", count, "assists", execution.source),
                Evidence("longest", ms(longest), "ms"),
                Evidence(f"of {most.name}", ms(most.assist_ns), "ms"),
                Evidence("assists, as part of the time of the Ps", round(of_all * 100), "%"),
            ),
            advice=_ADVICE,
            site=None if stack else Site(most.name),
            stack=stack,
        )


def assist_share(execution: Execution) -> float:
    """The part of the time of all Ps that went into assists.

    A trace has when they began and ended. Of that they were parked for a while, and a goroutine that is
    runnable has no P: they count at most as long as their goroutines ran, and as the GC marked.
    """
    helping = sum(
        min(max(f.assist_ns - _parked(execution, f), 0), f.exec_ns) for f in execution.program
    )
    marking = execution.total("gc_ns") / execution.duration_ns
    return min(execution.share_of_procs(helping), marking)


def _parked(execution: Execution, function: Function) -> int:
    return sum(ns for reason, _, ns in execution.blocks.get(function.name, ()) if reason == _PARKED)


def _active(function: Function) -> int:
    """Time in which the goroutines were not at rest; a help that waits is at most all of its own time."""
    return max(function.exec_ns + function.sched_wait_ns, function.assist_ns)


def _assists(execution: Execution) -> tuple[int, int]:
    """How many ended, and the longest in nanoseconds."""
    table = execution.rows("trace_range_totals")
    mine = table.says("kind", "assist")
    if not mine.any():
        return 0, 0
    return int(table["count"][mine].sum()), int(table["max_ns"][mine].max())


def assist_stack(execution: Execution, name: str | None = None) -> Stack | None:
    """The stack in which goroutines (of this start function) helped longest; None if none is known."""
    table = execution.rows("trace_ranges")
    weights: Counter[int] = Counter()
    for kind, known, number, ns in zip(
        table.texts("kind"),
        (table.present("stack_id") & table.present("duration_ns")).tolist(),
        table["stack_id"].tolist(),
        table["duration_ns"].tolist(),
        strict=True,
    ):
        if kind == "assist" and known and (name is None or execution.root(number) == name):
            weights[number] += ns
    return execution.stack(weights.most_common(1)[0][0]) if weights else None


RULE = Rule(
    "trace-assist-heavy",
    ("traces",),
    find,
    family=Family.TRACES,
    verdict="gc",
    state="pressure",
)
