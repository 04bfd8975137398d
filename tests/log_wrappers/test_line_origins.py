"""Where lines stood: all recent ones, of old ones those that rows are known by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from goscope.log_wrappers.line_origins import RECENT, Places
from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.limits import Limits


def grown(places: Places, lines: int, first: int = 0) -> None:
    """Every third line of an input is of this stream, a line each microsecond."""
    numbers = 3 * np.arange(first, first + lines, dtype=np.int64)
    places.add(numbers.astype(np.int32), numbers * 1000)


def test_marked_and_needed_lines_stay_exact_and_memory_is_bounded() -> None:
    places = Places()
    assert not places
    marked, needed = np.array([5, 100_000, 700_000]), np.array([7, 650_001, 900_000])
    for first in range(0, 4 * RECENT, RECENT // 4):
        grown(places, RECENT // 4, first)
        places.mark(marked[(marked >= first) & (marked < first + RECENT // 4)])
        places.forget(needed)
    assert places
    size = 4 * RECENT
    for line in (*marked.tolist(), *needed.tolist(), size - 1, size - RECENT):
        numbers, stamps = places.at(np.array([line]))
        assert (numbers.tolist(), stamps.tolist()) == ([3 * line], [3000 * line])
    assert sum(map(len, places._numbers)) <= 2 * RECENT
    assert len(places._old[0]) <= 6


def test_a_line_that_was_let_go_has_the_place_of_one_before() -> None:
    places = Places()
    grown(places, 3 * RECENT)
    places.forget(np.array([10, 20]))
    assert places.at(np.array([10, 15, 20, 25]))[0].tolist() == [30, 30, 60, 60]
    places.forget(np.array([20]))  # nothing new came: nothing changes
    assert places.at(np.array([10]))[0].tolist() == [30]


def test_few_lines_are_all_kept() -> None:
    places = Places()
    grown(places, 1000)
    places.forget(np.empty(0, np.int64))
    assert places.at(np.arange(1000))[0].tolist() == [3 * n for n in range(1000)]


def test_rows_of_wrapped_streams_keep_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two services in one log, thinned after every chunk: the same lines as if it had been read at once."""
    monkeypatch.setattr("goscope.log_wrappers.line_origins.RECENT", 100)
    record = "SCHED {}ms: gomaxprocs=2 idleprocs=1 threads=6 spinningthreads=0 idlethreads=3 runqueue=7 [4 5]"
    panic = "http: panic serving 127.0.0.1:4000: boom\ngoroutine {} [running]:\nmain.f()\n\t/app/main.go:9 +0x1"
    lines = []
    for number in range(1500):
        lines += [f"web-1  | {record.format(number * 1000)}", f"api-1  | request {number}"]
        lines += [
            f"api-1  | {line}" for line in panic.format(number).split("\n") if number % 50 == 0
        ]
    data = ("\n".join(lines) + "\n").encode()
    whole, thinned = CaptureBuilder(), CaptureBuilder()
    whole.read("log", [data])

    def chunks() -> Iterator[bytes]:
        for at in range(0, len(data), 1000):
            yield data[at : at + 1000]
            thinned.thin(Limits(3600))

    thinned.read("log", chunks())
    for name, rows in (("sched", 1500), ("crashes", 30), ("goroutines", 30)):
        expected, found = whole.build().table(name), thinned.build().table(name)
        assert len(expected) == rows
        assert found["line"].tolist() == expected["line"].tolist()
    first = int(thinned.build().table("sched")["line"][-1]) - 1
    assert lines[first].startswith("web-1  | SCHED 1499000ms")
