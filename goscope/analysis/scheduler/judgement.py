"""The state of the scheduler in a stretch of samples, such as healthy, idle or starving, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.analysis.scheduler.idle_or_blocked import Waits
from goscope.analysis.scheduler.samples import Samples
from goscope.analysis.scheduler.stw_pauses import StwPauses
from goscope.analysis.scheduler.thresholds import Thresholds
from goscope.findings.findings import Confidence

#: A program that is younger is still starting; a compiler has done its work by then.
YOUNG_MS = 2000.0
#: From so many samples on a state is sure.
ENOUGH_SAMPLES = 8
#: Fewer samples tell no peak from what lasts.
FEW_SAMPLES = 3
#: So many goroutines per P that wait to run while a P is idle are no moment between two schedulings.
_WAITING_PER_P = 8.0
_LEAST_LATE = 4
#: A goroutine in the run queue of an idle program is about to run: up to one for four Ps.
_PASSING_PER_P = 0.25

_MORE_LINES = "collect more SCHED lines: 10 and more"
_LONGER = "collect SCHED lines for longer: what it does after its start"
_TELL_APART = "add GODEBUG=scheddetail=1 or a goroutine dump to tell idle from blocked"
_WHAT_BLOCKS = "add a goroutine dump: it tells in which system calls, and from where"
_WHO_WAITS = "add a goroutine dump: it tells what the program itself and its requests wait for"
_WHO_HOLDS = "add a goroutine dump: it tells whether somebody goes on for whom the others wait"
_QUOTA = (
    "see nr_throttled and throttled_usec in cpu.stat of its cgroup, or start it with goscope run"
)
_WHO_KEEPS = "add GODEBUG=scheddetail=1: it shows whether a goroutine keeps its P for long"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A state, how sure it is, why, what would make it surer, and its cause.

    Causes: ``queues``, ``kept`` (a goroutine keeps its P), ``stopping`` (the world is being stopped),
    ``quota`` (the system withholds the CPU), ``syscalls``, ``locks``, ``requests``, ``sends``,
    ``serial``, ``piled``, ``young`` (overloaded, perhaps only while it starts), or "" where nothing is
    wrong.
    """

    state: str
    confidence: Confidence
    reason: str
    collect: str | None = None
    cause: str = ""


def judge(
    s: Samples, *, waits: Waits | None, stops: StwPauses, thresholds: Thresholds
) -> Judgement:
    """The state in these samples; ``stops`` are the long stop-the-world phases of the process."""
    n = len(s)
    sure = (
        Confidence.HIGH
        if n >= ENOUGH_SAMPLES
        else Confidence.MEDIUM
        if n >= FEW_SAMPLES
        else Confidence.LOW
    )
    more = None if n >= ENOUGH_SAMPLES else _MORE_LINES
    return (
        _throttled(s, thresholds)
        or _starving(s, stops, thresholds, sure, more)
        or _stalled(s, more)
        or _resting(s, waits, thresholds, sure, more)
        or _held_up(s, waits, thresholds, sure, more)
        or _unbalanced(s, sure, more)
        or _healthy(s, sure, more)
    )


def _at_most(confidence: Confidence, other: Confidence) -> Confidence:
    return min(confidence, other, key=lambda c: c.rank)


def _throttled(s: Samples, thresholds: Thresholds) -> Judgement | None:
    """Lines that come late: the program's threads had no CPU, whatever its Ps were doing.

    Many of them, so that a machine that was suspended once is none.
    """
    known = s.late_ms[~np.isnan(s.late_ms)]
    late = known > thresholds.late_ms
    if late.sum() < _LEAST_LATE or late.mean() < thresholds.least_late_share:
        return None
    words = (
        f"{int(late.sum())} of {len(known)} SCHED lines come {thresholds.late_ms:.0f} ms late or more, up to "
        f"{known.max():.0f} ms: the system withheld the CPU from the program's threads"
    )
    return Judgement("throttled", Confidence.MEDIUM, words, _QUOTA, "quota")


# ---- starving -----------------------------------------------------------------------------------


def _starving(
    s: Samples, stops: StwPauses, thresholds: Thresholds, sure: Confidence, more: str | None
) -> Judgement | None:
    load, busy = float(np.median(s.load)), float(s.all_busy.mean())
    overloaded = float((s.all_busy & (s.load > thresholds.overload_per_p)).mean()) >= 0.5
    if overloaded or (busy >= 0.8 and load >= thresholds.lasting_per_p):
        words = f"{load:.0f} goroutines per P wait to run and no P is idle"
        if len(s) > 1 and s.t_ms[-1] < YOUNG_MS:
            words += f", but the program is only {s.t_ms[-1] / 1000:.1f} s old: it may be its start"
            return Judgement("unknown", Confidence.LOW, words, _LONGER, "young")
        sure = sure if overloaded else _at_most(sure, Confidence.MEDIUM)
        return Judgement("starving", sure, words, more, "queues")
    if busy < 0.8:
        return None
    sure = _at_most(sure, Confidence.MEDIUM)
    if (kept := _kept(s, stops, thresholds)) is not None:
        words = f"a goroutine keeps its P without yielding: {kept}"
        if s.stopping[-1]:
            words += f"; {_does_not_stop(s)}"
        return Judgement("starving", sure, words, more, "kept")
    if np.median(s.waiting) >= 1 and s.threads_per_p >= thresholds.busy_threads_per_p:
        words = (
            f"goroutines wait to run while {s.threads_per_p:.0f} threads per P sit in system calls"
        )
        return Judgement("starving", sure, words, more, "syscalls")
    return None


def _kept(s: Samples, stops: StwPauses, thresholds: Thresholds) -> str | None:
    """How it shows that goroutines keep their Ps, while all Ps are busy.

    The sign is a schedtick that stands still while work waits, or a garbage collector that cannot stop
    the world. One long stop alone may be a machine that was stopped itself.
    """
    long = stops.between(s.t_ms[0], s.t_ms[-1]).at_least(thresholds.stuck_stw_ms)
    stuck = len(long) >= 2 or long.longest >= 5 * thresholds.stuck_stw_ms
    known = ~np.isnan(s.still_ms)
    still = s.still_ms[known] >= thresholds.kept_ms if known.any() else np.zeros(1)
    frozen = float(still.mean()) >= 0.3
    waits = float(((s.waiting > 0) | s.stopping).mean()) >= 0.5
    if frozen and s.stopping.mean() >= 0.5 and not np.median(s.waiting):
        return f"a schedtick stands still for {float(np.nanmax(s.still_ms)) / 1000:.1f} s"
    if stuck:
        return f"the GC waited {long.longest:.0f} ms for the world to stop"
    if frozen and waits:
        longest = float(np.nanmax(s.still_ms))
        return f"the schedtick of a P stands still for {longest / 1000:.1f} s while work waits"
    return None


def _stalled(s: Samples, more: str | None) -> Judgement | None:
    """The last sample shows a world that is being stopped: every goroutine waits for the Ps that go on.

    Stopping takes microseconds, so that a sample hardly ever meets it (``stopTheWorldWithSema``).
    """
    if not s.stopping[-1]:
        return None
    several = len(s) > 1 and bool(s.stopping[-2:].all())
    sure = Confidence.MEDIUM if several else Confidence.LOW
    return Judgement("stalled", sure, _does_not_stop(s), more or _WHO_KEEPS, "stopping")


def _does_not_stop(s: Samples) -> str:
    """Who holds up the stop-the-world of the last sample, as far as it is known."""
    who = s.running_on or "a P"
    return (
        "the world is being stopped (gcwaiting=1, stopwait above 0), and everybody waits for "
        f"{who}, which goes on"
    )


# ---- idle or blocked ----------------------------------------------------------------------------


def many_threads(s: Samples) -> bool:
    """Most Ps idle and far more threads than Ps ever needed: goroutines went into system calls."""
    return bool(
        np.median(s.idle_share) >= 0.75
        and np.median(s.threads) >= 4 * np.median(s.procs) + 8
        and np.median(s.load) <= _PASSING_PER_P
    )


def _resting(
    s: Samples, waits: Waits | None, thresholds: Thresholds, sure: Confidence, more: str | None
) -> Judgement | None:
    """Nearly all Ps idle: nothing to do, or stuck? The goroutines tell, where they are known."""
    all_idle = float((s.idle >= s.procs).mean())
    busy = float((1 - s.idle_share).mean())
    if all_idle < 0.8 and not (busy < 0.1 and np.median(s.idle_share) == 1) and not many_threads(s):
        return None
    idle = f"all Ps are idle in {all_idle:.0%} of the samples"
    if all_idle < 0.5:
        idle = f"{np.median(s.idle):.0f} of {np.median(s.procs):.0f} Ps are usually idle"
    if waits is not None:
        why = _stopped(waits, thresholds)
        if why is not None:
            words, cause = why
            if cause == "syscalls" and not waits.from_dump:
                sure, more = _at_most(sure, Confidence.MEDIUM), _WHAT_BLOCKS
            if cause == "locks" and waits.passing:
                sure, more = Confidence.LOW, _WHO_HOLDS
            return Judgement("blocked", sure, f"{idle}, and {words}", more, cause)
        if waits.queued >= thresholds.few_blocked and waits.share(waits.queued) >= 0.5:
            sure = _at_most(sure, Confidence.MEDIUM)
            words = f"{idle}; {waits.queued} of {waits.total} goroutines queue for {_queue(waits)}"
            return Judgement("idle", sure, f"{words} ({waits.source})", more)
        held_up = waits.held + waits.sends + waits.syscalls
        if held_up >= thresholds.few_blocked:
            words = (
                f"{idle}; {held_up} of {waits.total} goroutines wait for locks, receivers or system "
                f"calls, the others for work, timers or the network ({waits.source})"
            )
            sure = _at_most(sure, Confidence.MEDIUM)
            return Judgement("idle", sure, words, None if waits.from_dump else _WHO_WAITS)
        words = f"{idle}, and its goroutines wait for work, timers or the network ({waits.source})"
        return Judgement("idle", sure, words, more)
    if many_threads(s) or s.threads_per_p >= thresholds.busy_threads_per_p:
        threads, busy = float(np.median(s.threads)), float(np.median(s.busy_threads))
        words = (
            f"most Ps are idle, yet the program needed {threads:.0f} threads for "
            f"{np.median(s.procs):.0f} Ps: "
        )
        words += (
            f"its goroutines block in system calls now and then, and {threads - busy:.0f} threads are parked"
            if busy < threads / 2
            else "goroutines block in system calls"
        )
        return Judgement("blocked", Confidence.LOW, words, _TELL_APART, "syscalls")
    words = f"{idle}, which idle and blocked programs both look like"
    return Judgement("idle", _at_most(sure, Confidence.MEDIUM), words, _TELL_APART)


def _stopped(waits: Waits, thresholds: Thresholds) -> tuple[str, str] | None:
    """Why a program whose Ps idle is stuck, and the cause; None if it only rests.

    Locks: half of the goroutines if the main one does not go on waiting for work, else nearly all.
    Senders: only if nothing from outside can wake a goroutine; they hold up nobody else.
    """
    total = waits.total
    if (
        waits.requests_held >= thresholds.few_blocked
        and waits.requests_held >= 0.5 * waits.requests
    ):
        words = f"{waits.requests_held} of {waits.requests} requests wait for locks or receivers"
        return f"{words} ({waits.source})", "requests"
    least = 0.8 if waits.main in ("rests", "parked", "receives") else 0.5
    with_main = waits.main == "held"  # then it is one of them
    held, total = waits.held + with_main, total + with_main
    if held >= thresholds.few_blocked and held >= least * total:
        words = f"{held} of {total} waiting goroutines wait for locks or WaitGroups"
        return f"{words} ({waits.source})", "locks"
    if waits.syscalls > thresholds.few_blocked and waits.share(waits.syscalls) >= 0.5:
        words = f"{waits.syscalls} of {total} waiting goroutines sit in system calls"
        return f"{words} ({waits.source})", "syscalls"
    stuck, total = held + waits.sends - waits.lost, total - waits.lost
    if stuck >= thresholds.few_blocked and stuck >= least * total:
        if waits.sends and (waits.outside or waits.main == "rests"):
            return None
        words = f"{stuck} of {total} waiting goroutines wait for locks or receivers"
        return f"{words}, and nothing from outside can wake one ({waits.source})", "sends"
    return None


def _queue(waits: Waits) -> str:
    """What goroutines queue for, if somebody goes on for whom they wait."""
    if waits.queue is None:
        return "a lock that changes hands"
    site, state = waits.queue
    where = f" in {site.function}" if site is not None and site.function else ""
    return f"one that goes on, in {state}{where}"


def _held_up(
    s: Samples, waits: Waits | None, thresholds: Thresholds, sure: Confidence, more: str | None
) -> Judgement | None:
    """Ps idle although there is work: goroutines queue for a lock, or sit in system calls."""
    busy = float(s.all_busy.mean())
    if busy >= 0.7:
        return None
    sure = _at_most(sure, Confidence.MEDIUM)
    idle, procs = float(np.median(s.idle)), float(np.median(s.procs))
    if waits is not None:
        least = 2 * procs + thresholds.few_blocked
        locked = waits.held + waits.queued
        if busy < 0.5 and locked >= least and waits.share(locked) >= 0.8:
            words = (
                f"{locked} of {waits.total} waiting goroutines wait for locks while "
                f"{idle:.0f} of {procs:.0f} Ps idle ({waits.source})"
            )
            return Judgement("blocked", sure, words, more, "locks")
        if waits.syscalls >= least and waits.share(waits.syscalls) >= 0.8:
            words = (
                f"{waits.syscalls} of {waits.total} waiting goroutines sit in system calls while "
                f"{idle:.0f} of {procs:.0f} Ps idle ({waits.source})"
            )
            return Judgement("blocked", sure, words, more, "syscalls")
        return None
    busy_threads = float(np.median(s.busy_threads))
    if busy_threads >= thresholds.busy_threads_per_p * procs + 8:
        words = (
            f"{busy_threads:.0f} threads are in use for {procs:.0f} Ps, of which {idle:.0f} idle: "
            "most goroutines sit in system calls"
        )
        return Judgement("blocked", sure, words, _WHAT_BLOCKS, "syscalls")
    return None


# ---- unbalanced, healthy ------------------------------------------------------------------------


def _unbalanced(s: Samples, sure: Confidence, more: str | None) -> Judgement | None:
    if (kind := imbalance(s)) is None:
        return None
    procs = float(np.median(s.procs))
    if kind == "serial":
        usual = float(np.median(s.working))
        words = f"{usual:.0f} of {procs:.0f} Ps work all the time, the others hardly ever"
    else:
        longest = float(np.median(s.local_max))
        words = (
            f"{longest:.0f} goroutines wait in one run queue while "
            f"{np.median(s.idle):.0f} of {procs:.0f} Ps idle"
        )
    return Judgement("unbalanced", sure, words, more, kind)


def imbalance(s: Samples) -> str | None:
    """``serial``: the same few Ps' worth of work all the time; ``piled``: work in one queue only.

    At random load the number of busy Ps varies as in coin tosses, with a variance of P * p * (1 - p);
    serial work keeps it the same. Threads that only look for work are not counted.
    """
    if len(s) < 5 or np.median(s.procs) < 2:
        return None
    some_idle = s.idle > 0
    if float((some_idle & (s.local_max >= 4)).mean()) >= 0.5:
        return "piled"
    working, procs = s.working, float(np.median(s.procs))
    mean = float(working.mean())
    random = max(mean * (1 - mean / procs), 1e-9)
    steady = float(working.var()) <= 0.6 * random
    alone = float((s.idle >= s.procs).mean()) <= 0.03 and float(np.median(working)) >= 1
    room = float(some_idle.mean()) >= 0.7 and float(np.median(s.idle_share)) >= 0.25
    return "serial" if alone and room and steady else None


def _healthy(s: Samples, sure: Confidence, more: str | None) -> Judgement:
    load = float(np.median(s.load))
    if s.all_busy.mean() < 0.8:
        words = f"Ps are busy {float((1 - s.idle_share).mean()):.0%} of the time"
        if not s.waiting.any():
            return Judgement("healthy", sure, f"{words} and no work waits", more)
        idle = f"{np.median(s.idle):.0f} of {np.median(s.procs):.0f} Ps idle"
        if load >= _WAITING_PER_P:
            words = f"{np.median(s.waiting):.0f} goroutines wait to run while {idle}"
            return Judgement("unknown", Confidence.LOW, words, _WHO_KEEPS)
        waits = float((s.waiting > 0).mean())
        most = f"at most {s.waiting.max():.0f}" if len(s) > 1 else f"{s.waiting[0]:.0f}"
        words += f"; in {waits:.0%} of the samples goroutines wait to run, {most}"
        return Judgement("healthy", sure, words, more)
    words = f"all Ps work and {load:.1f} goroutines per P wait to run"
    if not s.waiting.any():
        words = "all Ps work and no work waits"
    elif load < 0.05:
        words = f"all Ps work, and seldom a goroutine waits to run, at most {s.waiting.max():.0f}"
    if np.isnan(s.still_ms).all() and (s.waiting > 0).mean() >= 0.5:
        return Judgement("healthy", _at_most(sure, Confidence.MEDIUM), words, _WHO_KEEPS)
    return Judgement("healthy", sure, words, more)
