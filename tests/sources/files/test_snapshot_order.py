"""In which order the snapshots of a folder are taken."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.sources.files.snapshot_order import in_order

ORDERS = [
    ["dump-1.txt", "dump-2.txt", "dump-10.txt"],
    ["dump.txt", "dump-2.txt", "dump-3.txt"],
    ["dump (1).txt", "dump (2).txt", "dump (10).txt"],
    ["dump-2026-11-23T21:33.txt", "dump-2026-11-23T21:34.txt", "dump-2026-11-24T00:01.txt"],
    ["goroutine_20261123_093300.txt", "goroutine_20261123_213300.txt", "goroutine_20261201_000000.txt"],
    # the time decides, not what stands before it
    ["before_20261123_213300.txt", "after_20261123_213400.txt"],
    ["web.2026-11-23T21.33.05Z.txt.gz", "db.2026-11-23T21.33.06Z.txt", "api.2026-11-23T21.34.00Z.log"],
    ["b-2026-11-23T21:33:05.1.txt", "a-2026-11-23T21:33:05.25.txt"],
    ["z-1795469580.txt", "y-1795469581.txt", "a-1795556000.txt"],
    ["z-1795469580.txt", "y-1795469580001.txt", "a-1795469580002000000.txt"],  # seconds, ms, ns
    # one day, numbered
    ["dump-20261123-1.txt", "dump-20261123-2.txt", "dump-20261123-10.txt"],
    # a time in some names only: by letters and numbers
    ["a-2.txt", "a-20261123.txt", "b-1.txt"],
    # folders apart, the outer one first
    ["z.txt", "a/dump-2.txt", "a/dump-10.txt", "b/dump-1.txt", "b/c/dump-0.txt"],
    ["run-9/dump-2.txt", "run-10/dump-1.txt"],
]  # fmt: skip


@pytest.mark.parametrize("wanted", ORDERS, ids=lambda names: names[0])
def test_names_give_the_order(wanted: list[str]) -> None:
    for seed in range(10):
        mixed = random.Random(seed).sample(wanted, len(wanted))
        # Times of change that say the contrary.
        assert in_order(mixed, str, lambda name: -wanted.index(name)) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        ["before.txt", "after.txt"],
        ["start", "middle", "end"],
        ["app-v2-before.txt", "app-v2-after.txt"],
        ["x/warm.txt", "x/busy.txt"],
    ],
)
def test_times_of_change_decide_where_names_hold_no_order(wanted: list[str]) -> None:
    for mixed in (wanted, wanted[::-1]):
        assert in_order(mixed, str, wanted.index) == wanted


def test_without_any_order_it_is_by_name() -> None:
    assert in_order(["b.txt", "c.txt", "a.txt"], str, lambda _: 0.0) == ["a.txt", "b.txt", "c.txt"]


@given(st.lists(st.text(max_size=30), unique=True))
def test_every_name_comes_once_in_the_same_order(names: list[str]) -> None:
    found = in_order(names, str, lambda _: 0.0)
    assert sorted(found) == sorted(names)
    assert in_order(found[::-1], str, lambda _: 0.0) == found


@pytest.mark.parametrize(
    "name", [".a" * 30_000, "9" * 60_000, "1-" * 30_000, "2026" * 15_000, "/" * 60_000]
)
def test_long_names_take_no_long_time(name: str) -> None:
    begin = time.process_time()
    in_order([name, name + "b", name + "1"], str, lambda _: 0.0)
    assert time.process_time() - begin < 1
