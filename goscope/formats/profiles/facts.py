"""What the parts of a profile as text mean: numbers, quoted labels, inlined frames, MemStats."""

from __future__ import annotations

import math
import re
from typing import Any

from goscope.formats.profiles.columns import MEMSTATS_FIELDS, MEMSTATS_LISTS
from goscope.formats.profiles.records import Row
from goscope.parsing.text_shapes import TextPart
from goscope.tables.table import Kind

#: The largest number that a column holds.
MOST = (1 << 63) - 1


def scaled(count: int, size: int, rate: int) -> tuple[int, int]:
    """What a sample stands for (runtime/pprof/protomem.go: scaleHeapSample)."""
    if count <= 0 or size <= 0:
        return 0, 0
    if rate <= 1:
        return count, size
    scale = 1 / -math.expm1(-size / count / rate)
    return min(int(count * scale), MOST), min(int(size * scale), MOST)


def hidden_frames(pcs: list[bytes], address: int) -> int:
    """How many frames at the top are not shown; a frame shows the address before its return address."""
    for place, pc in enumerate(pcs):
        if int(pc, 16) in (address, address + 1):
            return place
    return 0


def with_inlined(frames: list[tuple[int, int, Row]]) -> list[Row]:
    """The rows, marked where a function is inlined into the one below.

    The offset of an inlined call counts from the entry of the function that was compiled, which is the
    last of those with this entry (runtime/symtab.go: Frames.Next).
    """
    rows: list[Row] = []
    owner: tuple[int, object] = (-1, None)
    for _, entry, row in reversed(frames):
        if entry != owner[0]:
            owner = (entry, row.get("function"))
        rows.append({**row, "inlined": entry > 0 and row.get("function") != owner[1]})
    return rows[::-1]


_COLUMN_OF = {name: (first, second) for name, first, second in MEMSTATS_FIELDS}
_LIST_OF = dict(MEMSTATS_LISTS)


def memstat(parts: tuple[TextPart, ...]) -> dict[str, Any]:
    """What a line of MemStats says; a field that is not known says nothing."""
    name = next(part.text for part in parts if part.name == "field")
    words = [part.text for part in parts if part.name in ("number", "of", "flag")]
    if name in _LIST_OF:
        numbers = [integer(word) for word in words]
        return {} if None in numbers else {_LIST_OF[name].name: numbers}
    if name not in _COLUMN_OF or not words:
        return {}
    first, second = _COLUMN_OF[name]
    found: dict[str, Any] = {}
    for column, word in zip((first, second), words, strict=False):
        if column is None:
            continue
        if column.kind is Kind.BOOL:
            found[column.name] = word == "true"
        elif column.kind is Kind.FLOAT:
            found[column.name] = float(word)
        else:
            found[column.name] = integer(word)
    return found


def integer(digits: str) -> int | None:
    """An integer that fits a column; None for others."""
    if len(digits) > 20 or not digits.lstrip("-").isdecimal():
        return None
    number = int(digits)
    return number if -MOST <= number <= MOST else None


_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))")
_CONTROL = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip


def unquoted(text: str) -> str:
    """A label's text as the program set it (strconv.Quote). ``\\x`` is a byte that is no UTF-8."""
    if "\\" not in text:
        return text[1:-1]

    def plain(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16)) if int(match[1], 16) < 128 else "\ufffd"
        if match[2] or match[3]:
            code = int(match[2] or match[3], 16)
            return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        return _CONTROL.get(match[4], match[4])

    return _ESCAPE.sub(plain, text[1:-1])
