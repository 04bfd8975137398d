"""The scheduler's verdict on logs whose answer a reader can see."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Confidence, Verdict
from tests.rules.dumps import HTTP_SERVER, KEEP_ALIVE, dump, goroutine, leaks

# The samples that books quote, wrapped as a page is narrow.
HEALTHY = """\
SCHED 2018ms: gomaxprocs=8 idleprocs=0 threads=11 spinningthreads=2
  needspinning=0 idlethreads=1 runqueue=0
  [ 7 12 9 15 11 8 14 10 ]
"""
STARVING = """\
SCHED 4036ms: gomaxprocs=8 idleprocs=0 threads=10 spinningthreads=0
  needspinning=0 idlethreads=0 runqueue=500
  [ 55 60 71 58 63 57 66 69 ]
"""
BLOCKED = """\
SCHED 6054ms: gomaxprocs=8 idleprocs=7 threads=50 spinningthreads=0
  needspinning=0 idlethreads=43 runqueue=0
  [ 0 0 0 0 0 0 0 0 ]
"""


def diagnosed(*texts: str) -> Diagnosis:
    return goscope.diagnose(goscope.read(*texts))


def verdict(*texts: str) -> Verdict:
    return diagnosed(*texts).verdicts["scheduler"]


def state(*texts: str) -> str:
    return verdict(*texts).state


def sched(
    t: float,
    *,
    procs: int = 4,
    idle: int = 0,
    threads: int = 7,
    parked: int = 1,
    runqueue: int = 0,
    local: Iterable[int] = (0, 0, 0, 0),
    ticks: Iterable[int] | None = None,
) -> str:
    """A SCHED line; ``t`` in seconds."""
    queues = " ".join(map(str, local))
    tail = "" if ticks is None else f" schedticks=[ {' '.join(map(str, ticks))} ]"
    return (
        f"SCHED {t * 1000:.0f}ms: gomaxprocs={procs} idleprocs={idle} threads={threads} spinningthreads=0 "
        f"needspinning=0 idlethreads={parked} runqueue={runqueue} [ {queues} ]{tail}\n"
    )


def log(seconds: Iterable[int], **fields: object) -> str:
    return "".join(sched(t, **fields) for t in seconds)  # type: ignore[arg-type]


# ---- what books quote -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"), [(HEALTHY, "healthy"), (STARVING, "starving"), (BLOCKED, "blocked")]
)
@pytest.mark.parametrize("prefix", ["", "# ", "// ", "    "])
@pytest.mark.parametrize("times", [1, 10])
def test_the_patterns_of_books(text: str, wanted: str, prefix: str, times: int) -> None:
    whole = "".join(
        prefix + line + "\n"
        for n in range(times)
        for line in text.replace("ms:", f"{n}ms:").splitlines()
    )
    assert len(goscope.read(whole).sched) == times
    assert state(whole) == wanted
    assert f"sched-{wanted}" in [f.rule for f in diagnosed(whole).findings] or wanted == "healthy"


def test_the_patterns_on_single_lines() -> None:
    for text, wanted in ((HEALTHY, "healthy"), (STARVING, "starving"), (BLOCKED, "blocked")):
        assert state(" ".join(text.split()).replace("] SCHED", "]\nSCHED") + "\n") == wanted


def test_one_line_is_little_and_plain_lines_cannot_prove_blocked() -> None:
    assert verdict(STARVING).confidence is Confidence.LOW
    found = verdict(BLOCKED)
    assert found.confidence is Confidence.LOW
    assert found.collect is not None
    assert "scheddetail" in found.collect


# ---- starving -------------------------------------------------------------------------------------


def test_long_queues_that_last_are_starving() -> None:
    found = verdict(log(range(1, 21), runqueue=100, local=(40, 50, 60, 70)))
    assert (found.state, found.confidence) == ("starving", Confidence.HIGH)
    assert "80" in found.reason  # (100 + 220) / 4


def test_busy_with_short_queues_is_healthy() -> None:
    assert state(log(range(1, 21), runqueue=2, local=(3, 0, 1, 2))) == "healthy"


@pytest.mark.parametrize("place", [1, 10, 20])
def test_a_lone_peak_in_an_idle_log_is_not_starving(place: int) -> None:
    lines = [sched(t, idle=4) for t in range(1, 21)]
    lines[place - 1] = sched(place, idle=0, runqueue=0, local=(144, 0, 0, 0))
    found = diagnosed("".join(lines))
    assert found.verdicts["scheduler"].state in ("idle", "healthy")
    assert found.findings == ()


def test_a_peak_at_the_start_of_a_short_tool_is_not_starving() -> None:
    lines = [sched(0.0), *(sched(0.01 * n, idle=n % 3) for n in range(1, 12))]
    lines[2] = sched(0.02, runqueue=80, local=(64, 0, 0, 0))
    assert state("".join(lines)) == "healthy"


def frozen(moving: bool) -> str:
    """All Ps busy and three goroutines wait; three Ps make calls, one stands still or not."""
    return "".join(
        sched(t, runqueue=3, ticks=(100 + (t if moving else 0), 20 * t, 31 * t, 7 * t))
        for t in range(1, 21)
    )


def test_a_tick_that_stands_still_while_work_waits_is_starving() -> None:
    found = verdict(frozen(moving=False))
    assert found.state == "starving"
    assert "schedtick" in found.reason
    assert state(frozen(moving=True)) == "healthy"


def test_ticks_that_stand_still_on_idle_ps_are_idle() -> None:
    assert state(log(range(1, 21), idle=4, ticks=(5, 5, 5, 5))) == "idle"


def gc_line(cycle: int, t: float, stop_ms: float) -> str:
    return (
        f"gc {cycle} @{t:.3f}s 2%: {stop_ms:g}+1.2+0.01 ms clock, {4 * stop_ms:g}+0.1/1.1/0+0.04 ms cpu, "
        "4->4->1 MB, 5 MB goal, 0 MB stacks, 0 MB globals, 4 P\n"
    )


@pytest.mark.parametrize(("stop_ms", "wanted"), [(300, "starving"), (0.3, "healthy")])
def test_a_world_that_takes_long_to_stop_has_a_loop_that_does_not_yield(
    stop_ms: float, wanted: str
) -> None:
    text = "".join(
        sched(t) + (gc_line(t // 5, t + 0.5, stop_ms) if t % 5 == 0 else "") for t in range(1, 21)
    )
    found = verdict(text)
    assert found.state == wanted
    assert ("300 ms" in found.reason) == (wanted == "starving")


# ---- idle or blocked ------------------------------------------------------------------------------


QUIET = log(range(1, 11), idle=4)


def test_plain_lines_of_an_idle_program_say_idle_and_what_would_tell_more() -> None:
    found = verdict(QUIET)
    assert found.state == "idle"
    assert found.confidence.rank < Confidence.HIGH.rank
    assert found.collect is not None
    assert "goroutine dump" in found.collect


@pytest.mark.parametrize("state_word", ["sync.Mutex.Lock", "sync.RWMutex.RLock", "chan send"])
def test_a_dump_full_of_waiters_makes_it_blocked(state_word: str) -> None:
    found = verdict(QUIET, dump(*leaks(range(18, 38), state_word)))
    assert (found.state, found.confidence) == ("blocked", Confidence.HIGH)
    assert "20 of 20" in found.reason  # the main goroutine is no sign of anything


@pytest.mark.parametrize("state_word", ["IO wait", "select", "sleep", "chan receive"])
def test_a_dump_of_goroutines_at_rest_makes_it_idle(state_word: str) -> None:
    found = verdict(QUIET, dump(*leaks(range(18, 38), state_word)))
    assert (found.state, found.confidence) == ("idle", Confidence.HIGH)


def test_an_idle_server_with_a_hundred_connections_is_idle() -> None:
    blocks = leaks(range(18, 118), "IO wait", where=KEEP_ALIVE, started=HTTP_SERVER)
    assert state(QUIET, dump(*blocks)) == "idle"


def test_the_dump_may_come_before_the_log() -> None:
    assert state(dump(*leaks(range(18, 38), "sync.Mutex.Lock")), QUIET) == "blocked"


def detailed(reason: str, count: int = 20) -> str:
    """scheddetail: all Ps idle, and so many goroutines in one wait reason."""
    text = ""
    for t in range(1, 6):
        text += (
            f"SCHED {t}000ms: gomaxprocs=4 idleprocs=4 threads=7 spinningthreads=0 needspinning=0 idlethreads=5 "
            "runqueue=0 gcwaiting=false nmidlelocked=0 stopwait=0 sysmonwait=false\n"
        )
        text += "".join(
            f"  P{p}: status=0 schedtick=9 syscalltick=2 m=nil runqsize=0 gfreecnt=0 timerslen=0\n"
            for p in range(4)
        )
        text += "  M0: p=nil curg=nil mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked=true lockedg=nil\n"
        text += "  G1: status=4(chan receive) m=nil lockedm=nil\n"
        text += "  G2: status=4(force gc (idle)) m=nil lockedm=nil\n"
        text += "".join(
            f"  G{n}: status=4({reason}) m=nil lockedm=nil\n" for n in range(18, 18 + count)
        )
    return text


@pytest.mark.parametrize(
    ("reason", "wanted"),
    [
        ("sync.Mutex.Lock", "blocked"),
        ("semacquire", "blocked"),
        ("chan send", "blocked"),
        ("IO wait", "idle"),
        ("select", "idle"),
        ("sleep", "idle"),
    ],
)
def test_the_g_lines_of_scheddetail_tell_as_well(reason: str, wanted: str) -> None:
    found = verdict(detailed(reason))
    assert (found.state, found.confidence.rank >= Confidence.MEDIUM.rank) == (wanted, True)


def test_three_waiters_do_not_make_a_program_blocked() -> None:
    assert state(detailed("sync.Mutex.Lock", 3)) == "idle"
    assert state(QUIET, dump(*leaks(range(18, 21), "sync.Mutex.Lock"))) == "idle"


def test_goroutines_in_system_calls_are_blocked() -> None:
    blocks = [
        goroutine(
            n,
            "syscall, 2 minutes",
            where="syscall.Syscall(0x0, 0x3, 0x1, 0x1)\n\t/go/src/syscall/s.go:5 +0x1\nmain.f()\n\t/app/main.go:15 +0x28",
        )
        for n in range(18, 58)
    ]
    assert state(log(range(1, 11), idle=4, threads=50, parked=4), dump(*blocks)) == "blocked"


# ---- unbalanced -----------------------------------------------------------------------------------


def test_one_p_at_work_and_three_at_rest_are_unbalanced() -> None:
    found = verdict(log(range(1, 21), idle=3))
    assert (found.state, found.confidence) == ("unbalanced", Confidence.HIGH)
    assert "1 of 4" in found.reason


def test_work_piled_up_in_one_queue_while_others_idle_is_unbalanced() -> None:
    assert state(log(range(1, 21), idle=2, local=(40, 0, 0, 0))) == "unbalanced"


def test_a_program_at_half_load_is_healthy() -> None:
    idle = [0, 2, 4, 1, 3, 2, 4, 0, 1, 2, 4, 3, 1, 4, 2, 0, 3, 1, 4, 2]
    assert state("".join(sched(t, idle=n) for t, n in enumerate(idle, 1))) == "healthy"


def test_a_few_samples_do_not_show_an_imbalance() -> None:
    assert state(log(range(1, 4), idle=3)) != "unbalanced"


# ---- time -----------------------------------------------------------------------------------------


def test_the_time_line_says_when_it_began() -> None:
    text = log(range(1, 31), runqueue=1) + log(range(31, 61), runqueue=400, local=(60, 70, 50, 40))
    found = verdict(text)
    assert [s.state for s in found.timeline] == ["healthy", "starving"]
    first, second = found.timeline
    assert first.start_ms == 1000
    assert abs(first.end_ms - 31_000) <= 2000
    assert first.end_ms == second.start_ms
    assert second.end_ms == 60_000
    assert first.samples + second.samples == 60


def test_a_bad_minute_in_a_good_hour_is_found_and_named() -> None:
    text = (
        log(range(1, 601), runqueue=1)
        + log(range(601, 661), runqueue=400, local=(60, 70, 50, 40))
        + log(range(661, 1201), runqueue=1)
    )
    found = diagnosed(text)
    assert found.verdicts["scheduler"].state == "healthy"
    assert [s.state for s in found.verdicts["scheduler"].timeline] == [
        "healthy",
        "starving",
        "healthy",
    ]
    (finding,) = found.findings
    assert finding.rule == "sched-starving"
    (lasted,) = [e.value for e in finding.evidence if e.label == "lasted"]
    assert isinstance(lasted, int)
    assert abs(lasted - 60_000) <= 4000


def test_an_unchanging_log_is_one_stretch() -> None:
    (stretch,) = verdict(log(range(1, 21), runqueue=2)).timeline
    assert (stretch.state, stretch.start_ms, stretch.end_ms, stretch.samples) == (
        "healthy",
        1000,
        20_000,
        20,
    )


# ---- processes ------------------------------------------------------------------------------------


def test_two_processes_in_one_log_are_judged_apart() -> None:
    text = log(range(21), runqueue=400, local=(60, 70, 50, 40)) + log(range(21), idle=4)
    found = diagnosed(text)
    assert found.capture.processes == 2
    scheduler = found.verdicts["scheduler"]
    assert scheduler.state == "starving"  # the worst speaks
    assert "run text 1:1: " in scheduler.reason
    assert [(s.process, s.state) for s in scheduler.timeline] == [(0, "starving"), (1, "idle")]
    assert [(f.rule, f.process) for f in found.findings] == [("sched-starving", 0)]


def test_no_sched_lines_are_unknown_and_say_what_to_do() -> None:
    found = verdict(dump(*leaks(range(18, 38))))
    assert (found.state, found.confidence) == ("unknown", Confidence.LOW)
    assert found.collect is not None
    assert "schedtrace=1000" in found.collect


def test_a_loop_that_never_yields_starves_all_the_time() -> None:
    """There is no queue to see it by, so every busy sample counts."""
    assert [s.state for s in verdict(frozen(moving=False)).timeline] == ["starving"]
