"""Profiles as text (debug=1): goroutine, goroutineleak, threadcreate, named ones, heap, mutex, block.

A record is one block: a line of numbers and addresses, and below it the frames. The same frame line
comes again and again, so each is taken apart once, and a stack that was seen is one look-up. The
numbers of a heap profile are samples; they are scaled up as ``go tool pprof`` does and as the
protobuf form already is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from goscope.formats.format import Format
from goscope.formats.profiles.facts import (
    MOST,
    hidden_frames,
    integer,
    memstat,
    scaled,
    unquoted,
    with_inlined,
)
from goscope.formats.profiles.records import TABLES, ProfileRecords, Record, Row, frame_row, values
from goscope.framing.framed import BlockRecords
from goscope.framing.records import BlockKind
from goscope.goruntime.parked_frames import reason_of_visible, shows_park
from goscope.parsing.grammars import Grammar, Rejected
from goscope.parsing.text_shapes import TextPart, TextShapes
from goscope.parsing.unparsed import Unparsed, UnparsedRecords
from goscope.tables.table import Table

GRAMMAR = Grammar("profile", ("entry", "header", "setting", "record", "labels", "frame", "memstat"))

_HEADER = (
    rb"[^\s][^\n]* profile: total [0-9]+"
    rb"|heap profile: [0-9]+: [0-9]+ \[[0-9]+: [0-9]+\] @ heap/[0-9]+"
    rb"|--- (?:mutex|contention):"
)
_RECORD = rb"-?[0-9]+(?:| [0-9]+|: -?[0-9]+ \[[0-9]+: [0-9]+\]) @(?: 0x[0-9a-f]+)*"
_RECORD_LINE = re.compile(_RECORD)
_MEMSTATS = b"# runtime.MemStats"
#: What stands in the stacks of a threadcreate profile (runtime/proc.go: allocm, newm, mstart).
_THREAD_STARTS = (b"\truntime.allocm+", b"\truntime.newm+", b"\truntime.mstart")

_NUMBERS = re.compile(rb"((?: 0x[0-9a-f]+)+)|((?<![^ \[])-[0-9]+)|([0-9]+)")
_FRAME_SLOTS = re.compile(
    rb"(?<=#\t)(0x[0-9a-f]+)"
    rb"|(?<=\t)([^\t\n]+)(?=\+0x[0-9a-f]+\t)|(?<=\+)(0x[0-9a-f]+)(?=\t)"
    rb"|(?<=\t)([^\t\n]+)(?=:[0-9]+$)|(?<=:)([0-9]+)$"
)
_HEADER_SLOTS = re.compile(rb"(^.+(?= profile: total [0-9]+$))|([0-9]+)")
_QUOTED = re.compile(rb'("(?:[^"\\\n]|\\.)*")')
_MEMSTAT_SLOTS = re.compile(
    rb"(?<=# )([A-Z][A-Za-z]*)"
    rb"|(-?[0-9]+(?:\.[0-9]+)?e[+-][0-9]+|-?[0-9]+\.[0-9]+)|(-?[0-9]+)"
)
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)

# Which sort of records stands below which header.
_SORT = {
    "count_record": "count_header",
    "heap_record": "heap_header",
    "contention_record": "contention_header",
}
_GOROUTINES = ("goroutine", "goroutineleak")


#: A record whose wait reason is still open: line, stack, labels, values, functions, how many frames are
#: hidden, and the first two addresses.
_Waiting: TypeAlias = tuple[
    int,
    int | None,
    str | None,
    tuple[int | None, ...],
    tuple[str, ...],
    int,
    bytes,
    bytes,
]


@dataclass(slots=True)
class _Open:
    """The profile that is being read, and its records whose reasons are still open."""

    number: int
    kind: str
    sort: str
    rate: int = 0
    cycles_per_second: int = 0
    total: int | None = None
    park: set[bytes] = field(default_factory=set)  # the first addresses that are gopark's
    records: list[_Waiting] = field(default_factory=list)


class TextReader:
    """Reads the records of profiles, over all inputs."""

    def __init__(self) -> None:
        self.aside = UnparsedRecords()
        self._stream_id = 0
        self._open: dict[int, _Open] = {}  # by stream
        self._records = ProfileRecords()
        self._stacks: dict[bytes, tuple[int | None, tuple[str, ...], int]] = {}
        self._frames: dict[bytes, tuple[int, int, Row] | None] = {}
        self._labels: dict[bytes, str | None] = {}
        self._shapes = {
            "header": TextShapes(GRAMMAR, "header", _HEADER_SLOTS),
            "setting": TextShapes(GRAMMAR, "setting", _NUMBERS),
            "record": TextShapes(GRAMMAR, "record", _NUMBERS),
            "labels": TextShapes(GRAMMAR, "labels", _QUOTED),
            "frame": TextShapes(GRAMMAR, "frame", _FRAME_SLOTS),
            "memstat": TextShapes(GRAMMAR, "memstat", _MEMSTAT_SLOTS),
        }

    def begin(self, stream_id: int) -> None:
        """The blocks that follow come from this stream."""
        self._stream_id = stream_id

    def read(self, blocks: BlockRecords) -> int:
        """Take blocks; returns how many of them are of profiles."""
        taken = 0
        for index, text in enumerate(blocks.texts):
            line = int(blocks.numbers[index])
            if blocks.cut and index == len(blocks.texts) - 1:
                self._set_aside(line, text, "the rest of the record: the input ends here")
                break
            taken += self._read_block(text.split(b"\n"), line)
        return taken

    def _read_block(self, lines: list[bytes], line: int) -> bool:
        record = _RECORD_LINE.fullmatch(lines[0]) is not None
        if self._stream_id not in self._open and record:
            self._open_without_header(lines, line)
        if self._stream_id not in self._open and (record or lines[0] == _MEMSTATS):
            self._set_aside(line, lines[0], "the first line of the profile above its records")
            return False
        if lines[0] == _MEMSTATS:
            return self._read_memstats(lines, line)
        return self._read_record(lines, line) if record else self._read_header(lines, line)

    # ---- profiles ---------------------------------------------------------------------------------

    def _read_header(self, lines: list[bytes], line: int) -> bool:
        self._close(self._stream_id)
        parts = self._parse("header", lines[0], line)
        if parts is None:
            return False
        sort = parts[0].name
        words = {part.name: part.text for part in parts if part.words}
        facts: dict[str, Any] = {}
        if sort == "count_header":
            kind = words["kind"]
            facts["total"] = integer(words["total"])
        elif sort == "heap_header":
            kind = "heap"
            facts["rate_bytes"] = (integer(words["double_rate"]) or 0) // 2
        else:
            kind = "mutex" if words["subject"] == "mutex" else "block"
        for offset, text in enumerate(lines[1:], 1):
            if text.startswith((b"cycles/second=", b"sampling period=")):
                for part in self._parse("setting", text, line + offset) or ():
                    facts[part.name] = integer(part.text)
        number = self._records.begin(self._stream_id, line + 1, kind, "text", **facts)
        self._open[self._stream_id] = _Open(
            number,
            kind,
            sort,
            facts.get("rate_bytes", 0),
            facts.get("cycles_per_second", 0) or 0,
            facts.get("total"),
        )
        return True

    def _open_without_header(self, lines: list[bytes], line: int) -> None:
        """Begin the profile of a record that was copied without the line above its records.

        Go itself writes counts for goroutines and threads only, and threads start in the runtime. A profile
        of the program's own (``pprof.NewProfile``) looks like one of goroutines.
        """
        parts = self._shapes["record"].parse(lines[0])
        shown = next((text for text in lines[1:] if text.startswith(b"#\t0x")), b"")
        if isinstance(parts, Rejected) or parts[0].name != "count_record" or b".go:" not in shown:
            return
        if any(starts in text for text in lines[1:] for starts in _THREAD_STARTS):
            return
        number = self._records.begin(self._stream_id, line + 1, "goroutine", "text")
        self._open[self._stream_id] = _Open(number, "goroutine", "count_header")

    def _read_record(self, lines: list[bytes], line: int) -> bool:
        parts = self._parse("record", lines[0], line)
        if parts is None:
            return False
        profile = self._open.get(self._stream_id)
        if profile is None or profile.sort != _SORT[parts[0].name]:
            self._set_aside(
                line, lines[0], "a record as the first line of the profile announces it"
            )
            return False
        numbers = {part.name: integer(part.text) for part in parts[1:] if part.name != "pcs"}
        if None in numbers.values():
            self._set_aside(line, lines[0], "numbers below 2^63")
            return False
        pcs = lines[0].partition(b" @")[2].split()
        labels = None
        if len(lines) > 1 and lines[1].startswith(b"# labels: "):
            labels = self._read_labels(lines.pop(1), line + 1)
            line_of_frames = line + 2
        else:
            line_of_frames = line + 1
        stack, functions, address = self._read_stack(lines[1:], line_of_frames)
        found = _values(profile, numbers)
        if profile.kind not in _GOROUTINES:
            self._records.add(Record(line + 1, profile.number, stack, labels, None, found))
            return True
        hidden = hidden_frames(pcs, address)
        first, second = (*pcs[:2], b"", b"")[:2]
        if functions and hidden and shows_park(functions[0]):
            profile.park.add(first)
        profile.records.append((line + 1, stack, labels, found, functions, hidden, first, second))
        return True

    def _close(self, stream_id: int) -> None:
        """All records of a stream's profile are there: now it is known which address is gopark's."""
        profile = self._open.pop(stream_id, None)
        if profile is None:
            return
        callers: dict[bytes, set[bytes]] = {}
        for *_, hidden, first, second in profile.records:
            if hidden > 1:
                callers.setdefault(first, set()).add(second)
        known = profile.park or {first for first, seconds in callers.items() if len(seconds) > 1}
        for line, stack, labels, found, functions, hidden, first, _ in profile.records:
            parked = profile.kind == "goroutineleak" or first in known
            reason = reason_of_visible(functions, hidden, parked)
            self._records.add(Record(line, profile.number, stack, labels, reason, found))

    def _read_labels(self, text: bytes, line: int) -> str | None:
        if text not in self._labels:
            parts = self._parse("labels", text, line)
            words = [unquoted(p.text) for p in parts or () if p.name in ("key", "value")]
            pairs = dict(zip(words[::2], words[1::2], strict=True))
            self._labels[text] = _JSON.encode(pairs) if pairs else None
        return self._labels[text]

    # ---- stacks -----------------------------------------------------------------------------------

    def _read_stack(self, lines: list[bytes], line: int) -> tuple[int | None, tuple[str, ...], int]:
        """The number of a stack, its functions, and the address of the first frame that is shown."""
        key = b"\n".join(lines)
        known = self._stacks.get(key)
        if known is not None:
            return known
        frames: list[tuple[int, int, Row]] = []
        for offset, text in enumerate(lines):
            if not text.startswith(b"#"):
                break  # an indented line of the program
            if text not in self._frames:
                self._frames[text] = self._frame(text, line + offset)
            frame = self._frames[text]
            if frame is not None and frame[0]:  # no address: a stack that was not recorded
                frames.append(frame)
        rows = with_inlined(frames)
        functions = tuple(str(row.get("function") or "") for row in rows)
        number = self._records.add_stack(rows) if rows else None
        found = (number, functions, frames[0][0] if frames else -1)
        self._stacks[key] = found
        return found

    def _frame(self, text: bytes, line: int) -> tuple[int, int, Row] | None:
        """The address, the function's entry and the row of a frame line; None if it is none."""
        parts = self._parse("frame", text, line)
        if parts is None:
            return None
        words = {part.name: part.text for part in parts if part.words}
        number = integer(words["line"]) if "line" in words else None
        row = frame_row(words.get("function"), words.get("file"), number)
        address = int(words["address"], 16)
        entry = address - int(words["offset"], 16) if "offset" in words else 0
        return address, entry, {**row, "offset": words.get("offset")}

    # ---- MemStats ---------------------------------------------------------------------------------

    def _read_memstats(self, lines: list[bytes], line: int) -> bool:
        profile = self._open.get(self._stream_id)
        if profile is None or profile.kind != "heap":
            self._set_aside(line, lines[0], "the heap profile that it ends")
            return False
        row: dict[str, Any] = {
            "stream_id": self._stream_id,
            "line": line + 1,
            "profile": profile.number,
        }
        for offset, text in enumerate(lines[1:], 1):
            if not text.startswith(b"# "):
                break
            parts = self._parse("memstat", text, line + offset)
            if parts is not None:
                row.update(memstat(parts))
        self._records.memstats.append(row)
        return True

    def _parse(self, start: str, text: bytes, line: int) -> tuple[TextPart, ...] | None:
        parts = self._shapes[start].parse(text)
        if isinstance(parts, Rejected):
            self._set_aside(line, text, parts.expected)
            return None
        return parts

    def _set_aside(self, line: int, text: bytes, expected: str) -> None:
        self.aside.add(Unparsed(self._stream_id, line + 1, text, expected))

    def tables(self) -> Mapping[str, Table]:
        """The tables of all profiles that came as text."""
        for stream_id in list(self._open):
            self._close(stream_id)
        return self._records.tables()


def _values(profile: _Open, numbers: Mapping[str, int | None]) -> tuple[int | None, ...]:
    """The values of a record, as the protobuf form has them."""
    if profile.sort == "count_header":
        return values(count=numbers["count"])
    if profile.sort == "contention_header":
        cycles, rate = numbers["cycles"] or 0, profile.cycles_per_second
        delay = min(int(cycles / (rate / 1e9)), MOST) if rate > 0 else None
        return values(contentions=numbers["contentions"], cycles=cycles, delay_ns=delay)
    inuse, inuse_bytes = numbers["inuse_objects"] or 0, numbers["inuse_bytes"] or 0
    alloc, alloc_bytes = numbers["alloc_objects"] or 0, numbers["alloc_bytes"] or 0
    live, total = (
        scaled(inuse, inuse_bytes, profile.rate),
        scaled(alloc, alloc_bytes, profile.rate),
    )
    return values(
        inuse_objects=live[0],
        inuse_bytes=live[1],
        alloc_objects=total[0],
        alloc_bytes=total[1],
        object_bytes=alloc_bytes // alloc if alloc else None,
    )


FORMAT = Format(
    name="profile_text",
    tables=TABLES,
    block=BlockKind(
        name="profile",
        openings=(
            b"goroutine profile: total #",
            b"goroutineleak profile: total #",
            b"threadcreate profile: total #",
            b"heap profile: #",
            b"--- mutex:",
            b"--- contention:",
        ),
        sign=re.compile(rb"(?:%s)$" % _HEADER),
        lone=(
            b"#\t0x",
            b"# labels: {",
            b"cycles/second=",
            b"sampling period=",
            *(b"# %c" % letter for letter in b"ABDFGHLMNOPST"),
        ),
        header=re.compile(
            rb"^(?:%s|%s|%s)$" % (_HEADER, _RECORD, re.escape(_MEMSTATS)), re.MULTILINE
        ),
        guards=(
            (b" profile: ", b""),
            (b" @ 0x", b"-0123456789"),
            (b" @\n", b"-0123456789"),
            (b"--- ", b"-"),
            (_MEMSTATS, b"#"),
        ),
        mark=b" profile: total ",
        pairs=False,
        pieces=((b"#\t0x", re.compile(rb"#\t0x[0-9a-f]+\t[^\t]+\+0x[0-9a-f]+\t")),),
    ),
    reader=TextReader,
    example="goroutine profile: total 20",
)
