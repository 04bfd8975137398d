"""Argument words of calls, and what goroutines wait for."""

from __future__ import annotations

from typing import Any

import goscope
from goscope.capture.capture import Capture
from goscope.formats.goroutines.arguments import MOST_PER_STACK
from tests.rules.dumps import dump, goroutine, leaks, locking

WHERE = (
    "main.(*cache).load({0x52e25b, 0x5}, _, 0xc000012340?)\n\t/app/main.go:30 +0x10\n"
    "main.(*cache).get(...)\n\t/app/main.go:20\n"
    "main.serve(0xc000056780, {{0xc000099000, 0x3, 0x3}}, 0xffffffffffffffff)\n\t/app/main.go:10 +0x31"
)


def words(capture: Capture) -> list[tuple[int, ...]]:
    table = capture.table("arguments")
    columns = [table[name].tolist() for name in ("goroutine", "depth", "position", "word", "sure")]
    return list(zip(*columns, strict=True))


def rows(capture: Capture) -> list[dict[str, Any]]:
    table = capture.table("goroutines")
    ids, known, word = table["id"], table.present("waits_on"), table["waits_on"]
    return [
        {"id": int(i), "waits_on": int(w) if k else None}
        for i, k, w in zip(ids, known, word, strict=True)
    ]


def test_words_carry_their_frame_their_place_and_whether_they_are_stale() -> None:
    capture = goscope.read(goroutine(7, "chan send", where=WHERE))
    assert words(capture) == [
        (0, 0, 0, 0x52E25B, 1),
        (0, 0, 3, 0xC000012340, 0),  # behind a short word and a _
        (0, 2, 0, 0xC000056780, 1),  # the frame between is inlined
        (0, 2, 1, 0xC000099000, 1),  # no address of 64 bits: 0xffffffffffffffff is left out
    ]


def test_each_goroutine_has_its_own_words() -> None:
    texts = [
        goroutine(n, "chan send", where=WHERE.replace("0xc000056780", f"0xc00005{n}780"))
        for n in (7, 8)
    ]
    found = [
        (row, word)
        for row, depth, position, word, _ in words(goscope.read("\n".join(texts)))
        if (depth, position) == (2, 0)
    ]
    assert found == [(0, 0xC000057780), (1, 0xC000058780)]


def test_of_each_stack_and_input_the_first_are_kept() -> None:
    many = dump(*leaks(range(18, 218), where="main.wait(0xc000012340)\n\t/app/main.go:15 +0x28"))
    found = words(goscope.read(many, many))
    assert len(found) == 2 * MOST_PER_STACK
    assert [row for row, *_ in found[:MOST_PER_STACK]] == list(range(1, MOST_PER_STACK + 1))


def test_what_a_goroutine_waits_for_is_kept_for_all() -> None:
    blocks = [
        goroutine(
            n,
            "sync.Mutex.Lock",
            where=locking("main.(*cache).get", 0xC000000000 + 8 * n, 0xC000000000),
        )
        for n in range(18, 318)
    ]
    found = rows(goscope.read(dump(*blocks)))
    assert [row["waits_on"] for row in found[1:]] == [0xC000000000 + 8 * n for n in range(18, 318)]
    assert found[0]["waits_on"] is None


def test_it_is_told_only_by_who_waits() -> None:
    """The frames stay for a moment after the wait."""
    where = locking("main.(*cache).get", 0xC000012348, 0xC000012340)
    (row,) = rows(goscope.read(goroutine(7, "runnable", where=where)))
    assert row["waits_on"] is None


def test_a_stack_of_runtime_frames_tells_the_channel() -> None:
    where = (
        "runtime.gopark(0x0?, 0x0?)\n\t/go/proc.go:435 +0xce fp=0xc000100f50 sp=0xc000100f30 pc=0x46f28e\n"
        "runtime.chansend(0xc0000240e0, 0xc000100fd0, 0x1, 0x0?)\n\t/go/chan.go:283 +0x3a7 fp=0xc1 sp=0xc1 pc=0x40\n"
        "main.leak()\n\t/app/main.go:15 +0x28 fp=0xc000100fe0 sp=0xc000100fc0 pc=0x5a3c48"
    )
    (row,) = rows(goscope.read(goroutine(7, "chan send", where=where)))
    assert row["waits_on"] == 0xC0000240E0
