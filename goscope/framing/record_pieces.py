"""Counts pieces of records that are in no record: a header without its goroutine, a stray ``created by``.

Nothing of Go's is lost in silence. What framers made no record of is looked at once more: a line that
only a record holds, but stands in none, is a piece of one whose other lines are missing or were torn.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from goscope.framing.framed import LONGEST_LINE, RecordPiece
from goscope.framing.lines import Lines, Positions
from goscope.framing.loose_stacks import OF_NO_GOROUTINE
from goscope.framing.record_finder import RecordFinder
from goscope.tables.table import Bools

#: A record behind something else on its line is looked for in so many bytes that are in no record: an
#: application's log is long, and what people paste is not.
MOST_SEARCHED = 1 << 20


class RecordPieces:
    """Finds such lines of one stream; each is counted, of a stack without a goroutine the first."""

    def __init__(self, finder: RecordFinder) -> None:
        self._finder = finder
        self._left = MOST_SEARCHED
        self._signs = [piece for kind in finder.block_kinds for piece in kind.pieces]
        self._openings = tuple(opening for opening, _ in self._signs)
        self._pairs = [kind.pair for kind in finder.block_kinds if kind.pair is not None]
        self._behind = -1  # the line number below the last stray frame
        self._below = -1  # and below the last line that starts like a piece

    def find(self, lines: Lines, free: Bools) -> Iterator[RecordPiece]:
        """The pieces among the lines of a stretch that are ``free``: those of text that no record has."""
        if not free.any():
            return
        found = self._opening(lines, free)
        if self._left > 0:
            found += self._inside(lines, lines.shorter_than(LONGEST_LINE, np.flatnonzero(free)))
        if lines.indented.any():
            below = np.flatnonzero(free[1:] & free[:-1] & lines.indented[1:]) + 1
            found += self._frames(lines, lines.shorter_than(LONGEST_LINE, below))
        for line in sorted(set(found)):
            yield RecordPiece(lines.text(line), line + lines.first)

    def _opening(self, lines: Lines, free: Bools) -> list[int]:
        """Lines that start like one that only a record holds; of those in a row the first."""
        opening = lines.opening_with(self._openings)
        found = []
        for line in lines.shorter_than(LONGEST_LINE, opening[free[opening]]).tolist():
            if self._is_piece(lines.text(line)):
                if self._below != line + lines.first:
                    found.append(line)
                self._below = line + 1 + lines.first
        return found

    def _is_piece(self, text: bytes) -> bool:
        return any(sign.match(text) for _, sign in self._signs)

    def _inside(self, lines: Lines, free: Positions) -> list[int]:
        """Lines in which a record starts, most of them behind something else."""
        if not len(free):
            return []
        sizes = np.cumsum(lines.ends[free] - lines.starts[free] + 1)
        searched = free[sizes <= self._left]
        self._left -= int(sizes[-1])
        text = lines.gather(searched)
        starts = [start for start, _, at in self._finder.lines(text, len(text)) if at >= 0]
        places = np.searchsorted(sizes[: len(searched)], np.array(starts, np.int64), side="right")
        found: list[int] = searched[places].tolist()
        return found

    def _frames(self, lines: Lines, below: Positions) -> list[int]:
        """The first frame of each stack of no goroutine; ``below`` are indented lines below others."""
        found = []
        for line in below.tolist():
            call, place = lines.text(line - 1), lines.text(line)
            if not (b" +0x" in place or call.endswith(b"(...)")):
                continue
            if not any(a.match(call) and b.match(place) for a, b in self._pairs):
                continue
            above = lines.text(line - 2) if line > 1 else b""
            if self._behind != line - 1 + lines.first and above not in OF_NO_GOROUTINE:
                found.append(line - 1)
            self._behind = line + 1 + lines.first
        return found
