"""The list of captures that tests read by default shows all that there is to show."""

from __future__ import annotations

import pytest

from tests.capture_cover import cover_of, covering, shapes_of
from tests.conftest import COVER, capture_texts


@pytest.mark.full
def test_the_list_is_current() -> None:
    """If not: ``python -m tests.capture_cover``."""
    assert covering(capture_texts()) == COVER.read_text(encoding="utf-8").split()


def test_the_listed_captures_are_there() -> None:
    names = COVER.read_text(encoding="utf-8").split()
    assert set(names) <= {"/".join(path.parts[-3:]) for path in capture_texts()}
    assert {name.partition("/")[0] for name in names} >= {"go1.19", "go1.23", "go1.27"}


def test_names_and_numbers_make_no_shape_and_fields_do() -> None:
    one = b"SCHED 1ms: gomaxprocs=2 [0 1]\ngoroutine 7 [select, 5 minutes]:\nmain.f(0x1, ...)\n\t/a.go:1 +0x1f\n"
    same = b"SCHED 22ms: gomaxprocs=8 [ 3 ]\ngoroutine 1 [select, 30 minutes]:\nx/y.(*T).g(0x2)\n\t/b/c.go:99 +0x2\n"
    assert shapes_of(one) == shapes_of(same)
    assert len(shapes_of(one)) == 4
    for other in (
        b"SCHED 1ms: gomaxprocs=2 needspinning=0 [0 1]",
        b"goroutine 7 [chan send, 5 minutes]:",
        b"main.f(...)",
        b"\t/a.go:1",
    ):
        assert not shapes_of(other) & shapes_of(one)
    assert shapes_of(b"level=info msg=started\nbuy 3 of them\n") == set()


def test_a_cover_has_all_shapes_and_no_capture_that_adds_none() -> None:
    shapes = {"a": {b"1"}, "b": {b"1", b"2"}, "c": {b"3"}, "d": {b"1", b"2"}}
    assert cover_of(shapes, {"a": 1, "b": 9, "c": 1, "d": 2}) == ["c", "d"]
