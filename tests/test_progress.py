"""Births, deaths and moves from dump to dump."""

from __future__ import annotations

import goscope
from goscope.progress import Step, histories, steps
from goscope.waiting import Dump, dumps_of
from tests.rules.dumps import MAIN, dump, goroutine, leaks


def read(*texts: str) -> tuple[Dump, ...]:
    ((_, dumps),) = dumps_of(goscope.read(*texts))
    return dumps


def test_an_id_is_one_goroutine() -> None:
    dumps = read(
        dump(*leaks([18, 19, 20, 21])),
        dump(*leaks([19]), *leaks([20], "select"), *leaks([30, 31])),
        MAIN,
    )
    assert steps(dumps) == (
        Step(born=2, died=2, moved=1, unmoved=2),  # main and 19 stay, 20 is in another state
        Step(born=0, died=4, moved=0, unmoved=1),
    )


def test_histories_are_those_of_go_statements() -> None:
    other = "main.serve in goroutine 1\n\t/app/main.go:30 +0x66"
    dumps = read(
        dump(*leaks(range(18, 20)), *leaks(range(50, 60), started=other)),
        dump(*leaks(range(18, 25)), *leaks(range(50, 60), started=other)),
    )
    found = histories(dumps)
    assert [
        (h.created_by.function if h.created_by else None, h.counts, h.growth) for h in found
    ] == [
        ("main.leak1", (2, 7), 5),
        ("main.serve", (10, 10), 0),
        (None, (1, 1), 0),
    ]
    assert found[0].steps == (Step(born=5, died=0, moved=0, unmoved=2),)


def test_what_was_there_once_has_a_history_too() -> None:
    found = histories(read(dump(*leaks([18])), MAIN))
    assert [(h.counts, h.steps) for h in found] == [
        ((1, 1), (Step(0, 0, 0, 1),)),
        ((1, 0), (Step(0, 1, 0, 0),)),
    ]


def test_the_stack_is_that_of_most() -> None:
    where = "main.rare()\n\t/app/main.go:70 +0x1"
    (leak, _) = histories(read(dump(goroutine(18, "select", where=where), *leaks([19, 20]))))
    assert leak.stack.functions == ("main.leak1.func1",)


def test_one_dump_has_no_steps() -> None:
    dumps = read(dump(*leaks([18])))
    assert steps(dumps) == ()
    assert [h.steps for h in histories(dumps)] == [(), ()]
