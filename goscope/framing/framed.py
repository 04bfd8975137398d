"""What a stream of bytes is cut into: records of one line, blocks, and what could not be made whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from goscope.framing.lines import Positions

Ids: TypeAlias = npt.NDArray[np.int32]

#: No record of the runtime is longer; what is, is passed by without being looked at. A goroutine of
#: 100 frames with ancestors stays below 100 KB, a SCHED line of 1,000 Ps below 20 KB.
LONGEST_RECORD = 4 << 20
LONGEST_LINE = 1 << 16  # of one-line records
#: So many records that were put together again are kept as examples; the rest are counted.
MOST_REJOINED = 100


@dataclass(frozen=True, slots=True)
class LineRecords:
    """All one-line records of a stretch, in order: their text, line by line, and line numbers."""

    text: bytes
    numbers: Positions


@dataclass(frozen=True, slots=True)
class RepeatedRecords:
    """One-line records that stand for themselves, most of which were read before, word for word.

    ``known`` holds for each the number of the line that it repeats, or -1; ``fresh`` is the text of those
    that repeat none.
    """

    known: Ids
    fresh: bytes
    numbers: Positions


@dataclass(frozen=True, slots=True)
class BlockRecords:
    """All blocks of one kind in a stretch: the text of each, its line number and number of lines.

    ``data`` is the stretch that they were cut from, so that a word can be looked for in all of them
    at once; ``cut`` says that the input ended inside the last block, without a line end. ``above``
    holds, by the block's position, the text line above a block and how many empty lines stand
    between, where that line is near and none of a block before it; ``led_to`` the positions of the
    blocks that a block of another kind leads to.
    """

    kind: str
    data: bytes
    texts: list[bytes]
    numbers: Positions
    heights: Positions
    cut: bool
    above: Mapping[int, tuple[bytes, int]] = field(default_factory=dict)
    led_to: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class CutRecord:
    """The last line of an input that ended in the middle of a record."""

    text: bytes
    number: int


@dataclass(frozen=True, slots=True)
class LongRecord:
    """The first line of a record that went on beyond all limits, and is passed by."""

    text: bytes
    number: int


@dataclass(frozen=True, slots=True)
class TornRecord:
    """The end of a record whose beginning nobody can find, because another write stands between."""

    text: bytes
    number: int


@dataclass(frozen=True, slots=True)
class RecordPiece:
    """A line that only a record holds, but is in none: the other lines of its record are missing."""

    text: bytes
    number: int


Piece: TypeAlias = (
    LineRecords | RepeatedRecords | BlockRecords | CutRecord | LongRecord | TornRecord | RecordPiece
)


class Rejoined:
    """Records in which other text stood: how many, and the first ones, by line from 0, as they read again."""

    def __init__(self) -> None:
        self.count = 0
        self.examples: list[tuple[int, bytes]] = []

    def add(self, line: int, text: bytes) -> None:
        self.count += 1
        if len(self.examples) < MOST_REJOINED:
            self.examples.append((line, text))
