"""Tells the processes of a capture apart: a log may hold several runs of a program, or several programs.

``SCHED`` times never fall and GC cycle numbers always rise while a process lives; where one does not,
another process began (:mod:`goscope.capture.linking.clocks` tells that from two that write at the same
time). Streams with a label of their own, a service or a pod, are processes of their own. A dump in a
file of its own belongs
to the process of the log that came with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from goscope.capture.linking.clocks import RESUMED, Clock, Mixed, chains_of
from goscope.capture.linking.origins import Origin
from goscope.parsing.numbers import IntArray
from goscope.tables.table import Cells, Table, as_run, narrow, rows_by


@dataclass(frozen=True, slots=True)
class Processes:
    """The tables with their ``process`` column filled, and what is known of the processes.

    ``labels`` names a process where a log shipper did; ``mixed`` tells of inputs in which processes
    that wrote at the same time are not labelled.
    """

    tables: dict[str, Table]
    count: int
    labels: dict[int, str]
    mixed: dict[str, Mixed]


def assign_processes(tables: dict[str, Table], origins: Sequence[Origin]) -> Processes:
    """Fill the ``process`` column of every table."""
    rows = {name: _rows_by_input(tables[name]) for name in ("sched", "gc")}
    parts = {origin.name: _parts(tables, rows, origin.name) for origin in origins}
    first: dict[str, int] = {}
    count = 0
    for name, part in parts.items():
        if part is not None:
            first[name] = count
            count += part.count
    traced = [name for name, part in parts.items() if part is not None]
    # One log: what has no trace lines was taken from its last process. Several logs: nobody knows from
    # which, so dumps in files of their own count as a process of their own.
    lone = parts[traced[0]] if len(traced) == 1 else None
    others = count - 1 if lone is not None and not lone.mixed else count
    of_label: dict[str, int] = {}
    used = count
    untraced: dict[str, int] = {}
    with_rows = _names(tables)
    of_input: dict[str, list[Origin]] = {}
    logs: dict[str, list[str]] = {}  # in each folder
    for origin in origins:
        if origin.name in with_rows:
            of_input.setdefault(origin.input, []).append(origin)
        if parts[origin.name] is not None:
            logs.setdefault(_folder(origin), []).append(origin.name)
    for origin in origins:
        if parts[origin.name] is not None or origin.name not in with_rows:
            continue
        label = origin.stream.label
        siblings = of_input[origin.input]
        same = [o.name for o in siblings if o.stream.label == label and o.name in first]
        if same and label:
            untraced[origin.name] = first[same[0]] + _count(parts[same[0]]) - 1
        elif len({o.stream.label for o in siblings}) > 1:
            if label not in of_label:
                of_label[label] = max(used, others + 1 if others == count else used)
                used = of_label[label] + 1
            untraced[origin.name] = of_label[label]
        elif (log := _log_among(logs.get(_folder(origin), ()), parts)) is not None:
            untraced[origin.name] = first[log] + _count(parts[log]) - 1
        else:
            untraced[origin.name] = max(others, 0)
    result = {name: _filled(table, parts, first, untraced) for name, table in tables.items()}
    result, total = _numbered(result, count)
    labels = _labels(result, origins)
    mixed = {
        origin.input: part.mixed
        for origin in origins
        if (part := parts[origin.name]) is not None and part.mixed is not None
    }
    return Processes(result, total, labels, mixed)


def _log_among(beside: Sequence[str], parts: dict[str, _Parts | None]) -> str | None:
    """Of the logs in the folder of a dump the one that is alone there."""
    part = parts[beside[0]] if len(beside) == 1 else None
    return beside[0] if part is not None and not part.mixed else None


def _folder(origin: Origin) -> str:
    return origin.input.replace("\\", "/").rpartition("/")[0]


def _count(part: _Parts | None) -> int:
    return 1 if part is None else part.count


def _numbered(tables: dict[str, Table], traced: int) -> tuple[dict[str, Table], int]:
    """The same without gaps in the numbers of the processes that have no trace lines."""
    found = {n for t in tables.values() if "process" in t for n in _distinct(t["process"])}
    later = sorted(n for n in found if n >= traced)
    if later == list(range(traced, traced + len(later))):
        return tables, max(traced + len(later), 1)
    turn = {n: traced + place for place, n in enumerate(later)}
    result = dict(tables)
    for name, table in tables.items():
        if "process" in table and len(table):
            numbers = np.array([turn.get(n, n) for n in table["process"].tolist()], np.int64)
            result[name] = table.replaced("process", Cells(narrow(numbers)))
    return result, max(traced + len(later), 1)


def _labels(tables: dict[str, Table], origins: Sequence[Origin]) -> dict[int, str]:
    labels: dict[int, str] = {}
    by_name = {origin.name: origin.stream.label for origin in origins if origin.stream.label}
    for table in tables.values():
        if not by_name or "process" not in table or not len(table):
            continue
        for code, word in enumerate(table.categories("input")):
            if word in by_name:
                for process in _distinct(table["process"][table["input"] == code]):
                    labels.setdefault(process, by_name[word])
    return labels


def _distinct(numbers: IntArray) -> list[int]:
    """The different ones of small numbers, in order; sorting a million of them takes long."""
    return np.flatnonzero(np.bincount(numbers)).tolist() if len(numbers) else []


@dataclass(frozen=True, slots=True)
class _Parts:
    """How many processes printed the trace lines of a stream, and which: from ``starts`` on the next one, or,
    where they write at the same time, for each row of the trace tables."""

    count: int
    starts: tuple[int, ...] = ()
    rows: dict[str, IntArray] | None = None
    mixed: Mixed | None = None


def _rows_by_input(table: Table) -> dict[str, IntArray]:
    """The rows of each stream that a table knows."""
    rows = rows_by(table["input"]) if len(table) else {}
    none = np.empty(0, np.int64)
    return {name: rows.get(code, none) for code, name in enumerate(table.categories("input"))}


def _parts(
    tables: dict[str, Table], rows_of: Mapping[str, Mapping[str, IntArray]], name: str
) -> _Parts | None:
    """The processes in a stream; None if it holds no trace lines."""
    breaks: list[
        tuple[int, int]
    ] = []  # the new process began after the second line, up to the first
    traced = False
    clocks: dict[str, Clock] = {}
    for table_name, clock, least in (("sched", "t_ms", 0), ("gc", "cycle", 1)):
        table = tables[table_name]
        mine = rows_of[table_name].get(name)
        if mine is None:
            continue
        run = as_run(mine)
        rows = mine if run is None else run
        times, lines = table.at(clock, rows), table.at("line", rows)
        traced = traced or len(times) > 0
        for row in (np.flatnonzero(np.diff(times) < least) + 1).tolist():
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
            return _Parts(chains.count, (), chains.rows, chains.mixed)
    starts: list[int] = []
    for at, after in sorted(breaks):
        if not starts or starts[-1] <= after:  # else the other clock showed the same restart
            starts.append(at)
    return _Parts(len(starts) + 1, tuple(starts))


def _kinds(table: Table, rows: IntArray | slice) -> IntArray:
    """What does not change while a process lives: GOMAXPROCS, and which fields its version of Go prints."""
    kinds = table.at("gomaxprocs", rows) * 8
    for bit, column in enumerate(("needspinning", "stacks_mb")):
        if column in table:
            kinds = kinds + (table.present(column)[rows].astype(np.int64) << bit)
    if "schedticks" in table:
        kinds = kinds + ((table.counts("schedticks")[rows] > 0).astype(np.int64) << 2)
    return np.asarray(kinds, np.int64)


def _names(tables: dict[str, Table]) -> frozenset[str]:
    """The streams that have rows."""
    found = (table.categories("input") for table in tables.values() if "input" in table)
    return frozenset(itertools.chain.from_iterable(found))


def _filled(
    table: Table, parts: dict[str, _Parts | None], first: dict[str, int], untraced: dict[str, int]
) -> Table:
    if "process" not in table or not len(table):
        return table
    words = table.categories("input")
    # The last one is for rows without an input. Most streams are of one process: all at once.
    only = np.array([*(first.get(word, untraced.get(word, 0)) for word in words), 0], np.int64)
    process = only[table["input"]]
    for code, word in enumerate(words):
        part = parts.get(word)
        if part is None or (part.rows is None and not part.starts):
            continue
        mine = np.flatnonzero(table["input"] == code)
        if part.rows is None:
            lines = table["line"][mine]
            process[mine] = first[word] + np.searchsorted(part.starts, lines, side="right")
        else:
            process[mine] = first[word] + _interleaved(table, mine, part)
    return table.replaced("process", Cells(narrow(process)))


def _interleaved(table: Table, mine: IntArray, part: _Parts) -> IntArray:
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
