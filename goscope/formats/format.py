"""What a format consists of, and the columns that every table shares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from goscope.framing.framed import BlockRecords
from goscope.framing.records import BlockKind
from goscope.parsing.line_plans import LineRule
from goscope.parsing.unparsed import UnparsedRecords
from goscope.tables.columns import number, text
from goscope.tables.table import WALL_TIME, Column, Table

#: Where a row comes from. Readers give the number of the stream, and the line in it. When all inputs are
#: read, :mod:`goscope.capture.linking.passes` fills in the others, and the line of the input.
STREAM_ID = number(
    "stream_id", "the number of the stream that the row was read from", internal=True
)
INPUT = text("input", "the input that the row was read from")
PROCESS = number("process", "which process of the capture printed it, from 0")
PLACE = (
    STREAM_ID,
    INPUT,
    PROCESS,
    text(
        "stream",
        "what a log shipper called the program that wrote the line: a pod, a service or a unit; missing "
        "where nothing tells",
    ),
    number("line", "the line of the input, from 1"),
    number(
        WALL_TIME,
        "when it was logged, in nanoseconds since 1970 UTC; where a log shipper put a time and a year "
        "before the line (as UTC if it gave no zone)",
        "ns",
    ),
)


class BlockReader(Protocol):
    """Reads the blocks of one kind, over all inputs of a capture."""

    aside: UnparsedRecords

    def begin(self, stream_id: int) -> None:
        """The blocks that follow come from this stream, which may have been begun before."""

    def read(self, blocks: BlockRecords) -> int:
        """Take blocks; how many of them were records."""

    def tables(self) -> Mapping[str, Table]:
        """The finished tables."""


@runtime_checkable
class MergingReader(BlockReader, Protocol):
    """A reader of blocks that can take over what another one read: it may work in a second process."""

    def merge(self, other: Any, lines: int) -> None:
        """Append what another reader read of the rest of this stream, so many lines further down.

        The other one was unpickled: it comes from a second process.
        """


class BlockReaderFactory(Protocol):
    def __call__(self) -> BlockReader: ...


class ContentReader(Protocol):
    """Reads inputs of one binary format, chunk by chunk.

    ``stream_ids`` are those of which at least a part could be used.
    """

    stream_ids: list[int]

    def read(self, stream_id: int, input_name: str, chunks: Iterable[bytes]) -> str | None:
        """Take the content of an input, in chunks of any size; what could not be read at its end, if so.

        Raises:
            InputError: nothing of it can be used: it is damaged, cut, or of another kind; or the chunks
                raised it, and what came before is kept.
        """

    def tables(self) -> Mapping[str, Table]:
        """The finished tables."""


@dataclass(frozen=True, slots=True)
class Content:
    """A binary format: what its inputs start with, and what reads them.

    ``sign`` is matched against the first :data:`goscope.formats.HEAD` bytes, after unpacking;
    it must be something that no text starts with. ``reader`` is told whether tables are wanted that
    hold every single span of a trace: they may be a thousand times as large as all others.
    """

    sign: re.Pattern[bytes]
    reader: Callable[[bool], ContentReader]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of one-line records (``rules``), of blocks (``block`` and ``reader``), or a binary one
    (``content``).

    ``tables`` are the schemas that its records fill, ``example`` is a line to show in documentation.
    """

    name: str
    tables: Mapping[str, tuple[Column, ...]]
    rules: tuple[LineRule, ...] = ()
    block: BlockKind | None = None
    reader: BlockReaderFactory | None = None
    content: Content | None = None
    example: str = field(default="")
