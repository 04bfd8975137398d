"""Goroutines that wait for others of which none is left that could act.

What it detects: what a function left behind when it was done: senders without a receiver, receivers
without a sender, a WaitGroup or a Cond that nobody is left to serve. Three cases are told: a program in
which only the main goroutine or a test can still act and makes the dumps itself, senders in closures of a
function that has returned, in a package whose code nobody else runs, and senders whom nobody has served for
long although somebody might.

Why it matters: whoever waits for a goroutine that is gone waits for ever, with all that it points to.

Evidence and threshold: the goroutines are at the same place in the last two dumps (same id, same stack),
or have waited for a minute as the runtime says. Nobody who can act (running, asleep, at the network,
moved since) has anything to do with them: no common parent, pointer, type or function. A send, a lock, a
WaitGroup and a Cond have no timer, so they count by themselves; a receive or a select counts if
it is tied to such a one, or if those who started it are gone. What the maker of the dumps
started itself it may still wake: that lowers the confidence, and a lone receiver is only
mentioned. In a running program at least 3 such senders are needed. Where others run code of the
package, one of them may be a slow receiver: then the senders must have waited for three minutes, or be ten
that do not move in three dumps, whose parents have ended, accept connections or sleep for less than a second
at a time; their function has returned, and nobody who acts has a pointer, type, function or parent in common
with them.

Example: ``main.fetch.func1`` sends its result; ``main.fetch`` gave up after its timeout and returned.

What to do: give the channel room for the value (``make(chan T, 1)``), select on ``ctx.Done()``, and let
whoever starts a goroutine also see to its end.

False positives: a program that dumps itself twice and serves its goroutines only afterwards; a receiver that
takes one value in some minutes.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.goroutines.dumps import Blocked
from goscope.analysis.waits.orphaned import (
    LONG_MINUTES,
    Left,
    orphans,
    stale_senders,
    waiting_only_for_dumper,
)
from goscope.analysis.waits.wakeup_graph import Dump, WakeSource, dumps_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity, if_any
from goscope.rules.findings.leak import leak_finding, place_of
from goscope.rules.rule import Family, Rule, Settings


def find(
    capture: Capture, settings: Settings, *, least_orphans: int = 3, least_forgotten: int = 10
) -> Iterator[Finding]:
    """One finding per stack and wait reason, from the last two dumps of each process."""
    for process, dumps in dumps_of(capture):
        after = dumps[-1]
        before = dumps[-2] if len(dumps) > 1 else None
        left = waiting_only_for_dumper(before, after)
        left_by_row = {one.row: one for one in left}
        for blocked in after.groups(left_by_row):
            members = [left_by_row[row] for row in blocked.rows.tolist()]
            yield from _left(process, after, before, blocked, members)
        if left:
            continue
        lost = set(orphans(before, after)) if before is not None else set()
        for blocked in after.groups(lost):
            rows = blocked.rows.tolist()
            if len(rows) >= least_orphans and len({after.parents[row] for row in rows}) > 1:
                yield _orphaned(process, after, blocked)
            else:
                lost.difference_update(rows)
        why = stale_senders(dumps, least=least_forgotten)
        for blocked in after.groups(set(why) - lost):
            if len(blocked.rows) >= least_orphans:
                yield _forgotten(process, after, blocked, why)


def _left(
    process: int, dump: Dump, before: Dump | None, blocked: Blocked, members: list[Left]
) -> Iterator[Finding]:
    rows = blocked.rows.tolist()
    timed = dump.wake_sources[rows[0]] is WakeSource.PEER_OR_TIMER
    partner = any(one.needs_partner for one in members)
    on_maker = all(one.on_maker for one in members)
    severity, confidence = Severity.WARNING, Confidence.LOW
    if on_maker and not partner:
        if len(rows) > 1 or not timed:
            return  # a parked pool, and who waits for its end, look like this
        severity = Severity.INFO
    elif partner and not timed and not on_maker:
        confidence = Confidence.MEDIUM
    maker = dump.ids[dump.dumper] if dump.dumper is not None else 0
    detail = f"Nobody who could act has to do with {_them(rows)}."
    if on_maker:
        detail += f" Only goroutine {maker}, which made the dumps, could still serve {_them(rows)}."
    detail += _partners(dump, rows, members)
    moved = "at the same place in both dumps" if before else "waiting for a minute or more"
    yield leak_finding(
        "leak-orphan",
        severity,
        confidence,
        blocked,
        process=process,
        title=f"{len(rows)} left behind at {place_of(blocked.stack.user_frame)}",
        detail=detail,
        evidence=(
            Evidence(moved, len(rows), "goroutines", blocked.line_source()),
            Evidence("others that can act and have to do with them", 0, "goroutines"),
            *_gone_parents(dump, rows),
        ),
    )


def _orphaned(process: int, dump: Dump, blocked: Blocked) -> Finding:
    rows, created = blocked.rows.tolist(), blocked.stack.created_by
    return leak_finding(
        "leak-orphan",
        Severity.WARNING,
        Confidence.MEDIUM,
        blocked,
        process=process,
        title=f"{len(rows)} send to nobody at {place_of(blocked.stack.user_frame)}",
        detail=f"{created.function if created else 'The function'} that started them has returned, and "
        "no other goroutine runs code of their package that could receive.",
        evidence=(
            Evidence(
                "at the same place in both dumps", len(rows), "goroutines", blocked.line_source()
            ),
            *_gone_parents(dump, rows),
        ),
    )


def _forgotten(process: int, dump: Dump, blocked: Blocked, why: dict[int, str]) -> Finding:
    rows, created = blocked.rows.tolist(), blocked.stack.created_by
    long = sum(why[row] == "minutes" for row in rows)
    return leak_finding(
        "leak-orphan",
        Severity.WARNING,
        Confidence.MEDIUM if long == len(rows) else Confidence.LOW,
        blocked,
        process=process,
        title=f"{len(rows)} send to nobody at {place_of(blocked.stack.user_frame)}",
        detail=f"{created.function if created else 'The function'} that started them has returned, and "
        "nobody who acts has to do with them. If somebody receives from them, it is very slow.",
        evidence=(
            *(
                Evidence(label, count, "goroutines", blocked.line_source())
                for label, count in (
                    (f"waiting for {LONG_MINUTES} minutes or more", long),
                    ("at the same place in all three dumps", len(rows) - long),
                )
                if count
            ),
            *_gone_parents(dump, rows),
        ),
    )


def _gone_parents(dump: Dump, rows: list[int]) -> tuple[Evidence, ...]:
    gone = sum(dump.parents[row] >= 0 and dump.parents[row] not in dump.row_of for row in rows)
    return if_any("whose parent has ended", gone, "goroutines")


def _partners(dump: Dump, rows: list[int], members: list[Left]) -> str:
    """Whom they started or were started by, and where those wait."""
    near: set[int] = set()
    for row in rows[:20]:
        near.update(dump.tied.get(("goroutine", dump.ids[row]), ()))
        parent = dump.row_of.get(dump.parents[row])
        if parent is not None:
            near.add(parent)
    near -= {*rows, dump.dumper if dump.dumper is not None else -1}
    places = {
        f"in {dump.reason(row)} at {place_of(dump.stack_of(row).user_frame)}"
        for row in near
        if not dump.traits(row).harness
    }
    if not places:
        return ""
    return " Their parents or children wait " + ", and ".join(sorted(places)[:2]) + "."


def _them(rows: list[int]) -> str:
    return "it" if len(rows) == 1 else "them"


RULE = Rule(
    "leak-orphan",
    ("goroutines",),
    find,
    family=Family.LEAKS,
    verdict="goroutines",
    state="leak",
    strength=40,
)
