"""Who waits for which lock, who seems to hold it, and cycles."""

from __future__ import annotations

from pathlib import Path

import pytest

import goscope
from goscope.analysis.waits.locks import Locks, locks_of
from tests.rules.dumps import dump, goroutine, locking

CAPTURES = Path(__file__).parents[3] / "fixtures" / "captures"
T, U = 0xC000012340, 0xC000056780


def locks(*texts: str) -> Locks:
    ((_, found),) = locks_of(goscope.read(*texts))
    return found


def waiter(
    number: int, lock: int, receiver: int = T, method: str = "main.(*cache).get", **more: str
) -> str:
    return goroutine(number, "sync.Mutex.Lock", where=locking(method, lock, receiver), **more)


def in_method(
    number: int, receiver: str, state: str = "chan receive", method: str = "main.(*cache).load"
) -> str:
    return goroutine(number, state, where=f"{method}({receiver})\n\t/app/main.go:70 +0x20")


def holders(found: Locks) -> list[tuple[int, bool, bool]]:
    return [(found.dump.ids[h.row], h.exact, h.itself) for h in found.holders(found.all[0])]


def test_waiters_are_grouped_by_the_address_of_the_lock() -> None:
    found = locks(
        dump(waiter(8, T + 8), waiter(9, T + 8, T, "main.(*cache).put"), waiter(10, U + 8, U))
    )
    assert [(lock.address, [found.dump.ids[r] for r in lock.rows]) for lock in found.all] == [
        (T + 8, [8, 9]),
        (U + 8, [10]),
    ]


def test_without_an_address_by_the_object_of_the_method() -> None:
    """RLock is inlined, so its frame shows no argument."""
    where = (
        "sync.runtime_SemacquireRWMutexR(0x0?, 0x0?, 0x0?)\n\t/s.go:100 +0x25\n"
        "sync.(*RWMutex).RLock(...)\n\t/r.go:74\nmain.(*store).read({0:#x})\n\t/app/main.go:69 +0x4b"
    )
    found = locks(
        dump(
            *(
                goroutine(n, "sync.RWMutex.RLock", where=where.replace("{0:#x}", hex(t)))
                for n, t in ((8, T), (9, T), (10, U))
            )
        )
    )
    assert [[found.dump.ids[r] for r in lock.rows] for lock in found.all] == [[8, 9], [10]]


def test_a_semacquire_in_a_lock_is_one_and_in_a_wait_group_none() -> None:
    old = locking("main.(*cache).get", T + 8, T).replace("internal/sync.", "sync.")
    group = "sync.(*WaitGroup).Wait(0xc000018020)\n\t/w.go:1 +0x1\nmain.end()\n\t/a.go:1 +0x1"
    found = locks(
        dump(goroutine(8, "semacquire", where=old), goroutine(9, "semacquire", where=group))
    )
    assert [lock.address for lock in found.all] == [T + 8]


def test_an_accept_loop_holds_no_lock_of_its_server() -> None:
    """It has the same receiver as the handlers, and so has who really holds it."""
    accepting = (
        "internal/poll.(*FD).Accept(0xc000138100)\n\t/f.go:613 +0x28c\n"
        f"net/http.(*Server).Serve({T:#x}, 0x1)\n\t/h.go:1 +0x1\n"
        f"main.(*cache).serve({T:#x})\n\t/app/main.go:9 +0x1"
    )
    found = locks(
        dump(waiter(8, T + 8), goroutine(9, "IO wait", where=accepting), in_method(10, hex(T)))
    )
    assert holders(found) == [(10, True, False)]


def test_the_holder_has_the_same_object() -> None:
    found = locks(
        dump(
            waiter(8, T + 8),
            in_method(9, hex(U)),
            in_method(10, hex(T)),
            in_method(11, hex(T) + "?"),
        )
    )
    assert holders(found) == [(10, True, False)]


def test_a_pointer_to_the_lock_itself_will_do() -> None:
    found = locks(dump(waiter(8, T, U, "main.lockBoth"), in_method(9, hex(T), method="main.hold")))
    assert holders(found) == [(9, True, False)]


def test_a_neighbour_in_the_heap_is_no_holder() -> None:
    """The waiter's own receiver is unknown, and the nearest pointer below may be any object's."""
    text = waiter(8, T + 24).replace(f"get({T:#x})", "get(0x0?)")
    assert holders(locks(dump(text, in_method(9, hex(T), method="main.(*other).load")))) == []


def test_without_pointers_a_method_of_the_type_is_the_next_best_sign() -> None:
    blocks = [waiter(8, T + 8), in_method(9, "0x0?")]
    assert holders(locks(dump(*blocks))) == [(9, False, False)]
    crowd = [in_method(n, "0x0?") for n in range(20, 24)]
    found = locks(dump(waiter(8, T + 8), *crowd))
    assert holders(found) == []  # too many to name one
    assert len(found.in_methods(found.all[0])) == 4


def test_a_method_that_called_another_holds_it_itself() -> None:
    where = (
        locking("main.(*registry).count", T + 8, T)
        + f"\nmain.(*registry).register({T:#x})\n\t/app/main.go:40 +0x1"
    )
    found = locks(dump(goroutine(8, "sync.Mutex.Lock", where=where)))
    assert holders(found) == [(8, True, True)]
    (holder,) = found.holders(found.all[0])
    assert holder.because == "register called count"


def ab(first: int = 8, second: int = 9) -> list[str]:
    """Two accounts that move money to each other."""
    return [
        waiter(first, U + 8, U, "main.(*account).deposit").replace(
            "\ncreated", f"\nmain.(*account).move({T:#x})\n\t/app/main.go:22 +0x1\ncreated"
        ),
        waiter(second, T + 8, T, "main.(*account).deposit").replace(
            "\ncreated", f"\nmain.(*account).move({U:#x})\n\t/app/main.go:22 +0x1\ncreated"
        ),
    ]


def test_locks_taken_in_opposite_orders_are_a_cycle() -> None:
    found = locks(dump(*ab()))
    assert found.cycles == {0: (0, 1), 1: (1, 0)}


def test_one_that_waits_for_the_other_is_no_cycle() -> None:
    first, _ = ab()
    assert locks(dump(first, in_method(9, hex(U)))).cycles == {}


@pytest.mark.parametrize("state", ["running", "runnable", "syscall", "sleep", "IO wait"])
def test_somebody_who_acts_in_the_package(state: str) -> None:
    found = locks(dump(waiter(8, T + 8), in_method(9, "0x0?", state)))
    assert found.somebody_acts(found.all[0])


@pytest.mark.parametrize(
    "other",
    [
        in_method(9, "0x0?", "chan receive"),
        in_method(9, "0x0?", "running", "other.(*cache).load"),
        goroutine(
            1,
            "IO wait",
            where="internal/poll.(*FD).Accept(0x1)\n\t/f.go:1 +0x1\nnet/http.(*Server).Serve(0x1)\n\t/s.go:1 +0x1\n"
            "main.main()\n\t/app/main.go:9 +0x1",
        ),
    ],
    ids=["waits as well", "another package", "the accept loop above main"],
)
def test_nobody_who_acts_there(other: str) -> None:
    found = locks(waiter(8, T + 8) + "\n" + other)
    assert not found.somebody_acts(found.all[0])


def test_who_moved_acts() -> None:
    before = dump(waiter(8, T + 8), in_method(9, "0x0?", method="main.(*cache).a"))
    after = dump(waiter(8, T + 8), in_method(9, "0x0?", method="main.(*cache).b"))
    found = locks(before, after)
    assert found.somebody_acts(found.all[0])
    assert not locks(after, after).somebody_acts(locks(after, after).all[0])


def test_how_many_waited_before() -> None:
    blocks = [waiter(n, T + 8) for n in range(8, 12)]
    found = locks(dump(*blocks[:3]), dump(*blocks))
    assert found.waited_before(found.all[0]) == 3
    assert locks(dump(*blocks)).waited_before(locks(dump(*blocks)).all[0]) is None


@pytest.mark.parametrize("version", ["1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"])
def test_real_cycles(version: str) -> None:
    folder = CAPTURES / f"go{version}" / "lock_cycles"
    found = locks(*map(str, sorted(folder.glob("dump-[12].txt*"))))
    by_method = {lock.site.function: lock for lock in found.all if lock.site is not None}
    hub = by_method["main.(*hub).deliver"]
    assert len(hub.rows) == 3
    (holder,) = found.holders(hub)
    assert holder.exact
    assert "main.(*hub).publish" in found.dump.stack_of(holder.row).functions
    (holder,) = found.holders(by_method["main.(*registry).count"])
    assert holder.itself
    assert not any(found.somebody_acts(lock) for lock in found.all)


def ring(size: int) -> str:
    """Goroutines of which each holds a lock and waits for the next one's."""
    objects = [T + 0x10000 * n for n in range(size)]
    return dump(
        *(
            waiter(
                8 + n,
                objects[(n + 1) % size] + 8,
                objects[(n + 1) % size],
                "main.(*account).deposit",
            ).replace(
                "\ncreated",
                f"\nmain.(*account).move({objects[n]:#x})\n\t/app/main.go:22 +0x1\ncreated",
            )
            for n in range(size)
        )
    )


def test_longer_cycles_up_to_a_limit() -> None:
    assert set(locks(ring(8)).cycles) == set(range(8))
    assert all(len(cycle) == 8 for cycle in locks(ring(8)).cycles.values())
    assert locks(ring(9)).cycles == {}
