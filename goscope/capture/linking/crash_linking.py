"""Makes the rows of the crashes table, and takes out of the goroutines what was printed twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from goscope.capture.linking.crash_blame import (
    blamed,
    is_slow_suite,
    kind_of,
    running_tests,
    where,
)
from goscope.capture.linking.crash_dumped import Dumped
from goscope.capture.linking.crash_exits import CrashTail, SilentExit, with_exits
from goscope.capture.linking.crash_heads import Head, heads_of
from goscope.formats.crashes.crash_columns import CRASHES
from goscope.goruntime.crash_kinds import was_sent
from goscope.tables.table import Cells, Table, int_cells, narrow, table_from

#: Further logged stacks are goroutines like others; a log that holds more repeats itself.
MOST_LOGGED = 100_000
_EXITS_SHOWN = 6
_PLACES_SHOWN = 5
_LOGGERS = ("runtime/debug.Stack", "runtime/debug.PrintStack")
_PARTS = ("crash_heads", "goleaks", "exits")


@dataclass(frozen=True, slots=True)
class _Crash:
    """A row to be, where it stands, and the snapshot that belongs to it (in the old numbering)."""

    stream_id: int
    line: int
    columns: dict[str, object]
    snapshot: int | None = None


def link_crashes(tables: Mapping[str, Table]) -> dict[str, Table]:
    """Fill the crashes table from the heads, the goroutines, and the lines around them."""
    parts = [tables["goroutines"], tables["races"], *(tables[name] for name in _PARTS)]
    streams = 1 + max((n for part in parts for n in part.distinct("stream_id")), default=0)
    dumped = Dumped(tables, streams)
    heads = heads_of(tables["crash_heads"], dumped)
    silent, tails = with_exits(tables["exits"], tables["races"], heads)
    found = [
        *(_of_head(dumped, head) for head in heads),
        *_logged(dumped),
        *_leak_reports(tables["goleaks"]),
        *map(_silent, silent),
        *(_of_tail(dumped, tail) for tail in tails),
    ]
    found.sort(key=lambda crash: (crash.stream_id, crash.line))
    goroutines, snapshots, renumbered = _regrouped(dumped, tables["snapshots"], found)
    rows = [
        {
            **crash.columns,
            "stream_id": crash.stream_id,
            "line": crash.line,
            "snapshot_id": None if crash.snapshot is None else renumbered.get(crash.snapshot),
        }
        for crash in found
    ]
    result = {name: table for name, table in tables.items() if name not in _PARTS}
    result |= {"goroutines": goroutines, "snapshots": snapshots}
    result["crashes"] = table_from("crashes", CRASHES, rows)
    return result


def _of_head(dumped: Dumped, head: Head) -> _Crash:
    kind = kind_of(dumped, head)
    guilty = blamed(dumped, head, kind)
    tests = head.running_tests
    if kind == "test_timeout" and tests is None:
        tests = running_tests(dumped, (*head.dump, *head.above))
    said = [text.replace("\t", " ") for _, text in head.exits[:_EXITS_SHOWN]]
    columns: dict[str, object] = {
        "kind": kind,
        "message": head.message,
        "signal": head.signal,
        "address": head.address,
        "sent": was_sent(head.sigcode),
        "slow_suite": kind == "test_timeout" and is_slow_suite(dumped, head),
        "running_tests": tests,
        "exit": "; ".join(said) or None,
    }
    if guilty is not None:
        columns |= where(dumped, guilty, kind)
    snapshot = int(dumped.snapshot[head.dump.start]) if len(head.dump) else None
    return _Crash(head.stream_id, head.line, columns, snapshot)


def _logged(dumped: Dumped) -> Iterator[_Crash]:
    """Stacks that a program wrote itself: debug.PrintStack, or a log line and a stack below it."""
    sizes = np.bincount(dumped.snapshot) if len(dumped.snapshot) else np.zeros(0, np.int64)
    rows = np.flatnonzero(dumped.running & ~dumped.taken & ~dumped.dropped)
    for row in rows[:MOST_LOGGED].tolist():
        names = [frame.function for frame in dumped.frames(row)]
        if not names or names[0].startswith("runtime/pprof."):
            continue  # the first goroutine of a dump made by pprof
        said = dumped.table.text("log_line", row)
        alone = sizes[dumped.snapshot[row]] == 1
        if names[0] in _LOGGERS or "panic" in names or (alone and said is not None):
            columns: dict[str, object] = {"kind": "recovered_logged_stack", "message": said or ""}
            columns |= where(dumped, row, "recovered_logged_stack")
            place = int(dumped.stream_of[row]), int(dumped.lines[row])
            yield _Crash(*place, columns, int(dumped.snapshot[row]))


def _leak_reports(table: Table) -> Iterator[_Crash]:
    """One row per goleak report: its first goroutine, and how many there are."""
    reports: dict[tuple[int, int], list[int]] = {}
    keys = zip(table["stream_id"].tolist(), table["report"].tolist(), strict=True)
    for row, key in enumerate(keys):
        reports.setdefault(key, []).append(row)
    goroutines, lines = table["goroutine"].tolist(), table["file_line"].tolist()
    for (code, line), rows in reports.items():
        first = min(rows, key=lambda row: _foreign(table, row))
        places = dict.fromkeys(
            f"{table.text('state', row)} in {table.text('function', row)}" for row in rows
        )
        shown = ", ".join(list(places)[:_PLACES_SHOWN])
        columns: dict[str, object] = {
            "kind": "goleak",
            "message": f"found unexpected goroutines: {len(rows)}: {shown}",
            "goroutine": goroutines[first],
            "function": table.text("function", first),
            "file": table.text("file", first),
            "file_line": lines[first] if table.text("file", first) else None,
            "wait_reason": (table.text("state", first) or "").partition(",")[0],
        }
        yield _Crash(code, line, columns)


_MODULE_OF_OTHERS = re.compile(r"/pkg/mod/|@v[0-9]+\.|/vendor/")
_MADE_BY_INIT = re.compile(r"\.init(?:\.|$)")


def _foreign(table: Table, row: int) -> int:
    """How little a goroutine that outlived a test is the project's own: a library's worker, one of its init.

    goleak lists goroutines as the runtime does, where what an init started comes first.
    """
    by_init = _MADE_BY_INIT.search(table.text("creator", row) or "") is not None
    file = table.text("file", row)  # none: the stack is cut
    return 2 * by_init + (file is None or _MODULE_OF_OTHERS.search(file) is not None)


def _silent(found: SilentExit) -> _Crash:
    package = found.result.split("\t")[1]
    columns: dict[str, object] = {
        "kind": "test_exit",
        "message": f"the tests of {package} ended with {found.status} and printed nothing",
        "exit": f"{found.status}; {found.result}".replace("\t", " "),
    }
    return _Crash(found.stream_id, found.line, columns)


def _of_tail(dumped: Dumped, found: CrashTail) -> _Crash:
    start, stop = dumped.rows_of(found.stream_id)
    above = start + int(np.searchsorted(dumped.lines[start:stop], found.line)) - 1
    shown = above >= start and not dumped.taken[above]
    snapshot = int(dumped.snapshot[above]) if shown else None
    columns: dict[str, object] = {
        "kind": "crash_tail",
        "message": "registers stand below goroutines: a fatal signal whose first lines are not in this text",
    }
    return _Crash(found.stream_id, found.line, columns, snapshot)


def _regrouped(
    dumped: Dumped, snapshots: Table, crashes: Sequence[_Crash]
) -> tuple[Table, Table, dict[int, int]]:
    """The goroutines without what was dropped, the snapshots that are left, and their new numbers."""
    crash_of = {c.snapshot: row for row, c in enumerate(crashes) if c.snapshot is not None}
    kept = ~dumped.dropped
    goroutines = dumped.table
    counts = np.bincount(dumped.snapshot[kept], minlength=len(snapshots))
    used = np.flatnonzero(counts)
    if dumped.dropped.any() or len(used) != len(snapshots):
        lasts = np.zeros(len(snapshots), np.int64)
        own_lasts = snapshots["last_line"][dumped.table["snapshot_id"]]
        np.maximum.at(lasts, dumped.snapshot, own_lasts)
        goroutines = goroutines.select(kept)
        dense = np.searchsorted(used, dumped.snapshot[kept])
        goroutines = goroutines.replaced("snapshot_id", Cells(narrow(dense)))
        snapshots = snapshots.select(used)
        for name, values in (
            ("snapshot_id", np.arange(len(used))),
            ("goroutines", counts[used]),
            ("last_line", lasts[used]),
        ):
            snapshots = snapshots.replaced(name, Cells(narrow(values)))
    marks = int_cells([crash_of.get(number) for number in used.tolist()])
    renumbered = dict(zip(used.tolist(), range(len(used)), strict=True))
    return goroutines, snapshots.replaced("crash", marks), renumbered
