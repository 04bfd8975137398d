"""A wrapped log gives the records of the plain one, at the lines where they stand."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from goscope.capture.capture import Capture
from goscope.reading.capture_builder import CaptureBuilder
from tests.conftest import CAPTURES, content
from tests.log_wrappers.wrappers import WRAPPERS, Wrapper, nanoseconds, wrapped

READ = Callable[..., Any]
TABLES = ("sched", "procs", "threads", "sched_goroutines", "gc", "goroutines", "frames", "stacks")
PLACES = frozenset({"input", "stream", "line", "wall_time", "process", "log_line"})
SOURCES = [
    "go1.19/panic_all/panic.log",
    "go1.27/idle_server/sigquit.log",
    "go1.27/labels/dump-1.txt",
    "go1.24/cpu_starving/stderr.log",
    "go1.25/unbalanced/stderr.log",
]


def path_of(name: str) -> Path:
    found = [p for p in (CAPTURES / name, CAPTURES / f"{name}.gz") if p.exists()]
    return found[0]


@cache
def lines_of(name: str) -> tuple[str, ...]:
    """The first lines of a capture, as many as a test of each wrapper can afford, cut between records."""
    lines = content(path_of(name)).decode().split("\n")[:-1]
    if len(lines) > 400:
        end = next(
            (n for n in range(400, len(lines)) if not lines[n] or lines[n].startswith("SCHED ")),
            400,
        )
        lines = lines[:end]
    return tuple(lines)


def said(found: Any, table: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in PLACES} for row in found.rows(table)]


PLAIN: dict[str, Any] = {}


def plain(read: READ, name: str) -> Any:
    if name not in PLAIN:
        PLAIN[name] = read("\n".join(lines_of(name)) + "\n")
    return PLAIN[name]


def compare(found: Any, wanted: Any, origin: list[int], wrapper: Wrapper) -> None:
    assert {t: len(found.rows(t)) for t in TABLES} == {t: len(wanted.rows(t)) for t in TABLES}
    for table in TABLES:
        assert said(found, table) == said(wanted, table)
        if "process" in found.capture.table(table):
            assert {row["process"] for row in found.rows(table)} <= {0}
    for table in ("sched", "gc", "goroutines"):
        for row, other in zip(found.rows(table), wanted.rows(table), strict=True):
            assert origin[row["line"] - 1] == other["line"] - 1
            if not wrapper.timed:
                assert row["wall_time"] is None
    assert found.input.lines == len(origin)
    assert found.input.unparsed_count == wanted.input.unparsed_count


def pairs(names: list[str]) -> list[Any]:
    """All wrappers with all captures. The value of a panic is indented by a tab, which alone tells that it is no
    goroutine: what strips it is left out."""
    return [
        pytest.param(wrapper, name, id=f"{wrapper.name}: {name}")
        for wrapper in WRAPPERS
        for name in names
        if not (wrapper.strips and "panic" in name)
    ]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("wrapper", "name"), pairs(SOURCES))
def test_the_same_records(read: READ, wrapper: Wrapper, name: str) -> None:
    data, origin = wrapped(wrapper, lines_of(name))
    compare(read(data), plain(read, name), origin, wrapper)


@pytest.mark.parametrize(("wrapper", "name"), pairs(SOURCES[:2]))
def test_the_same_records_among_lines_of_the_application(
    read: READ, wrapper: Wrapper, name: str
) -> None:
    # Not in the first call of a crash, where nobody can tell them from the value of the panic.
    data, origin = wrapped(wrapper, lines_of(name), app_every=11)
    compare(read(data), plain(read, name), origin, wrapper)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda wrapper: wrapper.name)
def test_where_a_chunk_ends_changes_nothing(read: READ, wrapper: Wrapper) -> None:
    data, _ = wrapped(wrapper, lines_of(SOURCES[0])[:60], app_every=9)
    data = b"starting up\n" * 3 + data[:-17]
    whole = read(data).everything()
    rng = random.Random(len(data))
    for most in (1, 7, 90, 1500):
        at, chunks = 0, []
        while at < len(data):
            size = rng.randint(1, most)
            chunks.append(data[at : at + size])
            at += size
        assert read(chunks).everything() == whole


@pytest.mark.parametrize(
    "wrapper", [w for w in WRAPPERS if w.timed], ids=lambda wrapper: wrapper.name
)
def test_the_time_of_the_wrapper(read: READ, wrapper: Wrapper) -> None:
    lines = [line for line in lines_of(SOURCES[4]) if line.startswith("SCHED ")][:40]
    data, origin = wrapped(wrapper, lines)
    rows = read(data).rows("sched")
    assert len(rows) == len(lines)
    for row in rows:
        expected = nanoseconds(origin[row["line"] - 1])
        assert expected - 10**9 < row["wall_time"] <= expected + 1000
    assert rows[0]["wall_time"] == nanoseconds(0)


def test_a_gzip_of_a_wrapped_log(tmp_path: Path) -> None:
    import goscope

    data, _ = wrapped(WRAPPERS[0], lines_of(SOURCES[2]))
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(data))
    lines = "\n".join(lines_of(SOURCES[2])) + "\n"
    assert len(goscope.read(path).goroutines) == len(goscope.read(lines).goroutines) > 0


@pytest.mark.parametrize("prefix", ["", "app-1  | ", "2026-11-23T22:00:00Z stderr F "])
def test_the_value_of_a_panic_is_no_wrapper(read: READ, prefix: str) -> None:
    lines = ["panic: goroutine 5 [running]:", "\tmain.f()", "", "goroutine 1 [running]:", "main.main()", "\t/app/main.go:3 +0x1d"]  # fmt: skip
    found = read("".join(f"{prefix}{line}\n" for line in lines))
    assert [row["id"] for row in found.rows("goroutines")] == [1]
    assert [row["message"] for row in found.rows("crashes")] == ["goroutine 5 [running]:\nmain.f()"]


@pytest.mark.parametrize("prefix", ["app-1  | ", "2026-11-23T22:00:00.5Z stderr F "])
@pytest.mark.parametrize("head", ["panic: boom", "fatal error: boom"])
def test_a_crash_of_which_only_the_head_is_in_a_log(read: READ, prefix: str, head: str) -> None:
    found = read("".join(f"{prefix}{line}\n" for line in ("starting", head, "exit status 2")))
    assert [row["message"] for row in found.rows("crashes")] == ["boom"]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("fatal error: unexpected signal during runtime execution", "fatal"),
        ("fatal error: all goroutines are asleep - deadlock!", "deadlock"),
        ("runtime: goroutine stack exceeds 1000000000-byte limit", "stack_overflow"),
        ("unexpected fault address 0x7f3c10002000", "fault_address"),
        ("SIGQUIT: quit", "sigquit"),
        ("panic: boom\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x5]", "panic"),
    ],
)
def test_the_head_of_a_crash_shows_what_stands_before_lines(
    read: READ, head: str, kind: str
) -> None:
    """Journald's lines of a crash whose goroutines were not copied."""
    lines = ["start", *head.splitlines(), "restarted"]
    found = read("".join(f"Sep 27 14:53:27 node-1 kubelet[30117]: {line}\n" for line in lines))
    assert [row["kind"] for row in found.rows("crashes")] == [kind]


@pytest.mark.parametrize(
    "line",
    [
        "2026/11/23 22:00:00 fatal error: no configuration",
        "2026/11/23 22:00:00 recovered fatal error: stack overflow in the parser",
        "2026-11-23T22:00:00Z INFO exit status 2",
        "see SCHED 0ms: gomaxprocs=1 in the manual",
    ],
)  # fmt: skip
def test_what_an_application_says_is_no_record(read: READ, line: str) -> None:
    found = read(f"{line}\n" * 3 + "and more\n")
    assert not found.capture.recognised


STRANGE = [
    "NaN", "-Infinity", "1e400", "1e308", "-1e308", "9" * 30, "9" * 5000, "null", "true", "[]", "{}", '"x"', '"1e400"',
    '"9999-12-31T23:59:59Z"', '"2262-04-11T23:59:59Z"', '"2262-04-12T00:00:00-23:59"', '"1677-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00+23:59"', '"0000-00-00T00:00:00Z"', '"99999999999999999999"', "-1", "253402300800",
    "[" * 100_000 + "]" * 100_000,  # Python 3.13 reads some thousands
]  # fmt: skip


@pytest.mark.parametrize("value", STRANGE, ids=lambda value: value[:24])
@pytest.mark.parametrize(
    "key", ["time", "ts", "__REALTIME_TIMESTAMP", "stream", "pod", "kubernetes"]
)
@pytest.mark.sampled(4)
def test_values_that_are_no_times_and_no_labels(read: READ, key: str, value: str) -> None:
    gc = "gc 3 @1.250s 2%: 0.010+1.2+0.003 ms clock, 0.020+0.1/0.9/0+0.006 ms cpu, 4->5->1 MB, 5 MB goal, 2 P"
    found = read(
        "".join(f'{{"log":"{gc}\\n","stream":"stderr","{key}":{value}}}\n' for _ in range(3))
    )
    assert found.input.lines == 3
    read_as_json = not value.startswith(("9" * 5000, "[["))  # Python reads none of these
    assert len(found.rows("gc")) == (3 if read_as_json else 0)


def two_programs() -> bytes:
    """The log of two containers that crash at the same time, line by line."""
    first = lines_of("go1.19/panic_all/panic.log")
    second = lines_of("go1.27/idle_server/sigquit.log")
    lines = []
    for n in range(max(len(first), len(second))):
        lines += [f"web-1  | {first[n]}\n"] if n < len(first) else []
        lines += [f"db-1   | {second[n]}\n"] if n < len(second) else []
    return "".join(lines).encode()


@pytest.mark.parametrize("size", [1, 13, 170, 2000])
def test_where_a_chunk_ends_changes_nothing_of_two_programs(read: READ, size: int) -> None:
    data = two_programs()
    whole = read(data)
    assert len(whole.rows("snapshots")) == 2
    cut = read([data[at : at + size] for at in range(0, len(data), size)])
    assert cut.everything() == whole.everything()


def test_the_blocks_of_all_programs_are_in_what_was_read_so_far() -> None:
    data = two_programs()
    builder = CaptureBuilder()
    so_far: list[Capture] = []

    def chunks() -> Iterator[bytes]:
        yield data
        so_far.append(builder.build())

    builder.read("log", chunks())
    done = builder.build()
    held = (len(done.table("goroutines")), len(so_far[0].table("goroutines")))
    assert held[0] - held[1] <= 2  # the last of each may go on
    assert set(so_far[0].labels.values()) == set(done.labels.values()) == {"web-1", "db-1"}


def test_a_place_in_assembly_whose_tab_is_gone_is_one_in_any_chunk(read: READ) -> None:
    lines = [
        "goroutine 1 [running]:",
        "main.main()",
        "/app/main.go:3 +0x1d",
        "runtime.goexit({})",
        "/usr/local/go/src/runtime/asm_amd64.s:1264 +0x1",
        "",
    ]
    data = b"".join(b"app-1  | %b\n" % line.encode() for line in lines)
    whole = read(data).everything()
    assert [frame["file"] for frame in whole["frames"]] == [
        "/app/main.go",
        "/usr/local/go/src/runtime/asm_amd64.s",
    ]
    assert read(data.splitlines(keepends=True)).everything() == whole
