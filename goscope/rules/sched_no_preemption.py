"""A goroutine keeps its P without yielding, and others wait behind it.

What it detects: all Ps busy while the schedtick of one stands still for 0.4 s and more, although
goroutines or the garbage collector wait; or a garbage collector that again and again waits 0.2 s and more
for the world to stop.

Why it matters: whoever is behind that goroutine waits as long as it runs: requests, timers, the network
poller, the garbage collector, and with it everybody else. The queues stay short, so nothing else shows it.

Evidence and threshold: the runtime asks a goroutine to yield after 10 ms (sysmon, forcePreemptNS), and
since Go 1.14 by a signal. A P that makes no scheduler call for forty such slices did not obey. Schedticks
are in every SCHED line since Go 1.25, and in the P lines of scheddetail in all versions. M lines name the
goroutine, a dump its stack. More Ps than cores make shorter pauses.

Example: ``idleprocs=0 ... runqueue=1 [ 0 0 0 1 ] schedticks=[ 5 3 4 4 ]``, and the same ticks a second later

What to do: see that asynchronous preemption is not switched off (GODEBUG=asyncpreemptoff=1). Look for
loops without calls in assembly or in code that blocks signals, and for long calls into C.

False positives: a machine or container that was stopped itself (throttled, suspended), as all Ps stand then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from goscope.analysis.scheduler.idle_or_blocked import stack_of_goroutine
from goscope.analysis.scheduler.samples import Keeper, longest_keeper
from goscope.analysis.scheduler.schedule import Schedule, schedules_of
from goscope.analysis.scheduler.thresholds import KEPT_MS, STUCK_STW_MS, Thresholds
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.findings.scheduler import (
    Place,
    finding_in_state,
    stop_evidence,
    thresholds_of,
    where_they_run,
)
from goscope.rules.rule import Family, Rule, Settings

_TITLE = "A goroutine keeps its P and others wait behind it"
_ADVICE = (
    "See whether GODEBUG=asyncpreemptoff=1 is set. Else a CPU profile names the loop: give it a call to "
    "runtime.Gosched, or split it. With GODEBUG=scheddetail=1 the M lines name the goroutine."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    kept_ms: float = KEPT_MS,
    stuck_stw_ms: float = STUCK_STW_MS,
    alone_ms: float = 2000.0,
) -> Iterator[Finding]:
    """One finding per process; ``alone_ms`` is how long a P must be kept in an otherwise good time."""
    thresholds = replace(thresholds_of(settings), kept_ms=kept_ms, stuck_stw_ms=stuck_stw_ms)
    for schedule in schedules_of(capture, thresholds):
        keeper = longest_keeper(capture, schedule.samples)
        if schedule.verdict.state == "starving" and schedule.cause == "kept":
            yield _all_the_time(capture, schedule, keeper, thresholds)
        elif keeper is not None and keeper.ms >= alone_ms and _others_wait(schedule, keeper):
            yield _for_a_while(capture, schedule, keeper)


def _all_the_time(
    capture: Capture, schedule: Schedule, keeper: Keeper | None, thresholds: Thresholds
) -> Finding:
    place = _place(capture, schedule.process, keeper)
    stopping = int(schedule.samples.stopping.sum())
    extra = list(stop_evidence(schedule.stops))
    if stopping > 1:
        extra.append(Evidence("show the GC waiting for Ps to stop", stopping, "SCHED lines"))
    if keeper is not None and keeper.ms >= thresholds.kept_ms:
        extra.insert(0, _kept(keeper))
    return finding_in_state(
        schedule,
        state="starving",
        rule="sched-no-preemption",
        severity=Severity.CRITICAL,
        title=_TITLE,
        advice=_ADVICE,
        place=place,
        extra=tuple(extra),
    )


def _for_a_while(capture: Capture, schedule: Schedule, keeper: Keeper) -> Finding:
    place = _place(capture, schedule.process, keeper)
    during = schedule.stops.between(keeper.start_ms, keeper.end_ms)
    return Finding(
        rule="sched-no-preemption",
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
        title=f"{_TITLE} for {keeper.ms / 1000:.1f} s",
        detail=f"From {keeper.start_ms / 1000:g} to {keeper.end_ms / 1000:g} s all Ps are busy, goroutines "
        f"wait to run, and P{keeper.p} makes no scheduler call.",
        evidence=(_kept(keeper), *stop_evidence(during), *place.evidence),
        advice=_ADVICE,
        process=schedule.process,
        site=place.site,
        stack=place.frames,
        created_by=place.created_by,
    )


def _kept(keeper: Keeper) -> Evidence:
    who = "" if keeper.goroutine is None else f" by goroutine {keeper.goroutine}"
    label = f"P{keeper.p} kept{who} from {keeper.start_ms / 1000:g} s on"
    return Evidence(label, round(keeper.ms), "ms", keeper.source)


def _others_wait(schedule: Schedule, keeper: Keeper) -> bool:
    """Work waits all the while, in three samples and more."""
    s = schedule.samples
    inside = (s.t_ms >= keeper.start_ms) & (s.t_ms <= keeper.end_ms)
    return int(inside.sum()) >= 3 and bool(((s.waiting > 0) | s.stopping)[inside].mean() >= 0.8)


def _place(capture: Capture, process: int, keeper: Keeper | None) -> Place:
    """The stack of the goroutine that M lines name; else the one that most of those who run are in."""
    if keeper is not None and keeper.goroutine is not None:
        stack = stack_of_goroutine(capture, process, keeper.goroutine)
        if stack is not None:
            return Place(stack=stack, site=stack.user_frame)
    return where_they_run(capture, process)


RULE = Rule("sched-no-preemption", ("sched",), find, family=Family.SCHEDULER, verdict="scheduler")
