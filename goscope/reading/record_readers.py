"""All that reads records into tables, of every format and over all inputs of a capture."""

from __future__ import annotations

from goscope.formats import all_formats
from goscope.formats.format import BlockReader, ContentReader, Format
from goscope.framing.record_finder import RecordFinder
from goscope.parsing.line_shapes import LineShapes
from goscope.tables.builder import TableBuilder
from goscope.tables.row_selection import ALL, bounds_of
from goscope.tables.table import Table


class RecordReaders:
    """Readers of lines, blocks and binary content, and what they fill.

    ``spans`` and ``most_rows`` are those of :class:`goscope.reading.capture_builder.CaptureBuilder`.
    """

    def __init__(self, *, spans: bool, most_rows: int | None) -> None:
        formats = all_formats()
        rules = [rule for f in formats for rule in f.rules]
        keeping = {rule.table: rule.keeping for rule in rules}
        bounded = most_rows is not None
        #: The tables made of lines, by name.
        self.builders = {
            name: TableBuilder(
                name,
                columns,
                bounded=bounded,
                sums=keeping.get(name, ALL).sums,
                costs=keeping.get(name, ALL).costs,
            )
            for f in formats
            if f.rules
            for name, columns in f.tables.items()
        }
        self.bounds = {} if most_rows is None else bounds_of(self.builders, keeping, most_rows)
        of_table = {b.name: bound for bound in self.bounds.values() for b in bound.builders}
        self.lines = LineShapes(rules, self.builders, of_table)
        #: Knows the records of all kinds.
        self.finder = RecordFinder(
            [rule.kind for rule in rules],
            [f.block for f in formats if f.block is not None],
            self.lines.accepts,
        )
        #: The readers of blocks, by their kind.
        self.blocks: dict[str, BlockReader] = {
            f.block.name: f.reader() for f in formats if f.block and f.reader
        }
        self.contents: dict[str, ContentReader] = {}  # of the binary formats that were met
        self.format_of_table = {name: f.name for f in formats for name in f.tables}
        self.format_of_block = {f.block.name: f.name for f in formats if f.block is not None}
        self._binary = [f for f in formats if f.content is not None]
        self._spans = spans

    def content(self, found: Format) -> ContentReader:
        """The reader of a binary format."""
        assert found.content is not None
        if found.name not in self.contents:
            self.contents[found.name] = found.content.reader(self._spans)
        return self.contents[found.name]

    def aside(self) -> list[LineShapes | BlockReader]:
        """Whoever may set records aside."""
        return [self.lines, *self.blocks.values()]

    def missing(self, tables: dict[str, Table]) -> dict[str, Table]:
        """Empty tables of the binary formats that were not met."""
        absent = ((n, c) for f in self._binary for n, c in f.tables.items() if n not in tables)
        return {name: Table(name, columns, {}, 0) for name, columns in absent}
