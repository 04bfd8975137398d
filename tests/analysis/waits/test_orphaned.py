"""Whom nobody who can act could wake."""

from __future__ import annotations

from pathlib import Path

import pytest

import goscope
from goscope.analysis.waits.orphaned import (
    Left,
    orphans,
    stale_senders,
    unmoved,
    waiting_only_for_dumper,
)
from goscope.analysis.waits.wakeup_graph import Dump, dumps_of
from goscope.capture.capture import Capture
from tests.rules.dumps import dump, goroutine, own_dump

CAPTURES = Path(__file__).parents[3] / "fixtures" / "captures"
SLEEPS = "time.Sleep(0x1)\n\t/t.go:1 +0x1\nmain.poll()\n\t/app/main.go:60 +0x20"
GONE = "main.start in goroutine 5\n\t/app/main.go:14 +0x66"


def pair(capture: Capture) -> tuple[Dump | None, Dump]:
    ((_, dumps),) = dumps_of(capture)
    return (dumps[-2] if len(dumps) > 1 else None), dumps[-1]


def left(*texts: str) -> list[tuple[int, bool, bool]]:
    before, after = pair(goscope.read(*texts))
    found: tuple[Left, ...] = waiting_only_for_dumper(before, after)
    return [(after.ids[one.row], one.needs_partner, one.on_maker) for one in found]


def wait(number: int, state: str, function: str = "main.a", started: str = GONE) -> str:
    return goroutine(number, state, where=f"{function}()\n\t/app/main.go:15 +0x28", started=started)


def test_it_takes_two_dumps_or_minutes() -> None:
    text = own_dump(wait(8, "chan send"))
    assert left(text) == []
    assert left(text, text) == [(8, True, False)]
    assert left(own_dump(wait(8, "chan send, 2 minutes"))) == [(8, True, False)]


def test_who_moved_can_act_and_whom_it_may_wake_too() -> None:
    before = own_dump(wait(8, "chan send"), wait(9, "chan send", "main.x"))
    after = own_dump(wait(8, "chan send"), wait(9, "chan send", "main.y"))
    assert left(before, after) == []
    apart = GONE.replace("5", "6").replace("start", "other")
    before = own_dump(wait(8, "chan send"), wait(9, "chan send", "main.x", apart))
    after = own_dump(wait(8, "chan send"), wait(9, "chan send", "main.y", apart))
    assert left(before, after) == [(8, True, False)]


def test_who_sleeps_may_wake_its_relatives() -> None:
    text = own_dump(wait(8, "chan send"), goroutine(9, "sleep", where=SLEEPS, started=GONE))
    assert left(text, text) == []


def test_a_dump_by_anybody_else_says_nothing() -> None:
    text = dump(wait(8, "chan send"), goroutine(9, "running", where="main.work()\n\t/a.go:1 +0x1"))
    assert left(text, text) == []


@pytest.mark.parametrize("state", ["select", "chan receive"])
def test_timers_may_wake_who_receives(state: str) -> None:
    text = own_dump(wait(8, state))
    assert left(text, text) == [(8, False, False)]
    tied = own_dump(wait(8, state), wait(9, "chan send", "main.b"))
    assert left(tied, tied) == [(8, True, False), (9, True, False)]


def test_the_chain_of_parents_leads_to_the_maker_or_not() -> None:
    mine = "main.main in goroutine 1\n\t/app/main.go:38 +0x66"
    text = own_dump(
        wait(8, "chan send", started=mine),
        wait(9, "chan send", "main.b", "main.a in goroutine 8\n\t/app/main.go:16 +0x66"),
        wait(10, "chan send", "main.c"),
    )
    assert left(text, text) == [(8, True, True), (9, True, True), (10, True, False)]


def test_goroutines_that_claim_to_have_started_each_other() -> None:
    text = own_dump(
        wait(8, "chan send", started="main.b in goroutine 9\n\t/a.go:1 +0x1"),
        wait(9, "chan send", "main.b", "main.a in goroutine 8\n\t/a.go:1 +0x1"),
    )
    assert left(text, text) == [(8, True, True), (9, True, True)]


def group(number: int, started: str) -> str:
    where = (
        "sync.(*WaitGroup).Wait(0xc000018020)\n\t/w.go:1 +0x1\nmain.end()\n\t/app/main.go:15 +0x28"
    )
    return goroutine(number, "sync.WaitGroup.Wait", where=where, started=started)


MINE = "main.main in goroutine 1\n\t/app/main.go:38 +0x66"


def test_who_waits_for_a_parked_pool_waits_for_the_maker() -> None:
    pool = [wait(n, "chan receive", "main.work", MINE) for n in (9, 10)]
    text = own_dump(group(8, MINE), *pool)
    assert left(text, text) == [(8, False, True), (9, False, True), (10, False, True)]
    alone = own_dump(group(8, MINE))
    assert left(alone, alone) == [(8, True, True)]


def test_unmoved_is_the_same_place_in_the_same_state() -> None:
    before, after = pair(
        goscope.read(
            dump(wait(8, "chan send"), wait(9, "chan send"), wait(10, "select")),
            dump(wait(8, "chan send"), wait(9, "select"), wait(11, "select")),
        )
    )
    assert {after.ids[row] for row in unmoved(before, after)} == {1, 8}  # main is in select {}


# ---- orphans --------------------------------------------------------------------------------------

LOOKUP = "orders.(*Server).Lookup.func1()\n\t/app/orders.go:15 +0x28"


def orphan(number: int, parent: int) -> str:
    started = f"orders.(*Server).Lookup in goroutine {parent}\n\t/app/orders.go:14 +0x66"
    return goroutine(number, "chan send", where=LOOKUP, started=started)


def orphaned(*blocks: str) -> list[int]:
    text = dump(*blocks)
    before, after = pair(goscope.read(text, text))
    assert before is not None
    return [after.ids[row] for row in orphans(before, after)]


def test_a_sender_whose_function_has_returned() -> None:
    assert orphaned(orphan(8, 5), orphan(9, 6)) == [8, 9]


def test_a_parent_in_code_of_the_program_may_receive() -> None:
    parent = goroutine(5, "sleep", where=SLEEPS, started="main.main in goroutine 1\n\t/a.go:1 +0x1")
    assert orphaned(orphan(8, 5), parent) == []


def test_anybody_in_the_package_may_receive() -> None:
    reader = goroutine(7, "select", where="orders.(*Log).run(0x1)\n\t/app/orders.go:70 +0x1")
    assert orphaned(orphan(8, 5), reader) == []


def test_another_function_may_have_made_the_channel() -> None:
    started = "main.start in goroutine 5\n\t/app/main.go:14 +0x66"
    assert orphaned(goroutine(8, "chan send", where=LOOKUP, started=started)) == []


@pytest.mark.parametrize(
    "version", ["1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"]
)
def test_what_real_functions_leave_behind(version: str) -> None:
    folder = CAPTURES / f"go{version}" / "left_behind"
    before, after = pair(goscope.read(*sorted(folder.glob("dump-[12].txt*"))))
    tops = {
        (after.stack_of(one.row).user_frame or after.stack_of(one.row).frames[0]).function
        for one in waiting_only_for_dumper(before, after)
        if one.needs_partner
    }
    assert tops == {
        "main.query.func1",
        "main.gather.func1",
        "main.(*gate).pass",
        "main.(*store).read",
        "main.(*relay).produce",
        "main.(*relay).forward",
    }


# ---- forgotten senders ----------------------------------------------------------------------------

FETCH = "main.fetch.func1()\n\t/app/main.go:19 +0x28"
BY_FETCH = "main.fetch in goroutine {}\n\t/app/main.go:19 +0x66"
BUYER = goroutine(
    7, "sleep", where="time.Sleep(0xb2d05e00)\n\t/t.go:1 +0x1\nmain.buy()\n\t/app/main.go:60 +0x20"
)
MAIN_NAPS = "goroutine 1 [sleep]:\ntime.Sleep(0x11e1a300)\n\t/t.go:1 +0x1\nmain.main()\n\t/app/main.go:40 +0x20\n"
MAIN_RESTS = MAIN_NAPS.replace("0x11e1a300", "0xb2d05e00")


def fetches(ids: range, *, parent: int | None = None, state: str = "chan send") -> list[str]:
    """Senders of a function that has returned; each has a parent of its own, which has ended."""
    return [
        goroutine(n, state, where=FETCH, started=BY_FETCH.format(parent or 500 + n)) for n in ids
    ]


def lost(*texts: str, least: int = 10) -> int:
    ((_, dumps),) = dumps_of(goscope.read(*texts))
    return len(stale_senders(dumps, least=least))


def test_ten_that_stand_still_in_three_dumps_whose_parents_are_gone() -> None:
    text = dump(*fetches(range(20, 30)), BUYER)
    assert lost(text, text, text) == 10
    assert lost(text, text) == 0  # two dumps say less
    assert lost(text, text, text, least=11) == 0


def test_somebody_got_away() -> None:
    """So there is a receiver, a slow one."""
    first, later = dump(*fetches(range(19, 31))), dump(*fetches(range(20, 31)))
    assert lost(first, later, later) == 0
    assert lost(later, first, first) == 11  # more come; those that were there are lost


def test_three_minutes_are_long_for_a_few_too() -> None:
    text = dump(*fetches(range(20, 22), state="chan send, 3 minutes"), BUYER)
    assert lost(text) == lost(text, text) == 2
    assert lost(text.replace("3 minutes", "2 minutes")) == 0
    related = BUYER.replace("main.buy()", "main.fetch.func2()")
    assert lost(dump(*fetches(range(20, 22), state="chan send, 3 minutes"), related)) == 0


def test_a_parent_that_lives_may_receive_unless_it_came_round_without() -> None:
    few = fetches(range(20, 30), parent=1)
    for main, wanted in ((MAIN_NAPS, 10), (MAIN_RESTS, 0)):
        text = "\n".join((main, *few))
        assert lost(text, text, text) == wanted
    text = dump(*few)  # main waits for nothing
    assert lost(text, text, text) == 10
    text = dump(*few, BUYER)  # but somebody else may have the channel from it
    assert lost(text, text, text) == 0


def test_a_function_that_goes_on_may_receive() -> None:
    going = goroutine(7, "select", where="main.fetch()\n\t/app/main.go:21 +0x1")
    text = dump(*fetches(range(20, 30)), going)
    assert lost(text, text, text) == 0


@pytest.mark.parametrize("version", ["1.21", "1.27"])
def test_offers_to_a_slow_buyer_are_not_lost(version: str) -> None:
    folder = CAPTURES / f"go{version}" / "leak_constant"
    ((_, dumps),) = dumps_of(goscope.read(*sorted(folder.glob("dump-*"))))
    found = {
        dumps[-1].stack_of(row).user_frame: why
        for row, why in stale_senders(dumps, least=10).items()
    }
    assert [(site and site.function, why) for site, why in found.items()] == [
        ("main.fetch.func1", "dumps")
    ]
