"""Which goroutines are asked for."""

from __future__ import annotations

import re

import pytest

import goscope
from goscope.analysis.goroutines.columns import goroutines_of
from goscope.analysis.goroutines.filters import Wanted, selected
from tests.conftest import CAPTURES

DUMP = """\
goroutine 1 [running, locked to thread]:
main.main()
\t/app/cmd/main.go:9 +0x1d

goroutine 7 [chan send, 4 minutes]:
example.com/shop/orders.(*Queue).push(0xc0001)
\t/app/orders/queue.go:31 +0x1d
created by example.com/shop/orders.Start in goroutine 1
\t/app/orders/start.go:12 +0x66

goroutine 8 [chan send (nil chan), 90 minutes]:
example.com/shop/orders.(*Queue).push(0xc0001)
\t/app/orders/queue.go:33 +0x1d
created by example.com/shop/orders.Start in goroutine 1
\t/app/orders/start.go:12 +0x66

goroutine 20 [sync.Mutex.Lock (leaked)] {tenant: a, path: /x}:
sync.(*Mutex).Lock(...)
\t/usr/local/go/src/sync/mutex.go:46
example.com/shop/cache.get(0xc0001)
\t/app/cache/get.go:8 +0x1d
created by example.com/shop/cache.fill in goroutine 7
\t/app/cache/fill.go:3 +0x66

goroutine 21 [runnable] {tenant: b}:
example.com/shop/cache.get(0xc0001)
\t/app/cache/get.go:9 +0x1d
created by example.com/shop/cache.fill in goroutine 7
\t/app/cache/fill.go:3 +0x66
"""


def ids(wanted: Wanted) -> list[int]:
    capture = goscope.read(DUMP)
    (goroutines,) = goroutines_of(capture)
    found: list[int] = goroutines.id[selected(capture, goroutines, wanted)].tolist()
    return found


def patterns(*texts: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text) for text in texts)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("chan send",), [7]),
        (("Chan Send",), [7]),
        (("chan send*",), [7, 8]),
        (("running", "runnable"), [1, 21]),
        (("waiting",), [7, 8, 20]),
        (("leaked",), [20]),
        (("locked",), [1]),
        (("sync.*", "running"), [1, 20]),
        (("chan",), []),
    ],
)
def test_states(states: tuple[str, ...], expected: list[int]) -> None:
    assert ids(Wanted(states=states)) == expected


@pytest.mark.parametrize(("least", "expected"), [(4, [7, 8]), (5, [8]), (91, [])])
def test_wait(least: int, expected: list[int]) -> None:
    assert ids(Wanted(least_minutes=least)) == expected


def test_functions_files_and_creators_are_told_apart() -> None:
    assert ids(Wanted(functions=patterns("cache"))) == [20, 21]
    assert ids(Wanted(functions=patterns("Start"))) == []
    assert ids(Wanted(files=patterns(r"queue\.go:3[12]$"))) == [7]
    assert ids(Wanted(files=patterns("start.go"))) == []
    assert ids(Wanted(creators=patterns(r"orders\.Start"))) == [7, 8]
    assert ids(Wanted(creators=patterns("fill.go:3"))) == [20, 21]
    assert ids(Wanted(creators=patterns(""))) == [7, 8, 20, 21]


def test_match_looks_everywhere_and_every_pattern_has_to_fit() -> None:
    assert ids(Wanted(matches=patterns("Mutex"))) == [20]
    assert ids(Wanted(matches=patterns("nil chan"))) == [8]
    assert ids(Wanted(matches=patterns('tenant": "b'))) == [21]
    assert ids(Wanted(matches=patterns(r"fill\.go"))) == [20, 21]
    assert ids(Wanted(matches=patterns("cache", "runnable"))) == [21]
    assert ids(Wanted(rejects=patterns("cache", "running"))) == [7, 8]
    assert ids(Wanted(matches=patterns("cache"), rejects=patterns("Mutex"))) == [21]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((("tenant", "a"),), [20]),
        ((("tenant", None),), [20, 21]),
        ((("tenant", "a"), ("path", "/x")), [20]),
        ((("tenant", "b"), ("path", None)), []),
        ((("tenan", None),), []),
    ],
)
def test_labels(labels: tuple[tuple[str, str | None], ...], expected: list[int]) -> None:
    assert ids(Wanted(labels=labels)) == expected


def test_ids_are_ranges_with_both_ends() -> None:
    assert ids(Wanted(ids=((7, 7), (20, 30)))) == [7, 20, 21]
    assert ids(Wanted(ids=((2, 6),))) == []


def test_nothing_asked_for_is_everything() -> None:
    assert ids(Wanted()) == [1, 7, 8, 20, 21]


def test_a_dump_of_a_crash_counts_where_there_is_no_other() -> None:
    crash = "panic: no\n\n" + DUMP
    capture = goscope.read(crash)
    (goroutines,) = goroutines_of(capture)
    assert goroutines.totals == (5,)


def test_a_profile_counts_goroutines_without_ids_and_states() -> None:
    folder = CAPTURES / "go1.27" / "profiles"
    capture = goscope.read(folder / "goroutine-1.txt", folder / "goroutine-3.txt")
    (goroutines,) = goroutines_of(capture)
    assert goroutines.of_profile
    # The first lines of the files: "goroutine profile: total 8" and "... total 20".
    assert goroutines.totals == (8, 20)
    fetch = goroutines.rows(
        selected(capture, goroutines, Wanted(functions=patterns(r"main\.fetch")))
    )
    assert fetch.totals == (6, 18)


def test_two_forms_of_one_profile_are_not_counted_twice() -> None:
    folder = CAPTURES / "go1.27" / "profiles"
    capture = goscope.read(folder / "goroutine-1.txt", folder / "goroutine-1.pb.gz")
    assert [g.totals for g in goroutines_of(capture)] == [(8,)]
