"""More and more threads are bound, and none comes back.

What it detects: threads that are not parked become more from quarter to quarter of the log, to its end.

Why it matters: each costs memory of the kernel and its stack, and at 10,000 of them the runtime kills the
program.

Evidence and threshold: threads minus idlethreads of the SCHED lines (runtime/proc.go: schedtrace). A thread
is hardly ever given back, so a burst of system calls leaves parked threads behind: they do not count. At
least 6 lines, 10 threads more in the last quarter than in the first, more in each quarter, and a last one
that is at least half as fast as the mean. Dumps of the same process tell who holds them: goroutines that
are locked to their thread, or in a system call; the M lines of scheddetail tell how many are locked.

Example: ``threads=29 ... idlethreads=2``, later ``threads=160 ... idlethreads=2``

What to do: call runtime.UnlockOSThread (with defer), or let the goroutine end, which ends its thread; set
deadlines for what blocks in a system call, and bound how many do at once.

False positives: load that rises all the time and blocks in system calls or in C.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.scheduler.threads import Threads, locked_in_detail, threads_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.findings.threads import advice_for, held_evidence, held_words, main_holders
from goscope.rules.rule import Family, Rule, Settings


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_growth: int = 10,
    least_samples: int = 6,
    least_s: float = 3.0,
) -> Iterator[Finding]:
    """One finding per process, with the goroutines that hold the threads where a dump shows them."""
    for threads in threads_of(capture):
        enough = len(threads.t_s) >= least_samples and threads.seconds >= least_s
        if enough and threads.growth >= least_growth and threads.grows:
            yield _finding(capture, threads)


def _finding(capture: Capture, threads: Threads) -> Finding:
    first, last = int(threads.bound[0]), int(threads.bound[-1])
    who = main_holders(capture, threads.process)
    detail = locked_in_detail(capture, threads.process)
    locked = detail[0] if detail else 0
    explained = max(who.group.count if who else 0, locked) >= (last - first) / 2
    return Finding(
        rule="threads-growing",
        severity=Severity.CRITICAL if explained else Severity.WARNING,
        confidence=Confidence.HIGH if explained else Confidence.MEDIUM,
        title=f"Bound threads grow from {first} to {last} and do not fall",
        detail=f"{threads.per_minute:.0f} more a minute, for {threads.seconds:.0f} s to the end of the log"
        + (f"; {held_words(who)}." if who is not None else "."),
        evidence=(
            Evidence("threads not parked, first", first, "threads", threads.source),
            Evidence("threads not parked, last", last, "threads", threads.last_source),
            Evidence("growth", round(threads.per_minute, 1), "threads a minute"),
            *(
                (Evidence("locked to a goroutine, last", locked, "threads", detail[1]),)
                if detail
                else ()
            ),
            *(held_evidence(who) if who is not None else ()),
        ),
        advice=advice_for(who, locked=locked >= (last - first) / 2),
        process=threads.process,
        site=who.site if who else None,
        stack=who.stack.frames if who else (),
        blocked_on=who.waits_in if who else None,
        created_by=who.stack.created_by if who else None,
        creator_goroutine=who.parent if who else None,
        goroutines=who.group if who else None,
    )


RULE = Rule(
    "threads-growing",
    ("sched",),
    find,
    family=Family.THREADS,
    verdict="threads",
    state="leak",
)
