"""Frames the streams of one input, each for itself, and hands out their records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from goscope.capture.linking.origins import Origin
from goscope.framing.framed import (
    BlockRecords,
    Ids,
    LineRecords,
    Piece,
    RepeatedRecords,
)
from goscope.framing.framer import Framer
from goscope.framing.lines import Positions
from goscope.framing.record_finder import RecordFinder
from goscope.log_wrappers.unwrapper import Stream, Unwrapper


class Streams:
    """Feed it the chunks of an input, take its records, each with the stream that it stands in.

    ``origin_of`` numbers a stream that is new; ``plain`` says that nothing stands before the lines.
    """

    def __init__(
        self,
        origin_of: Callable[[Stream], Origin],
        finder: RecordFinder,
        ids_of: Callable[[Sequence[bytes]], Ids],
        *,
        plain: bool = False,
    ) -> None:
        self._origin_of = origin_of
        self._unwrapper = Unwrapper(finder, plain=plain)
        self._finder = finder
        self._ids_of = ids_of
        self._framed: dict[int, tuple[Origin, Framer]] = {}  # by the identity of the stream
        self._thinned: frozenset[str] = frozenset()
        #: The stream of what has no label, and its framer.
        self.unlabelled, self._plain = self._framing(self._unwrapper.plain)

    def feed(self, chunk: bytes) -> Iterator[tuple[Origin, Piece]]:
        """The records that are whole after this chunk."""
        for portion in self._unwrapper.feed(chunk):
            origin, framer = self._framing(portion.stream)
            yield from self._marked(origin, framer.feed(portion.data))

    def release(self) -> Iterator[tuple[Origin, Piece]]:
        """The records of a short text that was held back as a whole; it is plain from here on."""
        for portion in self._unwrapper.release():
            origin, framer = self._framing(portion.stream)
            yield from self._marked(origin, framer.feed(portion.data))

    def finish(self) -> Iterator[tuple[Origin, Piece]]:
        """The records that were held back."""
        for portion in self._unwrapper.finish():
            origin, framer = self._framing(portion.stream)
            yield from self._marked(origin, framer.feed(portion.data))
        for origin, framer in map(self._framing, self._unwrapper.streams):
            yield from self._marked(origin, framer.finish())

    @property
    def wrapped(self) -> bool:
        return self._unwrapper.wrapped

    @property
    def lines(self) -> int:
        """How many lines of the input were read."""
        if self._unwrapper.input_lines is not None:
            return self._unwrapper.input_lines
        return self._unwrapper.lines if self.wrapped else self._plain.lines_seen

    def expect_all(self) -> None:
        """What announces the first block of a kind is not in this part of the input."""
        self._plain.expect_all()

    @property
    def rejoined(self) -> list[tuple[int, bytes]]:
        """The first torn records that were put together: their lines, from 1, and their texts."""
        return [
            (1 + origin.line(line), text)
            for origin, framer in self._framed.values()
            for line, text in framer.rejoined.examples
        ]

    @property
    def rejoined_count(self) -> int:
        """How many torn records were put together."""
        return sum(framer.rejoined.count for _, framer in self._framed.values())

    @property
    def quoted_count(self) -> int:
        """How many lines look like records and are of the value of a crash."""
        return sum(framer.quoted for _, framer in self._framed.values())

    @property
    def openings(self) -> tuple[bytes, ...]:
        """Where the rest of the input may be read apart from here; see :attr:`Framer.openings`."""
        return self._plain.openings if self._unwrapper.is_plain else ()

    def forget(self, needed: Positions, thinned: frozenset[str]) -> None:
        """Forget where lines stood that no row needs any more; see :class:`Places`.

        ``thinned`` are the kinds of blocks whose rows are among those that are needed; of other kinds
        every block is needed.
        """
        self._thinned = thinned
        for stream in self._unwrapper.streams:
            stream.places.forget(needed)

    def _framing(self, stream: Stream) -> tuple[Origin, Framer]:
        """The number of a stream, and what cuts it into records."""
        if id(stream) not in self._framed:
            self._framed[id(stream)] = self._origin_of(stream), Framer(self._finder, self._ids_of)
        return self._framed[id(stream)]

    def _marked(self, origin: Origin, pieces: Iterable[Piece]) -> Iterator[tuple[Origin, Piece]]:
        """The pieces of a stream; the lines of rows that are kept for good are remembered."""
        places = origin.stream.places
        for piece in pieces:
            if not places or isinstance(piece, LineRecords | RepeatedRecords):
                pass
            elif not isinstance(piece, BlockRecords):
                places.mark(np.array([piece.number]))
            elif piece.kind not in self._thinned:
                places.mark(np.concatenate([piece.numbers, piece.numbers + piece.heights - 1]))
            yield origin, piece
