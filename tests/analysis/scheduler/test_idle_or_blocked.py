"""Idle or blocked: who is left to act, on dumps that differ in one thing each."""

from __future__ import annotations

import pytest

import goscope
from goscope.findings.findings import Confidence
from tests.analysis.scheduler.test_schedule import QUIET, diagnosed, log, state, verdict
from tests.conftest import CAPTURES
from tests.rules.dumps import HTTP_SERVER, KEEP_ALIVE, goroutine, leaks

HANDLER = """\
main.(*cache).get(0xc0000120a0)
\t/app/main.go:21 +0x38
net/http.(*conn).serve(0xc00012c000, {0x7f2d10, 0xc000116cc0})
\t/usr/local/go/src/net/http/server.go:2137 +0x785"""
WAITS_FOR_CHILD = """\
syscall.Syscall6(0xf7, 0x1, 0x2a, 0xc00005e000, 0x1000004, 0x0, 0x0)
\t/usr/local/go/src/syscall/syscall_linux.go:91 +0x39
os.(*Process).blockUntilWaitable(0xc0000a4000)
\t/usr/local/go/src/os/wait_waitid.go:32 +0x76
os.(*Process).wait(0xc0000a4000)
\t/usr/local/go/src/os/exec_unix.go:22 +0x25
os.(*Process).Wait(...)
\t/usr/local/go/src/os/exec.go:134
main.supervise()
\t/app/main.go:15 +0x28"""


def main_in(text: str) -> str:
    return f"goroutine 1 [{text}]:\nmain.main()\n\t/app/main.go:40 +0x85\n"


def program(main: str, *blocks: str) -> str:
    return "\n".join((main_in(main), *blocks))


def many(count: int, state_word: str, *, start: int = 18, **parts: str) -> list[str]:
    return leaks(range(start, start + count), state_word, **parts)


def accepting() -> str:
    """A goroutine that a client can wake."""
    return goroutine(9, "IO wait", where=KEEP_ALIVE, started=HTTP_SERVER)


# ---- senders ------------------------------------------------------------------------------------


def test_leaked_senders_in_a_server_at_rest_leave_it_idle() -> None:
    found = verdict(QUIET, program("IO wait", *many(24, "chan send"), accepting()))
    assert (found.state, found.confidence) == ("idle", Confidence.MEDIUM)
    assert "24 of 24" in found.reason


def test_senders_that_go_on_growing_in_number_are_a_leak_and_no_stop() -> None:
    dumps = [program("chan receive", *many(count, "chan send")) for count in (10, 20, 30)]
    found = diagnosed(QUIET, *dumps)
    assert found.verdicts["scheduler"].state == "idle"
    assert "leak-growth" in [f.rule for f in found.findings]
    assert "sched-blocked" not in [f.rule for f in found.findings]


def test_the_same_senders_all_the_time_and_nobody_to_wake_them_are_blocked() -> None:
    dumps = [program("chan receive", *many(30, "chan send"))] * 3
    assert state(QUIET, *dumps) == "blocked"


def test_other_senders_in_each_dump_are_no_leak() -> None:
    dumps = [program("chan receive", *many(30, "chan send", start=100 * n)) for n in (1, 2, 3)]
    assert state(QUIET, *dumps) == "blocked"


def test_senders_that_a_function_left_behind_hold_up_nobody() -> None:
    started = "main.fetch in goroutine {}\n\t/app/main.go:14 +0x66"
    lost = [
        goroutine(
            n,
            "chan send",
            where="main.fetch.func1()\n\t/app/main.go:15 +0x28",
            started=started.format(n + 100),
        )
        for n in range(18, 38)
    ]
    text = program("chan receive", *lost)
    assert state(QUIET, text, text) == "idle"
    assert state(QUIET, *[program("chan receive", *many(20, "chan send"))] * 2) == "blocked"


# ---- locks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("main", "wanted"),
    [
        ("sync.Mutex.Lock", "blocked"),
        ("chan receive", "idle"),
        ("select", "idle"),
        ("sleep", "idle"),
    ],
)
def test_half_of_the_goroutines_in_locks_count_if_the_main_one_does_not_go_on(
    main: str, wanted: str
) -> None:
    blocks = (*many(12, "sync.Mutex.Lock"), *many(6, "chan receive", start=50))
    assert state(QUIET, program(main, *blocks)) == wanted


@pytest.mark.parametrize("main", ["chan receive", "select (no cases)", "IO wait"])
def test_nearly_all_of_them_count_whatever_the_main_one_does(main: str) -> None:
    blocks = (*many(20, "sync.Mutex.Lock"), *many(2, "chan receive", start=50))
    assert state(QUIET, program(main, *blocks)) == "blocked"


def test_a_lock_that_more_and_more_wait_for_is_no_mere_leak() -> None:
    dumps = [program("chan receive", *many(count, "sync.Mutex.Lock")) for count in (10, 20, 30)]
    assert state(QUIET, *dumps) == "blocked"


# ---- requests -----------------------------------------------------------------------------------


def test_requests_that_hang_count_for_the_program_whatever_else_waits() -> None:
    blocks = (
        *many(12, "sync.Mutex.Lock", where=HANDLER, started=HTTP_SERVER),
        *many(60, "select", start=100),
    )
    found = diagnosed(QUIET, program("IO wait", *blocks, accepting()))
    assert found.verdicts["scheduler"].state == "blocked"
    (finding,) = [f for f in found.findings if f.rule == "sched-blocked"]
    assert "12 of 12 requests" in finding.detail
    assert finding.title == "Requests hang while Ps idle"
    assert finding.site is not None
    assert finding.site.function == "main.(*cache).get"
    assert finding.blocked_on == "sync.Mutex.Lock"
    assert finding.goroutines is not None
    assert finding.goroutines.count == 12


def test_a_few_slow_requests_of_many_do_not() -> None:
    blocks = (
        *many(5, "sync.Mutex.Lock", where=HANDLER, started=HTTP_SERVER),
        *many(20, "select", start=100, where=HANDLER, started=HTTP_SERVER),
    )
    assert state(QUIET, program("IO wait", *blocks, accepting())) == "idle"


# ---- system calls -------------------------------------------------------------------------------


def test_whoever_waits_for_its_children_is_idle() -> None:
    blocks = many(12, "syscall", where=WAITS_FOR_CHILD)
    threads = log(range(1, 11), idle=4, threads=18, parked=2)
    assert state(threads, program("select (no cases)", *blocks)) == "idle"


def test_threads_by_the_dozen_while_some_ps_idle_are_blocked_in_system_calls() -> None:
    lines = "".join(log([t], idle=t % 4, threads=45, parked=3) for t in range(1, 21))
    found = verdict(lines)
    assert found.state == "blocked"
    assert "42 threads" in found.reason
    assert found.confidence is Confidence.MEDIUM
    assert found.collect is not None
    assert "goroutine dump" in found.collect


# ---- a convoy -----------------------------------------------------------------------------------


def half_busy() -> str:
    return "".join(log([t], idle=3 - t % 2) for t in range(1, 21))


def test_a_convoy_is_blocked_though_one_of_them_always_passes() -> None:
    found = verdict(half_busy(), program("select (no cases)", *many(40, "sync.Mutex.Lock")))
    assert found.state == "blocked"
    assert "40 of 40" in found.reason


def test_a_pipeline_behind_a_slow_stage_is_not() -> None:
    blocks = (*many(20, "chan send"), *many(20, "chan receive", start=50))
    assert state(log(range(1, 21), idle=3), program("running", *blocks)) == "unbalanced"


# ---- notes --------------------------------------------------------------------------------------


def test_a_guess_is_a_note_and_no_warning() -> None:
    found = diagnosed(log(range(1, 11), idle=7, procs=8, threads=50, parked=43, local=[0] * 8))
    assert found.verdicts["scheduler"].confidence is Confidence.LOW
    assert [(f.rule, f.severity.value) for f in found.findings] == [("sched-blocked", "info")]
    assert found.status == "info"


# ---- who runs -----------------------------------------------------------------------------------


def test_goroutines_that_run_are_left_to_act() -> None:
    stuck = many(12, "sync.Mutex.Lock")
    assert state(QUIET, program("chan receive", *stuck, *many(3, "chan receive", start=50))) == (
        "blocked"
    )
    at_work = (*many(3, "chan receive", start=50), *many(3, "runnable", start=60))
    assert state(QUIET, program("chan receive", *stuck, *at_work)) == "idle"


def test_what_comes_back_from_a_system_call_while_the_dump_is_made_was_in_one() -> None:
    where = "syscall.Syscall(0x4a, 0x3, 0x0, 0x0)\n\t/go/src/syscall/s.go:5 +0x1\nmain.f()\n\t/app/main.go:15 +0x28"
    blocks = (*many(20, "runnable", where=where), *many(20, "syscall", start=50, where=where))
    found = verdict(QUIET, program("select (no cases)", *blocks))
    assert found.state == "blocked"
    assert "40 of 40" in found.reason


# ---- queues for somebody who goes on --------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.19", "1.27"])
def test_those_who_wait_for_one_that_waits_for_the_network_are_idle(version: str) -> None:
    folder = CAPTURES / f"go{version}" / "shared_calls"
    found = goscope.diagnose(goscope.read(*folder.glob("stderr*"), *sorted(folder.glob("dump-*"))))
    assert found.verdicts["scheduler"].state == "idle"
    assert "57 of 63 goroutines queue for one that goes on" in found.verdicts["scheduler"].reason
    assert "sched-blocked" not in [f.rule for f in found.findings]


def test_the_lines_of_scheddetail_alone_do_not_tell_who_goes_on() -> None:
    folder = CAPTURES / "go1.27" / "shared_calls"
    found = goscope.diagnose(goscope.read(*folder.glob("stderr*")))
    verdict = found.verdicts["scheduler"]
    assert (verdict.state, verdict.confidence) == ("blocked", Confidence.LOW)
    assert verdict.collect is not None
    assert "dump" in verdict.collect
