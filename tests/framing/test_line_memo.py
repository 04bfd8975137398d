"""Stretches that say again what was said before are read as if each line were new."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.framing import line_memo as repeats
from goscope.framing.framed import RepeatedRecords
from goscope.framing.line_memo import FramedLineMemo
from goscope.parsing import line_shapes
from goscope.parsing import parsed_line_memo as known_lines
from goscope.reading.capture_builder import CaptureBuilder
from goscope.tables.row_selection import MOST_ROWS
from tests.conftest import Read

HEAD = (
    "SCHED {}ms: gomaxprocs=2 idleprocs=1 threads=5 spinningthreads=0 needspinning=0 idlethreads=3 "
    "runqueue=0 gcwaiting=false nmidlelocked=0 stopwait=0 sysmonwait=false\n"
)
BLOCK = [
    "  P0: status=1 schedtick={} syscalltick=2 m=0 runqsize=1 gfreecnt=0 timerslen=0\n",
    "  P1: status=0 schedtick=7 syscalltick=0 m=nil runqsize=0 gfreecnt=0 timerslen=0\n",
    "  M0: p=0 curg=1 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false "
    "blocked=false lockedg=nil\n",
    "  G1: status=4(chan receive) m=nil lockedm=nil\n",
    "  G2: status=4(force gc (idle)) m=nil lockedm=nil\n",
    "  G18: status=6() m=nil lockedm=nil\n",
]
#: What stands between such lines, or spoils one.
ODD = [
    "2026/11/23 22:03:16 worker=1 level=info\n",
    "2026/11/23 22:03:16 http: panic serving 127.0.0.1:1: boom\n",
    "\n",
    "  indented application line [4 12]\n",
    "=0 idlethreads=3 runqueue=0 [1 2]\n",
    "GC forced\n",
    "SCHED 5ms: gomaxprocs=2 idle2026/11/24 01:43:00 level=info took=1.9ms\n",
    "procs=1 threads=5 spinningthreads=0 idlethreads=3 runqueue=0 [0 0]\n",
    "  G1: status=4(sleep) m=nil locke2026/11/24 01:43:00 level=info took=1.9ms\n",
    "dm=nil\n",
    "  G1: torn here\n",
    "  G3: status=4(sleep\n",
    "  G99999999999999999999: status=4(sleep) m=nil lockedm=nil\n",
    "  G4: status=4(WARNING: DATA RACE) m=nil lockedm=nil\n",
    "  P0: status=1 schedtick=4\n",
    "gc 4 @1.2\n",
    "goroutine 18 [chan send, 5 minutes]:\nmain.leak1.func1()\n\t/app/main.go:15 +0x1d\n\n",
    "panic: boom\n",
    "goroutine profile: total 3\n1 @ 0x1 0x2\n#\t0x1\tmain.f+0x1\t/a.go:1\n",
]


def log(blocks: int, odd: list[tuple[int, str]]) -> bytes:
    """A log of so many blocks, with odd lines after some of its lines."""
    lines = [
        line.format(block * 100 if line is HEAD else block // 3)
        for block in range(blocks)
        for line in [HEAD, *BLOCK]
    ]
    for place, line in sorted(odd, reverse=True):
        lines.insert(place % (len(lines) + 1), line)
    return "".join(lines).encode()


def read(data: bytes, size: int, most: int | None = None) -> Read:
    builder = CaptureBuilder(most_rows=most)
    found = builder.read("log", (data[at : at + size] for at in range(0, len(data), size)))
    return Read(builder.build(), found)


def line_by_line(data: bytes, size: int, most: int | None = None) -> Read:
    """The same, with no line known."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FramedLineMemo, "find", lambda *args: None)
        return read(data, size, most)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every stretch is tried; how many lines were taken at once, stretch by stretch."""
    monkeypatch.setattr(repeats, "LEAST", 1)
    monkeypatch.setattr(repeats, "_PAUSES", (0,))
    monkeypatch.setattr(line_shapes, "_ENOUGH_FRESH", 1)
    taken: list[int] = []
    find = FramedLineMemo.find

    def counted(self: FramedLineMemo, data: bytes, first: int) -> RepeatedRecords | None:
        found = find(self, data, first)
        if found is not None:
            taken.append(int((found.known >= 0).sum()))
        return found

    monkeypatch.setattr(FramedLineMemo, "find", counted)
    return taken


def test_most_lines_of_a_log_of_blocks_are_known(eager: list[int]) -> None:
    data = log(400, [])
    found = read(data, 20_000)
    assert found.everything() == line_by_line(data, 1 << 20).everything()
    assert sum(eager) > 0.5 * data.count(b"\n")


@given(
    st.lists(st.tuples(st.integers(0, 280), st.sampled_from(ODD)), max_size=6),
    st.sampled_from([700, 2_000, 5_000]),
    st.sampled_from([None, 60]),
)
def test_odd_lines_between(odd: list[tuple[int, str]], size: int, most: int | None) -> None:
    data = log(40, odd)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "LEAST", 1)
        patch.setattr(repeats, "_PAUSES", (0,))
        patch.setattr(line_shapes, "_ENOUGH_FRESH", 1)
        found = read(data, size, most)
    usual = line_by_line(data, size, most)
    assert found.everything() == usual.everything()
    assert found.input == usual.input
    assert found.capture.selected == usual.capture.selected


def test_lines_are_forgotten_when_there_are_too_many(
    eager: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_lines, "MOST", 30)
    chosen = random.Random(1)
    ids = [10 + n // 40 * 8 + chosen.randrange(8) for n in range(3_000)]
    lines = [f"  G{n}: status=4(sleep) m=nil lockedm=nil\n" for n in ids]
    data = (HEAD.format(0) + "".join(lines)).encode()
    found = read(data, 4_000)
    assert sum(eager) > 100
    assert [row["g"] for row in found.rows("sched_goroutines")] == ids


@pytest.mark.sampled(5)
@pytest.mark.holding(rb"^  G1: status=")
def test_real_logs(real_capture: bytes, eager: list[int]) -> None:
    data = real_capture * 3
    assert read(data, 30_000).everything() == line_by_line(data, 30_000).everything()
    assert read(data, 9_000, MOST_ROWS).everything() == line_by_line(data, 9_000).everything()
