"""Frames the streams of one input, each for itself, and hands out their records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from goscope.capture.linking.origins import Origin
from goscope.framing.framed import BlockRecords, Ids, LineRecords, Piece, RepeatedRecords
from goscope.framing.framer import Framer
from goscope.framing.lines import Positions
from goscope.framing.records import BlockKind, LineKind
from goscope.log_wrappers.unwrapper import Stream, Unwrapper


class Streams:
    """Feed it the chunks of an input, take its records, each with the stream that it stands in.

    ``plain`` says that nothing stands before the lines.
    """

    def __init__(
        self,
        name: str,
        line_kinds: Sequence[LineKind],
        block_kinds: Sequence[BlockKind],
        accepts: Callable[[bytes], bool],
        ids_of: Callable[[Sequence[bytes]], Ids],
        *,
        plain: bool = False,
    ) -> None:
        self._name = name
        self._unwrapper = Unwrapper([*line_kinds, *block_kinds], accepts, plain=plain)
        self._kinds = line_kinds, block_kinds
        self._known = accepts, ids_of
        self._framers: dict[int, Framer] = {}
        self._origins: dict[int, Origin] = {}
        self._thinned: frozenset[str] = frozenset()
        self._origin(self._unwrapper.plain)

    def feed(self, chunk: bytes) -> Iterator[tuple[Origin, Piece]]:
        """The records that are whole after this chunk."""
        for portion in self._unwrapper.feed(chunk):
            yield from self._named(portion.stream, self.framer(portion.stream).feed(portion.data))

    def finish(self) -> Iterator[tuple[Origin, Piece]]:
        """The records that were held back."""
        for portion in self._unwrapper.finish():
            yield from self._named(portion.stream, self.framer(portion.stream).feed(portion.data))
        for stream in self._unwrapper.streams:
            yield from self._named(stream, self.framer(stream).finish())

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The streams, in the order in which they appeared; the first is what has no label."""
        return tuple(self._origin(stream) for stream in self._unwrapper.streams)

    @property
    def wrapped(self) -> bool:
        return self._unwrapper.wrapped

    @property
    def lines(self) -> int:
        """How many lines of the input were read."""
        if self.wrapped:
            return self._unwrapper.lines
        return self.framer(self._unwrapper.plain).lines_seen

    def expect_all(self) -> None:
        """What announces the first block of a kind is not in this part of the input."""
        self.framer(self._unwrapper.plain).expect_all()

    @property
    def rejoined(self) -> list[tuple[int, bytes]]:
        """The first torn records that were put together: their lines, from 1, and their texts."""
        found = []
        for origin in self.origins:
            for line, text in self.framer(origin.stream).rejoined.examples:
                found.append((1 + origin.line(line), text))
        return found

    @property
    def rejoined_count(self) -> int:
        """How many torn records were put together."""
        return sum(self.framer(origin.stream).rejoined.count for origin in self.origins)

    @property
    def openings(self) -> tuple[bytes, ...]:
        """Where the rest of the input may be read apart from here; see :attr:`Framer.openings`."""
        return self.framer(self._unwrapper.plain).openings if self._unwrapper.is_plain else ()

    def framer(self, stream: Stream) -> Framer:
        if id(stream) not in self._framers:
            self._framers[id(stream)] = Framer(*self._kinds, *self._known)
        return self._framers[id(stream)]

    def forget(self, needed: Positions, thinned: frozenset[str]) -> None:
        """Let go of where lines stood that no row needs any more; see :class:`Places`.

        ``thinned`` are the kinds of blocks whose rows are among those that are needed; of other kinds
        no block is let go.
        """
        self._thinned = thinned
        for stream in self._unwrapper.streams:
            stream.places.forget(needed)

    def _mark(self, stream: Stream, piece: Piece) -> None:
        """Remember which lines rows will be known by that nobody lets go of."""
        if isinstance(piece, BlockRecords):
            if piece.kind not in self._thinned and stream.places:
                stream.places.mark(
                    np.concatenate([piece.numbers, piece.numbers + piece.heights - 1])
                )
        elif not isinstance(piece, LineRecords | RepeatedRecords) and stream.places:
            stream.places.mark(np.array([piece.number]))

    def _origin(self, stream: Stream) -> Origin:
        """A stream's name among all inputs; what has no label has the input's own."""
        if id(stream) not in self._origins:
            name = f"{self._name}\n{len(self._origins)}" if self._origins else self._name
            self._origins[id(stream)] = Origin(name, self._name, stream)
        return self._origins[id(stream)]

    def _named(self, stream: Stream, pieces: Iterable[Piece]) -> Iterator[tuple[Origin, Piece]]:
        origin = self._origin(stream)
        for piece in pieces:
            self._mark(stream, piece)
            yield origin, piece
