"""Parts dumps that cannot be of one process, where neither folders nor names tell the instances apart.

A goroutine has the same creator as long as it lives, and its id is never given to another one
(``runtime.newproc1``). A function is compiled from one file, another version of Go has other lines in the
standard library, and a process dies only once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from goscope.capture.linking.draft import Draft
from goscope.goruntime.crash_kinds import RECOVERED
from goscope.goruntime.function_names import is_standard_library
from goscope.parsing.numbers import IntArray
from goscope.tables.table import Cells, Table, narrow, rows_by

#: So many processes are looked at for each dump, and so many dumps of each, those found last.
_MOST, _MEMBERS = 50, 8
#: After these a program goes on, or may: a handler of its own can print goroutines on SIGQUIT.
_NO_DEATH = RECOVERED | {"sigquit", "goleak", "data_race"}


@dataclass(frozen=True, slots=True)
class _Dumped:
    """What the dumps of a stream tell of their process."""

    stream: int
    born: IntArray  # ids with their creators, each as one number
    files: Mapping[str, str]  # of functions
    lines: Mapping[str, frozenset[int]]  # of the standard library's functions
    dies: bool

    @property
    def order(self) -> tuple[int, int]:
        """Later dumps of a process have higher ids, as a rule."""
        return (int(self.born[-1]) if len(self.born) else 0, self.stream)


def part_unlike_dumps(draft: Draft) -> Draft:
    """Give dumps processes of their own that contradict the others of theirs. Needs the processes.

    Dumps of live programs are told apart by the addresses that were asked.
    """
    tables, origins = draft.tables, draft.origins
    goroutines = tables["goroutines"]
    traced = {n for name in ("sched", "gc") for n in tables[name].distinct("stream_id")}
    streams: dict[int, list[int]] = {}
    for process, stream in _owners(goroutines):
        if origins[stream].program is None:
            streams.setdefault(process, []).append(stream)
    moved: dict[int, int] = {}
    count = draft.processes
    for mine in streams.values():
        if len(mine) < 2:
            continue
        parts = _parted(_facts(tables, mine))
        # A log keeps its own dump; where it has none, nobody knows which are its.
        kept = next((n for n, part in enumerate(parts) if traced.intersection(part)), 0)
        for part in parts[:kept] + parts[kept + 1 :]:
            moved |= dict.fromkeys(part, count)
            count += 1
    if not moved:
        return draft
    labels = dict(draft.labels)
    turn = np.full(len(origins), -1, np.int64)
    turn[list(moved)] = list(moved.values())
    split = {}
    for name, table in tables.items():
        if "process" in table and "stream_id" in table and len(table):
            new = turn[table["stream_id"]]
            owner = np.where(new >= 0, new, table["process"])
            split[name] = table.replaced("process", Cells(narrow(owner)))
    for old, mine in streams.items():
        if old in draft.labels:
            labels |= {moved[n]: draft.labels[old] for n in mine if n in moved}
    return replace(draft.with_tables(split), processes=count, labels=labels)


def _owners(goroutines: Table) -> list[tuple[int, int]]:
    """Each process with each of the streams that hold dumps of it."""
    if len(goroutines.distinct("stream_id")) < 2:
        return []
    pairs = np.unique((goroutines["process"].astype(np.int64) << 32) + goroutines["stream_id"])
    return [(pair >> 32, pair & 0xFFFFFFFF) for pair in pairs.tolist()]


def _facts(tables: Mapping[str, Table], streams: Sequence[int]) -> list[_Dumped]:
    goroutines, frames, crashes = (tables[n] for n in ("goroutines", "frames", "crashes"))
    rows = rows_by(goroutines["stream_id"])
    known = goroutines.present("id") & goroutines.present("creator")
    stacks = tables["stacks"]
    statement = (stacks["creator"].astype(np.int64) << 32) + stacks["creator_line"]
    _, creator = np.unique(statement, return_inverse=True)
    born = np.where(known, goroutines["id"], 0).astype(np.int64) << 24
    born += creator[goroutines["stack_id"]]
    functions, files = frames.categories("function"), frames.categories("file")
    placed = frames.present("function") & frames.present("file")
    lined = frames.present("line")
    place = (frames["function"].astype(np.int64) << 32) + frames["file"]
    kinds = crashes.texts("kind")
    deaths = {int(crashes["stream_id"][n]) for n, kind in enumerate(kinds) if kind not in _NO_DEATH}
    found = []
    for stream in streams:
        mine = rows[stream]
        of_stream = np.zeros(len(tables["stacks"]), np.bool_)
        of_stream[goroutines["stack_id"][mine]] = True
        there = placed & lined & of_stream[frames["stack_id"]]
        shown = np.unique(place[placed & of_stream[frames["stack_id"]]])
        places = np.unique(
            (frames["function"][there].astype(np.int64) << 32) + frames["line"][there]
        )
        lines: dict[str, set[int]] = {}
        for one in places.tolist():
            if is_standard_library(functions[one >> 32]):
                lines.setdefault(functions[one >> 32], set()).add(one & 0xFFFFFFFF)
        found.append(
            _Dumped(
                stream,
                np.unique(born[mine][known[mine]]),
                {functions[p >> 32]: files[p & 0xFFFFFFFF] for p in shown.tolist()},
                {function: frozenset(found) for function, found in lines.items()},
                stream in deaths,
            )
        )
    return found


def _parted(dumped: Sequence[_Dumped]) -> list[list[int]]:
    """The streams of each process, in the order of their first dumps."""
    parts: list[list[_Dumped]] = []
    for one in sorted(dumped, key=lambda d: d.order):
        fitting = [
            (sum(len(np.intersect1d(one.born, other.born)) for other in part[-_MEMBERS:]), part)
            for part in parts[-_MOST:]
            if not any(_unlike(one, other) for other in part[-_MEMBERS:])
        ]
        if fitting:
            max(fitting, key=lambda pair: pair[0])[1].append(one)
        else:
            parts.append([one])
    return [[one.stream for one in part] for part in parts]


def _unlike(one: _Dumped, other: _Dumped) -> bool:
    """Whether two dumps cannot be of one process."""
    if one.dies and other.dies:
        return True
    ids, others = one.born >> 24, other.born >> 24
    common = np.intersect1d(ids, others)
    differ = len(common) - len(np.intersect1d(one.born, other.born))
    if differ > 1 or (differ and differ == len(common)):  # a single one may be a torn line
        return True
    functions = one.files.keys() & other.files.keys()
    foreign = {name for name in functions if one.files[name] != other.files[name]}
    library = one.lines.keys() & other.lines.keys()
    moved = [name for name in library if one.lines[name].isdisjoint(other.lines[name])]
    if len(moved) > max(2, len(library) // 2):
        return True
    return "main.main" in foreign or len(foreign) > max(2, len(functions) // 2)
