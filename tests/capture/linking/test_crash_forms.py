"""Crashes of other systems and signals, and texts from which somebody left a part out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.capture.linking.test_crash_linking import only, stack

READ = Callable[..., Any]


def test_a_process_that_cannot_print_its_death_dies_once(read: READ) -> None:
    """runtime/panic.go, startpanic_m: each further throw says that it happened during a panic."""
    crash = only(
        read(
            "fatal error: schedule: holding locks\nfatal error: unexpected signal during runtime execution\n"
            "panic during panic\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x43f2f4]\n\n"
            "runtime stack:\nfatal error: unexpected signal during runtime execution\nstack trace unavailable\n"
        )
    )
    assert crash["message"].split("\n")[0] == "schedule: holding locks"


def test_two_processes_that_die_alike_are_two_crashes(read: READ) -> None:
    text = "fatal error: out of memory\nexit status 2\nfatal error: out of memory\nexit status 2\n"
    assert len(read(text).rows("crashes")) == 2


def test_a_note_of_plan_9_is_a_signal(read: READ) -> None:
    dump = stack(1, "running", "main.main")
    bracket = "[signal sys: trap: fault read code=0x0 addr=0x8 pc=0x4dc6a]"
    found = read(f"fatal error: unexpected signal during runtime execution\n{bracket}\n\n{dump}")
    assert found.input.unparsed_count == 0
    assert (only(found)["signal"], only(found)["goroutine"]) == ("sys: trap: fault read", 1)
    found = read(f"sys: trap: fault write addr=0x0\nPC=0x4dc6a\n\n{dump}")
    assert found.input.unparsed_count == 0
    assert only(found)["message"].startswith("sys: trap: fault write")


@pytest.mark.parametrize(
    ("head", "state", "guilty"),
    [
        ("SIGILL: illegal instruction\nPC=0x47a7e0 m=0 sigcode=2", "running", True),
        ("SIGTRAP: trace trap\nPC=0x47a7e0 m=0 sigcode=128", "running", True),
        ("SIGSYS: bad system call\nPC=0x47a7e0 m=0 sigcode=1", "syscall", True),
        ("SIGBUS: bus error\nPC=0x47a7e0 m=0 sigcode=2 addr=0x1000", "running", True),
        ("SIGBUS: bus error\nPC=0x47a7e0 m=0 sigcode=0 addr=0x51a3", "running", False),
        ("SIGILL: illegal instruction\nPC=0x47a7e0 m=0 sigcode=18446744073709551610", "running", False),
        ("SIGILL: illegal instruction\nPC=0x47a7e0 m=0 sigcode=2", "select", False),
        ("SIGQUIT: quit\nPC=0x47a7e0 m=0 sigcode=128", "running", False),
        ("SIGABRT: abort\nPC=0x47a7e0 m=0 sigcode=18446744073709551610", "running", False),
    ],
)  # fmt: skip
def test_who_is_to_blame_for_a_signal(read: READ, head: str, state: str, guilty: bool) -> None:
    """The thread that got the signal is printed first; it caused what nobody sent."""
    crash = only(read(f"{head}\n\n" + stack(7, state, "main.f", level=" gp=0x1 m=0 mp=0x2")))
    assert crash["goroutine"] == (7 if guilty else None)


def test_nobody_is_blamed_for_a_panic_whose_goroutine_is_not_in_the_text(read: READ) -> None:
    crash = only(read("panic: boom\n\n" + stack(31, "select", "main.watch")))
    assert (crash["kind"], crash["goroutine"], crash["function"]) == ("panic", None, None)


def test_registers_without_a_head_are_the_end_of_a_crash(read: READ) -> None:
    dump = stack(40, "runnable", "main.serve")
    for registers in ("rax    0x0\nrbx    0x6\n", "r0      0x0\nr1      0x6\n"):
        assert only(read(f"{dump}\n{registers}"))["kind"] == "crash_tail"
        whole = read(f"SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\n{dump}\n{registers}")
        assert (only(whole)["kind"], only(whole)["exit"]) == ("sigquit", None)


TIMEOUT = "panic: test timed out after {}\n\n"
ALARM = (
    "goroutine 40 [running]:\ntesting.(*M).startAlarm.func1()\n\t/go/src/testing/testing.go:703 +0x132\n"
    "created by time.goFunc\n\t/go/src/time/sleep.go:129 +0x3a\n\n"
)


def of_test(number: int, wait: str, *calls: str) -> str:
    frames = "".join(f"{call}(0x1)\n\t/app/a_test.go:{number} +0x1\n" for call in calls)
    return (
        f"goroutine {number} [{wait}]:\n{frames}created by testing.(*T).Run\n\t/go/t.go:9 +0x1\n\n"
    )


HANGING = of_test(14, "semacquire", "app.TestRemove", "testing.tRunner")


def test_the_test_that_hangs_may_stand_above_the_panic(read: READ) -> None:
    crash = only(read(HANGING + TIMEOUT.format("1m10s") + ALARM))
    assert (crash["kind"], crash["goroutine"]) == ("test_timeout", 14)
    assert json.loads(crash["running_tests"]) == ["TestRemove"]


def test_the_tests_of_the_standard_library_hang_as_well(read: READ) -> None:
    stack = (
        "goroutine 30 [semacquire, 2 minutes]:\nsync.(*WaitGroup).Wait(0x1)\n\t/go/src/sync/waitgroup.go:9 +0x1\n"
        "sync_test.TestMisuse(0x2)\n\t/go/src/sync/waitgroup_test.go:174 +0x2\ntesting.tRunner(0x3, 0x4)"
    )
    found = read(TIMEOUT.format("3m0s") + ALARM + stack)
    crash = only(found)
    assert (crash["goroutine"], crash["file_line"]) == (30, 174)
    assert found.input.rejoined_count == 0


@pytest.mark.parametrize("seam", ["...", "[snip]", "(...)"])
def test_a_call_above_what_was_left_out_needs_no_place(read: READ, seam: str) -> None:
    text = (
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [semacquire]:\n"
        "sync.(*WaitGroup).Wait(0xc04204172c)\n\t/go/src/sync/waitgroup.go:131 +0x9e\n"
        f"example.com/docs.search(0x0, 0x3)\n{seam}\n"
    )
    assert only(read(text))["function"] == "example.com/docs.search"


def test_a_test_that_waits_for_its_turn_does_not_run(read: READ) -> None:
    parked = of_test(7, "chan receive", "testing.(*T).Parallel", "app.TestLater", "testing.tRunner")
    subtest = of_test(9, "select", "app.call", "app.TestTable.func1", "testing.tRunner")
    crash = only(read(TIMEOUT.format("10m0s") + ALARM + parked + subtest))
    assert (crash["goroutine"], json.loads(crash["running_tests"])) == (9, ["TestTable"])


def test_a_line_of_a_value_that_imitates_a_goroutine_is_none(read: READ) -> None:
    """Each further line of a value stands behind a tab, so it is no record behind a prefix."""
    text = "panic: one\n\tline two: goroutine 1 [running]:\n\t\tthree\n\ngoroutine 1 [running]:\nmain.f()\n\t/a.go:3 +0x1\n"
    found = read(text)
    assert len(found.rows("goroutines")) == 1
    assert only(found)["message"].startswith("one\nline two: goroutine 1 [running]:")


def helper(number: int, function: str, creator: str) -> str:
    return (
        f"goroutine {number} [select]:\n{function}(0x1)\n\t/go/pkg/mod/x/{number}.go:20 +0x1\n"
        f"created by {creator}\n\t/go/pkg/mod/x/y.go:9 +0x1\n\n"
    )


def test_a_library_that_rests_is_not_blamed_for_a_test_that_was_left_out(read: READ) -> None:
    """Excerpts show the alarm and whoever comes first; the goroutine of the test is not among them."""
    drain = helper(156, "github.com/syndtr/goleveldb/leveldb/util.(*BufferPool).drain", "x.New")
    crash = only(read(TIMEOUT.format("8m0s") + ALARM + drain))
    assert (crash["kind"], crash["goroutine"]) == ("test_timeout", None)
    app, other = (
        helper(157, "example.com/app.(*call).wait", "x.Do"),
        helper(158, "example.com/app.poll", "x.Do"),
    )
    assert only(read(TIMEOUT.format("8m0s") + ALARM + drain + app))["goroutine"] == 157
    assert only(read(TIMEOUT.format("8m0s") + ALARM + app + other))["goroutine"] is None


def test_c_code_that_crashed_under_an_old_go_whose_signals_are_numbers(read: READ) -> None:
    text = (
        "fatal error: unexpected signal during runtime execution\n[signal 0xb code=0x1 addr=0x10 pc=0x403750]\n\n"
        "runtime stack:\nruntime.throw(0x8188e0, 0x2a)\n\t/go/src/runtime/panic.go:527 +0x90\n\n"
        "goroutine 66 [syscall, locked to thread]:\nruntime.cgocall(0x402e60, 0xc88e779aa8, 0x0)\n"
        "\t/go/src/runtime/cgocall.go:120 +0x11b fp=0xc88e779a70 sp=0xc88e779a40\n"
        "example.com/fb._Cfunc_alloc(0x32, 0x0)\n\t??:0 +0x36 fp=0xc88e779aa8 sp=0xc88e779a70\n"
        "example.com/fb.open(0x1)\n\t/src/fb/open.go:50 +0x14e fp=0xc88e779b18 sp=0xc88e779aa8\n"
    )
    crash = only(read(text))
    assert (crash["kind"], crash["signal"], crash["goroutine"]) == ("cgo_sigsegv", "SIGSEGV", 66)
    assert crash["file"] == "/src/fb/open.go"


@pytest.mark.parametrize(
    ("limit", "waits", "slow"),
    [
        ("10m0s", "chan receive, 1 minutes", True),
        ("10m0s", "chan receive, 9 minutes", False),
        ("10m0s", "chan receive, 4 minutes", False),
        ("30s", "chan receive", False),
        ("1h0m0s", "chan receive, 20 minutes", True),
    ],
)
def test_goroutine_1_tells_how_long_the_test_has_run(
    read: READ, limit: str, waits: str, slow: bool
) -> None:
    main = of_test(1, waits, "testing.(*T).Run", "main.main")
    crash = only(read(TIMEOUT.format(limit) + ALARM + main + HANGING))
    assert crash["slow_suite"] is slow


@pytest.mark.parametrize(("ran", "slow"), [("3s", True), ("9m59s", False)])
def test_the_panic_tells_how_long_tests_have_run(read: READ, ran: str, slow: bool) -> None:
    head = f"panic: test timed out after 10m0s\n\trunning tests:\n\t\tTestRemove ({ran})\n\n"
    assert only(read(head + ALARM + HANGING))["slow_suite"] is slow


def test_a_library_s_worker_is_blamed_last_for_a_leak(read: READ) -> None:
    def leaked(number: int, call: str, file: str, creator: str) -> str:
        return (
            f"Goroutine {number} in state select, with {call} on top of the stack:\n{call}(0x1)\n"
            f"\t{file}:5 +0x1\ncreated by {creator}\n\t{file}:9 +0x1\n"
        )

    library = leaked(
        6,
        "go.example.io/view.start",
        "/go/pkg/mod/go.example.io@v0.2/w.go",
        "go.example.io/view.init.0",
    )
    own = leaked(11, "example.com/app.New.func1", "/src/app/a.go", "example.com/app.New")
    for first, second in ((library, own), (own, library)):
        crash = only(read(f"goleak: found unexpected goroutines:\n[{first}\n {second}]\n"))
        assert (crash["goroutine"], crash["file"]) == (11, "/src/app/a.go")
