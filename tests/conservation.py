"""What goscope made of each place of an input at which text of the Go runtime stands.

The law: such a place is in a record, or in the count of what was not understood, or in the value of a crash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from goscope.capture.linking.origins import Origin
from goscope.framing.framed import BlockRecords, Piece
from goscope.reading.input_reading import InputReading
from goscope.reading.record_readers import RecordReaders
from tests.go_text import Place, go_text

_REPORTS = ("goleak", "race", "crash")
#: The kinds of blocks that a place may stand in; what is not named here is a record of one line.
_BLOCKS = {
    "goroutine": ("goroutine", "goleak"),
    "race": ("race",),
    "profile": ("profile",),
    "profile frame": ("profile",),
    "goleak": ("goleak",),
    "panic": ("crash",),
    "fatal error": ("crash",),
    "signal": ("crash", "goroutine"),
    "failed test": ("exit",),
    "created by": ("goroutine", *_REPORTS),
    "frame": ("goroutine", *_REPORTS),
}


#: Of what stands below another piece of the same record only the first is counted.
_IN_A_ROW = ("frame", "created by", "profile frame")


class Account:
    """The lines of an input, from 1, that are in records, by kind of record, or counted."""

    def __init__(self, data: bytes | Iterable[bytes]) -> None:
        readers = RecordReaders(spans=False, most_rows=None)
        origins: list[Origin] = []
        reading = _Watched(readers, origins, "input")
        reading.feed_all([data] if isinstance(data, bytes) else data)
        found = reading.finish(None)
        self.counted = {one.line for one in found.unparsed}
        self.quoted = found.quoted_count
        #: How many more are counted whose lines are not kept.
        self.uncertain = found.unparsed_count - len(found.unparsed)
        self.blocks: dict[str, set[int]] = defaultdict(set)
        for kind, origin, first, height in reading.blocks:
            self.blocks[kind] |= {origin.line(at) + 1 for at in range(first, first + height)}
        self._starts = {at for origin in origins for at in _lines_of(origin, found.lines)}
        self.lines: set[int] = set()
        for builder in readers.builders.values():
            rows = builder.build()
            pairs = zip(rows["stream_id"].tolist(), rows["line"].tolist(), strict=True)
            self.lines |= {origins[stream].line(line - 1) + 1 for stream, line in pairs}

    def lost(self, places: Iterable[Place]) -> list[Place]:
        """Those of the places that are nowhere."""
        lost = [place for place in places if not self._known(self._joined(place))]
        quoted = [place for place in lost if self._may_be_quoted(place)]
        others = [place for place in lost if not self._may_be_quoted(place)]
        return [*quoted[self.quoted :], *others][self.uncertain :]

    def _known(self, place: Place) -> bool:
        if place.line in self.counted:
            return True
        if place.what in _IN_A_ROW and self.counted & {
            place.line - 1,
            place.line - 2,
        }:
            self.counted.add(place.line)  # of a stack that is counted once
            return True
        kinds = _BLOCKS.get(place.what)
        if kinds is None:
            return place.line in self.lines
        return any(place.line in self.blocks[kind] for kind in kinds)

    def _joined(self, place: Place) -> Place:
        """The same; where its line is the rest of one that was wrapped, with the line that it was joined to."""
        line = place.line
        while self._starts and line not in self._starts and line > 1:
            line -= 1
        return Place(line, place.what)

    def _may_be_quoted(self, place: Place) -> bool:
        return place.what == "goroutine" and place.line in self.blocks["crash"]


def _lines_of(origin: Origin, lines: int) -> set[int]:
    """The lines of the input that lines of a stream come from; none if they are the same."""
    return {origin.line(at) + 1 for at in range(lines)} if origin.stream.places else set()


class _Watched(InputReading):
    """The same, and where blocks stood: kind, stream, first line from 0, number of lines."""

    def __init__(self, readers: RecordReaders, origins: list[Origin], name: str) -> None:
        self.blocks: list[tuple[str, Origin, int, int]] = []
        super().__init__(readers, origins, name)

    def _take(self, pieces: Iterable[tuple[Origin, Piece]]) -> None:
        super()._take(self._noted(pieces))

    def _noted(self, pieces: Iterable[tuple[Origin, Piece]]) -> Iterator[tuple[Origin, Piece]]:
        for origin, piece in pieces:
            if isinstance(piece, BlockRecords):
                numbers, heights = piece.numbers.tolist(), piece.heights.tolist()
                spans = zip(numbers, heights, strict=True)
                self.blocks += [(piece.kind, origin, first, height) for first, height in spans]
            yield origin, piece


def lost(data: bytes) -> list[Place]:
    """The places of a text at which something of Go's stands that goscope lost in silence."""
    return Account(data).lost(go_text(data))
