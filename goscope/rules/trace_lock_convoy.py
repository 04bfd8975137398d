"""Goroutines stand in line for one lock.

What it detects: in an execution trace, a Mutex or RWMutex for which goroutines wait nearly all the
time, with the place where they wait, and the place where it is unlocked.

Why it matters: behind one lock work is done one after the other, however many cores there are.

Evidence and threshold: on average at least one goroutine waits there, over at least 20 waits, or some
wait at the end of the trace. With more than one waiting at all times the lock is never free: it is what
limits the program (the utilisation law of queues). It is a note as long as the program computes for
longer than it waits for this lock, and a warning from there on.

Example: six goroutines pass the mutex of ``main.(*ledger).post`` on: 116 waits, 253 ms in a trace of
131 ms.

What to do: hold the lock for less (no I/O, no logging, no sleep inside), split it (a lock per shard or
per key), or use an RWMutex or sync/atomic for what is mostly read.

False positives: a lock that limits work on purpose, and that nobody but a batch job waits for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.traces.executions import Execution, executions_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding, Group, Severity, if_any
from goscope.rules.findings.leak import place_of
from goscope.rules.findings.trace import in_words, ms, trace_finding, words_of_dumps
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Hold the lock for less (no I/O, no logging, no sleep inside), split it (one per shard or key), or use "
    "an RWMutex or sync/atomic for what is mostly read."
)
#: The reason of waits for a Mutex, an RWMutex or a WaitGroup (runtime: waitReasonSync...).
_SYNC = "sync"


@dataclass(slots=True)
class _Line:
    """Who stands in line at one place."""

    stack: Stack
    reason: str | None
    count: int = 0
    ns: int = 0
    max_ns: int = 0
    wakers: dict[int, int] = field(default_factory=dict)  # stack: how often
    still: list[int] = field(default_factory=list)  # goroutines that wait at the end


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_waiting: float = 1.0,
    least_waits: int = 20,
) -> Iterator[Finding]:
    """One finding per trace and place where a lock is taken."""
    for execution in executions_of(capture):
        for line in _lines(execution):
            waits = line.count >= least_waits or len(line.still) > least_waiting
            if waits and execution.on_average(line.ns) >= least_waiting:
                yield _finding(execution, line)


def _lines(execution: Execution) -> list[_Line]:
    """By the place where they wait, the longest first."""
    lines: dict[object, _Line] = {}
    table = execution.rows("trace_wakeups")
    rows = zip(
        table.texts("reason"),
        table["stack_id"].tolist(),
        table.present("stack_id").tolist(),
        table["waker_stack"].tolist(),
        table.present("waker_stack").tolist(),
        table["count"].tolist(),
        table["ns"].tolist(),
        table["max_ns"].tolist(),
        strict=True,
    )
    for reason, number, known, waker, woken, count, ns, max_ns in rows:
        stack = execution.stack(number if known else -1)
        if reason != _SYNC or not stack.waits_for_lock:
            continue
        line = lines.setdefault(stack.user_frame, _Line(stack, reason))
        line.count += count
        line.ns += ns
        line.max_ns = max(line.max_ns, max_ns)
        if woken:
            line.wakers[waker] = line.wakers.get(waker, 0) + count
    _add_those_who_wait(execution, lines)
    return sorted(lines.values(), key=lambda line: -line.ns)


def _add_those_who_wait(execution: Execution, lines: dict[object, _Line]) -> None:
    """Add the waits that had not ended at the end of the trace."""
    table = execution.rows("trace_goroutines")
    waiting = table.present("wait_stack") & table.present("since_ns")
    rows = table.select(waiting)
    for reason, g, number, since in zip(
        rows.texts("wait_reason"),
        rows["g"].tolist(),
        rows["wait_stack"].tolist(),
        rows["since_ns"].tolist(),
        strict=True,
    ):
        if reason and reason != _SYNC:  # none is given if it waited when the trace began
            continue
        stack = execution.stack(number)
        if stack.waits_for_lock:
            line = lines.setdefault(stack.user_frame, _Line(stack, reason))
            line.still.append(g)
            line.ns += execution.duration_ns - since
            line.max_ns = max(line.max_ns, execution.duration_ns - since)


def _finding(execution: Execution, line: _Line) -> Finding:
    computed = sum(f.exec_ns for f in execution.program)
    wakers: defaultdict[str, int] = defaultdict(int)
    for number, count in line.wakers.items():
        wakers[place_of(execution.stack(number).user_frame)] += count
    by = sorted(wakers.items(), key=lambda w: -w[1])[:2]
    detail = (
        f"{line.count} waits ended, {in_words(line.ns)} in all; "
        f"the whole program ran for {in_words(computed)}."
    )
    if line.still:
        detail += f" {len(line.still)} still wait at the end of the trace."
    return trace_finding(
        "trace-lock-convoy",
        Severity.WARNING if line.ns > computed else Severity.INFO,
        execution,
        title=f"{execution.on_average(line.ns):.1f} goroutines wait for one lock at "
        f"{place_of(line.stack.user_frame)}, on average",
        detail=detail,
        evidence=(
            Evidence("waits that ended", line.count, "waits", execution.source),
            Evidence("together", ms(line.ns), "ms"),
            Evidence("longest", ms(line.max_ns), "ms"),
            *(Evidence(f"woken from {place}", count, "times") for place, count in by),
            *if_any("waiting at the end", len(line.still), "goroutines"),
        ),
        advice=_ADVICE,
        stack=line.stack,
        blocked_on=words_of_dumps(line.reason, line.stack),
        group=Group(len(line.still), tuple(sorted(line.still)[:20])) if line.still else None,
    )


RULE = Rule(
    "trace-lock-convoy",
    ("traces",),
    find,
    family=Family.TRACES,
    verdict="scheduler",
    state="blocked",
)
