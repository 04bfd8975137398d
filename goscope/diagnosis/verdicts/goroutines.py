"""The verdict on goroutines: ok, stalled, suspected_leak, leak or deadlock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from goscope.analysis.crashes import crash_reports_of
from goscope.analysis.goroutines.dumps import (
    Snapshot,
    blocked_groups,
    ids_fall,
    printed_by,
    snapshots_of,
)
from goscope.analysis.goroutines.profiles import goroutine_profiles_of
from goscope.capture.capture import Capture
from goscope.diagnosis.selections import not_understood
from goscope.diagnosis.verdicts.traces import goroutine_verdict_of_traces
from goscope.findings.findings import Confidence, Finding, Verdict
from goscope.rules import findings_by_state
from goscope.rules.findings.leak import place_of
from goscope.rules.rule import Family

#: So many senders at one place are worth a word; fewer are a burst of any program.
_CROWD = 10


def goroutine_verdict(capture: Capture, findings: Sequence[Finding]) -> Verdict:
    """The verdict of dumps and profiles; of execution traces where there are neither."""
    deadlock = next((r for r in crash_reports_of(capture) if r.kind == "deadlock"), None)
    if deadlock is not None:
        message = deadlock.message.partition("\n")[0]
        return Verdict("deadlock", Confidence.CERTAIN, f"{message} ({deadlock.source})")
    dumps = snapshots_of(capture)
    profiles = goroutine_profiles_of(capture, "goroutine")
    searches = goroutine_profiles_of(capture, "goroutineleak")
    leaks = findings_by_state(findings, "goroutines", Family.LEAKS).get("leak")
    outlived = next((r for r in crash_reports_of(capture) if r.kind == "goleak"), None)
    if outlived is not None and not leaks:
        reason = f"goleak reports goroutines that outlived a test ({outlived.source})"
        return Verdict("suspected_leak", Confidence.MEDIUM, reason)
    if not dumps and not profiles and not searches and not leaks:
        crashed = len(capture.table("goroutines")) > 0
        return goroutine_verdict_of_traces(capture, findings) or Verdict(
            "unknown",
            Confidence.LOW,
            "no goroutine dump was read" + (" but those of crashes" if crashed else ""),
            "add two or three dumps of /debug/pprof/goroutine?debug=2, some seconds apart",
        )
    # Of several processes the one with the fewest dumps says how sure an all-clear is.
    most = min((len(snapshots) for _, snapshots in dumps), default=0)
    collect = None if most > 2 else "add dumps some seconds apart: growth tells leaks from waiting"
    if not dumps and (profiles or searches):
        collect = "add dumps (goroutine?debug=2) some seconds apart: they have ids and wait times"
    stalls = findings_by_state(findings, "goroutines", Family.STALLS).get("stalled", [])
    stall = max(stalls, key=lambda f: (f.severity.rank, f.confidence.rank), default=None)
    if stall is not None and not any(f.severity.rank >= stall.severity.rank for f in leaks or ()):
        where = f"{capture.process_name(stall.process)}: " if capture.processes > 1 else ""
        return Verdict("stalled", stall.confidence, where + stall.title)
    if leaks:
        best = max(leaks, key=lambda f: (f.confidence.rank, f.severity.rank))
        where = f"{capture.process_name(best.process)}: " if capture.processes > 1 else ""
        sure = best.confidence.rank >= Confidence.HIGH.rank
        return Verdict(
            "leak" if sure else "suspected_leak",
            best.confidence,
            where + best.title,
            None if sure else collect,
        )
    if any(printed_by(capture, found[-1].number) == "crash_tail" for _, found in dumps):
        return Verdict(
            "unknown",
            Confidence.LOW,
            "the goroutines are the rest of a crash's report: more may have stood above them"
            "give the whole report, or add dumps of /debug/pprof/goroutine?debug=2",
        )
    confidence = Confidence.HIGH if most > 2 else Confidence.MEDIUM if most == 2 else Confidence.LOW
    parts = []
    if dumps:
        total = sum(len(d.rows) for _, snapshots in dumps for d in snapshots[-1:])
        parts.append(_none_leaked(total, most, "dump", len(dumps)))
        parts.extend(_crowds(capture, [found[0] for _, found in dumps if len(found) == 1]))
    elif profiles:
        most = min(len(found) for _, found in profiles)
        total = sum(found[-1].total for _, found in profiles)
        parts.append(_none_leaked(total, most, "profile", len(profiles)))
    if searches and not any(found[-1].total for _, found in searches):
        parts.append(
            "the runtime searched for leaks and found none (it misses what stays reachable)"
        )
        confidence = max(confidence, Confidence.MEDIUM, key=lambda c: c.rank)
    if any(ids_fall(capture, found) for _, found in dumps):
        confidence = min(confidence, Confidence.MEDIUM, key=lambda c: c.rank)
        parts.append("the highest goroutine id falls, so the dumps may be of several processes")
    unread = not_understood(capture)
    cut = capture.table("snapshots").flags("truncated")
    if unread or any(cut[dump.number] for _, found in dumps for dump in found[-1:]):
        confidence = Confidence.LOW
    return Verdict("ok", confidence, "; ".join(parts) + unread, collect)


def _crowds(capture: Capture, lone: Sequence[Snapshot]) -> Iterator[str]:
    """Where most goroutines of a lone dump send at one place: it cannot tell whether they become more."""
    for dump in lone:
        # Who waits to receive may be an idle pool; a sender has something that nobody takes.
        senders = [
            one for one in blocked_groups(capture, dump) if one.reason.startswith("chan send")
        ]
        largest = max(senders, key=lambda one: len(one.rows), default=None)
        if largest is not None and len(largest.rows) >= max(_CROWD, len(dump.rows) / 2):
            place = place_of(largest.stack.user_frame)
            waiting = f"{len(largest.rows)} wait in {largest.reason} at {place}"
            yield f"{waiting}: one dump cannot tell whether they pile up"


def _none_leaked(total: int, most: int, what: str, processes: int) -> str:
    if processes > 1:
        last = f"the last {what}s of {processes} runs"
    else:
        last = f"the last of {most} {what}s" if most > 1 else f"one {what}"
    if total == 1:
        return f"1 goroutine in {last}, and it does not look leaked"
    return f"{total} goroutines in {last}, and none of them looks leaked"
