"""Where a chunk ends never changes a result."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from goscope.framing.framed import LONGEST_RECORD
from goscope.reading.capture_builder import CaptureBuilder

READ = Callable[..., Any]

SCHED = "SCHED 100ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=1 idlethreads=3 runqueue=7 [4 12]"
GC = (
    "gc 3 @1.250s 2%: 0.010+1.2+0.003 ms clock, 0.020+0.1/0.9/0+0.006 ms cpu, 4->5->1 MB, "
    "5 MB goal, 0 MB stacks, 0 MB globals, 2 P"
)
GOROUTINE = (
    "goroutine 18 [chan send, 5 minutes]:\nmain.leak1.func1()\n\t/app/main.go:15 +0x1d\n"
    "created by main.leak1 in goroutine 1\n\t/app/main.go:14 +0x5f\n"
)
INLINED = (
    "goroutine 7 [select]:\nmain.wait(...)\n\t/app/main.go:9\nmain.main()\n\t/app/main.go:3 +0x1d\n"
)
RUNNING = GOROUTINE.replace("chan send, 5 minutes", "running")
PIECES = [
    SCHED + "\n",
    SCHED.replace(" spinning", "\n  spinning") + "\n",
    SCHED.replace(" spinning", "\n  spinning").replace(" runqueue", "\n  runqueue") + "\n",
    GC + "\n",
    GC.replace(" ms clock", "\n    ms clock") + "\n",
    "  P0: status=1 schedtick=4 syscalltick=2 m=0 runqsize=1 gfreecnt=0 timerslen=0\n",
    "  M0: p=0 curg=1 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked=false lockedg=nil\n",
    "  G1: status=4(chan receive (nil chan)) m=nil lockedm=nil\n",
    "  G1: torn here\n",
    "  G1: status=4(sleep m=nil\n",
    GOROUTINE + "\n",
    GOROUTINE,
    INLINED + "\n",
    "2026/11/23 22:03:16 worker=1 level=info\n",
    "goroutine count is 5\n",
    "\n",
    "   indented application line [4 12]\n",
    "idleprocs=0 is what it says\n",
    "\x00\x00\x00\n",
    "gc 4 @1.2\n",
    "panic: boom\n\tgoroutine 99 [running]:\n\tmain.fake()\n",
    "...12 frames elided...\n",
    "fatal error: all goroutines are asleep - deadlock!\n\n",
    "panic: no rows\ngoroutine 99 [fake]:\nthis is part of the value\n\n",
    "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x49e3d3]\n\n",
    "-----\n\nSIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\n",
    "2026/11/23 22:03:16 http: panic serving 127.0.0.1:1: boom\n" + RUNNING,
    "recovered: boom\n" + RUNNING,
    "exit status 2\nFAIL\texample.com/a\t0.011s\n",
    "==================\nWARNING: DATA RACE\nRead at 0x00c000094028 by goroutine 8:\n  main.f()\n"
    "      /app/main.go:9 +0x1\n\nPrevious write at 0x00c000094028 by main goroutine:\n",
    "    a_test.go:2: found unexpected goroutines:\n        [Goroutine 8 in state sleep, with main.f"
    " on top of the stack:\n        main.f()\n        \t/app/main.go:9 +0x1\n\n        ]\n",
]
FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "hash": lambda text: "".join(f"# {line}\n" for line in text.split("\n")[:-1]),
    "quote": lambda text: "".join(f"> {line}".rstrip(" ") + "\n" for line in text.split("\n")[:-1]),
    "indented": lambda text: "".join(f"    {line}\n" for line in text.split("\n")[:-1]),
    "app first": lambda text: "starting up\n\n" + text,
}


def pieces_of(data: bytes, sizes: Iterator[int]) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = next(sizes)
        yield data[at : at + size]
        at += size


def single(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6),
    st.sampled_from(list(FORMS)),
    st.floats(0, 1),
    st.randoms(use_true_random=False),
)
@example([SCHED + "\n", GOROUTINE], "hash", 1.0, random.Random(1))
@example([INLINED, GOROUTINE, SCHED + "\n"], "crlf", 1.0, random.Random(1))
def test_mixtures(
    read: READ, pieces: list[str], form: str, share: float, rng: random.Random
) -> None:
    data = FORMS[form]("".join(pieces)).encode()
    data = data[: max(1, round(len(data) * share))]
    whole = read(data).everything()
    assert read(single(data)).everything() == whole
    assert read(pieces_of(data, iter(lambda: rng.randint(1, 200), 0))).everything() == whole
    lines = data.splitlines(keepends=True)
    assert read(lines).everything() == whole


def test_examples_of_what_was_not_understood_come_in_the_order_of_the_lines(read: READ) -> None:
    data = b"".join(
        b"  P2: status=1 schedtick=%s syscalltick=0 m=2 runqsize=0 gfreecnt=0 timerslen=1\n"
        b"  M3: p=1 curg=3 mallocing=0 throwing=%d%s dying=0 spinning=false blocked=false lockedg=nil\n"
        b"goroutine 99999999999999999999 [running]:\n\n" % (b"9" * 24, n, b"x" * (n % 7 + 1))
        for n in range(60)
    )
    found = read(b"SCHED 0ms: gomaxprocs=2 runqueue=0\n" + data)
    lines = [one.line for one in found.input.unparsed]
    assert lines == sorted(lines)
    assert lines[:10] == [2, 3, 4, 6, 7, 8, 10, 11, 12, 14]  # of four lines each, the last is empty
    cut = read(single(b"SCHED 0ms: gomaxprocs=2 runqueue=0\n" + data)).everything()
    assert cut == found.everything()


def test_the_examples_of_an_input_are_its_own() -> None:
    builder = CaptureBuilder()
    id_ = b"goroutine 99999999999999999999 [running]:\nmain.f()\n\t/x.go:1 +0x1\n\n"
    first = builder.read("first", [b"SCHED 1ms: gomaxprocs=4 bad=x\n\n" + id_])
    second = builder.read("second", [b"SCHED 2ms: gomaxprocs=4 worse=y\n"])
    assert [(one.line, one.text[:9]) for one in first.unparsed] == [
        (1, b"SCHED 1ms"),
        (3, b"goroutine"),
    ]
    assert [(one.line, one.text[:9]) for one in second.unparsed] == [(1, b"SCHED 2ms")]


def test_lines_above_the_record_that_teaches_a_prefix_stay_as_they_are(read: READ) -> None:
    data = (
        b"# 2026/11/24 17:39:49 http: panic serving 127.0.0.1:6058: in a handler\n# of two lines\n"
        b"# goroutine 38 [running]:\n# main.main()\n# \t/app/main.go:19 +0xbb\n"
    )
    whole = read(data).everything()
    assert [row["message"] for row in whole["crashes"]] == ["in a handler\n# of two lines"]
    assert read(single(data)).everything() == whole
    assert read(data.splitlines(keepends=True)).everything() == whole


@pytest.mark.sampled(4)
def test_real_captures(read: READ, real_capture: bytes) -> None:
    data = real_capture
    rng = random.Random(len(data))
    whole = read(data).everything()
    assert whole["lines"] == len(data.split(b"\n")) - data.endswith(b"\n")
    for most in (1_000, 20_000):
        sizes = (rng.randint(1, most) for _ in data)
        assert read(pieces_of(data, sizes)).everything() == whole


@pytest.mark.parametrize("name", ["go1.19/panic_all/panic.log", "go1.27/idle_server/sigquit.log"])
def test_real_captures_byte_by_byte(
    read: READ, capture_text: Callable[[str], bytes], name: str
) -> None:
    data = capture_text(name)
    assert read(single(data)).everything() == read(data).everything()


LONG = b"x" * (LONGEST_RECORD + 10)


@pytest.mark.parametrize(
    "data",
    [
        LONG + b"\n" + GC.encode() + b"\n",
        GC.encode() + LONG + b"\n" + GC.encode() + b"\n",
        b"SCHED 1ms: gomaxprocs=2 runqueue=0 ["
        + b"0 " * (LONGEST_RECORD // 2)
        + b"0]\n"
        + GC.encode()
        + b"\n",
        b"SCHED 1ms: gomaxprocs=2 runqueue=0"
        + b" " * LONGEST_RECORD
        + b" [1 2]\n"
        + GC.encode()
        + b"\n",
        b"goroutine 1 ["
        + LONG
        + b"]:\nmain.main()\n\t/app/main.go:3 +0x1d\n\n"
        + GC.encode()
        + b"\n",
        GOROUTINE.encode() + LONG,
    ],
    ids=["line", "gc", "sched", "spaces", "header", "cut"],
)
def test_lines_longer_than_any_record(read: READ, data: bytes) -> None:
    whole = read(data).everything()
    assert (
        read([data[at : at + 65_536] for at in range(0, len(data), 65_536)]).everything() == whole
    )
    assert len(whole["gc"]) == data.count(b"\n" + GC.encode() + b"\n")
    assert whole["sched"] == []
