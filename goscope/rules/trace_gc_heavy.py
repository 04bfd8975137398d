"""The garbage collector takes a large part of what the Ps can do.

What it detects: in an execution trace, the share of the time of all Ps that went into marking.

Why it matters: what the collector takes, the program has not.

Evidence and threshold: 25 % of the time of all Ps, in marking workers and in goroutines that had to
help, while the GC marked for 30 % of the time and more, in at least 3 cycles. While it marks the
collector takes 25 % by design (gcBackgroundUtilization, runtime/mgcpacer.go), so 25 % in all is marking
without a pause or much assisting. A goroutine that helps counts at most as long as it
ran. Marking on Ps that had nothing else to do cannot be told from the rest, hence the second bar.

Example: GOGC=10 over a heap of 15 MB: 11 cycles in 45 ms, marking for 39 % of the time.

What to do: allocate less on the busy paths (the stack of those who had to help says where), or let the
heap grow larger with a higher GOGC, or GOMEMLIMIT.

False positives: a trace of the few moments in which a large heap is built up.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.traces.executions import Execution, executions_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding, Severity
from goscope.rules.findings.trace import percent, trace_finding
from goscope.rules.rule import Family, Rule, Settings
from goscope.rules.trace_assist_heavy import assist_share, assist_stack

_ADVICE = (
    "Find who allocates (the stack above, or pprof allocs, alloc_space), reuse buffers, avoid pointers in "
    "what lives long; if there is memory to spare, a higher GOGC makes cycles rarer in the same measure."
)
_WORKER = "runtime.gcBgMarkWorker"


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_share: float = 0.25,
    least_marking_share: float = 0.3,
    least_cycles: int = 3,
) -> Iterator[Finding]:
    """One finding per trace."""
    for execution in executions_of(capture):
        cycles = execution.total("gc_cycles")
        marking = execution.total("gc_ns") / execution.duration_ns
        if cycles < least_cycles or marking < least_marking_share:
            continue
        workers, helping = gc_shares(execution)
        if workers + helping < least_share:
            continue
        stack = assist_stack(execution)
        yield trace_finding(
            "trace-gc-heavy",
            Severity.WARNING,
            execution,
            title=f"The GC takes {percent(workers + helping)} of the time of the Ps",
            detail=f"It marks for {percent(marking)} of the time, in {cycles} cycles.",
            evidence=(
                Evidence("cycles", cycles, "cycles", execution.source),
                Evidence("time in which it marks", round(marking * 100), "%"),
                Evidence("marking workers, of the Ps", round(workers * 100), "%"),
                Evidence("goroutines that help, of the Ps", round(helping * 100), "%"),
            ),
            advice=_ADVICE,
            stack=stack,
        )


def gc_shares(execution: Execution) -> tuple[float, float]:
    """What the time of all Ps went into: marking workers, and goroutines that helped."""
    workers = sum(f.exec_ns for f in execution.functions if f.name == _WORKER)
    return execution.share_of_procs(workers), assist_share(execution)


RULE = Rule(
    "trace-gc-heavy",
    ("traces",),
    find,
    family=Family.TRACES,
    verdict="gc",
    state="pressure",
)
