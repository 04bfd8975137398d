"""scavtrace, gcpacertrace, inittrace, checkfinalizers, gctrace=2 and ``GC forced``: real and older lines."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CAPTURES, Read, content

F = rb"([+-]?[0-9.]+(?:e[+-][0-9]+)?|NaN|[+-]Inf)"
N = rb"(-?\d+)"

#: For each table: how a line of it starts, a pattern that knows nothing of goscope, and its columns.
TABLES: dict[str, tuple[bytes, bytes, list[str]]] = {
    "scav": (
        rb"scav \d",
        rb"scav (?:%b KiB work, %b KiB total|%b KiB work \(bg\), %b KiB work \(eager\), %b KiB now), %b%% util( \(forced\))?"
        % ((N,) * 6),
        ["work_kib", "released_kib", "background_kib", "eager_kib", "released_kib", "util_percent", "forced"],
    ),
    "pacer_assist": (
        rb"pacer: assist",
        rb"pacer: assist ratio=%b \(scan %b MB in %b->%b MB\) workers=%b\+%b" % (F, N, N, N, N, F),
        ["assist_ratio", "scan_mb", "heap_start_mb", "heap_goal_mb", "workers", "fractional_workers"],
    ),
    "pacer": (
        rb"pacer: \d",
        "pacer: %b%% CPU \\(%b exp.\\) for %b\\+%b\\+%b B work \\(%b B exp.\\) in %b B -> %b B \\(∆goal %b, cons/mark %b\\)".encode()
        % (*((N,) * 9), F),
        ["cpu_percent", "cpu_goal_percent", "heap_work_bytes", "stack_work_bytes", "globals_work_bytes",
         "expected_work_bytes", "trigger_bytes", "live_bytes", "over_goal_bytes", "cons_mark"],
    ),
    "pacer_sweep": (
        rb"pacer: sweep",
        rb"pacer: sweep done at heap size %bMB; allocated %bMB during sweep; swept %b pages at %b pages/byte" % (N, N, N, F),
        ["heap_mb", "allocated_mb", "swept_pages", "pages_per_byte"],
    ),
    "inittrace": (
        rb"init ",
        rb"init (\S+) @%b ms, %b ms clock, %b bytes, %b allocs" % (F, F, N, N),
        ["package", "start_ms", "clock_ms", "bytes", "allocs"],
    ),
    "finalizers": (
        rb"checkfinalizers: ",
        rb"checkfinalizers: queue: %b finalizers \+ %b cleanups" % (N, N),
        ["queued_finalizers", "queued_cleanups"],
    ),
    "gc_scan": (
        rb"scan: ",
        rb"scan: (?:(total)|class (L)|class (\d+)B) (?:%b\+%b\+%b=)?%b objs(?:, %b\+%b=%b spans)?" % ((N,) * 7),
        ["total", "large", "class_bytes", "single_objects", "sparse_span_objects", "dense_span_objects", "objects",
         "sparse_spans", "dense_spans", "spans"],
    ),
    "gc_periodic": (rb"GC forced", rb"GC forced", []),
}  # fmt: skip
FLAGS = {"forced", "total", "large"}
FLOATS = {"assist_ratio", "fractional_workers", "cons_mark", "pages_per_byte", "start_ms", "clock_ms"}  # fmt: skip


def value(column: str, word: bytes | None) -> Any:
    if column in FLAGS:
        return word is not None
    if word is None:
        return None
    if column == "package":
        return word.decode()
    return float(word) if column in FLOATS else int(word)


LOGS = sorted(CAPTURES.glob("*/gc_*i*/stderr.log*"))


@pytest.fixture(scope="module", params=LOGS, ids=lambda path: "/".join(path.parts[-3:-1]))
def log(request: pytest.FixtureRequest) -> bytes:
    path: Path = request.param
    return content(path)


def test_every_line_of_the_captures(log: bytes, read: Callable[..., Read]) -> None:
    found = read(log)
    assert found.input.unparsed_count == 0
    for table, (start, pattern, columns) in TABLES.items():
        lines = [
            (n, re.fullmatch(pattern, line))
            for n, line in enumerate(log.split(b"\n"), 1)
            if re.match(start, line)
        ]
        rows = found.rows(table)
        assert [row["line"] for row in rows] == [n for n, _ in lines]
        for row, (number, match) in zip(rows, lines, strict=True):
            assert match is not None, number
            wanted: dict[str, Any] = {}
            for column, word in zip(columns, match.groups(), strict=True):
                if wanted.get(column) is None:
                    wanted[column] = value(column, word)
            assert {name: row[name] for name in wanted} == wanted, number


def test_the_captures_hold_every_table() -> None:
    text = b"".join(content(path) for path in LOGS)
    assert len({path.parts[-3] for path in LOGS}) == 8
    for start, _, _ in TABLES.values():
        assert re.search(rb"^" + start, text, re.M), start


@pytest.mark.parametrize(
    "path", sorted(CAPTURES.glob("*/gc_periodic/stderr.log*")), ids=lambda p: p.parts[-3]
)
def test_the_cycle_below_gc_forced_is_periodic(path: Path, read: Callable[..., Read]) -> None:
    rows = read(content(path)).rows("gc")
    late = [row["t_s"] >= 120 for row in rows]
    assert any(late)
    assert [row["periodic"] for row in rows] == late
    assert not any(row["periodic"] and row["forced"] for row in rows)


GC = (
    "gc {} @0.{:03}s 0%: 0.1+1.2+0.1 ms clock, 0.1+0.1/0.1/0+0.1 ms cpu, 4->4->1 MB, 5 MB goal, 4 P"
)


def test_gc_forced_marks_the_next_cycle_of_its_own_input() -> None:
    from goscope.reading.capture_builder import CaptureBuilder

    builder = CaptureBuilder()
    lines = [GC.format(n, n) for n in range(1, 5)]
    builder.read(
        "one", ["\n".join([lines[0], "GC forced", "served", *lines[1:3], "GC forced", ""]).encode()]
    )
    builder.read("two", ["\n".join([*lines[:2], ""]).encode()])
    gc = builder.build().table("gc")
    assert gc.flags("periodic").tolist() == [False, True, False, False, False]


def only(read: Callable[..., Read], table: str, line: str) -> dict[str, Any]:
    found = read(line + "\n")
    assert found.input.unparsed_count == 0
    (row,) = found.rows(table)
    return {
        name: said
        for name, said in row.items()
        if said is not None and name not in ("input", "process", "line")
    }


OLDER = [
    # Go 1.14; 1.15 to 1.18; 1.19 and 1.20
    ("scav", "scav 96 KiB work, 4096 KiB total, 71% util",
     {"work_kib": 96, "released_kib": 4096, "util_percent": 71, "forced": False, "controller_reset": False}),
    ("scav", "scav 7 96 KiB work, 4096 KiB total, 71% util (forced)",
     {"generation": 7, "work_kib": 96, "released_kib": 4096, "util_percent": 71, "forced": True, "controller_reset": False}),
    ("scav", "scav 0 KiB work, 8 KiB total, 100% util [controller reset]",
     {"work_kib": 0, "released_kib": 8, "util_percent": 100, "forced": False, "controller_reset": True}),
    # Go 1.5 to 1.13
    ("scvg", "scvg3: inuse: 4, idle: 59, sys: 63, released: 57, consumed: 6 (MB)",
     {"round": 3, "inuse_mb": 4, "idle_mb": 59, "sys_mb": 63, "released_mb": 57, "consumed_mb": 6}),
    ("scvg", "scvg-1: 8 MB released", {"round": -1, "released_now_mb": 8}),
    ("scvg", "scvg: inuse: 1, idle: 62, sys: 63, released: 60, consumed: 3 (MB)",
     {"inuse_mb": 1, "idle_mb": 62, "sys_mb": 63, "released_mb": 60, "consumed_mb": 3}),
    # up to 1.9: the second number of workers is a count
    ("pacer_assist", "pacer: assist ratio=+2.500000e-001 (scan 3 MB in 4->8 MB) workers=1+1",
     {"assist_ratio": 0.25, "scan_mb": 3, "heap_start_mb": 4, "heap_goal_mb": 8, "workers": 1, "fractional_workers": 1.0}),
    ("pacer_ratios",
     "pacer: H_m_prev=2236962 h_t=+9.500000e-001 H_T=4362075 h_a=+1.048891e+000 H_a=4583287 h_g=+1.000000e+000 H_g=4473924"
     " u_a=+2.500000e-001 u_g=+3.000000e-001 W_a=308680 goalΔ=+5.000000e-002 actualΔ=+9.889103e-002 u_a/u_g=+8.333333e-001",
     {"h_m_prev": 2236962, "h_t": 0.95, "h_upper_t": 4362075, "h_a": 1.048891, "h_upper_a": 4583287, "h_g": 1.0,
      "h_upper_g": 4473924, "u_a": 0.25, "u_g": 0.3, "w_a": 308680, "goal_delta": 0.05, "actual_delta": 0.09889103,
      "u_a_per_u_g": 0.8333333}),
    ("pacer_sweep", "pacer: sweep done at heap size 4MB; allocated 1MB of spans; swept 512 pages",
     {"heap_mb": 4, "allocated_mb": 1, "swept_pages": 512}),
    ("pacer_sweep", "pacer: sweep done at heap size 4MB; allocated 1MB of spans; swept 512 pages at +1.220703e-004 pages/byte",
     {"heap_mb": 4, "allocated_mb": 1, "swept_pages": 512, "pages_per_byte": 1.220703e-4}),
    # the collector before Green Tea
    ("gc_scan", "scan: class L 4 objs", {"total": False, "large": True, "objects": 4}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "line", "wanted"), OLDER, ids=lambda given: str(given)[:40])
def test_lines_of_older_versions(
    table: str, line: str, wanted: dict[str, Any], read: Callable[..., Read]
) -> None:
    assert only(read, table, line) == wanted


def test_a_controller_that_began_anew(read: Callable[..., Read]) -> None:
    line = "pacer: 31% CPU (25 exp.) for 1+2+3 B work (9 B exp.) in 4 B -> 5 B (∆goal -7, cons/mark +0.000000e+000)"
    rows = read(f"{line}\n{line}[controller reset]\n").rows("pacer")
    assert [row["controller_reset"] for row in rows] == [False, True]
    assert [row["over_goal_bytes"] for row in rows] == [-7, -7]


ASSIST = "pacer: assist ratio={} (scan 0 MB in 3->4 MB) workers=1+{}"


def test_floats_that_are_no_numbers(read: Callable[..., Read]) -> None:
    table = read(
        "".join(ASSIST.format(f, "0") + "\n" for f in ("NaN", "+Inf", "-Inf", "1e-05"))
    ).capture.table("pacer_assist")
    ratios = table["assist_ratio"].tolist()
    assert math.isnan(ratios[0])
    assert ratios[1:] == [math.inf, -math.inf, 1e-05]


@pytest.mark.parametrize(
    "broken", ["+1.6.3e+000", "+1.6e+0.5", "+1.6e", "++1.6", "1e5", "Inf", "nan", ""]
)
def test_floats_that_go_never_prints(broken: str, read: Callable[..., Read]) -> None:
    good = ASSIST.format("+1.632927e+000", "+2.500000e-001")
    found = read(f"{good}\n{ASSIST.format(broken, 0)}\n{good}\n")
    assert [row["line"] for row in found.rows("pacer_assist")] == [1, 3]
    assert [unparsed.line for unparsed in found.input.unparsed] == [2]


LOG = "2026/11/24 01:43:00 level=info n=12"


@pytest.mark.parametrize(
    ("table", "front", "rest"),
    [
        (
            "pacer_assist",
            "pacer: assist ratio=",
            "+1.632927e+000 (scan 0 MB in 3->4 MB) workers=1+0",
        ),
        ("pacer_assist", "pacer: assist ratio=NaN", " (scan 0 MB in 3->4 MB) workers=1+0"),
        ("scav", "scav 0 KiB work (bg), 4", " KiB work (eager), 8 KiB now, 96% util"),
        ("inittrace", "init net/http", " @1.2 ms, 0.17 ms clock, 13104 bytes, 145 allocs"),
        ("finalizers", "checkfinalizers: queue: 5", " finalizers + 0 cleanups"),
    ],
)
def test_lines_that_a_log_line_tore_apart(
    table: str, front: str, rest: str, read: Callable[..., Read]
) -> None:
    torn = read(f"{front}{LOG}\n{rest}\n")
    whole = read(f"{front}{rest}\n\n")
    assert len(whole.rows(table)) == 1
    assert torn.rows(table) == whole.rows(table)


def test_a_torn_line_gives_no_wrong_numbers(read: Callable[..., Read]) -> None:
    """Which of the digits belong to the size and which to the date is unknown."""
    found = read(f"scav 0 KiB work (bg), 4{LOG}\n7 KiB work (eager), 8 KiB now, 96% util\n")
    assert found.rows("scav") == []
    assert [unparsed.line for unparsed in found.input.unparsed] == [1]


APPLICATION = """\
scan: total failure of the scanner
scan: class of 12
scav 3 hungry dogs
scvg: released
init db @ home
init done
pacer: 3 runners
GC forced by the operator
checkfinalizers: done
"""


def test_lines_of_the_application_are_none_of_these(read: Callable[..., Read]) -> None:
    found = read(APPLICATION)
    assert not found.capture.recognised
    assert found.input.unparsed_count == 0
