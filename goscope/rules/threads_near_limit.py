"""The program has very many threads, and at 10,000 the runtime kills it.

What it detects: a number of threads that comes near to the limit of the runtime.

Why it matters: ``fatal error: thread exhaustion`` ends the program at once, with all that it was doing.

Evidence and threshold: threads of the last SCHED lines against ``limit``, 10,000 by default
(debug.SetMaxThreads; set ``limit`` if the program sets another one). Critical from 80 % of it, a warning
from half of it, and a note from a tenth: a thousand threads are more than any program needs on purpose.

Example: ``SCHED 60001ms: gomaxprocs=8 idleprocs=7 threads=8123 spinningthreads=0 idlethreads=12 ...``

What to do: bound how many goroutines are in blocking system calls or C at once; look for
runtime.LockOSThread without unlock.

False positives: a program that works on very many slow files or devices at once on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.scheduler.threads import threads_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.findings.threads import advice_for, held_evidence, held_words, main_holders
from goscope.rules.rule import Family, Rule, Settings


def find(
    capture: Capture,
    settings: Settings,
    *,
    limit: int = 10_000,
    critical_share: float = 0.8,
    warning_share: float = 0.5,
    note_share: float = 0.1,
) -> Iterator[Finding]:
    """One finding per process."""
    for threads in threads_of(capture):
        count = int(threads.threads[-3:].max())
        if count < note_share * limit:
            continue
        severity = (
            Severity.CRITICAL
            if count >= critical_share * limit
            else Severity.WARNING
            if count >= warning_share * limit
            else Severity.INFO
        )
        who = main_holders(capture, threads.process)
        yield Finding(
            rule="threads-near-limit",
            severity=severity,
            confidence=Confidence.CERTAIN,
            title=f"{count} threads of at most {limit}",
            detail=f"{int(threads.bound[-1])} of them are bound at the end of the log"
            + (f"; {held_words(who)}." if who is not None else "."),
            evidence=(
                Evidence("threads", count, "threads", threads.last_source),
                Evidence("limit", limit, "threads"),
                *(held_evidence(who) if who is not None else ()),
            ),
            advice=advice_for(who),
            process=threads.process,
            site=who.site if who else None,
            stack=who.stack.frames if who else (),
            created_by=who.stack.created_by if who else None,
            goroutines=who.group if who else None,
        )


RULE = Rule(
    "threads-near-limit",
    ("sched",),
    find,
    family=Family.THREADS,
    verdict="threads",
    state="high",
    state_from=Severity.INFO,
)
