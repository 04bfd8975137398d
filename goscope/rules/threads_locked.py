"""Many goroutines of one origin keep a thread each.

What it detects: goroutines at one place that are locked to their threads (runtime.LockOSThread), many of
them or more in every dump.

Why it matters: a locked thread runs nothing else, and waiting on it costs a switch of threads each time.
More and more of them is a leak that ends at 10,000 threads.

Evidence and threshold: ``locked to thread`` in the headers of dumps. More in each dump, by 3 at least in
all, is a leak: high confidence with three dumps. 10 and more that stay the same are a note.
Both numbers are chosen. The main goroutine does not count (libraries for user interfaces lock it), and what
threads-growing reports is not reported twice.

Example: ``goroutine 9 [chan receive, locked to thread]:``

What to do: call runtime.UnlockOSThread with defer, or let the goroutine end.

False positives: a pool of threads for a C library that needs them, while it fills up.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.scheduler.threads import Holders, holders_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Finding, Severity
from goscope.rules.findings.leak import place_of
from goscope.rules.findings.threads import advice_for, held_evidence
from goscope.rules.rule import Family, Rule, Settings
from goscope.rules.threads_growing import RULE as GROWING


def find(
    capture: Capture, settings: Settings, *, least_growth: int = 3, least_count: int = 10
) -> Iterator[Finding]:
    """One finding per process and place."""
    told = (
        {(f.process, f.site) for f in GROWING.run(capture, settings)}
        if GROWING.present(capture)
        else set()
    )
    for who in holders_of(capture):
        if who.how != "locked to thread" or (who.process, who.site) in told:
            continue
        if who.grows and who.counts[-1] - who.counts[0] >= least_growth:
            yield _finding(who, grows=True)
        elif who.group.count >= least_count:
            yield _finding(who, grows=False)


def _finding(who: Holders, *, grows: bool) -> Finding:
    counts = " -> ".join(map(str, who.counts)) if grows else str(who.group.count)
    sure = len(who.counts) > 2
    return Finding(
        rule="threads-locked",
        severity=Severity.WARNING if grows else Severity.INFO,
        confidence=(Confidence.HIGH if sure else Confidence.MEDIUM) if grows else Confidence.HIGH,
        title=f"{counts} goroutines keep a thread each at {place_of(who.site)}",
        detail="They become more in every dump; each holds its thread until it unlocks it or ends."
        if grows
        else "Each holds its thread until it unlocks it or ends.",
        evidence=held_evidence(who),
        advice=advice_for(who),
        process=who.process,
        site=who.site,
        stack=who.stack.frames,
        blocked_on=who.waits_in,
        created_by=who.stack.created_by,
        creator_goroutine=who.parent,
        goroutines=who.group,
    )


RULE = Rule(
    "threads-locked",
    ("goroutines",),
    find,
    family=Family.THREADS,
    verdict="threads",
    state="leak",
)
