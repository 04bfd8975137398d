"""Starving, unbalanced and healthy, where they lie close together; and the words over time."""

from __future__ import annotations

import pytest

from goscope.findings.findings import Confidence
from tests.analysis.scheduler.test_idle_or_blocked import program
from tests.analysis.scheduler.test_schedule import (
    diagnosed,
    frozen,
    gc_line,
    log,
    sched,
    state,
    verdict,
)
from tests.rules.dumps import leaks


def series(*idle: int, procs: int = 8, spinning: int = 0) -> str:
    lines = "".join(sched(t, idle=n, procs=procs, local=[0] * procs) for t, n in enumerate(idle, 3))
    return lines.replace("spinningthreads=0", f"spinningthreads={spinning}")


# ---- starving -----------------------------------------------------------------------------------


def test_queues_at_the_start_of_a_program_may_be_its_start() -> None:
    text = "".join(sched(0.1 * t, runqueue=200, local=(40, 50, 60, 70)) for t in range(1, 9))
    found = verdict(text)
    assert (found.state, found.confidence) == ("unknown", Confidence.LOW)
    assert "0.8 s old" in found.reason
    assert state("".join(sched(3 + 0.1 * t, runqueue=400) for t in range(1, 9))) == "starving"


def test_few_waiting_behind_slow_system_calls_are_starving() -> None:
    found = verdict(log(range(1, 21), threads=52, parked=2, runqueue=1))
    assert (found.state, found.confidence) == ("starving", Confidence.MEDIUM)
    assert "system calls" in found.reason


def ticks_every(ms: int, moves_after_ms: int) -> str:
    """All Ps busy, one goroutine waits, and each P's tick moves once in so many ms."""
    return "".join(
        sched(t / 1000, runqueue=1, ticks=(t // moves_after_ms, t // 10, t // 10, t // 10))
        for t in range(5000, 9000, ms)
    )


def test_a_tick_may_stand_still_for_some_time_slices() -> None:
    assert state(ticks_every(100, 300)) == "healthy"  # more Ps than cores
    assert state(ticks_every(100, 1000)) == "starving"


def test_one_long_stop_of_the_world_may_be_the_machine() -> None:
    lines = [sched(t) for t in range(1, 21)]
    assert state("".join([*lines, gc_line(1, 7.5, 300)])) == "healthy"
    assert state("".join([*lines, gc_line(1, 7.5, 300), gc_line(2, 9.5, 300)])) == "starving"
    assert state("".join([*lines, gc_line(1, 7.5, 1300)])) == "starving"


def test_long_stops_before_the_log_say_nothing_of_it() -> None:
    lines = [sched(t) for t in range(100, 121)]
    early = gc_line(1, 1.5, 1300) + gc_line(2, 3.5, 1300)
    assert state(early + "".join(lines)) == "healthy"


def test_a_world_that_waits_for_ps_shows_in_scheddetail_too() -> None:
    text = ""
    for t in range(1, 11):
        text += (
            f"SCHED {t}000ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 needspinning=0 "
            "idlethreads=1 runqueue=0 gcwaiting=true nmidlelocked=0 stopwait=1 sysmonwait=false\n"
            "  P0: status=1 schedtick=7 syscalltick=2 m=0 runqsize=0 gfreecnt=0 timerslen=0\n"
            "  P1: status=3 schedtick={tick} syscalltick=2 m=nil runqsize=0 gfreecnt=0 timerslen=0\n"
            "  M0: p=0 curg=21 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false "
            "blocked=false lockedg=nil\n"
            "  G21: status=2() m=0 lockedm=nil\n"
        )
    found = diagnosed(text)
    assert found.verdicts["scheduler"].state == "starving"
    (finding,) = found.findings
    assert finding.rule == "sched-no-preemption"
    kept = next(e for e in finding.evidence if "kept" in e.label)
    assert kept.label == "P0 kept by goroutine 21 from 1 s on"
    assert (kept.value, kept.unit) == (9000, "ms")
    assert any(e.value == 10 and "GC waiting" in e.label for e in finding.evidence)


# ---- unbalanced ---------------------------------------------------------------------------------


def test_random_load_that_never_leaves_all_ps_idle_is_not_serial() -> None:
    busy = (3, 6, 1, 5, 2, 7, 4, 1, 6, 3, 2, 5, 7, 1, 4, 6, 2, 3, 5, 1)
    assert state(series(*(8 - n for n in busy))) == "healthy"
    assert state(series(*([6, 7] * 10))) == "unbalanced"


def test_threads_that_look_for_work_do_not_work() -> None:
    assert state(series(*([6] * 20), spinning=1)) == "unbalanced"
    assert state(series(*([6] * 20), spinning=2)) == "healthy"


def test_one_p_cannot_be_unbalanced() -> None:
    text = "".join(sched(t, procs=1, idle=t % 2, local=(0,)) for t in range(1, 21))
    assert state(text) == "healthy"


# ---- phases -------------------------------------------------------------------------------------


def phases() -> str:
    idle = log(range(1, 21), idle=4)
    busy = log(range(21, 51), runqueue=400, local=(60, 70, 50, 40))
    return idle + busy + log(range(51, 71), idle=4)


def test_phases_are_judged_one_by_one_and_what_lasts_speaks() -> None:
    hang = program("sync.WaitGroup.Wait", *leaks(range(18, 58), "sync.Mutex.Lock"))
    rest = program("sleep", *leaks(range(18, 22), "chan receive"))
    found = verdict(phases(), rest, hang)
    assert [s.state for s in found.timeline] == ["idle", "starving", "blocked"]
    assert found.state == "starving"
    assert "155 goroutines per P" in found.reason


def test_a_dump_speaks_for_the_end_and_not_for_what_was_before() -> None:
    hang = program("sync.WaitGroup.Wait", *leaks(range(18, 58), "sync.Mutex.Lock"))
    assert [s.state for s in verdict(phases(), hang).timeline] == ["idle", "starving", "blocked"]


@pytest.mark.parametrize(("quiet", "share"), [(100, "61%"), (300, "83%")])
def test_what_lasts_longest_speaks_for_the_whole(quiet: int, share: str) -> None:
    text = log(range(1, 61), runqueue=400) + log(range(61, 61 + quiet), idle=4)
    found = diagnosed(text)
    assert found.verdicts["scheduler"].state == "idle"
    assert f"for {share} of the time: " in found.verdicts["scheduler"].reason
    assert [f.rule for f in found.findings] == ["sched-starving"]
    assert "for a while" in found.findings[0].title


def test_the_evidence_is_of_the_time_that_it_speaks_of() -> None:
    (finding,) = diagnosed(log(range(1, 61), runqueue=400) + log(range(61, 200), idle=4)).findings
    idle = next(e for e in finding.evidence if e.label.startswith("Ps idle"))
    assert idle.value == 0


def test_a_loop_in_a_long_good_log_is_found_for_its_time() -> None:
    good = "".join(
        sched(t, idle=t % 3, ticks=(50 * t, 60 * t, 70 * t, 80 * t)) for t in range(30, 400)
    )
    found = diagnosed(frozen(moving=False) + good)
    assert found.verdicts["scheduler"].state == "healthy"
    assert [f.rule for f in found.findings] == ["sched-no-preemption"]
    assert "for 19.0 s" in found.findings[0].title


# ---- short excerpts, and what they may not be taken for ---------------------------------------------


def test_an_overload_at_the_end_speaks_for_an_idle_program() -> None:
    idle = series(*[8] * 6)
    busy = "".join(sched(t, runqueue=300, local=[20] * 8, procs=8) for t in range(9, 13))
    found = verdict(idle + busy)
    assert found.state == "starving"
    assert [s.state for s in found.timeline] == ["idle", "starving"]
    # Over before the end, or no longer than a burst: the rest of the time speaks.
    after = "".join(sched(t, idle=8, procs=8, local=[0] * 8) for t in range(13, 19))
    passed = verdict(idle + busy + after)
    assert passed.state == "healthy"
    assert "at most 460" in passed.reason
    burst = sched(9, runqueue=300, local=[20] * 8, procs=8)
    assert verdict(idle + burst).state == "idle"


def test_of_few_samples_the_last_one_speaks_if_it_is_worse() -> None:
    idle, busy = series(8, 8), sched(5, runqueue=900, local=[20] * 8, procs=8)
    found = verdict(idle + busy)
    assert (found.state, found.confidence) == ("starving", Confidence.LOW)
    assert found.reason.startswith("in the last sample 132 goroutines per P")
    assert [s.state for s in found.timeline][-1] == "starving"


def test_an_overload_at_the_end_of_a_program_that_starts_may_be_its_start() -> None:
    young = "".join(sched(t, runqueue=395, local=[150] * 4, procs=4) for t in (0.2, 0.4, 0.6))
    found = verdict(sched(0, idle=4, procs=4) + young)
    assert (found.state, found.confidence) == ("unknown", Confidence.LOW)
    assert "249 goroutines per P" in found.reason
    assert "only 0.6 s old" in found.reason


def test_where_nothing_waits_no_share_of_a_goroutine_is_told() -> None:
    assert verdict(series(0, *[0] * 12)).reason == "all Ps work and no work waits"


@pytest.mark.parametrize("queued", [(1, 0, 0, 0), (0, 0, 0, 0)])
def test_one_queued_goroutine_makes_no_healthy_program(queued: tuple[int, ...]) -> None:
    line = sched(4, idle=3, procs=4, local=queued, threads=40, parked=34)
    found = verdict(line)
    assert (found.state, found.confidence) == ("blocked", Confidence.LOW)


def test_no_work_waits_is_said_only_where_all_queues_are_empty() -> None:
    assert "no work waits" in verdict(series(*[3, 5, 2, 6] * 4)).reason
    found = verdict(sched(4, idle=1, procs=4, runqueue=5, local=(3, 1, 0, 2)))
    assert (found.state, found.confidence) == ("healthy", Confidence.LOW)
    assert "goroutines wait to run, 11" in found.reason
    many = verdict(sched(4, idle=1, procs=4, runqueue=40, local=(9, 0, 0, 7)))
    assert (many.state, many.reason) == (
        "unknown",
        "56 goroutines wait to run while 1 of 4 Ps idle",
    )


STOPPING = """\
SCHED {ms}ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 idlethreads=1 runqueue=0 gcwaiting={gc} \
nmidlelocked=0 stopwait={gc} sysmonwait=0
  P0: status=1 schedtick={tick} syscalltick=2 m=3 runqsize=0 gfreecnt=0
  P1: status=3 schedtick={tick} syscalltick=1 m=0 runqsize=0 gfreecnt=0
  M3: p=0 curg=6 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 helpgc=0 spinning=false blocked=false lockedg=-1
"""


def test_a_world_that_is_being_stopped_in_the_last_sample_is_stalled() -> None:
    before = STOPPING.format(ms=900, gc=0, tick=7)
    found = verdict(before + STOPPING.format(ms=1900, gc=1, tick=8))
    assert (found.state, found.confidence) == ("stalled", Confidence.LOW)
    assert "P0 (M3, goroutine 6)" in found.reason
    # Stopped for a moment and gone on: the sample met a collection.
    after = STOPPING.format(ms=2900, gc=0, tick=9)
    assert verdict(before + STOPPING.format(ms=1900, gc=1, tick=8) + after).state == "healthy"
    still = verdict("".join(STOPPING.format(ms=t, gc=1, tick=7) for t in (900, 1900)))
    assert still.state == "starving"
    assert "everybody waits for P0 (M3, goroutine 6), which goes on" in still.reason


def test_samples_of_one_millisecond_are_of_different_programs() -> None:
    fine = sched(0.5, local=(3, 2, 4, 1))
    text = fine + sched(0.5, runqueue=900, local=(70, 80, 66, 90)) + sched(0.5, idle=4)
    found = diagnosed(text)
    assert found.capture.processes == 3
    assert "starving" in {s.state for s in found.verdicts["scheduler"].timeline}
