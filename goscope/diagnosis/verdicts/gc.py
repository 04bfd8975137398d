"""The verdict on the garbage collector: ok, pressure, thrash or heap_growth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

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
#: So few cycles are no sample of what the collector takes.
_FEW_CYCLES = 5
#: A hundred times of what a stop-the-world phase usually takes (tens of microseconds).
_NOTABLE_PAUSE_MS = 5.0
#: Memory that is idle for a moment is not worth a word.
_NOTABLE_IDLE_MB = 256
#: By design the GC takes at most a quarter of the CPU while it marks (runtime/mgcpacer.go).
_MUCH_PERCENT = 25
_COLLECT_MORE = "collect gc lines for 10 seconds and more: the first ones say little"


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
            several = f"{capture.process_name(best.process)}: " if capture.processes > 1 else ""
            collect = (
                _COLLECT_LONGER
                if state == "heap_growth" and best.confidence.rank < Confidence.HIGH.rank
                else None
            )
            reason = f"{several}{best.title[0].lower()}{best.title[1:]}"
            return Verdict(state, best.confidence, reason, collect)
    return _ok(capture, processes, findings)


def _ok(capture: Capture, processes: Sequence[Collecting], findings: Sequence[Finding]) -> Verdict:
    """What the costliest process shows; of short ones the longest."""
    measured = [c for c in processes if c.whole().seconds >= _SHORT_S]
    c = max(measured or processes, key=lambda c: _cost(c) if measured else c.whole().seconds)
    reason = f"{capture.process_name(c.process)}: " if capture.processes > 1 else ""
    if c.cycles == 1 and c.first_cycle != 1:
        reason += f"cycle {c.first_cycle} alone, at {_seconds(float(c.t_s[0]))}"
    else:
        reason += f"{c.cycles} cycle{'s' * (c.cycles != 1)} in {_seconds(c.seen_s)}"
    if not measured:
        reason += ", too short a time to judge"
    else:
        reason += f", and the GC takes {_cost(c) * 100:.1f} % of the CPU"
        if c.forced_cycles:
            reason += f"; the program asked for {c.forced_cycles} of the cycles (forced)"
    longest = max(float(np.nanmax(one.pause_ms, initial=0.0)) for one in processes)
    if longest >= _NOTABLE_PAUSE_MS:
        reason += f"; the longest stop-the-world phase took {longest:.3g} ms"
    reason += _idle_memory(capture)
    rules = [rule for rule in map(rule_of, findings) if rule and rule.family is Family.GC]
    for brief, times in Counter(rule.brief for rule in rules if rule.brief).items():
        reason += f", but {times} time{'s' * (times > 1)} {brief}"
    if any(rule.state == "heap_growth" for rule in rules):
        reason += "; so far the live heap grows, as it does while a program loads its data"
        return Verdict("ok", Confidence.LOW, reason, _COLLECT_LONGER)
    if not measured:
        taken = _taken_so_far(c)
        state = "unknown" if taken else "ok"
        return Verdict(state, Confidence.LOW, reason + taken, _COLLECT_MORE)
    few = c.cycles < _FEW_CYCLES
    sure = Confidence.MEDIUM if few else Confidence.HIGH
    if c.rose_late():
        reason += f"; the live heap rose to {c.live_mb[-1]:,.0f} MB at the end"
        return Verdict("ok", Confidence.LOW, reason, _COLLECT_LONGER)
    return Verdict("ok", sure, reason, _COLLECT_MORE if few else None)


def _taken_so_far(c: Collecting) -> str:
    """What the last line says of all the time before, where that is much and no start of a program."""
    percent, at_s = float(c.numbers("cpu_percent", slice(-1, None))[0]), float(c.t_s[-1])
    if not percent >= _MUCH_PERCENT or at_s < _SHORT_S:
        return ""
    since = f"{_seconds(at_s)} since the start"
    return f"; by their own count the GC took {percent:.0f} % of the CPU in the {since}"


def _idle_memory(capture: Capture) -> str:
    """What the last scvg line says of memory that is kept without need; "" if that is little."""
    scvg = capture.table("scvg")
    idle, released, taken = (
        scvg.numbers(f"{name}_mb")[-1:].sum() for name in ("idle", "released", "sys")
    )
    kept = idle - released
    if not kept >= max(_NOTABLE_IDLE_MB, taken / 2):
        return ""
    return f"; {kept:,.0f} of {taken:,.0f} MB taken from the system are idle and not given back"


def _cost(c: Collecting) -> float:
    """The share of the CPU that the collector takes, with what the program asked for."""
    whole = c.whole()
    return whole.cpu_share + c.forced_cpu_s / max(whole.seconds, 1e-9)


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def _without_lines(capture: Capture) -> Verdict:
    """Without gc lines nobody knows, unless it is clear that there was nothing to print."""
    if "gctrace" in capture.switched_on and len(capture.table("sched")):
        return Verdict(
            "ok", Confidence.MEDIUM, "no garbage collection: gctrace was on and printed nothing"
        )
    goroutines = capture.table("sched_goroutines")
    reasons = goroutines.categories("reason") if len(goroutines) else ()
    whole = any("force gc" in reason for reason in reasons)  # every process has that goroutine
    stopping = bool(capture.table("sched").flags("gcwaiting").any())
    worked = any("GC worker" in reason for reason in reasons)
    if whole and capture.processes == 1 and not worked and not stopping:
        return Verdict(
            "ok",
            Confidence.MEDIUM,
            "no garbage collection yet: scheddetail shows no GC worker",
            _COLLECT,
        )
    return Verdict("unknown", Confidence.LOW, "no gc lines were read", _COLLECT)
