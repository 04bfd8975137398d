"""The reading of one input: its streams are framed, and each record goes to the reader of its kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from goscope.capture.capture import Input
from goscope.capture.linking.origins import Origin
from goscope.formats import HEAD, content_format
from goscope.formats.format import BlockReader, ContentReader
from goscope.framing.framed import (
    LONGEST_RECORD,
    BlockRecords,
    CutRecord,
    LineRecords,
    LongRecord,
    Piece,
    RepeatedRecords,
    TornRecord,
)
from goscope.framing.lines import Positions
from goscope.parsing.unparsed import TORN, Aside, Unparsed
from goscope.reading.record_readers import RecordReaders, block_readers
from goscope.reading.streams import Streams
from goscope.tables.builder import TableBuilder
from goscope.tables.row_selection import State, shift_of

_EXPECTED: Mapping[type[Piece], str] = {
    CutRecord: "the rest of the line: the input ends here",
    LongRecord: f"a record of at most {LONGEST_RECORD >> 20} MiB",
    TornRecord: TORN,
}


@dataclass(frozen=True, slots=True)
class Rest:
    """What another process read of the rest of an input; it can be pickled."""

    found: Input
    builders: Mapping[str, TableBuilder]
    lines: Aside
    readers: Mapping[str, BlockReader]
    cut: Aside
    states: Mapping[str, State]


class InputReading:
    """The reading of one input.

    Blocks of what has no label go to the readers of all inputs. Each labelled stream has readers of its own
    until the end of the input, since a reader takes one input after the other.
    """

    def __init__(self, readers: RecordReaders, name: str, plain: bool = False):
        self.name = name
        #: Whether the input was read to its end.
        self.finished = False
        #: Pieces of records that are not whole.
        self.cut = Aside()
        self._readers = readers
        readers.begin(name)
        kinds = readers.line_kinds, readers.block_kinds
        known = readers.lines.accepts, readers.lines.known.ids_of
        self._streams = Streams(name, *kinds, *known, plain=plain)
        self.expect_all = self._streams.expect_all
        self._own: dict[str, dict[str, BlockReader]] = {}  # by the name of the stream
        self._rejoined: list[tuple[int, bytes]] = []  # in another process
        self._rejoined_count = 0
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
            self._left_out = self._content.read(self.name, whole)
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

    def finish(self, problem: str | None, rest: Rest | None = None) -> Input:
        self._take(self._streams.finish())
        for origin in self._streams.origins:
            for kind, own in self._own.pop(origin.name, {}).items():
                reader = self._readers.blocks[kind]
                reader.begin(origin.name)
                reader.absorb(own, 0)
        self.finished = True
        return self.found(problem, rest)

    @property
    def own_readers(self) -> list[tuple[str, BlockReader]]:
        """The readers of labelled streams, and what kind of blocks each reads."""
        return [pair for own in self._own.values() for pair in own.items()]

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The streams that were found."""
        return self._streams.origins

    def found(self, problem: str | None, rest: Rest | None = None) -> Input:
        """What was found until now."""
        readers = self._readers
        readers.lines.flush()
        lines = self._streams.lines
        if rest is not None:
            lines += self._absorb(rest, lines)
        formats = {
            readers.format_of_table[name]
            for name, rows in self._rows_before.items()
            if readers.builders[name].total > rows
        }
        formats |= {readers.format_of_block[kind] for kind in self._blocks}
        if self._content is not None and self.name in self._content.inputs:
            formats.add(self._content_format)
        pairs = list(zip(readers.aside(), self._aside_before, strict=True))
        pairs += [(reader, (0, 0)) for _, reader in self.own_readers]
        fresh = [one for reader, (_, known) in pairs for one in reader.aside.examples[known:]]
        return Input(
            name=self.name,
            formats=tuple(sorted(formats)),
            lines=lines,
            size=self._size,
            unparsed_count=sum(r.aside.count - n for r, (n, _) in pairs) + self.cut.count,
            unparsed=self._placed([*fresh, *self.cut.examples]),
            cut=self._last != b"\n" and self._size > 0,
            problem=problem or self._left_out,
            wrapped=self._streams.wrapped,
            rejoined_count=self._streams.rejoined_count + self._rejoined_count,
            rejoined=tuple(sorted([*self._streams.rejoined, *self._rejoined])),
            rows={n: readers.builders[n].total - rows for n, rows in self._rows_before.items()},
        )

    def forget(self, needed: Positions, thinned: frozenset[str]) -> None:
        """Let go of where lines stood but these; see :meth:`Streams.forget`."""
        self._streams.forget(needed, thinned)

    def _placed(self, unparsed: Iterable[Unparsed]) -> tuple[Unparsed, ...]:
        """The same with the name and the lines of the input."""
        origins = {origin.name: origin for origin in self._streams.origins}
        found = []
        for one in unparsed:
            origin = origins.get(one.input)
            line = one.line if origin is None else origin.line(one.line - 1) + 1
            found.append(replace(one, input=self.name, line=line))
        return tuple(sorted(found, key=lambda one: one.line))

    def _absorb(self, rest: Rest, lines: int) -> int:
        """Take what another process read, so many lines further down; returns its lines."""
        readers, found = self._readers, rest.found
        shift = shift_of(readers.lines.stream(self.name), lines)
        for name, state in rest.states.items():
            readers.bounds[name].raise_level(state)
        for name, table in readers.builders.items():
            if rest.builders[name].total:
                table.absorb(rest.builders[name], self.name, lines, shift)
        for name, state in rest.states.items():
            readers.bounds[name].absorb(state, shift)
        readers.lines.aside.absorb(rest.lines.examples, rest.lines.count, lines)
        for name, reader in readers.blocks.items():
            reader.absorb(rest.readers[name], lines)
        self._blocks |= {k for k, f in readers.format_of_block.items() if f in found.formats}
        self.cut.absorb(rest.cut.examples, rest.cut.count, lines)
        self._rejoined += [(line + lines, text) for line, text in found.rejoined]
        self._rejoined_count += found.rejoined_count
        self._size += found.size
        self._last = b"" if found.cut else b"\n"
        return found.lines

    def _readers_of(self, stream: str) -> dict[str, BlockReader]:
        if stream == self.name:
            return self._readers.blocks
        if stream not in self._own:
            self._own[stream] = block_readers()
            for reader in self._own[stream].values():
                reader.begin(stream)
        return self._own[stream]

    def _take(self, pieces: Iterable[tuple[Origin, Piece]]) -> None:
        for origin, piece in pieces:
            if isinstance(piece, LineRecords | RepeatedRecords):
                self._readers.lines.begin(origin.name)
                self._readers.lines.read(piece)
            elif isinstance(piece, BlockRecords):
                if self._readers_of(origin.name)[piece.kind].read(piece):
                    self._blocks.add(piece.kind)
            else:
                expected = _EXPECTED[type(piece)]
                self.cut.add(Unparsed(origin.name, piece.number + 1, piece.text, expected))
