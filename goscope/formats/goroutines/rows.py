"""The goroutines of inputs as growing columns, and the tables that they become."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from goscope.formats.goroutines.arguments import Arguments
from goscope.formats.goroutines.columns import GOROUTINES, SNAPSHOTS
from goscope.formats.goroutines.headers import Header
from goscope.framing.lines import Positions
from goscope.tables.table import Bools, Cells, Table, int_cells, narrow, select_cells, text_cells

#: So many rows are looked at first for the start of the next dump.
_STEP = 1 << 10


@dataclass(slots=True)
class Rows:
    """The goroutines of one stream, as growing columns; missing numbers are -1."""

    stream_id: int
    ids: array[int] = field(default_factory=lambda: array("q"))
    headers: array[int] = field(default_factory=lambda: array("i"))
    stacks: array[int] = field(default_factory=lambda: array("i"))
    parents: array[int] = field(default_factory=lambda: array("q"))
    lines: list[Positions] = field(default_factory=list)
    heights: list[Positions] = field(default_factory=list)
    registers: dict[int, tuple[str, int | None, str | None]] = field(default_factory=dict)
    ancestors: dict[int, str] = field(default_factory=dict)
    arguments: Arguments = field(default_factory=Arguments)
    above: dict[int, str | None] = field(default_factory=dict)
    led_to: set[int] = field(default_factory=set)  # rows with which the dump of a crash starts
    cut: bool = False

    @property
    def columns(self) -> tuple[array[int], ...]:
        """What every goroutine has: its id, header, stack and parent."""
        return self.ids, self.headers, self.stacks, self.parents


def goroutines_table(
    inputs: Sequence[Rows],
    starts: Sequence[int],
    snapshot_of: Sequence[Positions],
    facts: Sequence[Header],
    creators_of: Sequence[str | None],
) -> Table:
    """A row per goroutine.

    ``starts`` holds the first row of each input and the number of all, ``snapshot_of`` the dump of each row
    of each input, ``facts`` what the headers say, ``creators_of`` who started those of each stack.
    """
    count = starts[-1]
    ids = _joined([rows.ids for rows in inputs])
    header = _joined([rows.headers for rows in inputs])
    stack = _joined([rows.stacks for rows in inputs])
    parent = _joined([rows.parents for rows in inputs])
    registers: dict[int, tuple[str, int | None, str | None]] = {}
    ancestors: dict[int, str] = {}
    waits_on: dict[int, int | None] = {}
    above: dict[int, str | None] = {}
    for start, rows in zip(starts, inputs, strict=False):
        above.update({start + row: text for row, text in rows.above.items()})
        waits_on.update({start + row: word for row, word in rows.arguments.waits_on.items()})
        registers.update({start + row: words for row, words in rows.registers.items()})
        ancestors.update({start + row: ids for row, ids in rows.ancestors.items()})

    def per_header(cells: Cells) -> Callable[[], Cells]:
        return partial(select_cells, cells, header)

    def flag(values: list[bool]) -> Callable[[], Cells]:
        return per_header(Cells(np.array(values, np.int8)))

    creators = text_cells(creators_of)
    sizes = [len(rows.ids) for rows in inputs]
    stream_ids = np.array([rows.stream_id for rows in inputs], np.int64)
    cells: dict[str, Cells | Callable[[], Cells]] = {
        "stream_id": Cells(narrow(np.repeat(stream_ids, sizes))),
        "line": Cells(narrow(_concatenated([p for r in inputs for p in r.lines]) + 1)),
        "snapshot_id": Cells(narrow(_concatenated(snapshot_of))),
        "id": Cells(narrow(ids), ids >= 0),
        "state": per_header(text_cells([h.state for h in facts])),
        "wait_reason": per_header(text_cells([h.wait_reason for h in facts])),
        "wait_minutes": per_header(int_cells([h.wait_minutes for h in facts])),
        "locked": flag([h.locked for h in facts]),
        "leaked": flag(["leaked" in h.flags for h in facts]),
        "scan": flag(["scan" in h.flags for h in facts]),
        "durable": flag(["durable" in h.flags for h in facts]),
        "bubble": per_header(int_cells([h.bubble for h in facts])),
        "labels": per_header(text_cells([h.labels for h in facts])),
        "attributes": per_header(text_cells([h.attributes for h in facts])),
        "waits_on": _sparse_ints(count, waits_on),
        "stack_id": Cells(narrow(stack)),
        "creator": Cells(creators.values[stack], None, creators.categories),
        "parent": Cells(narrow(parent), parent >= 0),
        "ancestors": _sparse_texts(count, ancestors),
        # Of a SIGQUIT all goroutines have them, and no rule looks.
        "gp": lambda: _sparse_texts(count, {row: w[0] for row, w in registers.items()}),
        "m": lambda: _sparse_ints(count, {row: w[1] for row, w in registers.items()}),
        "mp": lambda: _sparse_texts(count, {row: w[2] for row, w in registers.items()}),
        "log_line": _sparse_texts(count, above),
    }
    return Table("goroutines", GOROUTINES, cells, count)


def dumps_of(rows: Rows, running: Bools) -> Positions:
    """Part the goroutines of an input into dumps: the rows with which these start.

    ``running`` says which headers are those of a running goroutine. A new dump starts where the head of a
    crash stands above, where a goroutine id comes again, or where other text stands in between and the
    goroutine is the one that made the dump (it is running). Text between two blocks alone does not part
    them: a crashing program's other threads may still be logging.
    """
    lines = np.concatenate(rows.lines)
    ends = lines + np.concatenate(rows.heights)
    gaps = lines[1:] - ends[:-1]
    usual = int((gaps == 1).sum() >= (gaps == 0).sum())  # some log shippers drop empty lines
    begins = np.append(False, gaps != usual) & running[_array(rows.headers)]
    begins[list(rows.led_to)] = True
    before = _places_before(_array(rows.ids))
    starts, at, step = [0], 1, _STEP
    while at < len(before):
        end = at + step
        found = np.flatnonzero(begins[at:end] | (before[at:end] >= starts[-1]))
        if len(found):
            starts.append(at + int(found[0]))
            at, step = starts[-1] + 1, _STEP
        else:
            at, step = end, 2 * step
    return np.array(starts, np.int64)


def _places_before(ids: Positions) -> Positions:
    """For each row the last one above with the same id, -1 where it is the first."""
    order = np.argsort(ids, kind="stable")
    same = np.flatnonzero(ids[order[1:]] == ids[order[:-1]])
    before = np.full(len(ids), -1, np.int64)
    before[order[same + 1]] = order[same]
    before[ids < 0] = -1  # unknown ones may be different goroutines
    return before


def dump_numbers(starts: Positions, rows: int) -> Positions:
    """For each row the number of its dump, from 0, given the rows with which dumps start."""
    return np.repeat(np.arange(len(starts)), np.diff(np.append(starts, rows)))


def snapshots_table(inputs: list[Rows], dumps: list[Positions]) -> Table:
    """The dumps of all inputs, given the rows with which they start in each."""
    counts = [len(starts) for starts in dumps]
    stream_ids = np.array([rows.stream_id for rows in inputs], np.int64)
    first, last, sizes, cut = [], [], [], []
    for rows, starts in zip(inputs, dumps, strict=True):
        lines, heights = np.concatenate(rows.lines), np.concatenate(rows.heights)
        behind = np.append(starts[1:], len(lines))
        first.append(lines[starts] + 1)
        last.append((lines + heights)[behind - 1])
        sizes.append(behind - starts)
        cut += [False] * (len(starts) - 1) + [rows.cut]
    cells = {
        "stream_id": Cells(narrow(np.repeat(stream_ids, counts))),
        "line": Cells(narrow(_concatenated(first))),
        "snapshot_id": Cells(narrow(np.arange(sum(counts)))),
        "last_line": Cells(narrow(_concatenated(last))),
        "goroutines": Cells(narrow(_concatenated(sizes))),
        "truncated": Cells(np.array(cut, np.int8)),
    }
    return Table("snapshots", SNAPSHOTS, cells, sum(counts))


def _array(column: array[int]) -> Positions:
    """The same as an array that stays as it is when the column grows."""
    return np.array(column)


def _joined(columns: list[array[int]]) -> Positions:
    return _concatenated([_array(column) for column in columns])


def _concatenated(parts: Sequence[Positions]) -> Positions:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _sparse_texts(rows: int, words: Mapping[int, str | None]) -> Cells:
    """A TEXT column of which few rows have a value."""
    few = text_cells(words.values())
    values = np.full(rows, -1, np.int32)
    values[list(words)] = few.values
    return Cells(values, None, few.categories)


def _sparse_ints(rows: int, numbers: Mapping[int, int | None]) -> Cells:
    """An INT column of which few rows have a value."""
    known = {row: number for row, number in numbers.items() if number is not None}
    values, valid = np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
    values[list(known)] = list(known.values())
    valid[list(known)] = True
    return Cells(narrow(values), valid)
