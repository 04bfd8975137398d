"""The verdict on the garbage collector: ok, pressure, thrash or heap_growth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from goscope.analysis.gc.cycles import Collecting, collections_of
from goscope.capture.capture import Capture
from goscope.diagnosis.verdicts.traces import gc_verdict_of_traces
from goscope.findings.findings import STATES, Confidence, Finding, Verdict
from goscope.rules import findings_by_state, rule_of
from goscope.rules.rule import Family

_COLLECT_LONGER = "collect gc lines for some minutes: a warm-up ends, a leak does not"
_COLLECT = "run it with GODEBUG=gctrace=1 and give goscope its stderr"
#: A run that was seen for less, after its first second, says little.
_SHORT_S = 3.0


def gc_verdict(capture: Capture, findings: Sequence[Finding]) -> Verdict:
    """The verdict of gc lines; of execution traces where there are none."""
    verdict = _of_lines(capture, findings)
    if verdict.state == "unknown":
        return gc_verdict_of_traces(capture, findings) or verdict
    return verdict


def _of_lines(capture: Capture, findings: Sequence[Finding]) -> Verdict:
    """The worst verdict of all processes."""
    processes = collections_of(capture)
    if not processes and len(capture.table("gc")):
        return Verdict(
            "unknown",
            Confidence.LOW,
            f"several processes wrote {capture.selected['gc']:,} gc lines to one log at the same time: "
            "too many to tell what each of them took",
            "give a part of the log, or the log of each process by itself",
        )
    if not processes:
        return _without_lines(capture)
    lasting = findings_by_state(findings, "gc", Family.GC)
    for state in STATES["gc"]:
        if state in lasting:
            strongest = [f for f in lasting[state] if f.rule == lasting[state][0].rule]
            best = max(strongest, key=lambda f: f.confidence.rank)
            several = f"process {best.process}: " if len(processes) > 1 else ""
            collect = (
                _COLLECT_LONGER
                if state == "heap_growth" and best.confidence.rank < Confidence.HIGH.rank
                else None
            )
            reason = f"{several}{best.title[0].lower()}{best.title[1:]}"
            return Verdict(state, best.confidence, reason, collect)
    return _ok(processes, findings)


def _ok(processes: Sequence[Collecting], findings: Sequence[Finding]) -> Verdict:
    longest = max(processes, key=lambda c: c.whole().seconds)
    whole = longest.whole()
    cycles = sum(c.cycles for c in processes)
    lines = f"{cycles} cycle{'s' * (cycles != 1)}"
    if whole.seconds < _SHORT_S:
        return Verdict(
            "ok",
            Confidence.LOW,
            f"{lines} in a short time, and nothing looks wrong",
            "collect gc lines for 10 seconds and more: the first ones say little",
        )
    costliest = max(c.whole().cpu_share for c in processes if c.whole().seconds >= _SHORT_S)
    reason = (
        f"{lines} in {longest.until_s:.0f} s, and the GC takes {costliest * 100:.1f} % of the CPU"
    )
    rules = [rule for rule in map(rule_of, findings) if rule and rule.family is Family.GC]
    for brief, times in Counter(rule.brief for rule in rules if rule.brief).items():
        reason += f", but {times} time{'s' * (times > 1)} {brief}"
    if any(rule.state == "heap_growth" for rule in rules):
        reason += "; so far the live heap grows, as it does while a program loads its data"
        return Verdict("ok", Confidence.LOW, reason, _COLLECT_LONGER)
    return Verdict("ok", Confidence.HIGH, reason)


def _without_lines(capture: Capture) -> Verdict:
    """Without gc lines nobody knows, unless it is clear that there was nothing to print."""
    if "gctrace" in capture.switched_on and len(capture.table("sched")):
        return Verdict(
            "ok", Confidence.MEDIUM, "no garbage collection: gctrace was on and printed nothing"
        )
    goroutines = capture.table("sched_goroutines")
    reasons = goroutines.categories("reason") if len(goroutines) else ()
    if len(goroutines) and capture.processes == 1 and not any("GC worker" in r for r in reasons):
        return Verdict(
            "ok",
            Confidence.MEDIUM,
            "no garbage collection yet: scheddetail shows no GC worker",
            _COLLECT,
        )
    return Verdict("unknown", Confidence.LOW, "no gc lines were read", _COLLECT)
