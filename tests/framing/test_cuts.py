"""An input may end anywhere: in a line, in a number. What is read up to there is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from goscope.capture.capture import Input
from goscope.reading.capture_builder import CaptureBuilder
from tests.conftest import rows_of

READ = Callable[..., Any]

TEXT = """\
SCHED 0ms: gomaxprocs=12 idleprocs=10 threads=15 spinningthreads=11 needspinning=0 idlethreads=13 runqueue=17 [ 41 12 ] schedticks=[ 10 20 ]
gc 13 @11.250s 12%: 0.010+1.25+0.003 ms clock, 0.020+0.1/0.9/0+0.006 ms cpu, 14->15->11 MB, 15 MB goal, 10 MB stacks, 10 MB globals, 12 P
SCHED 100ms: gomaxprocs=12 idleprocs=10 threads=15 spinningthreads=11 needspinning=0 idlethreads=13 runqueue=17 gcwaiting=false nmidlelocked=10 stopwait=10 sysmonwait=false
  P10: status=1 schedtick=44 syscalltick=22 m=10 runqsize=11 gfreecnt=10 timerslen=10
  P11: status=0 schedtick=44 syscalltick=22 m=nil runqsize=11 gfreecnt=10 timerslen=10
  M10: p=10 curg=11 mallocing=0 throwing=0 preemptoff= locks=10 dying=0 spinning=false blocked=false lockedg=nil
  M11: p=nil curg=nil mallocing=0 throwing=0 preemptoff=GC worker init locks=10 dying=0 spinning=false blocked=true lockedg=12
  G17: status=4(chan receive (nil chan)) m=nil lockedm=nil
  G18: status=4(GC worker (idle)) m=12 lockedm=12
goroutine 18 gp=0xc000012018 m=12 mp=0xc000012019 [select (no cases), 15 minutes, locked to thread] {job: 42}:
main.(*T[...]).wait(0x12, {0x34, 0x56})
\t/app/main.go:115 +0x1d
...12 frames elided...
main.main()
\t/app/main.go:113
created by main.leak1 in goroutine 12
\t/app/main.go:114 +0x5f

goroutine 19 [chan send]:
main.main()
\t/app/main.go:113
created by time.goFunc
\t/app/main.go:114 +0x5f
"""
TABLES = ("sched", "gc", "procs", "threads", "sched_goroutines", "goroutines")
LINKS = {"stack_id", "snapshot_id"}  # numbers that goscope gives itself


WRAPPED = """\
SCHED 0ms: gomaxprocs=12 idleprocs=10 threads=15
  spinningthreads=11 needspinning=0 idlethreads=13
  runqueue=17 [41 12]
gc 13 @11.250s 12%: 0.010+1.25+0.003 ms clock,
    0.020+0.1/0.9/0+0.006 ms cpu, 14->15->11 MB, 15 MB goal,
    10 MB stacks, 10 MB globals, 12 P
SCHED 10ms: gomaxprocs=12 idleprocs=10 threads=15
  spinningthreads=11 idlethreads=13 runqueue=17
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows of one cut text, by table."""

    tables: dict[str, list[dict[str, Any]]]
    input: Input

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.tables[table]


def cut_at(data: bytes, cuts: Sequence[int]) -> list[Cut]:
    """One capture of all cuts, taken apart again: every shape is then parsed once."""
    builder = CaptureBuilder()
    inputs = [builder.read(str(cut), [data[:cut]]) for cut in cuts]
    capture = builder.build()
    found = [Cut({name: [] for name in capture.table_names}, one) for one in inputs]
    by_name = {one.input.name: one for one in found}
    for name in capture.table_names:
        if "input" in capture.table(name):
            for row in rows_of(capture.table(name)):
                by_name[row["input"]].tables[name].append(row)
    for name in ("frames", "stacks"):
        of_stack: dict[int, list[dict[str, Any]]] = {}
        for row in rows_of(capture.table(name)):
            of_stack.setdefault(row["stack_id"], []).append(row)
        for one in found:
            for stack in {row["stack_id"] for row in one.tables["goroutines"]}:
                one.tables[name] += of_stack.get(stack, [])
    return found


def said(row: dict[str, Any]) -> dict[str, Any]:
    """What a row says itself: not its place among all inputs, nor numbers that goscope gives."""
    return {
        k: v
        for k, v in row.items()
        if k not in {"input", "process", "stack_id", "snapshot_id", "sample"}
    }


def by_line(found: Any, table: str) -> dict[int, dict[str, Any]]:
    return {row["line"]: said(row) for row in found.rows(table)}


def is_part(row: dict[str, Any], full: dict[str, Any]) -> bool:
    """Whether all that a row says is right; what is missing was cut off."""
    return all(full[name] == value for name, value in row.items() if value not in (None, [], False))


def compare(read: READ, data: bytes, cuts: Sequence[int]) -> None:
    whole = read(data)
    wanted = {table: by_line(whole, table) for table in TABLES}
    places = {(f["function"], f["file"], f["line"]) for f in whole.rows("frames")}
    places |= {(function, None, None) for function, _, _ in places}  # cut off behind the call
    starters = {(s["creator"], s["creator_file"], s["creator_line"]) for s in whole.rows("stacks")}
    starters |= {(creator, None, None) for creator, _, _ in starters}
    for cut, found in zip(cuts, cut_at(data, cuts), strict=True):
        last = data[:cut].count(b"\n") + 1
        for table in TABLES:
            lines = by_line(found, table)
            if table == "goroutines":  # of the last block, what was printed is right
                assert all(is_part(row, wanted[table][line]) for line, row in lines.items()), cut
            else:
                full = {line: wanted[table][line] for line in lines}
                if (
                    table == "gc" and lines
                ):  # only the next cycle tells what this one cost until then
                    final = max(lines)
                    lines[final] = {
                        **lines[final],
                        "interval_cpu_percent": full[final]["interval_cpu_percent"],
                    }
                if table == "gc" and last in lines:
                    lines[last] = {**lines[last], "forced": full[last]["forced"]}  # printed last
                assert lines == full, cut
            assert [line for line in lines if line < last] == [
                line for line in wanted[table] if line < last
            ]
        for frame in found.rows("frames"):
            assert (frame["function"], frame["file"], frame["line"]) in places, cut
        for stack in found.rows("stacks"):
            if stack["creator"] is not None:
                assert (
                    stack["creator"],
                    stack["creator_file"],
                    stack["creator_line"],
                ) in starters, cut


def test_a_text_cut_at_every_byte(read: READ, stride: int) -> None:
    data = TEXT.encode()
    whole = read(data)
    assert {table: len(whole.rows(table)) for table in TABLES} == dict(
        zip(TABLES, (2, 1, 2, 2, 2, 2), strict=True)
    )
    assert whole.input.unparsed_count == 0
    compare(read, data, range(0, len(data), stride))


@pytest.mark.parametrize("name", ["go1.27/idle_server/sigquit.log", "go1.23/panic_all/panic.log"])
def test_a_real_capture_cut_at_every_byte(
    read: READ, capture_text: Callable[[str], bytes], name: str, stride: int
) -> None:
    data = capture_text(name)[:3000]
    data = data[: data.rindex(b"\n") + 1]
    compare(read, data, range(1, len(data), stride))


def test_a_real_trace_cut_at_every_byte(
    read: READ, capture_text: Callable[[str], bytes], stride: int
) -> None:
    data = capture_text("go1.21/gc_thrash/stderr.log.gz")[:1500]
    data = data[: data.rindex(b"\n") + 1]
    compare(read, data, range(1, len(data), stride))


def test_a_wrapped_text_cut_at_every_byte(read: READ) -> None:
    data = WRAPPED.encode()
    whole = read(data)
    wanted = {table: by_line(whole, table) for table in ("sched", "gc")}
    assert [(row["line"], row["runqueue"], row["local_queues"]) for row in whole.rows("sched")] == [
        (1, 17, [41, 12]),
        (7, 17, []),
    ]
    assert [(row["line"], row["cycle"], row["gomaxprocs"]) for row in whole.rows("gc")] == [
        (4, 13, 12)
    ]
    for cut, found in enumerate(cut_at(data, range(len(data)))):
        for table, full in wanted.items():
            assert all(is_part(row, full[line]) for line, row in by_line(found, table).items()), cut


def test_a_cut_record_is_counted(read: READ) -> None:
    found = read(TEXT.encode()[:60])
    assert found.rows("sched") == []
    assert (found.input.unparsed_count, found.input.cut) == (1, True)
    assert found.input.unparsed[0].text == TEXT.encode()[:60]


def test_a_whole_text_without_a_last_line_end(read: READ) -> None:
    """A shell's ``$(...)`` takes the last line end away."""
    for end in (GC_LINE, SCHED_LINE, DUMP):
        found, whole = read(end), read(end + "\n")
        for table in (*TABLES, "frames", "stacks"):
            assert found.rows(table) == whole.rows(table)
        assert found.input.unparsed_count == 0


GC_LINE = TEXT.splitlines()[1]
SCHED_LINE = TEXT.splitlines()[0]
DUMP = TEXT[TEXT.index("goroutine 18") :].rstrip("\n")


def test_a_cut_dump_is_marked(read: READ) -> None:
    assert [row["truncated"] for row in read(DUMP + "\n").rows("snapshots")] == [False]
    assert [row["truncated"] for row in read(DUMP[:-20]).rows("snapshots")] == [True]
