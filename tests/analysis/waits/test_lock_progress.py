"""Who waits for somebody who goes on, and who for somebody who does not."""

from __future__ import annotations

from collections import Counter

import pytest

import goscope
from goscope.analysis.waits.lock_progress import LockProgress
from goscope.analysis.waits.wakeup_graph import dumps_of
from tests.conftest import CAPTURES
from tests.rules.dumps import dump, goroutine, locking

LOCK, OTHER_LOCK, STORE = 0xC000012348, 0xC000056348, 0xC000012340
QUERY = "main.(*store).query"
SLEEPS = "time.Sleep(0x3b9aca00)\n\t/usr/local/go/src/runtime/time.go:338 +0x165\n"


def relief(*texts: str) -> LockProgress:
    ((_, dumps),) = dumps_of(goscope.read(*texts))
    return LockProgress(dumps[-2] if len(dumps) > 1 else None, dumps[-1])


def waiters(*ids: int, lock: int = LOCK) -> list[str]:
    return [goroutine(n, "sync.Mutex.Lock", where=locking(QUERY, lock, STORE)) for n in ids]


def asleep(number: int, call: str) -> str:
    return goroutine(number, "sleep", where=f"{SLEEPS}{call}")


def in_query(line: int, receiver: int = STORE) -> str:
    return f"{QUERY}({receiver:#x})\n\t/app/main.go:{line} +0x31"


@pytest.mark.parametrize("version", ["1.19", "1.27"])
def test_a_once_a_shared_call_and_a_kept_lock_of_a_real_program(version: str) -> None:
    folder = CAPTURES / f"go{version}" / "shared_calls"
    ((_, dumps),) = dumps_of(goscope.read(*sorted(folder.glob("dump-*"))))
    found = LockProgress(dumps[-2], dumps[-1])
    at = Counter((f := dumps[-1].stack_of(row).user_frame) and f.function for row in found.rows)
    assert at == {"main.(*settings).get": 19, "main.(*flight).do": 19, "main.(*store).query": 19}
    assert {row and dumps[-1].reason(row) for row in found.rows.values()} == {"IO wait"}
    place = found.place
    assert place is not None
    assert (place[0] and place[0].function, place[1]) == ("main.ask", "IO wait")


@pytest.mark.parametrize(
    "program", ["blocked_mutex", "lock_cycles", "wait_group_stuck", "stuck_handlers"]
)
def test_nobody_goes_on_for_those_who_are_stuck(program: str) -> None:
    for folder in CAPTURES.glob(f"*/{program}"):
        ((_, dumps),) = dumps_of(goscope.read(*sorted(folder.glob("dump-*"))))
        assert LockProgress(dumps[-2], dumps[-1]).rows == {}


def test_who_is_behind_the_lock_of_the_same_object_has_it() -> None:
    assert relief(dump(*waiters(18, 19), asleep(20, in_query(25)))).rows == {1: 3, 2: 3}


@pytest.mark.parametrize(
    "other",
    [
        in_query(15),  # in front of it
        in_query(25, 0xC000078000),  # another store
        "main.(*store).close(0xc000012340)\n\t/app/main.go:25 +0x31",
    ],
)
def test_who_is_elsewhere_has_not(other: str) -> None:
    assert relief(dump(*waiters(18, 19), asleep(20, other))).rows == {}


def test_a_lock_that_somebody_got_since_changes_hands() -> None:
    before, after = dump(*waiters(18, 19, 20)), dump(*waiters(19, 20, 21))
    assert relief(before, after).rows == {1: None, 2: None, 3: None}
    assert relief(before, after).place is None
    assert relief(before, dump(*waiters(18, 19, 20, 21))).rows == {}  # it only gathers more
    assert relief(before, dump(*waiters(19, 20, lock=OTHER_LOCK))).rows == {}


def test_everybody_was_elsewhere_in_the_dump_before() -> None:
    """It is no stop of long, if somebody is in another method of the object."""
    writer = asleep(20, f"main.(*store).write({STORE:#x})\n\t/app/main.go:50 +0x31")
    before, after = dump(*(asleep(n, in_query(25)) for n in (18, 19))), dump(*waiters(18, 19))
    assert relief(before, dump(*waiters(18, 19), writer)).rows == {1: 3, 2: 3}
    assert relief(before, after).rows == {}  # nobody seems to have it
    assert relief(after, dump(*waiters(18, 19), writer)).rows == {}  # it is long


def group(number: int, parent: int = 1) -> str:
    """Somebody who waits for a WaitGroup."""
    return goroutine(
        number,
        "sync.WaitGroup.Wait",
        where="sync.runtime_SemacquireWaitGroup(0xc000012348?, 0x0?)\n"
        "\t/usr/local/go/src/runtime/sema.go:114 +0x2e\n"
        "sync.(*WaitGroup).Wait(0xc000012340)\n\t/usr/local/go/src/sync/waitgroup.go:206 +0x85\n"
        "main.job()\n\t/app/main.go:30 +0x31",
        started=f"main.start in goroutine {parent}\n\t/app/main.go:14 +0x66",
    )


def child(number: int, state: str, parent: int) -> str:
    where = "main.job.func1()\n\t/app/main.go:26 +0x8b"
    started = f"main.job in goroutine {parent}\n\t/app/main.go:25 +0x66"
    return goroutine(number, state, where=where, started=started)


def test_workers_that_go_on_end_the_wait_for_them() -> None:
    assert relief(dump(group(18), child(19, "IO wait", 18))).rows == {1: 2}
    assert relief(dump(group(18), child(19, "chan send", 18))).rows == {}
    # Those of another do not, and neither do the later steps of another job.
    assert relief(dump(group(18), group(20), child(19, "IO wait", 18))).rows == {1: 3}
