"""A pasted text gives the records of the plain one, or a counted loss."""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest

from goscope.capture.capture import Capture
from goscope.diagnosis.engine import diagnose
from goscope.log_wrappers.layouts import without_layout
from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.inputs import read_stream
from goscope.reading.record_readers import RecordReaders
from goscope.sources.files.input_streams import streams_of
from tests.conftest import CAPTURES, content, rows_of
from tests.conservation import lost
from tests.log_wrappers.layout_captures import covering, excerpt, listed
from tests.log_wrappers.layout_page import PAGE, page
from tests.log_wrappers.layouts import INNER, OUTER, TRANSFORMATIONS, Transformation

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
CAPTURED = listed()
TABLES = (
    *("sched", "procs", "threads", "sched_goroutines", "gc", "goroutines", "frames"),
    *("crashes", "races", "profile"),
)
PLACES = frozenset({"input", "line", "last_line", "process", "log_line", "stream_id", "wall_time"})


@cache
def text_of(name: str) -> str:
    return SAMPLES[name] if name in SAMPLES else excerpt(content(CAPTURES / name)).decode()


def capture_of(data: bytes) -> Capture:
    """A capture of a file of these bytes."""
    builder = CaptureBuilder()
    for stream in streams_of("input", io.BytesIO(data), None, named=True):
        read_stream(stream, builder)
    return builder.build()


def records_of(capture: Capture) -> dict[str, list[dict[str, Any]]]:
    """The rows without their places; blanks of messages, which layouts make of line ends, are alike."""
    return {
        table: [
            {key: _plain_blanks(value) for key, value in row.items() if key not in PLACES}
            for row in rows_of(capture.table(table))
        ]
        for table in TABLES
    }


def _plain_blanks(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) and "\n" in value else value


def verdicts_of(capture: Capture) -> dict[str, tuple[str, str]]:
    """The verdicts and how sure they are."""
    found = diagnose(capture).verdicts
    return {name: (verdict.state, verdict.confidence.value) for name, verdict in found.items()}


@cache
def plain(name: str) -> tuple[dict[str, list[dict[str, Any]]], dict[str, tuple[str, str]]]:
    """The records and verdicts of a text as it is."""
    capture = capture_of(text_of(name).encode())
    return records_of(capture), verdicts_of(capture)


def check(name: str, *layouts: Transformation) -> None:
    """The same records and verdicts in all of these layouts, the last one outermost; else a counted loss."""
    text = text_of(name)
    lines: Sequence[str] = text.removesuffix("\n").split("\n")
    for one in layouts[:-1]:
        lines = one.apply(lines)
    data = layouts[-1].data(lines)
    if layouts[-1].coding == "utf-8":
        assert lost(data) == []
    if all(one.keeps(text) for one in layouts):
        found = capture_of(data)
        assert records_of(found) == plain(name)[0]
        assert verdicts_of(found) == plain(name)[1]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("one", TRANSFORMATIONS, ids=lambda one: one.name)
def test_a_sample_in_each_layout(one: Transformation, name: str) -> None:
    check(name, one)


@pytest.mark.sampled(23)
@pytest.mark.parametrize("name", CAPTURED)
@pytest.mark.parametrize("one", TRANSFORMATIONS, ids=lambda one: one.name)
def test_a_capture_in_each_layout(one: Transformation, name: str) -> None:
    check(name, one)


def pairs() -> list[Any]:
    """Two layouts at once, each with some of the others, and a text for each pair."""
    texts = itertools.cycle([*SAMPLES, *CAPTURED])
    chosen = random.Random(1)
    return [
        pytest.param(inner, outer, next(texts), id=f"{outer.name} around {inner.name}")
        for inner in INNER
        for outer in chosen.sample(OUTER, 12)
    ]


@pytest.mark.sampled(7)
@pytest.mark.parametrize(("inner", "outer", "name"), pairs())
def test_two_layouts_at_once(inner: Transformation, outer: Transformation, name: str) -> None:
    check(name, inner, outer)


@pytest.mark.full
def test_the_captures_show_all_shapes_of_lines() -> None:
    """If not: ``python -m tests.log_wrappers.layout_captures``."""
    assert covering() == listed()
    assert len(listed()) >= 45


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


def test_the_documentation_lists_all_layouts() -> None:
    """If not: ``python -m tests.log_wrappers.layout_page``."""
    assert PAGE.read_text(encoding="utf-8") == page()
