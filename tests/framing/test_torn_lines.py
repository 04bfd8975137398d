"""Runtime lines that an application's log line stands in the middle of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from goscope.formats import all_formats
from goscope.framing import torn_lines as torn
from goscope.framing.framed import MOST_REJOINED, LineRecords
from goscope.framing.framer import Framer
from goscope.framing.record_finder import RecordFinder
from goscope.framing.records import LineKind

READ = Callable[..., Any]

GC = (
    "gc 7 @5.254s 3%: 0.77+0.33+0.004 ms clock, 1.5+0.18/0.40/0+0.008 ms cpu, 4->5->2 MB, 6 MB goal, "
    "0 MB stacks, 0 MB globals, 2 P"
)
SCHED = (
    "SCHED 4036ms: gomaxprocs=4 idleprocs=1 threads=10 spinningthreads=2 needspinning=0 idlethreads=3 "
    "runqueue=15 [ 1 0 23 4 ]"
)
LOGS = [
    "2026/11/24 01:43:00 level=info took=1.9ms",
    "2026-11-24T01:43:00.123Z INFO served",
    "time=2026-11-24T01:43:00.123+02:00 level=INFO msg=served",
    "ts=2026-11-24T01:43:00Z caller=main.go:12 msg=served",
    '{"time":"2026-11-24T01:43:00.123Z","level":"INFO","msg":"served"}',
    '{"ts":"2026-11-24T01:43:00.123Z","msg":"gc 9 @1s"}',
    "[2026-11-24 01:43:00] served",
]
TOKENS = re.compile(r"[0-9.]+|[^0-9.]+")


def ends_of_tokens(line: str) -> list[int]:
    """Where the runtime's writes end, and what follows is no number (see ``mend``)."""
    ends = [found.end() for found in TOKENS.finditer(line)]
    return [end for end in ends[:-1] if not (line[end - 1].isdigit() and line[end].isdigit())]


def whole(text: bytes) -> bool:
    return text in (GC.encode(), SCHED.encode())


# ---- mend -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", LOGS)
def test_the_rest_on_the_next_line_is_joined(log: str) -> None:
    torn_line = f"gc 7 @5.254s 3%: 0.77+0.33+0.004 ms clock, 1.5+{log}".encode()
    rest = GC.partition("1.5+")[2].encode()
    assert torn.is_torn(torn_line)
    assert torn.mend(torn_line, [rest], whole) == GC.encode()


def test_other_lines_may_stand_between() -> None:
    front, _, rest = GC.partition("ms cpu, ")
    line = (front + "ms cpu, " + LOGS[0]).encode()
    others = [log.encode() for log in LOGS]
    assert len(others) == torn.WINDOW - 1
    assert torn.mend(line, [*others, rest.encode()], whole) == GC.encode()
    assert torn.mend(line, [*others, b"one more", rest.encode()], whole) is None


def test_what_makes_no_record_is_left_alone() -> None:
    line = b"gc 7 @5.254s 3%: 0.77+0.33+" + LOGS[0].encode()
    assert torn.mend(line, [], whole) is None
    assert torn.mend(line, [b"an application line"], whole) is None


def test_digits_that_nobody_can_tell_apart_are_left_alone() -> None:
    """``1`` and ``5.2`` may be 15.2 or, with the year before them, anything."""
    line = b"gc 7 @" + b"1" + LOGS[0].encode()
    assert torn.mend(line, [b"5.254s 3%: 0.77"], lambda text: True) is None
    assert torn.mend(line, [b".254s 3%: 0.77"], lambda text: True) == b"gc 7 @1.254s 3%: 0.77"


def test_a_line_without_a_log_line_in_it_is_not_torn() -> None:
    for line in (GC, SCHED, "gc 7 @5.254s 3%: 0.77+0.33", "gc 7 is what it says", ""):
        assert not torn.is_torn(line.encode())
        assert torn.mend(line.encode(), [GC.encode()], lambda text: True) is None


# ---- in a text ------------------------------------------------------------------------------------


def said(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "line"} for row in rows]


@pytest.mark.parametrize(("line", "table"), [(GC, "gc"), (SCHED, "sched")])
def test_torn_behind_any_token_the_values_are_right(read: READ, line: str, table: str) -> None:
    wanted = said(read(f"{line}\n").rows(table))
    after = (
        6 if table == "gc" else 7
    )  # behind "gc 7 @" or "SCHED 4": else it is not seen to be a record
    for place in ends_of_tokens(line):
        if place < after:
            continue
        for log in LOGS[:2]:
            text = f"before\n{line[:place]}{log}\n{line[place:]}\n{LOGS[2]}\n"
            found = read(text)
            assert said(found.rows(table)) == wanted, text
            assert found.rows(table)[0]["line"] == 2
            assert found.input.unparsed_count == 0


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 120, 121, 122, 10_000])
def test_where_a_chunk_ends_changes_nothing(read: READ, size: int) -> None:
    text = (
        f"{SCHED}\n"
        f"{GC[:48]}{LOGS[0]}\n{LOGS[1]}\n{GC[48:]}\n"
        f"{SCHED[:60]}{LOGS[4]}\n{SCHED[60:]}\n{LOGS[2]}\n{GC.replace('gc 7', 'gc 8')}\n"
    ).encode()
    found = read([text[i : i + size] for i in range(0, len(text), size)])
    assert [(r["line"], r["t_ms"], r["local_queues"]) for r in found.rows("sched")] == [
        (1, 4036, [1, 0, 23, 4]),
        (5, 4036, [1, 0, 23, 4]),
    ]
    assert [(r["line"], r["cycle"], r["heap_live_mb"]) for r in found.rows("gc")] == [
        (2, 7, 2),
        (8, 8, 2),
    ]
    assert found.input.unparsed_count == 0
    assert found.input.lines == 8


def test_a_rest_is_not_taken_from_behind_the_next_record(read: READ) -> None:
    found = read(f"{GC[:60]}{LOGS[0]}\n{SCHED}\n{GC[60:]}\n")
    assert (len(found.rows("gc")), len(found.rows("sched"))) == (0, 1)
    assert found.input.unparsed_count == 1


def test_what_cannot_be_joined_is_counted(read: READ) -> None:
    found = read(f"{GC[:48]}{LOGS[0]}\n{LOGS[1]}\n")
    assert found.rows("gc") == []
    assert found.input.unparsed_count == 1
    assert found.input.unparsed[0].line == 1


OTHERS = [
    '{"level":"info","msg":"served"}',
    "I1123 21:33:00.123456      17 main.go:3] served",
    "level=info msg=served",
    "[INFO] served",
    "\x1b[32mINFO\x1b[0m served",
    "Nov 23 22:00:00 host app: served",
]


@pytest.mark.parametrize("log", OTHERS)
@pytest.mark.parametrize(("line", "table"), [(GC, "gc"), (SCHED, "sched")])
def test_torn_by_other_forms_of_log_lines(read: READ, line: str, table: str, log: str) -> None:
    wanted = said(read(f"{line}\n").rows(table))
    for place in ends_of_tokens(line):
        found = read(f"{line[:place]}{log}\n{line[place:]}\n")
        if found.rows(table):
            assert said(found.rows(table)) == wanted
            assert found.input.unparsed_count == 0
        else:  # only behind the first word, where nothing tells that a record began
            assert place <= line.index(" ") + 1
            assert found.input.unparsed_count == 1


def test_a_gc_line_inside_a_sched_line(read: READ) -> None:
    """SCHED lines are printed without the lock that keeps gc lines whole."""
    for place in ends_of_tokens(SCHED):
        if place < 7:
            continue
        found = read(f"{SCHED[:place]}{GC}\n{SCHED[place:]}\n")
        assert said(found.rows("sched")) == said(read(f"{SCHED}\n").rows("sched"))
        assert said(found.rows("gc")) == said(read(f"{GC}\n").rows("gc"))
        assert found.input.unparsed_count == 0
        assert [line for line, _ in found.input.rejoined] == [1]


def test_of_many_torn_records_all_are_counted_and_the_first_are_kept(read: READ) -> None:
    """A pipe may run for weeks."""
    torn_once = f"{SCHED[:20]}{GC}\n{SCHED[20:]}\n"
    found = read(torn_once * 500)
    assert found.input.rejoined_count == 500
    assert len(found.rows("sched")) == len(found.rows("gc")) == 500
    assert [line for line, _ in found.input.rejoined] == [*range(1, 2 * MOST_REJOINED, 2)]


@pytest.mark.parametrize("text", ["gc 1something\n2 @0.519s 1%" + GC[15:], "gc {}\n" + GC[3:]])
def test_an_end_without_a_beginning_is_counted(read: READ, text: str) -> None:
    found = read(text + "\n")
    assert found.rows("gc") == []
    assert found.input.unparsed_count == 1
    assert found.input.unparsed[0].line == 2


BLOCK = (
    "goroutine 18 [chan send, 5 minutes]:\nmain.leak1.func1(0x12, {0x34, 0x5})\n\t/app/main.go:15 +0x1d\n"
    "created by main.leak1 in goroutine 1\n\t/app/main.go:14 +0x5f\n\ngoroutine 7 [select]:\nmain.main()\n"
    "\t/app/main.go:3 +0x1d\n"
)


@pytest.mark.parametrize("line", [SCHED, *OTHERS])
def test_lines_between_those_of_a_goroutine(read: READ, line: str) -> None:
    wanted = read(BLOCK)
    lines = BLOCK.split("\n")
    for place in range(1, 5):
        found = read("\n".join([*lines[:place], line, *lines[place:]]))
        assert said(found.rows("goroutines")) == said(wanted.rows("goroutines"))
        assert said(found.rows("frames")) == said(wanted.rows("frames"))
        assert len(found.rows("sched")) == (line == SCHED)
        assert found.input.unparsed_count == 0


@pytest.mark.parametrize(
    "place", ["18", "chan send", "0x12", "{0x34, 0x5})", "created by main.leak1"]
)
def test_a_sched_line_inside_a_line_of_a_goroutine(read: READ, place: str) -> None:
    front, found_place, rest = BLOCK.partition(place)
    found = read(f"{front}{found_place}{SCHED}\n{rest}")
    wanted = read(BLOCK)
    assert [r["id"] for r in found.rows("goroutines")] == [18, 7]
    assert len(found.rows("frames")) == len(wanted.rows("frames"))
    assert [r["creator"] for r in found.rows("goroutines")] == ["main.leak1", None]
    assert [r["t_ms"] for r in found.rows("sched")] == [4036]


def test_what_other_kinds_may_end_with_hides_no_torn_line() -> None:
    gc = next(rule.kind for form in all_formats() for rule in form.rules if rule.kind.name == "gc")
    other = LineKind("other", (b"gx #",), re.compile(rb"gx [0-9]+ ms$"), re.compile(rb"ms$"), b"s")
    front, rest = GC[:40], GC[40:]
    text = f"{front}{LOGS[0]}\n{rest}\ngx 5 ms\n\n".encode()
    finder = RecordFinder([gc, other], [], lambda line: line == GC.encode())
    framer = Framer(finder, lambda texts: np.full(len(texts), -1))
    found = [*framer.feed(text), *framer.finish()]
    records = [piece.text for piece in found if isinstance(piece, LineRecords)]
    assert b"".join(records).splitlines() == [GC.encode(), b"gx 5 ms"]
