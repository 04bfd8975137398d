"""A pasted text gives the records of the plain one, or a counted loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from goscope.log_wrappers.layouts import without_layout
from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.record_readers import RecordReaders
from tests.conftest import CAPTURES, content
from tests.log_wrappers.layouts import TRANSFORMATIONS, Transformation

READ = Callable[..., Any]
FINDER = RecordReaders(spans=False, most_rows=None).finder
SAMPLES = {
    "sched": "SCHED 1009ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=1 idlethreads=3 runqueue=7 [4 5]\n"
    "SCHED 2009ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=1 idlethreads=3 runqueue=9 [4 5]\n",
    "detail": "SCHED 1009ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=1 idlethreads=3 runqueue=7 "
    "gcwaiting=0 nmidlelocked=0 stopwait=0 sysmonwait=0\n"
    "  P0: status=1 schedtick=4 syscalltick=2 m=0 runqsize=1 gfreecnt=0\n"
    "  M0: p=0 curg=1 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked=false lockedg=nil\n"
    "  G1: status=4(sleep) m=nil lockedm=nil\n",
    "gc": "gc 3 @1.250s 2%: 0.010+1.2+0.003 ms clock, 0.020+0.1/0.9/0+0.006 ms cpu, 4->5->1 MB, 5 MB goal, 2 P\n"
    "gc 4 @2.250s 2%: 0.010+1.2+0.003 ms clock, 0.020+0.1/0.9/0+0.006 ms cpu, 4->5->1 MB, 5 MB goal, 2 P\n",
    "dump": "goroutine 18 [chan send, 5 minutes]:\nmain.leak(0xc000010000)\n\t/app/main.go:15 +0x1d\n"
    "created by main.start in goroutine 1\n\t/app/main.go:14 +0x5f\n\n"
    "goroutine 7 [select]:\nmain.main()\n\t/app/main.go:3 +0x1d\n",
    "panic": "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:5 +0x1d\nexit status 2\n",
    "fatal": "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan send]:\nmain.main()\n"
    "\t/app/main.go:5 +0x1d\n",
}
CAPTURED = (
    "go1.22/crashes/deadlock.log",
    "go1.27/idle_server/sigquit.log",
    "go1.27/labels/dump-1.txt",
    "go1.24/crashes/map_writes.log",
)
TABLES = ("sched", "procs", "threads", "sched_goroutines", "gc", "goroutines", "frames", "crashes")
PLACES = frozenset({"input", "line", "process", "log_line", "stream_id", "wall_time"})


@cache
def text_of(name: str) -> str:
    if name in SAMPLES:
        return SAMPLES[name]
    path = next(p for p in (CAPTURES / name, CAPTURES / f"{name}.gz") if p.exists())
    return content(path).decode()


def said(found: Any) -> dict[str, list[dict[str, Any]]]:
    return {
        table: [{k: v for k, v in row.items() if k not in PLACES} for row in found.rows(table)]
        for table in TABLES
    }


@pytest.mark.parametrize("name", [*SAMPLES, *CAPTURED])
@pytest.mark.parametrize("one", TRANSFORMATIONS, ids=lambda one: one.name)
def test_the_records_are_those_of_the_plain_text(
    read: READ, one: Transformation, name: str
) -> None:
    text = text_of(name)
    lines = text.removesuffix("\n").split("\n")
    found = read("\n".join(one.apply(lines)) + "\n")
    assert said(found) == said(read(text))
    assert found.input.lines == len(one.apply(lines))


@pytest.mark.parametrize("name", ["sched", "gc", "dump", "panic"])
@pytest.mark.parametrize("outer", ["indented by 3 blanks", "quoted", "numbered, bar"])
@pytest.mark.parametrize("inner", ["fence on the first line", "entities", "tabs are blanks"])
def test_two_layouts_at_once(read: READ, outer: str, inner: str, name: str) -> None:
    by_name = {one.name: one for one in TRANSFORMATIONS}
    lines = text_of(name).removesuffix("\n").split("\n")
    found = read("\n".join(by_name[outer].apply(by_name[inner].apply(lines))) + "\n")
    assert said(found) == said(read(text_of(name)))


@pytest.mark.parametrize("name", [*SAMPLES, *CAPTURED])
def test_a_plain_text_is_left_as_it_is(name: str) -> None:
    assert without_layout(text_of(name).encode(), FINDER) is None


def test_rows_know_the_lines_of_the_input(read: READ) -> None:
    found = read("Before\n\n" + SAMPLES["dump"].replace("\n", "\n\n"))
    assert [row["line"] for row in found.rows("goroutines")] == [3, 15]


SCHED = SAMPLES["sched"].split("\n")[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_wrapper_takes_off_is_left_to_it(name: str) -> None:
    text = "".join(f"app-1  | {line}\n" for line in SAMPLES[name].splitlines())
    assert without_layout(text.encode(), FINDER) is None


GC = SAMPLES["gc"].split("\n")[0]


@pytest.mark.parametrize(
    ("text", "table", "count"),
    [
        (f"| {SCHED} | start |\n| {SCHED} | busy |\n", "sched", 2),
        (f"- `{SCHED}`\n- `{SCHED}`\n", "sched", 2),
        (f"{SCHED} ← all busy\n{SCHED}  # still\n{SCHED}  // idle\n", "sched", 3),
        (f"$ GODEBUG=schedtrace=1000 ./app {SCHED} {SCHED}\n", "sched", 2),
        (f"The line {GC} stands for the third cycle.\n", "gc", 1),
        (GC.replace("->", "→") + "\n", "gc", 1),
        (f"# {GC[:70]}\n# {GC[70:]}\n", "gc", 1),
    ],
)
def test_records_in_an_article(read: READ, text: str, table: str, count: int) -> None:
    assert len(read(text).rows(table)) == count


@pytest.mark.parametrize("gap", ["--", "...", "[...]", "(snipped)", "[cut]", "...snip..."])
def test_what_follows_a_gap_is_of_another_goroutine(read: READ, gap: str) -> None:
    stack = "main.other(0x1)\n\t/app/other.go:7 +0x1d\n"
    found = read(SAMPLES["panic"].replace("exit status 2\n", f"{gap}\n{stack}"))
    assert len({f["stack_id"] for f in found.rows("frames")}) == 2


def test_a_text_is_read_when_it_is_asked_for(read: READ) -> None:
    """A live stream that is looked at while it comes."""
    builder = CaptureBuilder()
    seen: list[int] = []

    def chunks() -> Any:
        yield SAMPLES["sched"].encode()
        seen.append(len(builder.build().table("sched")))
        yield SAMPLES["sched"].encode()

    builder.read("log", chunks())
    assert seen[0] >= 1
    assert len(builder.build().table("sched")) == 4


@pytest.mark.parametrize("between", ["", "\n"])
def test_a_line_that_opens_a_record_is_not_the_rest_of_another(between: str) -> None:
    torn, whole = (
        "goroutine 7 [chan send, oops\n",
        "goroutine 8 [running]:\nmain.f()\n\t/a.go:3 +0x1\n",
    )
    builder = CaptureBuilder()
    found = builder.read("input", [f"{torn}{between}{whole}".encode()])
    assert builder.build().table("goroutines")["id"].tolist() == [8]
    assert found.unparsed_count == 1
