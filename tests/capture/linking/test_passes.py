"""Each pass over the tables for itself, on tables made by hand, and their order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import goscope
from goscope.capture.linking.draft import Draft
from goscope.capture.linking.intervals import add_interval_cpu
from goscope.capture.linking.origins import Origin
from goscope.capture.linking.passes import (
    PASSES,
    drop_internal,
    join_crashes,
    locate,
    order_streams,
)
from goscope.capture.linking.processes import assign_processes
from goscope.capture.linking.programs import split_programs
from goscope.capture.linking.table_links import link_samples, mark_forced_cycles
from goscope.formats import all_formats
from goscope.formats.crashes.crash_columns import CRASH_HEADS
from goscope.formats.crashes.go_test_output import EXITS
from goscope.formats.crashes.goleak import GOLEAKS
from goscope.log_wrappers.timestamps import NEVER
from goscope.log_wrappers.unwrapper import Stream
from goscope.tables.table import Table, table_from
from tests.conftest import rows_of

#: Also of tables that are no part of a capture.
SCHEMAS = {name: columns for f in all_formats() for name, columns in f.tables.items()} | {
    "crash_heads": CRASH_HEADS,
    "goleaks": GOLEAKS,
    "exits": EXITS,
}


def draft(*origins: Origin, **rows: list[dict[str, Any]]) -> Draft:
    tables = {
        name: table_from(name, schema, rows.get(name, [])) for name, schema in SCHEMAS.items()
    }
    return Draft(tables, origins or (origin(0),))


def origin(number: int, name: str = "log", label: str = "", program: str | None = None) -> Origin:
    return Origin(number, name, Stream(label), program)


def at(stream_id: int, line: int, **more: Any) -> dict[str, Any]:
    return {"stream_id": stream_id, "line": line, **more}


def column(found: Draft | Table, name: str, table: str = "sched") -> list[Any]:
    rows = rows_of(found.tables[table] if isinstance(found, Draft) else found)
    return [row[name] for row in rows]


def test_every_pass_says_what_it_does() -> None:
    assert len({one.__name__ for one in PASSES}) == len(PASSES)
    assert all(one.__doc__ for one in PASSES)


def test_the_rows_of_each_stream_come_together() -> None:
    mixed = [at(0, 1), at(1, 1), at(0, 2), at(1, 2)]
    found = order_streams(draft(origin(0), origin(1), sched=mixed))
    assert column(found, "stream_id") == [0, 0, 1, 1]
    assert column(found, "line") == [1, 2, 1, 2]


def test_a_line_stands_under_the_header_above_it_in_its_own_stream() -> None:
    given = draft(
        origin(0),
        origin(1),
        origin(2),
        sched=[at(0, 3), at(0, 7), at(2, 1)],
        procs=[at(0, 1), at(0, 4), at(0, 5), at(0, 8), at(1, 1), at(2, 2)],
    )
    assert column(link_samples(given), "sample", "procs") == [None, 0, 0, 1, None, 2]


def test_a_cycle_below_the_word_forced_is_periodic() -> None:
    given = draft(
        origin(0),
        origin(1),
        gc=[at(0, 1), at(0, 5), at(1, 2)],
        gc_periodic=[at(0, 4), at(0, 6), at(1, 1)],
    )
    assert column(mark_forced_cycles(given), "periodic", "gc") == [False, True, True]


def test_a_head_gets_the_goroutine_below_it() -> None:
    given = draft(
        origin(0),
        crash_heads=[at(0, 1, height=2, sort="panic", kind="panic", message="boom")],
        goroutines=[at(0, 3, snapshot_id=0, id=1, state="running", stack_id=0)],
        snapshots=[at(0, 3, snapshot_id=0, goroutines=1, last_line=5)],
        stacks=[{"stack_id": 0, "depth": 1, "function": "main.f"}],
        frames=[
            {
                "stack_id": 0,
                "ancestor": 0,
                "depth": 0,
                "function": "main.f",
                "file": "a.go",
                "line": 9,
            }
        ],
    )
    found = join_crashes(given)
    assert "crash_heads" not in found.tables
    (crash,) = rows_of(found.tables["crashes"])
    assert (crash["goroutine"], crash["function"], crash["file_line"]) == (1, "main.f", 9)
    assert column(found, "crash", "snapshots") == [0]


def test_a_clock_that_falls_is_another_process_and_a_label_names_it() -> None:
    given = draft(
        origin(0, label="web-1"),
        origin(1, label="web-2"),
        sched=[at(0, 1, t_ms=0), at(0, 2, t_ms=90), at(0, 3, t_ms=0), at(1, 1, t_ms=5)],
        goroutines=[at(1, 9, id=1, stack_id=0)],
    )
    found = assign_processes(given)
    assert column(found, "process") == [0, 0, 1, 2]
    assert column(found, "process", "goroutines") == [2]
    assert (found.processes, found.labels) == (3, {0: "web-1", 1: "web-1", 2: "web-2"})


@pytest.mark.parametrize("asked", [1, 2])
def test_each_of_several_programs_is_a_process(asked: int) -> None:
    programs = [origin(n, f"page {n}", program=f"host:{n % asked}") for n in range(4)]
    given = draft(*programs, goroutines=[at(n, 1, process=0, stack_id=0) for n in range(4)])
    found = split_programs(given)
    assert column(found, "process", "goroutines") == [n % asked for n in range(4)]
    assert dict(found.labels) == ({} if asked == 1 else {0: "host:0", 1: "host:1"})


def test_the_cpu_of_an_interval_is_of_one_process() -> None:
    cycle = {"gomaxprocs": 1, "load_cpu_ms": 100.0}
    given = draft(
        gc=[
            at(0, 1, process=0, cycle=1, t_s=1.0, **cycle),
            at(0, 2, process=0, cycle=2, t_s=2.0, **cycle),
            at(0, 3, process=1, cycle=3, t_s=3.0, **cycle),
        ]
    )
    shares = add_interval_cpu(given).tables["gc"].numbers("interval_cpu_percent").tolist()
    assert shares[0] == 10.0
    assert shares[1:] == pytest.approx([float("nan")] * 2, nan_ok=True)


def test_rows_get_the_lines_and_the_times_of_their_input() -> None:
    stamped = origin(1, "b.log", "web-1")
    stamped.stream.stamped = True
    stamped.stream.places.add(np.array([4, 9]), np.array([1_000, NEVER]))
    given = draft(origin(0, "a.log"), stamped, sched=[at(0, 1), at(1, 1), at(1, 2)])
    found = locate(given)
    assert column(found, "input") == ["a.log", "b.log", "b.log"]
    assert column(found, "stream") == [None, "web-1", "web-1"]
    assert column(found, "line") == [1, 5, 10]
    assert column(found, "wall_time") == [None, 1_000, None]


def test_a_capture_shows_no_internal_column() -> None:
    found = drop_internal(draft(sched=[at(0, 1)]))
    shown = {c.name for table in found.tables.values() for c in table.schema}
    assert "line" in shown
    assert "stream_id" not in shown


def test_p_lines_below_a_list_of_queues_are_of_another_text() -> None:
    """The runtime writes the list or the lines (runtime/proc.go: schedtrace)."""
    detail = "gcwaiting=0 nmidlelocked=0 stopwait=0 sysmonwait=0"
    head = "SCHED {}ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 idlethreads=1 runqueue=0 {}\n"
    lines = "  P0: status=1 schedtick=4 syscalltick=2 m=0 runqsize=50 gfreecnt=0\n"
    text = head.format(500, "[1 0]") + lines + head.format(900, detail) + lines
    procs = goscope.read(text).frame("procs")
    assert [None if pd.isna(n) else int(n) for n in procs["sample"]] == [0, 0, None, 1]
