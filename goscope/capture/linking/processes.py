"""Tells the processes of a capture apart: a log may hold several runs of a program, or several programs.

``SCHED`` times never fall and GC cycle numbers always rise while a process lives; where one does not,
another process began (:mod:`goscope.capture.linking.clocks` tells that from two that write at the same
time). Streams with a label of their own, a service or a pod, are processes of their own. A dump in a
file of its own belongs
to the process of the log that came with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from goscope.capture.linking.clocks import RESUMED, Clock, Mixed, chains_of
from goscope.capture.linking.draft import Draft
from goscope.capture.linking.instances import instances_of
from goscope.capture.linking.origins import Origin
from goscope.parsing.numbers import IntArray
from goscope.tables.table import Bools, Cells, Table, as_run, narrow, rows_by


def assign_processes(draft: Draft) -> Draft:
    """Fill the ``process`` columns, and name the processes that a log shipper named.

    Needs the rows of each stream together, samples linked, and the goroutines of crashes sorted out.
    """
    tables, origins = draft.tables, draft.origins
    rows = {
        name: rows_by(tables[name]["stream_id"]) if len(tables[name]) else {}
        for name in ("sched", "gc")
    }
    runs = {
        origin.number: found
        for origin in origins
        if (found := _runs(tables, rows, origin.number)) is not None
    }
    first: dict[int, int] = {}
    count = 0
    for number, found in runs.items():
        first[number] = count
        count += found.count
    with_rows = _with_rows(tables)
    instances = _instances(origins, with_rows)
    dumped = frozenset(tables["goroutines"].distinct("stream_id"))
    untraced: dict[int, int] = {}
    for name in dict.fromkeys(instances.values()):
        group = [origin for origin in origins if instances.get(origin.number, "") == name]
        own = {n: found for n, found in runs.items() if instances.get(n, "") == name}
        fresh = max([count, *(process + 1 for process in untraced.values())])
        untraced |= _of_others(group, with_rows, own, first, dumped, fresh)
    filled = {
        name: _filled(table, runs, first, untraced, len(origins)) for name, table in tables.items()
    }
    filled, total = _numbered(filled, count)
    mixed = {origins[n].input: found.mixed for n, found in runs.items() if found.mixed is not None}
    labels = _labels(
        filled, [origin.label or instances.get(origin.number, "") for origin in origins]
    )
    return replace(draft.with_tables(filled), processes=total, labels={**labels}, mixed={**mixed})


def _of_others(
    origins: Sequence[Origin],
    with_rows: frozenset[int],
    runs: Mapping[int, _Runs],
    first: Mapping[int, int],
    dumped: frozenset[int],
    count: int,
) -> dict[int, int]:
    """The process of each stream of an instance that has no trace lines; new ones count from ``count`` on."""

    def last_of(number: int) -> int:
        return first[number] + runs[number].count - 1

    # One log: what has no trace lines was taken from its last process. Of several logs nobody knows from
    # which, so dumps in files of their own count as a process of their own.
    only = _log_among(list(runs), runs, dumped)
    others = last_of(only) if only is not None else count
    of_label: dict[str, int] = {}
    used = count
    found: dict[int, int] = {}
    of_input: dict[str, list[Origin]] = {}
    logs: dict[str, list[int]] = {}  # in each folder
    for origin in origins:
        if origin.number in with_rows:
            of_input.setdefault(origin.input, []).append(origin)
        if origin.number in runs:
            logs.setdefault(_folder(origin), []).append(origin.number)
    for origin in origins:
        number, label = origin.number, origin.label
        if number in runs or number not in with_rows:
            continue
        siblings = of_input[origin.input]
        same = [o.number for o in siblings if o.label == label and o.number in first]
        if same and label:
            found[number] = last_of(same[0])
        elif len({o.label for o in siblings}) > 1:
            if label not in of_label:
                of_label[label] = max(used, others + 1 if others == count else used)
                used = of_label[label] + 1
            found[number] = of_label[label]
        elif (log := _log_among(logs.get(_folder(origin), ()), runs, dumped)) is not None:
            found[number] = last_of(log)
        else:
            found[number] = max(others, 0)
    return found


def _log_among(
    logs: Sequence[int], runs: Mapping[int, _Runs], dumped: frozenset[int]
) -> int | None:
    """Of the logs beside a dump the one that it belongs to: the only one, or the only one without a dump.

    A run that was ended to see its goroutines (SIGQUIT), or that crashed, has its own in its log.
    """
    fitting = logs if len(logs) == 1 else [number for number in logs if number not in dumped]
    return fitting[0] if len(fitting) == 1 and not runs[fitting[0]].mixed else None


def _folder(origin: Origin) -> str:
    return origin.input.replace("\\", "/").rpartition("/")[0]


def _numbered(tables: dict[str, Table], traced: int) -> tuple[dict[str, Table], int]:
    """The same without gaps in the numbers of the processes that have no trace lines."""
    found = {n for t in tables.values() if "process" in t for n in t.distinct("process")}
    later = sorted(n for n in found if n >= traced)
    if later == list(range(traced, traced + len(later))):
        return tables, max(traced + len(later), 1)
    turn = np.arange(max(found) + 1)
    turn[later] = traced + np.arange(len(later))
    result = dict(tables)
    for name, table in tables.items():
        if "process" in table and len(table):
            result[name] = table.replaced("process", Cells(narrow(turn[table["process"]])))
    return result, max(traced + len(later), 1)


def _instances(origins: Sequence[Origin], with_rows: frozenset[int]) -> dict[int, str]:
    """The instance of each stream that has rows; those of live programs are told apart by their addresses."""
    found = [o for o in origins if o.number in with_rows and o.program is None]
    names = list(dict.fromkeys(origin.input for origin in found))
    of_input = dict(zip(names, instances_of(names), strict=True))
    return {origin.number: of_input[origin.input] for origin in found}


def _labels(tables: dict[str, Table], names: Sequence[str]) -> dict[int, str]:
    """What each process is called, given the names of the streams; "" names none."""
    labels: dict[int, str] = {}
    if not any(names):
        return labels
    for table in tables.values():
        if "process" not in table or not len(table):
            continue
        for number in table.distinct("stream_id"):
            if names[number]:
                mine = table["process"][table["stream_id"] == number]
                for process in np.flatnonzero(np.bincount(mine)).tolist():
                    labels.setdefault(process, names[number])
    return labels


@dataclass(frozen=True, slots=True)
class _Runs:
    """How many processes printed the trace lines of a stream, and which: from ``starts`` on the next one, or,
    where they write at the same time, for each row of the trace tables."""

    count: int
    starts: tuple[int, ...] = ()
    rows: dict[str, IntArray] | None = None
    mixed: Mixed | None = None


def _runs(
    tables: Mapping[str, Table], rows_of: Mapping[str, Mapping[int, IntArray]], stream_id: int
) -> _Runs | None:
    """The processes in a stream; None if it holds no trace lines."""
    breaks: list[
        tuple[int, int]
    ] = []  # the new process began after the second line, up to the first
    traced = False
    clocks: dict[str, Clock] = {}
    for table_name, clock, least in (("sched", "t_ms", 0), ("gc", "cycle", 1)):
        table = tables[table_name]
        mine = rows_of[table_name].get(stream_id)
        if mine is None:
            continue
        run = as_run(mine)
        rows = mine if run is None else run
        times, lines = table.at(clock, rows), table.at("line", rows)
        traced = traced or len(times) > 0
        back = np.diff(times) < least
        if not least:
            back |= _other_moments(table, rows, np.diff(times) == 0)
        for row in (np.flatnonzero(back) + 1).tolist():
            breaks.append((int(lines[row]), int(lines[row - 1])))
        seconds = table.at("t_s", rows) if table_name == "gc" else times / 1000
        # Of a selection, each row tells how many stood above that were let go.
        gone = table.at("let_go", rows)[1:] if "let_go" in table else 0
        if least and (np.diff(times) - gone == least).all():
            kinds = np.zeros(
                len(mine), np.int64
            )  # no gap: one process, which may change GOMAXPROCS
        else:
            kinds = _kinds(table, rows)
        clocks[table_name] = Clock(times, lines, seconds, kinds, mine, bool(least))
    if not traced:
        return None
    turns = max(int(np.count_nonzero(np.diff(clock.kinds))) for clock in clocks.values())
    if len(breaks) > 1 or turns >= 2 * RESUMED:
        chains = chains_of(clocks)
        if chains is not None:
            return _Runs(chains.count, (), chains.rows, chains.mixed)
    starts: list[int] = []
    for at, after in sorted(breaks):
        if not starts or starts[-1] <= after:  # else the other clock showed the same restart
            starts.append(at)
    return _Runs(len(starts) + 1, tuple(starts))


def _other_moments(table: Table, rows: IntArray | slice, same_time: Bools) -> Bools:
    """Where a SCHED line of the millisecond of the line above it is of another program.

    A process prints at most one line in a millisecond (``sysmon``: schedtrace counts milliseconds), but for a
    second one when it dies, which shows the same (``startpanic_m``).
    """
    found = same_time & False
    if same_time.any():
        for column in ("threads", "idleprocs", "runqueue"):
            values = table.at(column, rows)
            found |= same_time & (values[1:] != values[:-1])
    return found


def _kinds(table: Table, rows: IntArray | slice) -> IntArray:
    """What does not change while a process lives: GOMAXPROCS, and which fields its version of Go prints."""
    kinds = table.at("gomaxprocs", rows) * 8
    for bit, column in enumerate(("needspinning", "stacks_mb")):
        if column in table:
            kinds = kinds + (table.present(column)[rows].astype(np.int64) << bit)
    if "schedticks" in table:
        kinds = kinds + ((table.counts("schedticks")[rows] > 0).astype(np.int64) << 2)
    return np.asarray(kinds, np.int64)


def _with_rows(tables: Mapping[str, Table]) -> frozenset[int]:
    """The streams that have rows."""
    found = [table.distinct("stream_id") for table in tables.values() if "stream_id" in table]
    return frozenset().union(*found)


def _filled(
    table: Table,
    runs: Mapping[int, _Runs],
    first: Mapping[int, int],
    untraced: Mapping[int, int],
    streams: int,
) -> Table:
    if "process" not in table or not len(table):
        return table
    # Most streams are of one process: all at once.
    only = np.array([first.get(n, untraced.get(n, 0)) for n in range(streams)], np.int64)
    process = only[table["stream_id"]]
    for number in table.distinct("stream_id"):
        found = runs.get(number)
        if found is None or (found.rows is None and not found.starts):
            continue
        mine = np.flatnonzero(table["stream_id"] == number)
        if found.rows is None:
            lines = table["line"][mine]
            process[mine] = first[number] + np.searchsorted(found.starts, lines, side="right")
        else:
            process[mine] = first[number] + _interleaved(table, mine, found)
    return table.replaced("process", Cells(narrow(process)))


def _interleaved(table: Table, mine: IntArray, part: _Runs) -> IntArray:
    """The processes of rows in a stream that several write to at the same time."""
    assert part.rows is not None
    if table.name in part.rows:
        return part.rows[table.name]
    if "sample" in table and "sched" in part.rows:  # P, M and G lines go with their SCHED line
        samples, known = table["sample"][mine], table.present("sample")[mine]
        order = part.rows["sched rows"]
        place = np.clip(np.searchsorted(order, samples), 0, len(order) - 1)
        return np.where(known, part.rows["sched"][place], 0)
    return np.full(len(mine), part.count, np.int64)  # nobody knows whose
