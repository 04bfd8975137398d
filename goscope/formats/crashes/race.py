"""Data races as ``go build -race`` reports them, Go 1.1 to 1.27.

A report names the two accesses and where their goroutines were started. Its goroutine numbers are
those of the detector and have nothing to do with goroutine ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from goscope.formats.crashes.crash_columns import RACES
from goscope.formats.format import Format
from goscope.formats.row_reader import RowReader
from goscope.framing.framed import BlockRecords
from goscope.framing.records import BlockKind
from goscope.goruntime.function_names import is_user_code
from goscope.parsing.grammars import Grammar, Rejected
from goscope.parsing.text_shapes import TextShapes
from goscope.tables.table import Table, table_from

GRAMMAR = Grammar("race", ("access", "created", "frame"))
#: So many reports of a capture are read; a program that prints more repeats itself.
MOST_REPORTS = 100_000
_NUMBERS = rb"(0x[0-9a-f]+)|([0-9]+)"
_SLOTS = {
    "access": _NUMBERS,
    "created": _NUMBERS + rb"|(?<=\()([a-z]+)(?=\) created)",
    "frame": rb"(?<=  )([^ \n][^\n]*)(?=\(\)\n)|(?<=  )([^ \n][^\n]*)(?=:[0-9]+(?: \+0x[0-9a-f]+)?\Z)"
    rb"|(0x[0-9a-f]+\Z)|([0-9]+)",
}
_SECTION = re.compile(
    rb"(?P<access>(?:Previous )?(?:atomic )?(?:[Rr]ead|[Ww]rite) (?:at 0x|by ))"
    rb"|(?P<created>Goroutine [0-9])"
)

_LONGEST = 1 << 14

_Row = dict[str, Any]


class RaceReader(RowReader):
    """Reads the race reports of all inputs."""

    def __init__(self) -> None:
        super().__init__()
        self._shapes = {
            rule: TextShapes(GRAMMAR, rule, re.compile(slots)) for rule, slots in _SLOTS.items()
        }

    def read(self, blocks: BlockRecords) -> int:
        """Take blocks; returns how many of them are reports."""
        found = 0
        for text, number in zip(blocks.texts, blocks.numbers.tolist(), strict=True):
            if len(self._rows) >= MOST_REPORTS:
                self._set_aside(number, text, f"not examined: more than {MOST_REPORTS} races")
                continue
            row = self._report(text, number)
            if row:
                found += 1
                self._rows.append({**row, "stream_id": self._stream_id, "line": number + 1})
        return found

    def tables(self) -> Mapping[str, Table]:
        """The races table."""
        return {"races": table_from("races", RACES, self._rows)}

    def _report(self, text: bytes, number: int) -> _Row:
        """The columns of a report; empty if not even one access is in it."""
        row: _Row = {}
        started: dict[int | None, _Row] = {}
        lines = text.split(b"\n")
        at = 1
        side = ""
        while at < len(lines):
            opened = _SECTION.match(lines[at])
            at += 1
            if opened is None:
                continue
            rule = str(opened.lastgroup)
            head = self._parsed(rule, lines[at - 1], number + at - 1)
            first = at
            while at < len(lines) and lines[at].startswith(b"  "):
                at += 1
            frame = self._user_frame(lines[first:at], number + first)
            if head is None:
                continue
            by = _number(head.get("by"))
            if rule == "created":
                started[by] = frame
            elif side != "previous_":
                side = "previous_" if row else ""
                access = {"access": head["sort"].lower(), "address": head.get("address"), "by": by}
                row |= {side + name: value for name, value in {**access, **frame}.items()}
        for side in ("", "previous_"):
            frame = started.get(row.get(f"{side}by"), {})
            if row.get(f"{side}by") is not None and frame:
                row[f"{side}created_by"] = frame["function"]
                row[f"{side}created_file"] = frame["file"]
                row[f"{side}created_line"] = frame["file_line"]
        return row

    def _user_frame(self, lines: list[bytes], number: int) -> _Row:
        """The innermost frame of the program itself; without one, the innermost of all."""
        frames: list[_Row] = []
        for at in range(0, len(lines) - 1, 2):
            texts = self._parsed("frame", b"\n".join(lines[at : at + 2]), number + at)
            if texts is None:
                continue
            line = _number(texts["line"])
            frame: _Row = {"function": texts["function"], "file": texts["file"], "file_line": line}
            if is_user_code(frame["function"]):
                return frame
            frames.append(frame)
        return frames[0] if frames else {}

    def _parsed(self, rule: str, text: bytes, number: int) -> dict[str, str] | None:
        parts = self._shapes[rule].parse(text[:_LONGEST])
        if isinstance(parts, Rejected):
            self._set_aside(number, text, parts.expected)
            return None
        return {part.name: part.text for part in parts if part.words}


def _number(digits: str | None) -> int | None:
    return int(digits) if digits is not None and len(digits) <= 18 else None


FORMAT = Format(
    name="race",
    tables={"races": RACES},
    block=BlockKind(
        name="race",
        told=True,
        openings=(b"WARNING: DATA RACE",),
        sign=re.compile(rb"WARNING: DATA RACE$"),
        lone=(
            b"Read at 0x",
            b"Write at 0x",
            b"Atomic read at 0x",
            b"Atomic write at 0x",
            b"Read by ",
            b"Write by ",
            b"Previous ",
            b"Goroutine #",
            b"Heap block of size #",
            b"Global var ",
            b"Location is ",
        ),
        pairs=False,
        gaps=True,
        pieces=(
            (b"Previous ", re.compile(rb"Previous [a-z ]+ (?:at 0x[0-9a-f]+ )?by [a-z0-9 ]+:$")),
            (b"Goroutine ", re.compile(rb"Goroutine [0-9]+ \([a-z]+\) created at:$")),
        ),
    ),
    reader=RaceReader,
    example="WARNING: DATA RACE",
)
