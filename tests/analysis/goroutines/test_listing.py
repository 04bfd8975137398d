"""Goroutines that were asked for, in groups."""

from __future__ import annotations

import subprocess
import sys

import pytest

import goscope
from goscope.analysis.goroutines.filters import Wanted
from goscope.analysis.goroutines.listing import By, Listing, Sort, listings
from tests.analysis.goroutines.test_filters import DUMP

LATER = DUMP + DUMP[DUMP.index("goroutine 7 ") : DUMP.index("goroutine 8 ")].replace(
    "goroutine 7 [chan send, 4 minutes]", "\ngoroutine 30 [chan send, 2 minutes]"
)


def listing(by: By, *texts: str, **how: object) -> Listing:
    (found,) = listings(goscope.read(*(texts or (DUMP,))), Wanted(), by=by, **how)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (
            By.SIGNATURE,
            {
                "running in main.main /app/cmd/main.go:9": 1,
                "chan send in example.com/shop/orders.(*Queue).push /app/orders/queue.go:31": 1,
                "chan send (nil chan) in example.com/shop/orders.(*Queue).push "
                "/app/orders/queue.go:33": 1,
                "sync.Mutex.Lock in example.com/shop/cache.get /app/cache/get.go:8": 1,
                "runnable in example.com/shop/cache.get /app/cache/get.go:9": 1,
            },
        ),
        (
            By.FRAME,
            {
                "main.main": 1,
                "example.com/shop/orders.(*Queue).push": 2,
                "example.com/shop/cache.get": 2,
            },
        ),
        (
            By.PACKAGE,
            {"main": 1, "example.com/shop/orders": 2, "example.com/shop/cache": 2},
        ),
        (
            By.CREATOR,
            {
                "no go statement known": 1,
                "example.com/shop/orders.Start /app/orders/start.go:12": 2,
                "example.com/shop/cache.fill /app/cache/fill.go:3": 2,
            },
        ),
        (By.LABEL, {"no labels": 3, "tenant=a, path=/x": 1, "tenant=b": 1}),
        (
            By.STATE,
            {
                "running": 1,
                "chan send": 1,
                "chan send (nil chan)": 1,
                "sync.Mutex.Lock": 1,
                "runnable": 1,
            },
        ),
        (By.NONE, {f"goroutine {i}": 1 for i in (1, 7, 8, 20, 21)}),
    ],
)
def test_what_groups_have_in_common(by: By, expected: dict[str, int]) -> None:
    assert {group.name: group.count for group in listing(by).groups} == expected


def test_a_location_is_a_line_and_a_state() -> None:
    text = DUMP + "\n" + DUMP[DUMP.index("goroutine 21 ") :].replace("goroutine 21", "goroutine 22")
    groups = listing(By.LOCATION, text).groups
    assert groups[0].name == "runnable in example.com/shop/cache.get /app/cache/get.go:9"
    assert groups[0].count == 2
    assert len(groups) == 5


def test_one_label_by_its_value() -> None:
    found = listing(By.LABEL, label="tenant")
    assert {g.name: g.count for g in found.groups} == {
        "no label tenant": 3,
        "tenant=a": 1,
        "tenant=b": 1,
    }


def test_counts_over_dumps_and_growth() -> None:
    found = listing(By.FRAME, DUMP, LATER, sort=Sort.GROWTH)
    assert found.totals == found.matched == (5, 6)
    first = found.groups[0]
    assert (first.name, first.counts, first.growth) == (
        "example.com/shop/orders.(*Queue).push",
        (2, 3),
        1,
    )
    assert first.wait_minutes == (2, 90)
    assert first.ids == (7, 8, 30)
    assert first.states == (("chan send", 2), ("chan send (nil chan)", 1))
    assert first.stacks == 2
    assert first.created_by is not None
    assert first.created_by.line == 12
    assert first.site is None  # two lines


def test_what_went_away_is_shown_with_the_count_that_it_had() -> None:
    found = listing(By.STATE, LATER, DUMP.replace("[runnable]", "[running]"))
    gone = next(group for group in found.groups if group.name == "runnable")
    assert gone.counts == (1, 0)
    assert gone.ids == (21,)
    assert found.groups[-1] is gone


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        (Sort.COUNT, "example.com/shop/orders.(*Queue).push"),
        (Sort.WAIT, "example.com/shop/orders.(*Queue).push"),
        (Sort.NAME, "example.com/shop/cache.get"),
        (Sort.ID, "main.main"),
    ],
)
def test_order(sort: Sort, first: str) -> None:
    assert listing(By.FRAME, LATER, sort=sort).groups[0].name == first


def test_longest_wait_first() -> None:
    ids = [g.examples[0].id for g in listing(By.NONE, LATER, sort=Sort.WAIT).groups]
    assert ids[:3] == [8, 7, 30]


def test_what_is_beyond_the_limit_is_counted() -> None:
    found = listing(By.SIGNATURE, LATER, limit=1)
    assert [g.count for g in found.groups] == [2]
    assert (found.omitted, found.omitted_goroutines) == (4, 4)


def test_examples_show_each_stack_once_before_any_twice() -> None:
    (group,) = listing(By.PACKAGE, LATER, limit=1, examples=3).groups
    assert group.name == "example.com/shop/orders"
    assert [(e.id, e.wait_minutes, e.parent) for e in group.examples] == [
        (7, 4, 1),  # of the stack that two have, the longer wait
        (8, 90, 1),
        (30, 2, 1),
    ]
    assert group.examples[0].source == "text 1:5"
    assert [frame.line for frame in group.examples[1].stack.frames] == [33]


def test_marks_and_labels() -> None:
    (cache,) = (g for g in listing(By.FRAME).groups if g.name.endswith("cache.get"))
    assert (cache.leaked, cache.locked) == (1, 0)
    assert set(cache.labels) == {'{"tenant": "a", "path": "/x"}', '{"tenant": "b"}'}


def test_no_match_is_a_listing_without_groups() -> None:
    (found,) = listings(goscope.read(DUMP), Wanted(states=("sleep",)))
    assert found.groups == ()
    assert found.matched == (0,)
    assert dict(found.states)["chan send"] == 1


def test_no_goroutines_is_no_listing() -> None:
    assert listings(goscope.read("nothing of Go\n"), Wanted()) == ()


def test_it_loads_no_pandas() -> None:
    code = (
        "import sys, goscope; from goscope.analysis.goroutines.listing import listings\n"
        "from goscope.analysis.goroutines.filters import Wanted\n"
        f"listings(goscope.read({DUMP!r}), Wanted(states=('waiting',)))\n"
        "assert not {'pandas', 'rich', 'plotly', 'pyarrow'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
