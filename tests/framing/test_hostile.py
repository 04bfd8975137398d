"""Bytes that no Go program would print, and many of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

READ = Callable[..., Any]

GC = b"gc 3 @1.250s 2%: 0.010+1.2+0.003 ms clock, 0.020+0.1/0.9/0+0.006 ms cpu, 4->5->1 MB, 5 MB goal, 2 P\n"
STARTS = [
    b"SCHED 1ms:",
    b"gc 1 @0.1s ",
    b"  P0: status=",
    b"  M0: p=",
    b"  G1: status=",
    b"goroutine 1 [",
    b"\n",
    b"\r\n",
]
REST = [b"\x00", b"\xff\xfe", b"\x1b[31m", b" gomaxprocs=", b"1", b"18446744073709551616", b" [", b"]", b":", b"(", b")",
        b"main.main(", b"\n\t/app/x.go:", b"created by ", b" in goroutine ", b"{a: \"", b"...", b"# ", b" m=nil", b"nil",
        b"\n[originating from goroutine ", b" frames elided...", b"1.2.3", b"-", b"minutes"]  # fmt: skip


@given(st.lists(st.sampled_from(STARTS + REST), max_size=25).map(b"".join))
def test_no_bytes_are_fatal(read: READ, data: bytes) -> None:
    found = read(data + b"\n\n" + GC)
    assert found.rows("gc")[-1]["cycle"] == 3
    frames = [found.capture.table(name).frame() for name in found.capture.table_names]
    assert sum(map(len, frames)) == sum(found.capture.records().values())


@pytest.mark.parametrize(
    "number", ["9" * 19, "9" * 30, "9" * 5000, "1x", "1_0", "0x1", "\u0661", "1\t2"]
)
def test_an_id_that_is_none_under_a_header_that_is_known(read: READ, number: str) -> None:
    block = "goroutine {} [running]:\nmain.main()\n\t/x.go:1 +0x1\n\n"
    found = read(block.format(1) + block.format(number) + block.format(2))
    ids = [row["id"] for row in found.rows("goroutines")]
    assert [number for number in ids if number is not None] == [1, 2]


MEGABYTE = 1 << 20


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "line",
    [
        b"goroutine 1 [" + b"a, " * (MEGABYTE // 3),
        b"goroutine 1 [" + b"a, " * (MEGABYTE // 3) + b"running]:\nmain.main()\n\t/x.go:1\n",
        b"goroutine 1 [running" + b" (scan)" * 9000 + b"]:\nmain.main()\n\t/x.go:1\n",
        b"goroutine 1 [running] {" + b"a: b, " * 9000 + b"\n",
        b'goroutine 1 [running] {a: "' + b"\\" * MEGABYTE + b"\n",
        b"goroutine 1 [running]:\n" + b"(" * MEGABYTE + b"\n\t/x.go:1\n",
        b"goroutine 1 [running]:\n" + b"f(0" * (MEGABYTE // 3) + b"\n\t/x.go:1\n",
        b"goroutine 1 [running]:\n" + b"f(0)" * (MEGABYTE // 4) + b"\n\t/x.go:1\n",
        b"goroutine 1 [running]:\nmain.main()\n" + b" " * MEGABYTE + b"\n",
        b"goroutine 1 [running]:\nmain.main()\n\t/" + b":1" * (MEGABYTE // 2) + b"x\n",
        b"goroutine 1 [running]:\n" + b"\t:1" * (MEGABYTE // 3) + b"\n",
        b"goroutine 1 [running]:\nf()\n\t/x.go:1\ncreated by "
        + b" in goroutine 1" * 9000
        + b" \n\t/x.go:1\n",
        b"goroutine 1 [running]:\n" + b"[originating from goroutine 1]:\n" * 9000,
        b"  G1: status=4(" + b") m=" * 9000 + b"\n",
        b"  M1: p=1 curg=1 preemptoff=" + b" locks" * 9000 + b"\n",
        b"gc 1 @0.1s 1%: " + b"1+" * 9000 + b"\n",
        b"SCHED 1ms: gomaxprocs=1" + b" " * MEGABYTE + b"x\n",
        b"SCHED 1ms: gomaxprocs=1 [" + b"1 " * 9000 + b"\n",
        b"SCHED 1ms: gomaxprocs=1\n" + b" threads=1\n" * 9000,
        b"1" * MEGABYTE + b"\n",
        b"\n" * MEGABYTE,
        b"\x00" * MEGABYTE + b"\n",
    ],
    ids=lambda line: str(line[:30]),
)
def test_long_lines_take_seconds_at_most(read: READ, line: bytes) -> None:
    begin = time.process_time()
    found = read(line + b"\n\n" + GC)
    assert time.process_time() - begin < 5
    assert [row["cycle"] for row in found.rows("gc")] == [3]


@pytest.mark.parametrize("step", [1 << 20, 1 << 16, 5_000])
@pytest.mark.sampled(3)
def test_a_record_beyond_all_limits_is_told_and_what_is_around_it_is_read(
    read: READ, step: int
) -> None:
    frames = b"main.f(0x1)\n\t/x.go:1 +0x1\n" * 400_000
    data = GC + b"\ngoroutine 7 [running]:\n" + frames + b"\n" + GC
    found = read([data[at : at + step] for at in range(0, len(data), step)])
    assert [row["cycle"] for row in found.rows("gc")] == [3, 3]
    assert found.input.unparsed_count == 1
    (one,) = found.input.unparsed
    assert (one.line, one.text) == (3, b"goroutine 7 [running]:")
    assert one.expected == "a record of at most 4 MiB"
