"""What the scheduler was doing: the word for each stretch of time, and the word for the whole.

Facts behind the numbers, all of the Go runtime and of measured programs:

* Work waits when goroutines are runnable and no P is idle. The sum of all run queues per P tells how
  much: CockroachDB calls more than 32 per P overload; the samples quoted in books lie at 11 (healthy)
  and 125 (starving). A peak means nothing: compilers reach 144 for an instant. So it must last.
* A loop that is not preempted starves others with an almost empty queue. Its P's schedtick stands
  still, and stop-the-world phases take as long as the loop runs.
* A P that idles while another is busy all the time, over many samples, is a program that cannot use
  its Ps: at random load some samples would find all of them idle.
* When (nearly) all Ps idle, plain schedtrace cannot tell a program that has nothing to do from one
  whose goroutines are stuck. The goroutines' wait reasons can: locks and sends need another goroutine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np

from goscope.capture import Capture
from goscope.findings import Confidence, Evidence, Stretch, Verdict
from goscope.goruntime.wait_reasons import primitive_of, reason
from goscope.numerals import IntArray
from goscope.settings import Settings
from goscope.stacks import blocked_groups, snapshots_of
from goscope.tables import Bools, Floats

#: Runnable goroutines per P that count as overload (CockroachDB, admission control).
OVERLOAD_PER_P = 32.0
#: The same when it lasts nearly all the time; between the quoted samples of 11 and 125.
LASTING_PER_P = 16.0
#: Threads that are not parked, per P, that show goroutines in blocking system calls.
BUSY_THREADS_PER_P = 6.0
#: A stop-the-world phase that is as long as this waited for a goroutine that did not yield.
STUCK_STW_MS = 200.0
#: So many waiting goroutines make "blocked" of an idle program.
FEW_BLOCKED = 4
#: What goroutines wait on that another goroutine has to act for; nobody parks idle workers there.
_NEED_ANOTHER = frozenset({"lock", "semaphore", "wait_group"})
#: Samples around one that decide its word together.
WINDOW = 5


@dataclass(frozen=True, slots=True)
class Bars:
    """The thresholds of the words, as the scheduler rules have them."""

    overload_per_p: float = OVERLOAD_PER_P
    lasting_per_p: float = LASTING_PER_P
    busy_threads_per_p: float = BUSY_THREADS_PER_P
    stuck_stw_ms: float = STUCK_STW_MS
    few_blocked: int = FEW_BLOCKED


_BARS = Bars()


def bars_of(settings: Settings) -> Bars:
    """The thresholds that the user set; all rules see the same, for they share one word per process."""
    known = {f.name for f in fields(Bars)}
    rules = ("sched-starving", "sched-blocked", "sched-unbalanced")
    values = {name: value for rule in rules for name, value in settings.of(rule).items()}
    return Bars(**{name: value for name, value in values.items() if name in known})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The samples of one process and what follows from them."""

    process: int
    source: str
    t_ms: Floats
    procs: Floats
    idle: Floats
    waiting: Floats  # runnable goroutines in all queues
    local_max: Floats
    threads: Floats
    busy_threads: Floats
    frozen: Floats  # Ps whose schedtick stood still since the sample before; NaN if unknown
    stuck_stw_ms: float
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    bars: Bars

    @property
    def waiting_per_p(self) -> Floats:
        return self.waiting / self.procs


@lru_cache(maxsize=4)
def schedules_of(capture: Capture, bars: Bars = _BARS) -> tuple[Schedule, ...]:
    """One schedule per process that printed SCHED lines."""
    sched = capture.table("sched")
    return tuple(
        _schedule(capture, int(process), bars)
        for process in np.unique(sched["process"])
        if len(sched)
    )


def _schedule(capture: Capture, process: int, bars: Bars) -> Schedule:
    sched = capture.table("sched")
    rows = np.flatnonzero(sched["process"] == process)
    if len(rows) > 1 and sched["t_ms"][rows[0]] == 0:
        rows = rows[1:]  # the first line is printed while the program starts
    mine = sched.select(rows)
    procs = mine.numbers("gomaxprocs")
    local = mine.numbers("local_sum")
    listed, in_syscall = _from_processors(capture, rows)
    waiting = np.nan_to_num(mine.numbers("runqueue")) + np.where(np.isnan(local), listed, local)
    threads = mine.numbers("threads")
    schedule = Schedule(
        process=process,
        source=f"{mine.text('input', 0)}:{int(mine['line'][0])}",
        t_ms=mine.numbers("t_ms"),
        procs=np.maximum(procs, 1),
        idle=np.minimum(np.nan_to_num(mine.numbers("idleprocs")) + in_syscall, procs),
        waiting=waiting,
        local_max=np.nan_to_num(mine.numbers("local_max")),
        threads=threads,
        busy_threads=threads - mine.numbers("idlethreads"),
        frozen=_frozen(capture, rows),
        stuck_stw_ms=_longest_stop(capture, process),
        verdict=_NOTHING,
        evidence=(),
        bars=bars,
    )
    return _judged(capture, schedule)


def _from_processors(capture: Capture, rows: IntArray) -> tuple[Floats, Floats]:
    """From P lines, for each sample: the sum of the queues, and how many Ps sit in a system call.

    Up to 1.25 a P whose goroutine is in a system call keeps status 2 and does not count as idle,
    though it does no work; from 1.26 such a P is not told apart.
    """
    table = capture.table("procs")
    size = len(capture.table("sched"))
    known = table["sample"][table.present("sample")]
    queues = np.nan_to_num(table.numbers("runqsize"))[table.present("sample")]
    status = table.numbers("status")[table.present("sample")]
    sums: Floats = np.bincount(known, weights=queues, minlength=size).astype(np.float64)
    stopped = (status == 2).astype(np.float64)
    syscalls: Floats = np.bincount(known, weights=stopped, minlength=size).astype(np.float64)
    return sums[rows], syscalls[rows]


def _frozen(capture: Capture, rows: IntArray) -> Floats:
    """How many Ps made no scheduler call since the sample before; NaN where ticks are not known."""
    sched, table = capture.table("sched"), capture.table("procs")
    frozen = np.full(len(rows), np.nan)
    listed = sched.counts("schedticks").astype(np.int64)[rows]
    if listed.any():
        flat = sched["schedticks"]
        begins = np.cumsum(sched.counts("schedticks").astype(np.int64))[rows] - listed
    else:
        placed = np.flatnonzero(table.present("sample") & table.present("schedtick"))
        flat, sample = table["schedtick"][placed], table["sample"][placed]
        begins = np.searchsorted(sample, rows)
        listed = np.searchsorted(sample, rows, side="right") - begins
    for count in np.unique(
        listed[listed > 0]
    ).tolist():  # the number of Ps, mostly one and the same
        same = np.flatnonzero((listed[1:] == count) & (listed[:-1] == count)) + 1
        inside = np.arange(count)
        now, before = flat[begins[same][:, None] + inside], flat[begins[same - 1][:, None] + inside]
        frozen[same] = (now == before).sum(axis=1)
    return frozen


def _longest_stop(capture: Capture, process: int) -> float:
    """The longest stop-the-world phase of a process, in ms, first cycles included."""
    gc = capture.table("gc")
    mine = gc.select(gc["process"] == process)
    stops = np.concatenate((mine.numbers("stw_sweep_ms"), mine.numbers("stw_mark_ms")))
    stops = stops[~np.isnan(stops)]
    return float(stops.max()) if len(stops) else 0.0


# ---- the word for the whole ---------------------------------------------------------------------

_NOTHING = Verdict("unknown", Confidence.LOW, "")


def _judged(capture: Capture, s: Schedule) -> Schedule:
    n = len(s.procs)
    all_idle = float((s.idle >= s.procs).mean())
    all_busy = s.idle <= 0
    busy_share = float((1 - s.idle / s.procs).mean())
    load = s.waiting_per_p
    evidence = [
        Evidence("judged", n, "SCHED lines" if n > 1 else "SCHED line", s.source),
        Evidence("Ps idle, median", round(float(np.median(s.idle / s.procs)) * 100), "%"),
        Evidence(
            "waiting goroutines per P, median", round(float(np.median(load)), 2), "goroutines"
        ),
    ]
    overloaded = all_busy & (load > s.bars.overload_per_p)
    strong = Confidence.HIGH if n >= 8 else Confidence.MEDIUM if n >= 3 else Confidence.LOW
    collect = None if n >= 8 else "collect more SCHED lines: at least 8"
    long_queues = overloaded.mean() >= 0.5 or (
        all_busy.mean() >= 0.8 and np.median(load) >= s.bars.lasting_per_p
    )
    if long_queues:
        sure = strong if overloaded.mean() >= 0.5 else min(strong, Confidence.MEDIUM, key=_rank)
        verdict = Verdict(
            "starving",
            sure,
            f"{np.median(load):.0f} goroutines per P wait to run and no P is idle",
            collect,
        )
    elif _not_preempted(s, all_busy):
        verdict = Verdict(
            "starving",
            min(strong, Confidence.MEDIUM, key=_rank),
            "a goroutine keeps its P without yielding: " + _stuck_words(s),
            collect,
        )
    elif (
        all_busy.mean() >= 0.8
        and np.median(load) >= 1
        and _busy_threads(s) >= s.bars.busy_threads_per_p
    ):
        verdict = Verdict(
            "starving",
            min(strong, Confidence.MEDIUM, key=_rank),
            f"goroutines wait to run while {_busy_threads(s):.0f} threads per P sit in system calls",
            collect,
        )
    elif (
        all_idle >= 0.8
        or (busy_share < 0.1 and np.median(s.idle / s.procs) == 1)
        or _thread_bound(s)
    ):
        verdict = _quiet(capture, s, all_idle, collect)
    elif (convoy := _convoy(capture, s, all_busy)) is not None:
        verdict = Verdict("blocked", min(strong, Confidence.MEDIUM, key=_rank), convoy, collect)
    elif _unbalanced(s, all_idle):
        usual = s.procs - s.idle
        verdict = Verdict(
            "unbalanced",
            strong,
            f"{np.median(usual):.0f} of {np.median(s.procs):.0f} Ps work all the time, the others never",
            collect,
        )
    else:
        if all_busy.mean() >= 0.8:
            why = f"all Ps work and {np.median(load):.1f} goroutines per P wait to run"
            if np.isnan(s.frozen).all() and (s.waiting > 0).mean() >= 0.5:
                strong = min(strong, Confidence.MEDIUM, key=_rank)
                collect = (
                    "add GODEBUG=scheddetail=1: it shows whether a goroutine keeps its P for long"
                )
        else:
            why = f"Ps are busy {busy_share:.0%} of the time and no work waits"
        verdict = Verdict("healthy", strong, why, collect)
    # A loop that does not yield starves others with hardly a queue: then every busy sample counts.
    least_load = 0.0 if verdict.state == "starving" and not long_queues else s.bars.lasting_per_p
    timeline = _timeline(s, verdict.state, least_load)
    verdict = replace(verdict, timeline=timeline)
    return replace(s, verdict=verdict, evidence=tuple(evidence))


def _rank(confidence: Confidence) -> int:
    return confidence.rank


def _busy_threads(s: Schedule) -> float:
    share = s.busy_threads / s.procs
    return float(np.median(share)) if not np.isnan(share).any() else 0.0


def _frozen_share(s: Schedule) -> float:
    """In which share of the samples some P stood still while none was idle."""
    known = ~np.isnan(s.frozen)
    return float(((s.frozen > 0) & (s.idle <= 0))[known].mean()) if known.any() else 0.0


def _not_preempted(s: Schedule, all_busy: Bools) -> bool:
    waits = float((s.waiting > 0).mean()) >= 0.5
    stuck = s.stuck_stw_ms >= s.bars.stuck_stw_ms
    return bool(all_busy.mean() >= 0.8) and (
        (_frozen_share(s) >= 0.5 and (waits or stuck)) or stuck
    )


def _stuck_words(s: Schedule) -> str:
    if s.stuck_stw_ms >= s.bars.stuck_stw_ms:
        return f"the GC waited {s.stuck_stw_ms:.0f} ms for the world to stop"
    return "the schedtick of a P stands still while work waits"


def _thread_bound(s: Schedule) -> bool:
    """Most Ps idle and far more threads than Ps ever needed: goroutines went into system calls."""
    return bool(
        np.median(s.idle / s.procs) >= 0.75
        and np.median(s.threads) >= 4 * np.median(s.procs) + 8
        and np.median(s.waiting) == 0
    )


def _unbalanced(s: Schedule, all_idle: float) -> bool:
    if len(s.procs) < 5 or np.median(s.procs) < 2:
        return False
    some_idle = s.idle > 0
    piled = some_idle & (s.local_max >= 4)
    alone = all_idle <= 0.03 and some_idle.mean() >= 0.7 and np.median(s.idle / s.procs) >= 0.25
    return bool(alone or piled.mean() >= 0.5)


# ---- idle or blocked ----------------------------------------------------------------------------


def _quiet(capture: Capture, s: Schedule, all_idle: float, collect: str | None) -> Verdict:
    """All Ps idle: nothing to do, or stuck? The goroutines tell, where they are known."""
    idle = f"all Ps are idle in {all_idle:.0%} of the samples"
    waits = _waits(capture, s.process)
    if waits is not None:
        stuck, others, where = waits
        total = stuck + others
        if stuck >= s.bars.few_blocked and stuck >= 0.5 * total:
            return Verdict(
                "blocked",
                Confidence.HIGH,
                f"{idle}, and {stuck} of {total} waiting goroutines wait for locks, sends or system "
                f"calls ({where})",
                collect,
            )
        return Verdict(
            "idle",
            Confidence.HIGH,
            f"{idle}, and its goroutines wait for work, timers or the network ({where})",
            collect,
        )
    more = "add GODEBUG=scheddetail=1 or a goroutine dump to tell idle from blocked"
    if _thread_bound(s) or _busy_threads(s) >= s.bars.busy_threads_per_p:
        return Verdict(
            "blocked",
            Confidence.LOW,
            f"most Ps are idle, yet the program needed {np.median(s.threads):.0f} threads for "
            f"{np.median(s.procs):.0f} Ps: goroutines block in system calls",
            more,
        )
    return Verdict("idle", Confidence.MEDIUM, idle + "; it may also be blocked", more)


def _convoy(capture: Capture, s: Schedule, all_busy: Bools) -> str | None:
    """Ps idle although the program has work: most goroutines queue for locks, one passes at a time."""
    waits = _waits(capture, s.process)
    if waits is None or all_busy.mean() >= 0.5:
        return None
    stuck, others, where = waits
    if stuck < 2 * np.median(s.procs) + s.bars.few_blocked or stuck < others:
        return None
    idle = float(np.median(s.idle))
    total = stuck + others
    return f"{stuck} of {total} waiting goroutines wait for locks or sends while {idle:.0f} Ps idle ({where})"


def _waits(capture: Capture, process: int) -> tuple[int, int, str] | None:
    """Goroutines that only another goroutine can free, the others, and where that was seen.

    A dump shows frames, scheddetail also shows goroutines in system calls; the one that shows more
    stuck goroutines speaks.
    """
    seen = [_waits_in_dump(capture, process), _waits_in_detail(capture, process)]
    known = [waits for waits in seen if waits is not None]
    return max(known, key=lambda waits: waits[0] / max(waits[0] + waits[1], 1), default=None)


def _waits_in_dump(capture: Capture, process: int) -> tuple[int, int, str] | None:
    """From the last dump: goroutines that only another goroutine can free, the others, the place."""
    dumps = dict(snapshots_of(capture)).get(process)
    if not dumps:
        return None
    last = dumps[-1]
    stuck = others = 0
    for blocked in blocked_groups(capture, last):
        count = len(blocked.rows)
        if blocked.stack.normal is not None:
            continue
        found = reason(blocked.reason)
        if found is not None and found.kind == "system_idle":
            continue
        needs_other = blocked.primitive in _NEED_ANOTHER or blocked.reason.startswith("chan send")
        stuck, others = (stuck + count, others) if needs_other else (stuck, others + count)
    rows = last.rows
    states = rows.categories("state")
    if "syscall" in states:
        syscalls = np.flatnonzero(rows["state"] == states.index("syscall"))
        if len(syscalls) > FEW_BLOCKED:
            stuck += len(syscalls)
    return stuck, others, "last dump"


def _waits_in_detail(capture: Capture, process: int) -> tuple[int, int, str] | None:
    """The same from the G lines of the last sample of scheddetail."""
    table = capture.table("sched_goroutines")
    mine = table.select(np.flatnonzero(table["process"] == process))
    if not len(mine):
        return None
    last = mine.select(mine["sample"] == mine["sample"].max())
    stuck = others = 0
    for status, text in zip(last["status"].tolist(), last.texts("reason"), strict=True):
        base = status & 0xFFF
        if base == 3:
            stuck += 1
        elif base in (4, 10) and text:
            found = reason(text)
            if found is not None and found.kind in ("system_idle", "idle_by_design", "transient"):
                continue
            needs_other = primitive_of(text) in _NEED_ANOTHER or text.startswith("chan send")
            stuck, others = (stuck + 1, others) if needs_other else (stuck, others + 1)
    return stuck, others, "last sample of scheddetail"


# ---- the time line ------------------------------------------------------------------------------


def _timeline(s: Schedule, whole: str, least_load: float) -> tuple[Stretch, ...]:
    """Words over time: each sample is judged with its neighbours; short runs join the one before.

    ``least_load`` is how many goroutines per P must wait to call busy samples starving.
    """
    quiet = whole if whole in ("idle", "blocked") else "idle"
    partly = whole if whole in ("unbalanced", "starving") and _unbalanced(s, 0.0) else "healthy"
    idle_share = s.idle / s.procs
    idle, load = _near_median(idle_share), _near_median(s.waiting_per_p)
    some_busy = _near_median((idle_share < 1).astype(np.float64)) >= 0.5
    never_busy = _near_least(idle_share) == 1
    # Without long queues it is a goroutine that keeps its P, or slow system calls, that starve others.
    short = whole == "starving" and not (s.waiting_per_p > s.bars.lasting_per_p).mean() >= 0.5
    starving = (idle == 0) & ((load > s.bars.lasting_per_p) | short)
    resting = (idle >= 0.99) & ~some_busy & ((whole != "healthy") | never_busy)
    words = np.where(starving, "starving", np.where(resting, quiet, partly)).tolist()
    return tuple(_stretches(s, _smoothed(words)))


def _near(values: Floats) -> Floats:
    """For each sample the samples around it, as a row; mirrored at the ends, so that a peak stays one."""
    half = WINDOW // 2
    padded = np.pad(values, half, mode="reflect")
    windows: Floats = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    return windows


def _near_median(values: Floats) -> Floats:
    medians: Floats = np.partition(_near(values), WINDOW // 2, axis=1)[:, WINDOW // 2]
    return medians


def _near_least(values: Floats) -> Floats:
    least: Floats = _near(values).min(axis=1)
    return least


def _smoothed(words: Sequence[str]) -> list[str]:
    """Runs shorter than the window take the word of the run before them."""
    smooth = list(words)
    start = 0
    for i in range(1, len(smooth) + 1):
        if i == len(smooth) or smooth[i] != smooth[start]:
            if i - start < WINDOW and start > 0:
                smooth[start:i] = [smooth[start - 1]] * (i - start)
            start = i
    return smooth


def _stretches(s: Schedule, words: Sequence[str]) -> list[Stretch]:
    found: list[Stretch] = []
    start = 0
    for i in range(1, len(words) + 1):
        if i == len(words) or words[i] != words[start]:
            end = min(i, len(words) - 1)
            found.append(
                Stretch(s.process, words[start], int(s.t_ms[start]), int(s.t_ms[end]), i - start)
            )
            start = i
    return found
