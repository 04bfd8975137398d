"""Reports of go.uber.org/goleak, v1.0 to v1.3: goroutines that outlived a test.

``VerifyTestMain`` prints at column 0. ``VerifyNone`` is part of a test failure, so its lines are
indented by eight spaces, and the place of the check stands in front. Up to v1.2.1 each stack
starts with the header of its goroutine, from v1.3.0 on with the first frame.
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

_LEAKED = re.compile(rb"[\[ ]Goroutine [0-9]+ in state ")
_LONGEST = 1 << 14
#: So many lines, empty ones, may lie between two goroutines of a report.
_NEAR = 2
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
        self._report = (
            -1,
            -1,
            -1,
        )  # the stream of the last block, the line of its report, where it ended

    def read(self, blocks: BlockRecords) -> int:
        """Take blocks; returns how many of them name a goroutine."""
        found = 0
        for text, number in zip(blocks.texts, blocks.numbers.tolist(), strict=True):
            before = len(self._rows)
            report = self._report_of(text, number)
            for line, head, stack in _goroutines(text):
                if len(self._rows) >= MOST_GOROUTINES:
                    expected = f"not examined: more than {MOST_GOROUTINES} leaked goroutines"
                    self._set_aside(number + line, head, expected)
                else:
                    self._read_one(report, number + line, head, stack)
            found += len(self._rows) > before
        return found

    def _report_of(self, text: bytes, number: int) -> int:
        """The line of the report that a block belongs to: that of the block above, if it goes on there."""
        stream, report, end = self._report
        near = stream == self._stream_id and 0 <= number - end <= _NEAR
        goes_on = near and text.startswith(b" Goroutine ")
        report = report if goes_on else number
        self._report = (self._stream_id, report, number + text.count(b"\n") + (text[-1:] != b"\n"))
        return report

    def tables(self) -> Mapping[str, Table]:
        """The goroutines of all reports."""
        return {"goleaks": table_from("goleaks", GOLEAKS, self._rows)}

    def _read_one(self, report: int, line: int, head: bytes, stack: list[bytes]) -> None:
        parts = self._leaked.parse(head[:_LONGEST])
        if isinstance(parts, Rejected):
            self._set_aside(line, head, parts.expected)
            return
        texts = {part.name: part.text for part in parts if part.words}
        place: dict[str, Any] = {"function": texts["function"]}
        for call, at in itertools.pairwise(stack):
            # The tab may have become blanks on the way.
            if at[:1] not in b"\t " or call.startswith((b"\t", b" ", b"created by ")):
                continue
            frame = self._frames.parse(b"\n\t".join((call, at.lstrip()))[:_LONGEST])
            if isinstance(frame, Rejected):
                continue
            words = {part.name: part.text for part in frame if part.words}
            if is_user_code(words["function"]):
                number = int(words["line"][:18])
                place = {"function": words["function"], "file": words["file"], "file_line": number}
                break
        self._rows.append(
            {
                "stream_id": self._stream_id,
                "line": line + 1,
                "report": report + 1,
                "goroutine": int(texts["id"]) if len(texts["id"]) <= 18 else None,
                "state": texts["state"],
                "top": texts["function"],
                "creator": _creator(stack),
                **place,
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
    indent = b" " * max(
        text.find(b"[Goroutine "), 0
    )  # testing indents the further lines of a message
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
        # Without the first line of a report, or the bracket, its goroutines stand behind a blank.
        openings=(
            *(indent + b"[Goroutine #" for indent in (b"", b"    ", b"        ")),
            b" Goroutine #",
        ),
        sign=re.compile(rb" *[\[ ]Goroutine [0-9]+ in state (?=[^\n]* on top of the stack:)"),
        lone=(b"[Goroutine #", b"goroutine #", b"...", b"]"),
        gaps=True,
        quoted=False,
    ),
    reader=GoleakReader,
    example="[Goroutine 8 in state chan receive, with main.wait on top of the stack:",
)
