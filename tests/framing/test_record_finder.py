"""One answer to "is this a record?", for whatever asks: a sample of each opening of each format."""

from __future__ import annotations

import json

import pytest

from goscope.framing.framed import BlockRecords, LineRecords
from goscope.framing.framer import Framer
from goscope.framing.passthrough import Sieve
from goscope.framing.record_finder import RecordFinder
from goscope.framing.records import BlockKind, LineKind
from goscope.log_wrappers.unwrapper import Unwrapper
from goscope.reading.record_readers import RecordReaders
from tests.log_wrappers.wrappers import WRAPPERS, Wrapper, wrapped

READERS = RecordReaders(spans=False, most_rows=None)
FINDER = READERS.finder

_RACE = "WARNING: DATA RACE\nWrite at 0x00c000138168 by goroutine 8:\n  main.f.func1()\n      /app/main.go:9 +0x39\n"
_STACK = "main.main()\n\t/app/main.go:3 +0x1d\n"
_GOROUTINE = "goroutine 18 [chan send, 5 minutes]:\n" + _STACK
#: Records as the runtime prints them, of every format and with each of its openings.
SAMPLES = (
    "SCHED 1009ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=1 idlethreads=3 runqueue=7 [4 5]",
    "  P0: status=1 schedtick=4 syscalltick=2 m=0 runqsize=1 gfreecnt=0",
    "P0: status=1 schedtick=4 syscalltick=2 m=0 runqsize=1 gfreecnt=0",
    "  M0: p=0 curg=1 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked=false lockedg=nil",
    "M0: p=0 curg=1 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked=false lockedg=nil",
    "  G1: status=4(sleep) m=nil lockedm=nil",
    "G1: status=4(sleep) m=nil lockedm=nil",
    "gc 3 @1.250s 2%: 0.010+1.2+0.003 ms clock, 0.020+0.1/0.9/0+0.006 ms cpu, 4->5->1 MB, 5 MB goal, 2 P",
    "GC forced",
    "scan: total 1+2+3=6 objs, 1+2=3 spans",
    "scan: class L 4 objs",
    "pacer: 31% CPU (25 exp.) for 1+2+3 B work (9 B exp.) in 4 B -> 5 B (∆goal -7, cons/mark +0.000000e+000)",
    "pacer: assist ratio=+2.500000e-001 (scan 3 MB in 4->8 MB) workers=1+1",
    "pacer: sweep done at heap size 4MB; allocated 1MB of spans; swept 512 pages",
    "checkfinalizers: queue: 50 finalizers + 0 cleanups",
    "init net/http @1.2 ms, 0.17 ms clock, 13104 bytes, 145 allocs",
    "scav 0 KiB work (bg), 5240 KiB work (eager), 9904 KiB now, 62% util",
    "scvg3: inuse: 4, idle: 59, sys: 63, released: 57, consumed: 6 (MB)",
    "scvg-1: 8 MB released",
    "scvg: inuse: 1, idle: 62, sys: 63, released: 60, consumed: 3 (MB)",
    _GOROUTINE,
    "goroutine profile: total 3\n3 @ 0x1 0x2\n#\t0x1\tmain.f+0x1\t/app/main.go:1\n",
    _RACE,
    "[Goroutine 8 in state chan receive, with main.wait on top of the stack:\n"
    + _GOROUTINE
    + "]\n",
)
#: Those that an application may write as well. They count at the start of a line or of a value.
CLAIMS = (
    "panic: boom",
    "fatal error: all goroutines are asleep - deadlock!",
    "SIGQUIT: quit",
    "Signal 3",
    "Exception 0xc0000005 0x0 0x0 0x7ff6",
    "unexpected fault address 0x7f00",
    "runtime: goroutine stack exceeds 1000000000-byte limit",
    "exit status 2",
    "signal: killed",
    "FAIL\texample.com/x\t1.005s",
    "ok  \texample.com/x\t1.005s",
    "--- FAIL: TestRace (0.00s)",
    "*** Test killed with quit: ran too long (1m0s).",
    "Found 1 data race(s)",
)
IN_VALUES = {"docker json-file", "zap JSON", "JSON with message", "logfmt", "go test -json"}


def read(text: str) -> tuple[Unwrapper, str]:
    """What is left of a log without what stands around its lines."""
    unwrapper = Unwrapper(FINDER)
    portions = [*unwrapper.feed(text.encode()), *unwrapper.finish()]
    return unwrapper, b"".join(portion.data for portion in portions).decode()


def framed(text: str) -> bool:
    framer = Framer(FINDER, READERS.lines.known.ids_of)
    pieces = [*framer.feed(text.encode()), *framer.finish()]
    return any(isinstance(piece, LineRecords | BlockRecords) for piece in pieces)


def kinds_of(sample: str) -> list[LineKind | BlockKind | None]:
    first = sample.partition("\n")[0].encode()
    return [FINDER.line_kind(first), FINDER.block_kind(first)]


def test_there_is_a_sample_of_every_kind() -> None:
    kinds = {kind.name for sample in (*SAMPLES, *CLAIMS) for kind in kinds_of(sample) if kind}
    known = {kind.name for kind in FINDER.line_kinds} | {kind.name for kind in FINDER.block_kinds}
    assert known - kinds == {"pacer_ratios"}  # it is a part of a line


@pytest.mark.parametrize("sample", [*SAMPLES, *CLAIMS], ids=lambda sample: sample[:20])
def test_whoever_asks_sees_the_same_record(sample: str) -> None:
    """The framer, the filter of a live stream, and whoever looks for an opening."""
    first = sample.partition("\n")[0].encode()
    assert FINDER.opens(first)
    assert FINDER.may_open(first[:3])
    assert framed(sample + "\n")
    kind = FINDER.block_kind(first)
    told = kind is not None and kind.told
    assert (Sieve(FINDER).feed(first + b"\n") != b"") == told


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda wrapper: wrapper.name)
def test_a_record_alone_is_found_in_every_wrapper(wrapper: Wrapper) -> None:
    assert [sample for sample in SAMPLES if not is_found(wrapper, sample)] == []


def is_found(wrapper: Wrapper, sample: str) -> bool:
    """Whether the unwrapper sees the record, and takes off what stands around it."""
    lines = sample.rstrip("\n").split("\n")
    if wrapper.strips or "spaces" in wrapper.name:
        lines = [line.lstrip(" ") for line in lines]
    log, _ = wrapped(wrapper, ["starting", *lines])
    unwrapper, found = read(log.decode())
    if wrapper.name == "CRLF":
        return unwrapper.is_plain
    return lines[0].strip() in [line.strip() for line in found.split("\n")]


@pytest.mark.parametrize("sample", [*SAMPLES, *CLAIMS], ids=lambda sample: sample[:20])
@pytest.mark.parametrize("key", ["log", "msg", "message", "textPayload"])
def test_a_record_at_the_start_of_a_value_is_one(key: str, sample: str) -> None:
    text = sample.rstrip("\n")
    for document in ({key: text}, {"time": "2026-11-23T22:00:00Z", "data": {key: f"up\n{text}\n"}}):
        unwrapper, found = read(json.dumps(document) + "\n")
        assert unwrapper.wrapped
        assert text.split("\n")[0] in found.split("\n")


@pytest.mark.parametrize("claim", ["panic: boom", "FAIL", "signal: killed"])
def test_an_application_may_write_such_words_behind_a_prefix(claim: str) -> None:
    line = f"2026/11/23 22:00:00 {claim}\n"
    unwrapper, found = read(line * 3)
    assert not unwrapper.wrapped
    assert found == line * 3


def test_values_without_line_ends() -> None:
    """Fluent Bit keeps none; then a short value does not go on in the next one."""
    lines = [f"goroutine {n} [running]:" for n in range(4)]
    log = "".join(json.dumps({"log": x, "stream": "stderr", "time": "x"}) + "\n" for x in lines)
    assert read(log)[1].split("\n")[:-1] == lines
    parts = [("goroutine 7 [run", "P"), ("ning]:", "F"), ("main.main()", "F")]
    log = "".join(
        json.dumps({"log": x, "stream": "stderr", "time": "x", "_p": p}) + "\n" for x, p in parts
    )
    assert read(log)[1] == "goroutine 7 [running]:\nmain.main()\n"


def test_words_before_a_block_are_a_prefix_if_its_body_has_them_too() -> None:
    log = "".join(f"pod/x-1 {line}\n" for line in _RACE.splitlines())
    assert read(log)[1] == _RACE
    quoted = "see the WARNING: DATA RACE\nin the log of yesterday\nand of today\n"
    assert not read(quoted)[0].wrapped
    for size in (1, 7, 50):
        unwrapper = Unwrapper(FINDER)
        pieces = [log[at : at + size].encode() for at in range(0, len(log), size)]
        portions = [p for piece in pieces for p in unwrapper.feed(piece)]
        portions += unwrapper.finish()
        assert b"".join(p.data for p in portions).decode() == _RACE


def test_where_a_text_may_be_cut() -> None:
    finder = RecordFinder(FINDER.line_kinds, FINDER.block_kinds, FINDER.accepts)
    boundary = finder.boundary(finder.boundaries(blocks_only=False))
    assert boundary.search(b"x\nSCHED 5ms: a")
    assert boundary.search(b"x\ngoroutine 5 [") is None  # the line above may belong to it
    assert boundary.search(b"x\n\ngoroutine 5 [")
    assert boundary.search(b"x\n  P0: status=1") is None
    assert finder.introduction.search(b"\npanic: boom")
