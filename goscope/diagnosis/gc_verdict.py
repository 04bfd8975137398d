"""The word for the garbage collector: ok, pressure, thrash or heap_growth, from its findings."""

from __future__ import annotations

from collections.abc import Sequence

from goscope.analysis.gc.cycles import Collecting, collections_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Finding, Severity, Verdict

#: Which rule makes which word, the most urgent first. Only what lasts makes one.
_WORDS = {
    "gc-thrash": "thrash",
    "gc-heap-growth": "heap_growth",
    "gc-pressure": "pressure",
    "gc-assist-heavy": "pressure",
}
_COLLECT_LONGER = "collect gc lines for some minutes: a warm-up ends, a leak does not"
_COLLECT = "run it with GODEBUG=gctrace=1 and give goscope its stderr"
#: A run that was seen for less, after its first second, says little.
_SHORT_S = 3.0


def gc_verdict(capture: Capture, findings: Sequence[Finding]) -> Verdict:
    """The word for all processes: the worst one speaks."""
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
    for rule, word in _WORDS.items():
        lasting = [f for f in findings if f.rule == rule and _lasts(f)]
        if lasting:
            best = max(lasting, key=lambda f: f.confidence.rank)
            several = f"process {best.process}: " if len(processes) > 1 else ""
            collect = (
                _COLLECT_LONGER
                if word == "heap_growth" and best.confidence.rank < Confidence.HIGH.rank
                else None
            )
            reason = f"{several}{best.title[0].lower()}{best.title[1:]}"
            return Verdict(word, best.confidence, reason, collect)
    return _ok(processes, findings)


def _lasts(finding: Finding) -> bool:
    if finding.rule == "gc-thrash":  # for a while it is a warning
        return finding.severity is Severity.CRITICAL
    return finding.severity is not Severity.INFO


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
    for_a_while = [f for f in findings if f.rule in ("gc-thrash", "gc-pressure")]
    if for_a_while:
        reason += f", but {len(for_a_while)} time{'s' * (len(for_a_while) > 1)} it took much more"
    if any(f.rule == "gc-heap-growth" for f in findings):
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
