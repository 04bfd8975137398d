"""Reports of go.uber.org/goleak, v1.0 to v1.3: goroutines that outlived a test.

``VerifyTestMain`` prints at column 0. ``VerifyNone`` is part of a test failure, so its lines are
indented by eight spaces, and the place of the check stands in front. Up to v1.2.1 each stack
starts with the header of its goroutine, from v1.3.0 on with the first frame. A block is a goroutine:
who copies from the middle of a report leaves its first lines out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from goscope.formats.format import PLACE, Format
from goscope.formats.goroutines.stacks import FRAME_SLOTS
from goscope.formats.goroutines.stacks import GRAMMAR as STACK_GRAMMAR
from goscope.formats.row_reader import RowReader
from goscope.framing.framed import BlockRecords
from goscope.framing.records import BlockKind
from goscope.goruntime.function_names import is_user_code
from goscope.parsing.grammars import Grammar, Rejected
from goscope.parsing.text_shapes import TextShapes
from goscope.tables.table import Column, Kind, Table, table_from

GRAMMAR = Grammar("goleak", ("leaked",))
#: So many goroutines of a capture are read.
MOST_GOROUTINES = 100_000

#: A row is a leaked goroutine; :mod:`goscope.capture.linking.crash_linking` makes a row of the crashes table
#: per report.
GOLEAKS = (
    *PLACE,
    Column("report", Kind.INT, "", "the line of the input at which its report starts"),
    Column("goroutine", Kind.INT, "", "goroutine id"),
    Column("state", Kind.TEXT, "", "its state or wait reason"),
    Column("top", Kind.TEXT, "", "the function on top of the stack"),
    Column("function", Kind.TEXT, "", "innermost function that is not Go's own"),
    Column("file", Kind.TEXT, "", "source file"),
    Column("file_line", Kind.INT, "", "source line"),
    Column("creator", Kind.TEXT, "", "the function that started it, as it is printed"),
)

_LEAKED = re.compile(rb"[\[ ]?Goroutine [0-9]+ in state ")
#: So many lines may part two goroutines of a report.
_APART = 1
_BLANKS = (b"\t", b" ")
_LONGEST = 1 << 14
_SLOTS = re.compile(
    rb"([0-9]+)(?= in state )|(?<= in state )([^\]\n]+?)(?=\] \{|, with )"
    rb"|(?<=, with )([^\n]+)(?= on top of the stack:\Z)|(?<= \{)([^\n]*)(?=\}, with )"
)


class GoleakReader(RowReader):
    """Reads the goleak reports of all inputs."""

    def __init__(self) -> None:
        super().__init__()
        self._leaked = TextShapes(GRAMMAR, "leaked", _SLOTS)
        self._frames = TextShapes(STACK_GRAMMAR, "frame", FRAME_SLOTS)
        self._report = self._end = -1  # where the last report starts, and the line behind it
        self._stream = -1

    def read(self, blocks: BlockRecords) -> int:
        """Take blocks; returns how many of them name a goroutine."""
        found = 0
        places = zip(blocks.numbers.tolist(), blocks.heights.tolist(), strict=True)
        for text, (number, height) in zip(blocks.texts, places, strict=True):
            before = len(self._rows)
            report = self._report_of(text, number)
            self._end = number + height
            for line, head, stack in _goroutines(text):
                if len(self._rows) >= MOST_GOROUTINES:
                    expected = f"not examined: more than {MOST_GOROUTINES} leaked goroutines"
                    self._set_aside(number + line, head, expected)
                else:
                    self._read_one(report, number + line, head, stack)
            found += len(self._rows) > before
        return found

    def _report_of(self, text: bytes, number: int) -> int:
        """The line with which the report of a block starts: a "[" does, and what stands apart."""
        opens = text.lstrip(b" ").startswith(b"[")
        if opens or self._stream != self._stream_id or not 0 <= number - self._end <= _APART:
            self._report, self._stream = number, self._stream_id
        return self._report

    def tables(self) -> Mapping[str, Table]:
        """The goroutines of all reports."""
        return {"goleaks": table_from("goleaks", GOLEAKS, self._rows)}

    def _read_one(self, report: int, line: int, head: bytes, stack: list[bytes]) -> None:
        parts = self._leaked.parse(head[:_LONGEST])
        if isinstance(parts, Rejected):
            self._set_aside(line, head, parts.expected)
            return
        texts = {part.name: part.text for part in parts if part.words}
        places: list[dict[str, Any]] = []
        for call, at in itertools.pairwise(stack):
            if at[:1] not in _BLANKS or call[:1] in _BLANKS or call.startswith(b"created by "):
                continue
            frame = self._frames.parse(b"\n\t".join((call, at.lstrip()))[:_LONGEST])
            if isinstance(frame, Rejected):
                continue
            words = {part.name: part.text for part in frame if part.words}
            number = int(words["line"][:18])
            place = {"function": words["function"], "file": words["file"], "file_line": number}
            if is_user_code(words["function"]):
                places.insert(0, place)
                break
            places.append(place)
        self._rows.append(
            {
                "stream_id": self._stream_id,
                "line": line + 1,
                "report": report + 1,
                "goroutine": int(texts["id"]) if len(texts["id"]) <= 18 else None,
                "state": texts["state"],
                "top": texts["function"],
                "creator": _creator(stack),
                **(places[0] if places else {"function": texts["function"]}),
            }
        )


def _creator(stack: list[bytes]) -> str | None:
    for line in stack:
        if line.startswith(b"created by "):
            name = line.removeprefix(b"created by ").partition(b" in goroutine ")[0]
            return name.decode("utf-8", "replace")
    return None


def _goroutines(text: bytes) -> Iterator[tuple[int, bytes, list[bytes]]]:
    """The goroutines of a report: line within it, first line, and the lines of the stack."""
    head: tuple[int, bytes] | None = None
    stack: list[bytes] = []
    first = text.partition(b"Goroutine ")[0]
    # What testing puts before the further lines of a message; goleak itself puts a character before each.
    indent = first[:-1] if len(first) % 4 == 1 else first
    for number, raw in enumerate(text.split(b"\n")):
        line = raw.removeprefix(indent)
        if _LEAKED.match(line):
            if head is not None:
                yield *head, stack
            head, stack = (number, line), []
        elif line and line != b"]":
            stack.append(line)
    if head is not None:
        yield *head, stack


FORMAT = Format(
    name="goleak",
    tables={},
    block=BlockKind(
        name="goleak",
        told=True,
        openings=tuple(
            indent + before + b"Goroutine #"
            for indent in (b"", b"    ", b"        ")
            for before in (b"[", b" ", b"")
        ),
        sign=re.compile(
            rb" *(?:\[Goroutine [0-9]+ in state |Goroutine [0-9]+ in state .+ on top of the stack:$)"
        ),
        lone=(b"[Goroutine #", b"goroutine #", b"...", b"]"),
        gaps=True,
        quoted=False,
    ),
    reader=GoleakReader,
    example="[Goroutine 8 in state chan receive, with main.wait on top of the stack:",
)
