"""Nothing of the Go runtime is lost in silence: what stands in an input is in a record, or counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from goscope.errors import InputError
from tests.conftest import CAPTURES, Read, capture_name, content
from tests.conservation import lost
from tests.fuzz.mutants import mutant
from tests.go_text import go_text

#: Captures that the fixture ``real_capture`` does not give: crashes, reports and profiles as text.
_OTHERS = sorted(
    path
    for pattern in ("*/crashes/*.log*", "*/*/*debug1*", "*/*/*.txt*")
    for path in CAPTURES.glob(pattern)
)


def test_all_of_a_real_capture(real_capture: bytes) -> None:
    assert lost(real_capture) == []


@pytest.mark.sampled(7)
@pytest.mark.parametrize("path", _OTHERS, ids=capture_name)
def test_all_of_a_crash_or_a_profile(path: Path) -> None:
    assert lost(content(path)) == []


#: Of what hostile input tears into pieces so much may be missed: text of other records inside of a record.
_MOST_LOST = 1 / 1000


@pytest.mark.parametrize("first", [0, pytest.param(200, marks=pytest.mark.full)])
def test_nearly_all_of_hostile_input(first: int) -> None:
    missed = places = 0
    for number in range(first, 200 if first == 0 else 2_000):
        data = mutant(random.Random(number))
        try:
            missed += len(lost(data))
        except InputError:
            continue  # a binary file that is damaged, which is said
        places += len(go_text(data))
    assert places > 2_000
    assert missed <= places * _MOST_LOST


@pytest.mark.parametrize(
    "text",
    [
        "#\t0x48a1a9\tmain.f+0x28\t/app/main.go:24\n\n1 @ 0x48a1aa 0x490f21\n#\t0x48a1a9\tmain.g+0x1\t/app/main.go:9\n",
        "panic: no rows\ngoroutine 99 [fake]:\nmain.fake()\n\n\tpanic: not me\n",
        "created by main.start in goroutine 7\n\t/app/main.go:14 +0x5f\n",
        "SCHED 1goroutine 7 [running]:\nmain.f()\n",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x663093]\n",
        "main.g()\n\t/app/main.go:4 +0x5\n\nruntime stack:\nmain.f()\n\t/app/main.go:3 +0x5\n",
    ],
)
def test_a_piece_of_a_record_is_counted(read: Callable[..., Read], text: str) -> None:
    assert lost(text.encode()) == []
    assert read(text).input.unparsed_count == 1


def test_headers_in_the_value_of_a_panic_are_counted(
    read: Callable[..., Read], capture_text: Callable[[str], bytes]
) -> None:
    found = read(capture_text("go1.19/panic_all/panic.log"))
    assert found.input.quoted_count == 2
    assert found.input.unparsed_count == 0


GC = "gc 3 @1.250s 2%: 0.010+1.2+0.003 ms clock, 0.020+0.1/0.9/0+0.006 ms cpu, 4->5->1 MB, 5 MB goal, 2 P"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "goroutine 7 [select, 5 minutes]:\nmain.f(0x1)\n\t/a/b.go:3 +0x1d\n",
            ["goroutine", "frame"],
        ),
        ("\x1b[31mgoroutine 7 gp=0xc0 m=nil [select]:\x1b[0m\r\n", ["goroutine"]),
        ("main.f(...)\n\t/a/b.go:3\ncreated by main.g in goroutine 1\n", ["frame", "created by"]),
        ("app | SCHED 10ms: gomaxprocs=4 idleprocs=4\n", ["sched"]),
        ("  G1: status=4(sleep) m=nil lockedm=nil\n", ["detail"]),
        (f"> {GC}\nscvg1: inuse: 4, idle: 0\n", ["gc", "scvg"]),
        ("panic: boom\n[signal SIGSEGV: segmentation violation]\n", ["panic", "signal"]),
        ("fatal error: all goroutines are asleep - deadlock!\n", ["fatal error"]),
        ("WARNING: DATA RACE\n--- FAIL: TestX (0.00s)\n", ["race", "failed test"]),
        ("goroutine profile: total 7\n", ["profile"]),
        (
            "[Goroutine 8 in state chan receive, with main.wait on top of the stack:\n",
            ["goleak"],
        ),
        ("see the goroutine 7 above, gc 3 times, panic: in a sentence\nmain.go:3\n", []),
        ("java.lang.Thread.run(Thread.java:750)\n\tat /a/b.go:3\n", []),
    ],
)
def test_the_places_of_go_text(text: str, found: list[str]) -> None:
    assert [place.what for place in go_text(text.encode())] == found
