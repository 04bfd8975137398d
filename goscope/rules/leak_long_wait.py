"""Goroutines that have waited longer than work takes.

What it detects: a wait time at or above the bar (``--leak-after``, 5 minutes) in a state that can leak.

Why it matters: a goroutine that waits so long for another one usually waits for ever.

Evidence and threshold: the minutes in the header are a lower bound (the runtime starts to count at
the first GC after the goroutine blocked, runtime/mgcmark.go), so below about 3 minutes the number
is noise. A lock or a send needs another goroutine to act at once, so waiting there says much. A
receive, a select, a sleep or network I/O is how idle servers live: there the time alone says little
and counts only if the ages within one stack are spread out, as goroutines that pile up have it and
a pool of workers has not. The main goroutine counts where it waits for a lock or in a send: programs
that serve wait in other ways. The goroutine of a test should end by itself, in whatever it waits
(testing/testing.go: tRunner).

Example: ``goroutine 42 [chan send, 5 minutes]:``

What to do: look at the blocking site; take further dumps a few minutes apart to see whether more come.

False positives: a goroutine that rightly waits for a rare event. Known long waiters (accept loops,
keep-alive connections, signal handlers) are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from goscope.analysis.goroutines.dumps import Blocked, blocked_groups, snapshots_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.goruntime.wait_reasons import can_leak, never_wakes
from goscope.rules.findings.leak import leak_finding, place_of
from goscope.rules.rule import Family, Rule, Settings
from goscope.tables.table import Ints

#: Waiting here needs another goroutine to act at once; nobody parks workers here.
_URGENT = frozenset({"lock"})


def find(
    capture: Capture, settings: Settings, *, after_minutes: int = 5, least_piled: int = 3
) -> Iterator[Finding]:
    """One finding per stack and wait reason, from the last dump of each process."""
    bar = after_minutes
    for process, dumps in snapshots_of(capture):
        last = dumps[-1]
        waited, ids = last.rows.numbers("wait_minutes"), last.rows["id"]
        for blocked in blocked_groups(capture, last):
            minutes = waited[blocked.rows]
            long = np.flatnonzero(minutes >= bar)
            if not len(long) or not can_leak(blocked.reason) or never_wakes(blocked.reason):
                continue
            urgent = blocked.primitive in _URGENT or blocked.reason.startswith("chan send")
            urgent |= blocked.stack.runs_test
            main = bool((ids[blocked.rows] == 1).all())
            if main and not urgent:
                continue  # how programs that serve keep their main function
            if blocked.stack.normal is not None and not main:
                continue
            ages = minutes[long].astype(np.int64)
            piled = _piled_up(ages, least_piled)
            if not urgent and not piled and len(dumps) > 1:
                continue  # several dumps tell growth better than time does
            yield _finding(process, blocked, blocked.rows[long], ages, urgent, piled, bar)


def _piled_up(ages: Ints, least: int) -> bool:
    """Whether goroutines came one after the other, rather than all at once as a pool does."""
    return len(ages) >= least and len(np.unique(ages)) >= least


def _finding(
    process: int,
    blocked: Blocked,
    rows: Ints,
    ages: Ints,
    urgent: bool,
    piled: bool,
    bar: int,
) -> Finding:
    long = Blocked(blocked.stack, blocked.reason, blocked.snapshot, rows)
    if urgent:
        severity, confidence = Severity.WARNING, Confidence.MEDIUM
    else:
        severity = Severity.WARNING if piled else Severity.INFO
        confidence = Confidence.LOW
    detail = (
        "It is the goroutine of a test, which should end by itself."
        if blocked.stack.runs_test
        else f"They wait in {blocked.reason}, where only another goroutine can free them."
        if urgent
        else f"Time alone says little in {blocked.reason}"
        + (", but their ages are spread out as if they piled up." if piled else ".")
    )
    if 1 in blocked.snapshot.rows.at("id", rows).tolist():
        detail = f"It is the main goroutine, and the program hangs there: {blocked.reason} needs another "
        detail += "goroutine to act at once."
    return leak_finding(
        "leak-long-wait",
        severity,
        confidence,
        long,
        process=process,
        title=f"{len(ages)} waiting for {_span(ages)} minutes at {place_of(blocked.stack.user_frame)}",
        detail=detail,
        evidence=(
            Evidence("longest wait, at least", int(ages.max()), "minutes", long.line_source()),
            Evidence("waiting longer than the bar", len(ages), "goroutines"),
            Evidence("bar", bar, "minutes"),
        ),
    )


def _span(ages: Ints) -> str:
    least, most = int(ages.min()), int(ages.max())
    return str(most) if least == most else f"{least} to {most}"


RULE = Rule(
    "leak-long-wait",
    ("goroutines",),
    find,
    family=Family.LEAKS,
    verdict="goroutines",
    state="leak",
    strength=30,
    options={"after_minutes": "leak_after_minutes"},
    explains=dict.fromkeys(("lock", "strong"), "asks how long they have waited"),
)
