"""Locks and panics in whatever people paste: below crashes, in excerpts, with addresses of semaphores only."""

from __future__ import annotations

import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.engine import diagnose
from goscope.findings.findings import Finding, Severity
from tests.rules.dumps import dump, goroutine, locking

A, B = 0xC0000121D0, 0xC0000121F0


def moving(number: int, own: int, other: int, state: str = "sync.Mutex.Lock") -> str:
    """A goroutine that keeps the lock of one account and waits for that of another."""
    where = (
        locking("main.(*account).credit", other + 8, other)
        + f"\nmain.(*account).move({own:#x}, {other:#x})\n\t/app/main.go:24 +0x65"
    )
    return goroutine(number, state, where=where)


CYCLE = "\n".join((moving(7, A, B), moving(8, B, A)))
LASTING = CYCLE.replace("Lock]", "Lock, 2 minutes]")
ALARM = "goroutine 33 [running]:\ntesting.(*M).startAlarm.func1()\n\t/go/src/testing/testing.go:1 +0x1\n"
TIMEOUT = f"panic: test timed out after 10m0s\n\trunning tests:\n\t\tTestX (10m0s)\n\n{ALARM}\n"
WATCHDOG = "panic: nothing moves\n\ngoroutine 5 [running]:\nmain.watch()\n\t/app/w.go:1 +0x1\n\n"
ASLEEP = "fatal error: all goroutines are asleep - deadlock!\n\n"


def judged(text: str) -> Diagnosis:
    return diagnose(goscope.read(text))


def of_rule(diagnosis: Diagnosis, rule: str = "leak-cycle") -> list[Finding]:
    return [finding for finding in diagnosis.findings if finding.rule == rule]


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("", CYCLE),
        (ASLEEP, CYCLE),
        (TIMEOUT, CYCLE),
        (WATCHDOG, LASTING),  # who panics is in the same package, and could have been the holder
    ],
    ids=["alone", "all asleep", "test timeout", "watchdog"],
)
def test_a_cycle_is_found_whatever_stands_above_the_dump(above: str, below: str) -> None:
    found = of_rule(judged(above + below))
    assert len(found) == 1
    assert "in a lock cycle at main.(*account).credit" in found[0].title
    assert found[0].goroutines is not None
    assert found[0].goroutines.ids == (7, 8)


@pytest.mark.parametrize(("cycle", "told"), [(LASTING, [Severity.CRITICAL]), (CYCLE, [])])
def test_a_cycle_of_minutes_is_sure_whoever_else_runs(cycle: str, told: list[Severity]) -> None:
    runs = "goroutine 5 [running]:\nmain.watch()\n\t/app/w.go:1 +0x1\n"
    assert [found.severity for found in of_rule(judged(f"{cycle}\n{runs}"))] == told


def test_a_panic_with_goroutines_that_wait_for_a_lock_for_a_moment_is_no_leak() -> None:
    """Whoever panics holds it, or the one that runs: a server that dies under load."""
    waiting = [goroutine(n, "sync.Mutex.Lock", where=locking("main.(*cache).get", A + 8, A)) for n in (8, 9)]  # fmt: skip
    panicking = f"goroutine 5 [running]:\nmain.(*cache).put({A:#x})\n\t/app/main.go:9 +0x1\n"
    assert of_rule(judged("panic: no\n\n" + panicking + "\n" + "\n".join(waiting))) == []


def test_when_all_are_asleep_a_lock_needs_no_wait_time() -> None:
    text = dump(goroutine(8, "sync.Mutex.Lock", where=locking("main.(*cache).get", A + 8, A)))
    assert of_rule(judged(text)) == []
    (found,) = of_rule(judged(ASLEEP + text))
    assert found.title.startswith("1 waits for a lock that nobody who is left seems to hold")


# ---- a lock that is taken twice --------------------------------------------------------------------


def reading_twice(inner: int, outer: int) -> str:
    where = (
        f"sync.runtime_SemacquireRWMutexR({inner + 12:#x}?, 0xc0?, 0x0?)\n\t/go/src/runtime/sema.go:100 +0x25\n"
        "sync.(*RWMutex).RLock(...)\n\t/go/src/sync/rwmutex.go:74\n"
        f"main.(*table).notify({inner:#x})\n\t/app/main.go:31 +0x77\n"
        f"main.(*table).clear({outer:#x})\n\t/app/main.go:25 +0x1cf"
    )
    return goroutine(6, "sync.RWMutex.RLock", where=where)


def test_a_lock_taken_twice_needs_no_wait_time() -> None:
    (found,) = of_rule(judged(reading_twice(A, A)))
    assert "seems to hold it itself: clear called notify" in found.detail
    assert "a caller of the same goroutine seems to hold" in found.title


def test_methods_of_two_objects_are_no_lock_taken_twice() -> None:
    assert of_rule(judged(reading_twice(A, B))) == []


# ---- who holds it ----------------------------------------------------------------------------------


def test_two_waiters_of_one_rwmutex_do_not_hold_it_for_each_other() -> None:
    reader = goroutine(
        41,
        "semacquire, 6 minutes",
        where=f"sync.runtime_SemacquireMutex({A + 0x20 + 12:#x}, 0x0, 0x0)\n\t/go/src/runtime/sema.go:71 +0x47\n"
        "sync.(*RWMutex).RLock(...)\n\t/go/src/sync/rwmutex.go:50\n"
        f"main.(*replica).desc({A:#x})\n\t/app/main.go:98 +0xc3",
    )
    writer = goroutine(
        43,
        "semacquire, 6 minutes",
        where=f"sync.runtime_SemacquireMutex({A + 0x20 + 8:#x}, 0x1, 0x0)\n\t/go/src/runtime/sema.go:71 +0x47\n"
        f"sync.(*RWMutex).Lock({A + 0x20:#x})\n\t/go/src/sync/rwmutex.go:98 +0x97\n"
        f"main.(*replica).lease({A:#x})\n\t/app/main.go:79 +0x6c",
    )
    holder = goroutine(
        47, "chan send, 6 minutes", where=f"main.(*replica).set({A:#x})\n\t/app/main.go:120 +0x6c"
    )
    found = of_rule(judged("\n".join((reader, writer, holder))))
    assert {f.site.function for f in found if f.site} == {
        "main.(*replica).desc",
        "main.(*replica).lease",
    }
    for one in found:
        assert "Goroutines 41, 43 wait" in one.detail
        assert "Goroutine 47 seems to hold it" in one.detail


def test_whoever_runs_inside_a_once_keeps_the_others() -> None:
    def inside(lines: str) -> str:
        return f"{lines}\nsync.(*Once).doSlow(0x1147818, 0xc000163710)\n\t/go/src/sync/once.go:66 +0xbe\nsync.(*Once).Do(...)\n\t/go/src/sync/once.go:57"  # fmt: skip

    waits = (
        "sync.runtime_SemacquireMutex(0x1147820, 0x0, 0x1)\n\t/go/src/runtime/sema.go:71 +0x3d\n"
        "sync.(*Mutex).lockSlow(0x114781c)\n\t/go/src/sync/mutex.go:138 +0x108\n"
        "sync.(*Mutex).Lock(...)\n\t/go/src/sync/mutex.go:81"
    )
    runs = "main.loop()\n\t/app/main.go:78 +0x12c\nmain.start.func1()\n\t/app/main.go:60 +0x2a"
    text = "\n".join(
        (
            goroutine(102, "select, 9 minutes", where=inside(runs)),
            goroutine(105, "semacquire, 9 minutes", where=inside(waits)),
        )
    )
    (found,) = of_rule(judged(text))
    assert "waits for a sync.Once whose function has not returned" in found.title
    assert "Goroutine 102 seems to hold it (it runs inside the same sync.Once)" in found.detail
    assert found.site is not None
    assert found.site.function == "main.leak1"  # the go statement: all frames are those of sync
    assert "Unlock" not in found.detail + found.advice


@pytest.mark.parametrize("state", ["sleep", "IO wait", "syscall", "running"])
def test_whoever_waits_behind_a_slow_holder_is_not_stuck(state: str) -> None:
    """The holder is in code of another package, and was given the object."""
    waiting = goroutine(
        8, "sync.Mutex.Lock, 2 minutes", where=locking("main.(*cache).get", A + 8, A)
    )
    where = f"example.com/store.Save({A:#x})\n\t/store/save.go:3 +0x1"
    slow = goroutine(9, state, where=where)
    assert of_rule(judged("\n".join((waiting, slow)))) == []
    stuck = goroutine(9, "chan send, 2 minutes", where=where)
    assert len(of_rule(judged("\n".join((waiting, stuck))))) == 1


def test_a_forgotten_unlock_is_said_of_whole_dumps_only() -> None:
    waiting = goroutine(
        9129, "sync.Mutex.Lock, 80 minutes", where=locking("main.(*cache).get", A + 8, A)
    )
    (excerpt,) = of_rule(judged(waiting))
    assert "not in this text" in excerpt.detail
    assert "Unlock" not in excerpt.detail + excerpt.advice
    (whole,) = of_rule(judged(dump(waiting)))
    assert "a path returned without Unlock" in whole.detail
    other = goroutine(7, "chan receive, 80 minutes", where="main.idle()\n\t/app/main.go:70 +0x1")
    (doubtful,) = of_rule(judged(dump(waiting, other)))
    assert "1 other goroutine runs code of its package" in doubtful.detail
    assert "Unlock" not in doubtful.advice


# ---- panics that hang ------------------------------------------------------------------------------


def test_a_panic_whose_deferred_call_hangs_is_told() -> None:
    where = (
        locking("main.(*stream).apply.func2", A + 8, A)
        + "\npanic({0xabf280?, 0x106a1b0?})\n\t/go/src/runtime/panic.go:920 +0x270\n"
        f"main.(*stream).sync({A:#x})\n\t/app/main.go:62 +0x42\n"
        f"main.(*stream).apply({A:#x})\n\t/app/main.go:23 +0x75b"
    )
    found = judged(goroutine(61, "sync.Mutex.Lock, 299 minutes", where=where))
    (crash,) = of_rule(found, "crash")
    assert found.verdicts["crash"].state == "panic"
    assert found.verdicts["crash"].confidence.value != "certain"
    assert crash.site is not None
    assert (crash.site.function, crash.site.line) == ("main.(*stream).sync", 62)
    assert "a deferred call (main.(*stream).apply.func2) waits in sync.Mutex.Lock" in crash.title
    assert (
        found.verdicts["crash"]
        .reason.partition(" (text")[0]
        .endswith("; it happened in main.(*stream).sync")
    )
    assert "value of its own" not in crash.advice  # nothing was printed
    assert crash.severity is Severity.WARNING


def test_what_a_deferred_call_does_for_a_moment_is_no_hanging_panic() -> None:
    where = (
        "internal/poll.runtime_pollWait(0x1, 0x72)\n\t/go/src/runtime/netpoll.go:351 +0x85\n"
        "main.(*tx).rollback(0x1)\n\t/app/main.go:70 +0x42\n"
        "panic({0xabf280?, 0x106a1b0?})\n\t/go/src/runtime/panic.go:920 +0x270\n"
        "main.run()\n\t/app/main.go:62 +0x42"
    )
    assert judged(goroutine(61, "IO wait", where=where)).verdicts["crash"].state == "none"
