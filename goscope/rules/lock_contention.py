"""Many goroutines wait for one lock.

What it detects: at least 10 goroutines that wait for the same Mutex or RWMutex.

Why it matters: behind one lock work is done one after the other, however many cores there are.

Evidence and threshold: the address of the lock is an argument of the frame that waits (``lockSlow``).
Two dumps with so many waiters make it a warning; one dump may be an accident and is only mentioned. No
published number exists: 10 is far above what a lock that is held for microseconds gathers. Where the
waiters change from dump to dump the lock changes hands; where they stand still its holder keeps it, and
is named if somebody seems to hold it. Who waits for the first call of a ``sync.Once`` is only mentioned: it
happens once.

Example: 120 goroutines in ``sync.Mutex.Lock`` at ``main.(*cache).get``.

What to do: hold the lock for less (no I/O and no logging inside), split it (a lock per shard or per
key), or use an RWMutex or sync/atomic for what is mostly read.

False positives: a queue of waiters that is wanted, such as a limit on work at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from goscope.analysis.waits.locks import Lock, Locks, locks_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Group, Severity
from goscope.rules.findings.leak import leak_finding, place_of
from goscope.rules.findings.lock import who_waits_for_whom
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Hold the lock for less (no I/O and no logging inside), split it (one per shard or key), or use an "
    "RWMutex or sync/atomic for what is mostly read; a mutex profile tells the time lost."
)

_ONCE_ADVICE = (
    "They wait for the first call of a sync.Once: call it before the others need it, and give what it does a "
    "timeout."
)


def find(capture: Capture, settings: Settings, *, least_waiters: int = 10) -> Iterator[Finding]:
    """One finding per lock, from the last dump of each process."""
    for process, locks in locks_of(capture):
        for lock in locks.all:
            if len(lock.rows) >= least_waiters:
                yield _finding(process, locks, lock, least_waiters)


def _finding(process: int, locks: Locks, lock: Lock, least_waiters: int) -> Finding:
    count = len(lock.rows)
    before = locks.waited_before(lock)
    still = sum(row in locks.still for row in lock.rows)
    lasting = (before or 0) >= least_waiters or (before is None and still >= least_waiters)
    sentences = [_how(before, still, count), *who_waits_for_whom(locks, lock, kept=False)]
    blocked = locks.dump.groups(lock.rows)[0]
    ids = sorted(locks.dump.ids[row] for row in lock.rows)
    once = "sync.(*Once).doSlow" in blocked.stack.functions
    lasting = lasting and not once
    found = leak_finding(
        "lock-contention",
        Severity.WARNING if lasting else Severity.INFO,
        Confidence.MEDIUM if lasting else Confidence.LOW,
        blocked,
        process=process,
        title=f"{count} wait for one lock at {place_of(blocked.stack.user_frame)}",
        detail=" ".join(s for s in sentences if s),
        evidence=(
            Evidence("waiting for this lock", count, "goroutines", blocked.line_source()),
            *(() if before is None else (Evidence("in the dump before", before, "goroutines"),)),
            *_holders(locks, lock),
        ),
        group=Group(count, tuple(ids[:20])),
    )
    return replace(found, advice=_ONCE_ADVICE if once else _ADVICE)


def _how(before: int | None, still: int, count: int) -> str:
    if before is None:
        return ""
    if still == count:
        return "None of them moved between the last two dumps."
    return f"{count - still} of them came between the last two dumps: the lock changes hands."


def _holders(locks: Locks, lock: Lock) -> tuple[Evidence, ...]:
    """In what the goroutines are that seem to hold it."""
    states = Counter(
        locks.dump.reason(holder.row) for holder in locks.holders(lock) if not holder.itself
    )
    return tuple(
        Evidence(f"seeming to hold it, in {state}", count, "goroutines")
        for state, count in states.items()
    )


RULE = Rule(
    "lock-contention",
    ("goroutines",),
    find,
    family=Family.GOROUTINES,
    verdict="goroutines",
    strength=10,
    any_creator=True,
    explains={"lock": "tells how many wait for which lock, and who holds it"},
)
