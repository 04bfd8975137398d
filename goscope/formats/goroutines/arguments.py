"""The argument words of calls in goroutine dumps: who holds which pointer.

Goroutines with one stack differ in nothing but their arguments, and a dump may hold 100,000 of them, so
the words of the first few of each stack are kept. What a goroutine waits *for* is kept for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from goscope.goruntime.lock_frames import TELLING, TELLING_IN_SIGNAL_DUMPS, waited_for
from goscope.tables.table import Cells, Column, Kind, Table, narrow

MOST_PER_STACK = 64
"""Of so many goroutines per stack and input the words are kept."""

LEAST_POINTER = 0x10000
"""Smaller words are lengths, flags and numbers: the first pages are never mapped."""

ARGUMENTS = (
    Column("goroutine", Kind.INT, "", "the row of the goroutines table"),
    Column("depth", Kind.INT, "", "the frame; 0 is the top"),
    Column("position", Kind.INT, "", "place of the word in the call; 0 is a method's receiver"),
    Column("word", Kind.INT, "", "a word that may be a pointer: 0x10000 and above"),
    Column("sure", Kind.BOOL, "", "not marked ?, so it still is what was passed", default=True),
)

_CALLS = re.compile(rb"\(([0{_][^\n()]*)\)\n")
_WORDS = re.compile(rb"0x([0-9a-f]+)(\??)|_")
_MOST_DIGITS = 15


@dataclass(slots=True)
class Arguments:
    """The words of one input, by row; ``seen`` counts the goroutines of each stack."""

    calls: dict[int, list[bytes]] = field(default_factory=dict)
    waits_on: dict[int, int] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)

    def keep(self, row: int, stack: int, own: bytes) -> None:
        """Keep the words of one of the first goroutines with a stack."""
        self.seen[stack] = self.seen.get(stack, 0) + 1
        self.calls[row] = _CALLS.findall(own)

    def keep_address(self, row: int, reason: str | None, own: bytes) -> None:
        """Keep what a goroutine waits for, if a frame tells it."""
        if reason in TELLING or reason in TELLING_IN_SIGNAL_DUMPS:
            address = waited_for(own)
            if address is not None:
                self.waits_on[row] = address

    def merge(self, other: Arguments, rows: int) -> None:
        """Append those of the rest of the same stream, so many rows further down."""
        self.calls.update({row + rows: calls for row, calls in other.calls.items()})
        self.waits_on.update({row + rows: word for row, word in other.waits_on.items()})


def arguments_table(
    inputs: Iterable[tuple[int, Arguments, Sequence[int]]], depths: Sequence[Sequence[int]]
) -> Table:
    """The table of words.

    ``inputs``: per input its first row, its words, and the stack of each of its rows. ``depths``: per
    stack the frames whose calls show arguments.
    """
    columns: tuple[list[int], ...] = ([], [], [], [], [])
    for start, kept, stacks in inputs:
        seen: dict[int, int] = {}
        for row in sorted(kept.calls):
            stack, calls = stacks[row], kept.calls[row]
            seen[stack] = seen.get(stack, 0) + 1
            if seen[stack] > MOST_PER_STACK or len(calls) != len(depths[stack]):
                continue
            for depth, call in zip(depths[stack], calls, strict=True):
                for position, found in enumerate(_WORDS.finditer(call)):
                    digits, stale = found.groups()
                    if digits is None or not 4 < len(digits) <= _MOST_DIGITS:
                        continue
                    word = int(digits, 16)
                    if word >= LEAST_POINTER:
                        values = (start + row, depth, position, word, not stale)
                        for column, value in zip(columns, values, strict=True):
                            column.append(value)
    numbers = [np.array(column, np.int64) for column in columns]
    cells = {
        column.name: Cells(values.astype(np.int8) if column.kind is Kind.BOOL else narrow(values))
        for column, values in zip(ARGUMENTS, numbers, strict=True)
    }
    return Table("arguments", ARGUMENTS, cells, len(columns[0]))
