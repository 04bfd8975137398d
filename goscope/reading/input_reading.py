"""The reading of one input: its streams are framed, and each record goes to the reader of its kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from goscope.capture.capture import Input
from goscope.capture.linking.origins import Origin
from goscope.formats import HEAD, content_format
from goscope.formats.format import ContentReader, MergingReader
from goscope.framing.framed import (
    LONGEST_RECORD,
    BlockRecords,
    CutRecord,
    LineRecords,
    LongRecord,
    Piece,
    RecordPiece,
    RepeatedRecords,
    TornRecord,
)
from goscope.framing.lines import Positions
from goscope.log_wrappers.unwrapper import Stream
from goscope.parsing.unparsed import TORN, Unparsed, UnparsedRecords
from goscope.reading.record_readers import RecordReaders
from goscope.reading.streams import Streams
from goscope.tables.builder import ANCHOR, TableBuilder
from goscope.tables.row_selection import State, shift_of

_EXPECTED: Mapping[type[Piece], str] = {
    CutRecord: "the rest of the line: the input ends here",
    LongRecord: f"a record of at most {LONGEST_RECORD >> 20} MiB",
    TornRecord: TORN,
    RecordPiece: "the other lines of its record",
}


@dataclass(frozen=True, slots=True)
class Rest:
    """What another process read of the rest of an input; it can be pickled.

    Blocks of which there are few come as they were framed, in ``blocks``.
    """

    found: Input
    builders: Mapping[str, TableBuilder]
    lines: UnparsedRecords
    readers: Mapping[str, MergingReader]
    blocks: list[BlockRecords]
    cut: UnparsedRecords
    states: Mapping[str, State]


class InputReading:
    """The reading of one input; each stream gets the next number in ``origins``.

    ``rest`` says that it is the rest of an input, which is read for another process. ``program`` names the
    live program that the input was taken from.
    """

    def __init__(
        self,
        readers: RecordReaders,
        origins: list[Origin],
        name: str,
        *,
        program: str | None = None,
        rest: bool = False,
    ):
        self.name = name
        #: Whether the input was read to its end.
        self.finished = False
        self._origins = origins
        self._program = program
        self._readers = readers
        readers.lines.flush()
        self._streams = Streams(
            self._new_origin,
            readers.finder,
            readers.lines.known.ids_of,
            plain=rest,  # else the first part had no openings
        )
        if rest:
            self._streams.expect_all()
        #: Of the rest of an input: the blocks that the other process has to read.
        self._handed_over: list[BlockRecords] | None = [] if rest else None
        self._cut = UnparsedRecords()  # pieces of records that are not whole
        self._rest: Input | None = None  # that another process read
        self._rows_before = {n: b.total for n, b in readers.builders.items()}
        self._aside_before = [(r.aside.count, len(r.aside.examples)) for r in readers.aside()]
        self._blocks: set[str] = set()
        self._content: ContentReader | None = None
        self._content_format = ""
        self._left_out: str | None = None  # of a binary input: why its end could not be read
        self._size = 0
        self._last = b"\n"

    def feed_all(self, chunks: Iterable[bytes]) -> None:
        """All of the input, whose first bytes tell whether it is binary."""
        left = iter(chunks)
        head = b""
        while len(head) < HEAD and (chunk := next(left, b"")):
            head += chunk
        found = content_format(head[:HEAD])
        if found is not None and found.content is not None:
            self._content, self._content_format = self._readers.content(found), found.name
            whole = self._counted(itertools.chain([head], left))
            self._left_out = self._content.read(self.stream_id, self.name, whole)
            return
        self.feed(head)
        for chunk in left:
            self.feed(chunk)

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._size += len(chunk)
            yield chunk

    def feed(self, chunk: bytes) -> None:
        if chunk:
            self._size += len(chunk)
            self._last = chunk[-1:]
            self._take(self._streams.feed(chunk))

    @property
    def openings(self) -> tuple[bytes, ...]:
        return self._streams.openings

    @property
    def stream_id(self) -> int:
        """The number of what has no label."""
        return self._streams.unlabelled.number

    def finish(self, problem: str | None, rest: Rest | None = None) -> Input:
        """The end of the input, or of the part that is read here: ``rest`` is what was read below it."""
        self._take(self._streams.finish())
        self._readers.lines.flush()
        if rest is not None:
            self._merge(rest)
        self.finished = True
        return self.found(problem)

    def found(self, problem: str | None) -> Input:
        """What was found until now."""
        if not self.finished:
            self._take(self._streams.release())
        readers, streams, rest = self._readers, self._streams, self._rest
        readers.lines.flush()
        formats = {
            readers.format_of_table[name]
            for name, rows in self._rows_before.items()
            if readers.builders[name].total > rows
        }
        formats |= {readers.format_of_block[kind] for kind in self._blocks}
        if self._content is not None and self.stream_id in self._content.stream_ids:
            formats.add(self._content_format)
        pairs = list(zip(readers.aside(), self._aside_before, strict=True))
        fresh = [one for reader, (_, known) in pairs for one in reader.aside.examples[known:]]
        rejoined, rejoined_count = streams.rejoined, streams.rejoined_count
        if rest is not None:
            formats |= set(rest.formats)
            rejoined += [(line + streams.lines, text) for line, text in rest.rejoined]
            rejoined_count += rest.rejoined_count
        return Input(
            name=self.name,
            formats=tuple(sorted(formats)),
            lines=streams.lines + (0 if rest is None else rest.lines),
            size=self._size + (0 if rest is None else rest.size),
            unparsed_count=sum(r.aside.count - n for r, (n, _) in pairs) + self._cut.count,
            unparsed=self._placed([*fresh, *self._cut.examples]),
            cut=self._last != b"\n" and self._size > 0 if rest is None else rest.cut,
            problem=problem or self._left_out,
            wrapped=streams.wrapped,
            rejoined_count=rejoined_count,
            rejoined=tuple(sorted(rejoined)),
            quoted_count=streams.quoted_count + (0 if rest is None else rest.quoted_count),
            rows={n: readers.builders[n].total - rows for n, rows in self._rows_before.items()},
        )

    def rest(self, found: Input, states: Mapping[str, State]) -> Rest:
        """What another process takes over of the rest of an input."""
        readers = self._readers
        return Rest(
            found,
            readers.builders,
            readers.lines.aside,
            {k: r for k, r in readers.blocks.items() if isinstance(r, MergingReader)},
            self._handed_over or [],
            self._cut,
            states,
        )

    def forget(self, needed: Positions, thinned: frozenset[str]) -> None:
        """Forget where lines stood but these; see :meth:`Streams.forget`."""
        self._streams.forget(needed, thinned)

    def _new_origin(self, stream: Stream) -> Origin:
        self._origins.append(Origin(len(self._origins), self.name, stream, self._program))
        return self._origins[-1]

    def _placed(self, unparsed: Iterable[Unparsed]) -> tuple[Unparsed, ...]:
        """The same with the lines of the input."""
        found = [
            replace(one, line=self._origins[one.stream_id].line(one.line - 1) + 1)
            for one in unparsed
        ]
        return tuple(sorted(found, key=lambda one: one.line))

    def _merge(self, rest: Rest) -> None:
        """Append what another process read below the lines that were read here."""
        readers, lines, stream_id = self._readers, self._streams.lines, self.stream_id
        self._rest = rest.found
        shift = shift_of(stream_id, lines)
        for name, state in rest.states.items():
            readers.bounds[name].raise_level(state)
        moves = {"stream_id": stream_id, "line": lines, ANCHOR: shift}
        for name, builder in readers.builders.items():
            builder.merge(rest.builders[name], moves)
        for name, state in rest.states.items():
            readers.bounds[name].merge(state, shift)
        readers.lines.aside.merge(rest.lines, lines, stream_id)
        self._cut.merge(rest.cut, lines, stream_id)
        for kind, other in rest.readers.items():
            reader = readers.blocks[kind]
            reader.begin(stream_id)
            assert isinstance(reader, MergingReader)
            reader.merge(other, lines)
        origin = self._streams.unlabelled
        self._take((origin, replace(b, numbers=b.numbers + lines)) for b in rest.blocks)

    def _take(self, pieces: Iterable[tuple[Origin, Piece]]) -> None:
        lines, blocks = self._readers.lines, self._readers.blocks
        for origin, piece in pieces:
            if isinstance(piece, LineRecords | RepeatedRecords):
                lines.begin(origin.number)
                lines.read(piece)
            elif isinstance(piece, BlockRecords):
                reader = blocks[piece.kind]
                if self._handed_over is not None and not isinstance(reader, MergingReader):
                    self._handed_over.append(replace(piece, data=b""))
                    continue
                reader.begin(origin.number)
                if reader.read(piece):
                    self._blocks.add(piece.kind)
            else:
                expected = _EXPECTED[type(piece)]
                self._cut.add(Unparsed(origin.number, piece.number + 1, piece.text, expected))
