"""Cuts a stream of bytes into records, chunk by chunk.

Where a chunk ends never changes a result: a record that may go on in the next chunk is held back
until it is known to be whole. The same code serves a file of a gigabyte and a live pipe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from goscope.framing.block_framer import ABOVE, BlockFramer
from goscope.framing.framed import (
    LONGEST_LINE,
    LONGEST_RECORD,
    Ids,
    LongRecord,
    Piece,
    Rejoined,
)
from goscope.framing.line_framer import LineFramer
from goscope.framing.line_memo import FramedLineMemo
from goscope.framing.lines import Lines
from goscope.framing.quotation import Prefix
from goscope.framing.record_finder import RecordFinder
from goscope.framing.record_pieces import RecordPieces

_STUMP = LONGEST_RECORD + 64  # what is kept of an endless line: too long, even without a prefix
#: From so many bytes on, a record that may go on is looked at again only when it grew by an eighth: a long
#: one that comes line by line would be read from its start for each line.
_LARGE = 1 << 16


class Framer:
    """Feed it bytes, take the records; call :meth:`finish` at the end of the input.

    ``ids_of`` recognises lines that were read before, see :class:`FramedLineMemo`.
    """

    def __init__(self, finder: RecordFinder, ids_of: Callable[[Sequence[bytes]], Ids]):
        self.lines_seen = 0
        self.rejoined = Rejoined()
        self._finder = finder
        self._lines = LineFramer(finder, self.rejoined)
        self._blocks = BlockFramer(finder, self.rejoined)
        self._repeats = FramedLineMemo(finder, self._lines, self._blocks, ids_of)
        self._held = b""  # complete lines of a record that may go on
        self._behind: list[bytes] = []  # complete lines that were not looked at yet
        self._behind_size = 0
        self._partial: list[bytes] = []  # the beginning of a line whose end has not come yet
        self._partial_size = 0
        self._pieces = RecordPieces(finder)
        self._prefix = Prefix(finder)

    def expect_all(self) -> None:
        """What the first block of a kind announces is not in this part of the input."""
        self._blocks.expect_all()

    @property
    def quoted(self) -> int:
        """How many lines look like records and are of the value of a crash."""
        return self._blocks.quoted

    @property
    def openings(self) -> tuple[bytes, ...]:
        """What lines start with above which every record ends; none until the prefix is known to be none."""
        if not self._prefix.absent:
            return ()
        return self._finder.boundaries(blocks_only=self._blocks.found)

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The records that are whole after ``data``."""
        cut = data.rfind(b"\n") + 1
        if not cut:
            self._hold_partial(data)
            return
        self._behind += [*self._partial, data[:cut]]
        self._behind_size += self._partial_size + cut
        self._partial, self._partial_size = [], 0
        self._hold_partial(data[cut:])
        if len(self._held) < _LARGE or self._behind_size >= len(self._held) // 8:
            yield from self._records(self._waiting(), final=False)

    def finish(self) -> Iterator[Piece]:
        """The records that were held back, and a last line without a line end."""
        last = b"".join(self._partial)
        whole = self._waiting() + last
        self._partial, self._partial_size = [], 0
        if whole:
            yield from self._records(
                whole if whole.endswith(b"\n") else whole + b"\n", True, bool(last)
            )

    def _waiting(self) -> bytes:
        """All complete lines that were held back; none is any more."""
        whole = b"".join([self._held, *self._behind])
        self._held, self._behind, self._behind_size = b"", [], 0
        return whole

    def _hold_partial(self, data: bytes) -> None:
        """Keep the beginning of a line; of one that is too long for a record only a stump."""
        if data and self._partial_size < _STUMP:
            self._partial.append(data[: _STUMP - self._partial_size])
            self._partial_size += len(self._partial[-1])

    def _records(self, data: bytes, final: bool, cut: bool = False) -> Iterator[Piece]:
        if b"\r" in data:  # looking for two characters takes a hundred times as long
            data = data.replace(b"\r\n", b"\n")
        if not final and self._prefix.absent:
            repeated = self._repeats.find(data, self.lines_seen)
            if repeated is not None:
                yield repeated
                self.lines_seen += len(repeated.numbers)
                self._held = data[data.rindex(b"\n", 0, -1) + 1 :]
                return
        raw = Lines(data, self.lines_seen)
        lines = self._prefix.strip(raw)
        records = lines.opening_with(self._finder.line_openings)
        blocks, kept = self._blocks.find(lines, records, final, cut)
        openings = lines.shorter_than(LONGEST_LINE, records)
        if not final:
            kept = self._lines.held(lines, openings, kept)
        too_long = len(lines)
        if kept < len(lines):
            start = int(raw.starts[kept])
            if len(data) - start > LONGEST_RECORD:
                yield LongRecord(lines.text(kept)[:ABOVE], lines.first + kept)
                too_long, kept = kept, len(lines)
            else:
                self._held = data[start:]
        cut_line = kept - 1 if cut else -1
        wholes = [whole for found in blocks for whole in found.again.values()]
        within = sorted(pair for whole in wholes for pair in whole.within if pair[0] < kept)
        yield from self._lines.pieces(lines, openings, kept, cut_line, within)
        yield from self._blocks.pieces(lines, blocks, kept, cut_line)
        if too_long < len(lines):
            self._blocks.passing = True
        free = ~self._blocks.covered(lines, blocks) & (lines.ends > lines.starts)
        free[openings] = False
        free[self._lines.unsigned] = True
        free[too_long:] = False
        free[[line for line, _ in within]] = False
        free[kept:] = False
        yield from self._pieces.find(lines, free)
        self.lines_seen += kept
