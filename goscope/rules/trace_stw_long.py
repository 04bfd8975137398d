"""The whole program stands still for longer than it should.

What it detects: in an execution trace, stop-the-world phases of one kind, the GC's or others, that take
long; the time until all goroutines have stopped is part of them.

Why it matters: no goroutine runs meanwhile; every request that is under way waits.

Evidence and threshold: three phases of 10 ms and more, or one of 100 ms. They take tens of microseconds
since Go 1.8; 10 ms is the goal that Go 1.5 was made for. One of 10 ms alone may be the machine, whose
CPUs others had. The stop that starts the trace is left out.

Example: ``stop-the-world (read mem stats)``, 5 times, 42 ms at most: a loop is not preempted, as
``GODEBUG=asyncpreemptoff=1`` is set.

What to do: look at who ran meanwhile (it is named): a loop without calls, long work in C or assembly;
ask for what stops the world less often (ReadMemStats, goroutine dumps); compare GOMAXPROCS with the
CPUs there are.

False positives: a machine whose CPUs are taken by others: the program waits for a CPU, and nobody holds
it up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from goscope.analysis.traces.executions import NS_PER_MS, Execution, executions_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding, Severity
from goscope.parsing.numbers import IntArray
from goscope.rules.findings.trace import in_words, ms, percent, trace_finding
from goscope.rules.rule import Family, Rule, Settings
from goscope.tables.table import Table

#: Who ran for less of the time of the stops is not named.
_MEANWHILE = 0.1
_BY_TRACING = "stop-the-world (start trace)"
_ADVICE = (
    "See why those who ran meanwhile did not stop: loops without calls, work in C or assembly, "
    "GODEBUG=asyncpreemptoff; and whether the program has fewer CPUs than GOMAXPROCS. Ask less often for "
    "what stops the world (ReadMemStats, dumps)."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    long_ms: float = 10.0,
    least_count: int = 3,
    alone_ms: float = 100.0,
) -> Iterator[Finding]:
    """One finding per trace and kind of stop."""
    for execution in executions_of(capture):
        table = execution.rows("trace_ranges")
        names = np.array(table.texts("name"), object)
        stops = table.says("kind", "stw")
        long = stops & table.present("duration_ns") & (names != _BY_TRACING)
        long &= table["duration_ns"] >= long_ms * NS_PER_MS
        for name, count in Counter(names[long].tolist()).items():
            rows = np.flatnonzero(long & (names == name))
            longest = int(table["duration_ns"][rows].max())
            if count >= least_count or longest >= alone_ms * NS_PER_MS:
                yield _finding(execution, str(name), rows, long_ms)


def _finding(execution: Execution, name: str, rows: IntArray, long_ms: float) -> Finding:
    table = execution.rows("trace_ranges").select(rows)
    ns = table["duration_ns"]
    first = int(np.argmax(ns))
    known = bool(table.present("stack_id")[first])
    held = _ran_meanwhile(execution, table)
    who = held[0][0] if held else None
    total = int(ns.sum())
    detail = f"Together {in_words(total)}, {percent(total / execution.duration_ns)} of the trace"
    detail += f"; meanwhile ran {who}, which may be what did not stop." if who else "."
    return trace_finding(
        "trace-stw-long",
        Severity.WARNING,
        execution,
        title=f"{name}: {len(rows)} times {long_ms:g} ms and more, {in_words(int(ns.max()))} at most",
        detail=detail,
        evidence=(
            Evidence(f"phases of {long_ms:g} ms and more", len(rows), "phases", execution.source),
            Evidence("longest", ms(int(ns.max())), "ms"),
            Evidence("longest began at", ms(int(table["start_ns"][first])), "ms"),
            *(Evidence(f"{function} ran meanwhile", ms(time), "ms") for function, time in held),
        ),
        advice=_ADVICE,
        stack=execution.stack(int(table["stack_id"][first])) if known else None,
    )


def _ran_meanwhile(execution: Execution, stops: Table) -> list[tuple[str, int]]:
    """Of the long unbroken runs of goroutines the parts inside of the stops, by start function.

    Who stops the world runs too, and waits for the others.
    """
    starts, ends = stops["start_ns"], stops["end_ns"]
    stoppers = set(stops["g"].tolist())
    table = execution.rows("trace_longest")
    found: Counter[str] = Counter()
    for state, name, g, start, ns in zip(
        table.texts("state"),
        table.texts("name"),
        table["g"].tolist(),
        table["start_ns"].tolist(),
        table["duration_ns"].tolist(),
        strict=True,
    ):
        if state == "running" and name and g not in stoppers:
            shared = np.minimum(ends, start + ns) - np.maximum(starts, start)
            found[name] += int(np.maximum(shared, 0).sum())
    bar = _MEANWHILE * int((ends - starts).sum())
    return [(name, ns) for name, ns in found.most_common(3) if ns >= bar]


RULE = Rule("trace-stw-long", ("traces",), find, family=Family.TRACES, verdict="scheduler")
