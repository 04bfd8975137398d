"""The garbage collector cannot stop the world: it waits 0.2 s and more for a goroutine.

What it detects: stop-the-world phases of 0.2 s and more in gc lines.

Why it matters: from the moment that the collector asks until the last goroutine has stopped, none of the
others runs: the whole program stands still for one of them.

Evidence and threshold: the first and the third of the clock times of a gc line. A goroutine that is asked
to stop does so within 10 ms (sysmon, forcePreemptNS; since Go 1.14 by a signal), so 0.2 s is twenty times
too long. Two such phases, or one of a second, are needed for more than a note: one alone may be the machine.

Example: ``gc 4 @2.055s 9%: 1699+0.24+0.02 ms clock, ...``

What to do: look for loops without calls (with asyncpreemptoff=1 every such loop does it), for assembly and
calls into C that take long; and see whether the program gets the CPUs that GOMAXPROCS promises it.

False positives: a container whose CPU quota is used up, a machine that was suspended or swaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from goscope.analysis.scheduler.schedule import Schedule, schedules_of
from goscope.analysis.scheduler.stw_pauses import CLOCK_MS, StwPauses, stw_pauses_of
from goscope.analysis.scheduler.thresholds import STUCK_STW_MS
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.findings.scheduler import stop_evidence, thresholds_of, where_they_run
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Take a CPU profile and look for a loop without calls, or see whether GODEBUG=asyncpreemptoff=1 is "
    "set. If the container is throttled (cpu.stat), give it the CPUs that GOMAXPROCS promises."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    stuck_stw_ms: float = STUCK_STW_MS,
    least_count: int = 2,
    alone_ms: float = 1000.0,
) -> Iterator[Finding]:
    """One finding per process, unless sched-no-preemption tells more about it."""
    thresholds = replace(thresholds_of(settings), stuck_stw_ms=stuck_stw_ms)
    schedules = {s.process: s for s in schedules_of(capture, thresholds)}
    for process in capture.table("gc").distinct("process"):
        stops = stw_pauses_of(capture, process, least_ms=stuck_stw_ms)
        schedule = schedules.get(process)
        if not len(stops) or (schedule is not None and schedule.cause == "kept"):
            continue
        sure = len(stops) >= least_count or stops.longest >= alone_ms
        place = where_they_run(capture, process)
        longest = int(np.argmax(stops.ms))
        yield Finding(
            rule="sched-stw-stuck",
            severity=Severity.WARNING if sure else Severity.INFO,
            confidence=Confidence.MEDIUM if sure else Confidence.LOW,
            title=f"The GC waited up to {stops.longest:.0f} ms for the world to stop",
            detail=f"{len(stops)} stop-the-world phase{'s' * (len(stops) > 1)} of {stuck_stw_ms:g} ms and "
            f"more; the longest in cycle {int(stops.cycle[longest])}, "
            f"{float(stops.t_ms[longest]) / 1000:.2f} s after the start.",
            evidence=(
                Evidence("long phases", len(stops), "phases"),
                *stop_evidence(stops),
                *_meanwhile(schedule, stops, longest),
                *place.evidence,
            ),
            advice=_ADVICE,
            process=process,
            site=place.site,
            stack=place.frames,
            created_by=place.created_by,
        )


def _meanwhile(schedule: Schedule | None, stops: StwPauses, longest: int) -> tuple[Evidence, ...]:
    """What the SCHED lines show during the longest phase: Ps that were stopped do not count as idle."""
    if schedule is None:
        return ()
    s = schedule.samples
    start = float(stops.t_ms[longest])
    during = s.part((s.t_ms >= start - CLOCK_MS) & (s.t_ms <= start + stops.ms[longest] + CLOCK_MS))
    if not len(during):
        return ()
    idle = round(float(np.median(during.idle_share)) * 100)
    return (Evidence(f"Ps idle meanwhile, in {len(during)} SCHED lines", idle, "%"),)


RULE = Rule("sched-stw-stuck", ("gc",), find, family=Family.SCHEDULER, verdict="scheduler")
