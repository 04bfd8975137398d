"""What ties tables together that different formats or readers filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from goscope.capture.linking.draft import Draft
from goscope.parsing.numbers import IntArray
from goscope.tables.builder import STREAM, stacked
from goscope.tables.row_selection import STRETCH
from goscope.tables.table import Cells, Column, Ints, Kind, Table, missing_cells, narrow

#: A column that numbers the rows of a table, over all readers that fill it.
_NUMBERED = {"stack_id": "stacks", "profile": "profiles"}


def together(read: Iterable[Mapping[str, Table]]) -> dict[str, Table]:
    """The tables of all readers. Several may fill one, and each counts its rows from 0."""
    parts: dict[str, list[Table]] = {}
    for tables in read:
        before = {
            column: sum(map(len, parts.get(name, ())))
            for column, name in _NUMBERED.items()
            if name in tables  # a trace's "stack_id" is a row of a table of its own
        }
        for name, table in tables.items():
            parts.setdefault(name, []).append(_renumbered(table, before))
    return {name: stacked(tables) for name, tables in parts.items()}


def _renumbered(table: Table, before: Mapping[str, int]) -> Table:
    for column, rows in before.items():
        if rows and column in table:
            moved = Cells(narrow(table[column] + rows), table.cells(column).valid)
            table = table.replaced(column, moved)
    return table


def number_stacks(draft: Draft) -> Draft:
    """Number the stacks of several streams in the order in which their goroutines have them.

    Needs the rows of each stream together. Where chunks end decides in which order lines of two streams
    come to the readers, and must decide nothing else.
    """
    goroutines, stacks, frames = (draft.tables[n] for n in ("goroutines", "stacks", "frames"))
    if len(goroutines.distinct("stream_id")) < 2:
        return draft
    used, first = np.unique(
        goroutines["stack_id"][goroutines.present("stack_id")], return_index=True
    )
    order = used[np.argsort(first)]
    order = np.concatenate([order, np.setdiff1d(np.arange(len(stacks)), order)])
    number = np.empty(len(stacks), np.int64)
    number[order] = np.arange(len(stacks))
    tables = {"stacks": stacks.select(order)}
    tables["frames"] = frames.select(np.argsort(number[frames["stack_id"]], kind="stable"))
    for name in ("goroutines", "profile", "stacks", "frames"):
        table = tables.get(name, draft.tables[name])
        if len(table):
            known = table.present("stack_id")
            values = np.where(known, number[np.where(known, table["stack_id"], 0)], -1)
            tables[name] = table.replaced("stack_id", Cells(narrow(values), known))
    return draft.with_tables(tables)


def link_samples(draft: Draft) -> Draft:
    """Give each P, M and G line the ``sample``, the SCHED line that it stands under.

    None where that line lists its queues in brackets: the runtime writes either the list or lines for each
    P, M and G (runtime/proc.go: schedtrace), so that these are of another text. Needs the rows of each
    stream together.
    """
    sched = draft.tables["sched"]
    heads, listed = _places(sched), sched.counts("local_queues") > 0
    linked = {}
    for name in ("procs", "threads", "sched_goroutines"):
        table = draft.tables[name]
        if not len(table):
            continue
        # In the order of the lines: each header's rows reach to the next header.
        begins = np.searchsorted(_places(table), heads)
        sample = np.repeat(np.arange(-1, len(heads)), np.diff(begins, prepend=0, append=len(table)))
        known = sample >= 0
        known[known] = sched.at("stream_id", sample[known]) == table["stream_id"][known]
        known &= ~listed[sample] if len(sched) else known
        linked[name] = table.replaced("sample", Cells(np.where(known, sample, -1), known))
    return draft.with_tables(linked)


def mark_forced_cycles(draft: Draft) -> Draft:
    """Mark as ``periodic`` the cycles that the runtime forced: those below a ``GC forced`` line.

    Needs the rows of each stream together. Of a selection of cycles, only neighbours in its stretches follow
    each other.
    """
    gc, above = draft.tables["gc"], draft.tables["gc_periodic"]
    if not len(above):
        return draft
    cycle = np.searchsorted(_places(gc), _places(above))
    known = cycle < len(gc)
    known[known] = gc.at("stream_id", cycle[known]) == above["stream_id"][known]
    if "gc" in draft.selected:  # the cycle may not be in it
        lines = gc.at("line", cycle[known])
        known[known] = (lines - 1) >> STRETCH == (above["line"][known] - 1) >> STRETCH
    forced = np.array(gc["periodic"])
    forced[cycle[known]] = 1
    return draft.with_tables({"gc": gc.replaced("periodic", Cells(forced))})


def _places(table: Table) -> IntArray:
    """A number for each row that rises from line to line and from stream to stream."""
    places: IntArray = (table["stream_id"] << STREAM) + table["line"]
    return places


def local_queues(sched: Table, procs: Table, samples: Ints) -> tuple[IntArray, IntArray, IntArray]:
    """The run queues of Ps in samples, given as rows of the sched table.

    Lists in brackets come first, then P lines. For each queue: the place of its sample among those given, its
    P, and its length.
    """
    listed = _listed(sched, samples)
    known = procs.present("sample") & procs.present("runqsize") & procs.present("p")
    place = np.full(len(sched), -1, np.int64)
    place[samples] = np.arange(len(samples))
    here = place[procs["sample"][known]]
    below = (here, procs["p"][known], procs["runqsize"][known])
    found = [np.concatenate((a, b[here >= 0])) for a, b in zip(listed, below, strict=True)]
    return found[0], found[1], found[2]


def _listed(sched: Table, samples: Ints) -> tuple[IntArray, IntArray, IntArray]:
    """The same of the lists in brackets."""
    counts = sched.counts("local_queues").astype(np.int64)
    begins, mine = (np.cumsum(counts) - counts)[samples], counts[samples]
    p = np.arange(int(mine.sum())) - np.repeat(np.cumsum(mine) - mine, mine)
    length = sched["local_queues"][np.repeat(begins, mine) + p]
    return np.repeat(np.arange(len(samples)), mine), p, length


def listed_procs(sched: Table, schema: tuple[Column, ...]) -> Table:
    """The bracket lists of SCHED lines in the form of P lines."""
    sample, p, length = _listed(sched, np.arange(len(sched)))
    cells = {
        "input": Cells(sched["input"][sample], None, sched.categories("input")),
        "process": Cells(sched["process"][sample]),
        "stream": Cells(sched["stream"][sample], None, sched.categories("stream")),
        "line": Cells(sched["line"][sample]),
        "sample": Cells(sample),
        "p": Cells(p),
        "runqsize": Cells(length),
    }
    ticks = sched.counts("schedticks")
    if len(p) and (ticks == sched.counts("local_queues")).all():
        cells["schedtick"] = Cells(sched["schedticks"])
    missing = {c.name: missing_cells(c, len(p)) for c in schema if c.kind is Kind.INT}
    return Table("procs", schema, {**missing, **cells}, len(p))
