"""Reads goroutine blocks without parsing each of them.

A dump of 100,000 goroutines holds perhaps 60 different stacks. The *key* of a block is its text with
the arguments of calls, goroutine ids and machine words taken out. A key seen before is one dictionary
look-up; a new one is taken apart into frames, and only a frame of a new shape goes to Lark. Headers
are treated alike: what stands behind the id is a dictionary of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from goscope.formats.goroutines.arguments import MOST_PER_STACK, arguments_table
from goscope.formats.goroutines.headers import (
    HEADER_SLOTS,
    MOST_DIGITS,
    UNKNOWN,
    Header,
    header_of,
    number,
)
from goscope.formats.goroutines.rows import (
    Rows,
    dump_numbers,
    dumps_of,
    goroutines_table,
    snapshots_table,
)
from goscope.formats.goroutines.stacks import (
    GRAMMAR,
    NAME_OF_CALL,
    ORIGINATING,
    Stacks,
    shown_depths,
    split_ancestors,
)
from goscope.formats.goroutines.thinning import dumps_to_keep, thinned
from goscope.framing.framed import BlockRecords
from goscope.framing.lines import Positions
from goscope.parsing.grammars import Rejected
from goscope.parsing.text_shapes import TextShapes
from goscope.parsing.unparsed import Unparsed, UnparsedRecords
from goscope.tables.table import Bools, Table

_HEADER = re.compile(
    rb"goroutine ([0-9]+) (?:gp=(0x[0-9a-f]+) m=(?:nil|([0-9]+) mp=(0x[0-9a-f]+)) )?(\[.*)"
)
_POINTERS = re.compile(rb" fp=0x[0-9a-f]+ sp=0x[0-9a-f]+(?: pc=0x[0-9a-f]+)?")
_ARGUMENTS = re.compile(rb"\([0{_][^\n()]*\)\n")
#: What stands for all argument words in a key. It is a list of them itself, so that no other text is alike.
_ANY_ARGUMENTS = b"(0)\n"
#: Bytes of words and labels in a header. The longest of our captures has 114, and a megabyte took Lark 15 s.
_LONGEST_TAIL = 1 << 16
#: Markdown makes a pair of stars, as in (*DB).run of one frame and (*DB).get of the next, an underscore.
_MARKED_RECEIVER = b".(_"
_GOES_ON = re.compile(rb":[0-9]+ \+0x[0-9a-f]|elided\.\.\.$|\]:$")
#: A call in which the text ends: the name of the function is whole.
CUT_CALL = re.compile(rb"(" + NAME_OF_CALL + rb"\()[^()\n]*\)?$")
_BEHIND_WORD = len(b"goroutine ")


class GoroutineReader:
    """Reads goroutine blocks of all inputs into the goroutines, stacks, frames and snapshots tables."""

    def __init__(self) -> None:
        self.aside = UnparsedRecords()
        self._streams: dict[int, Rows] = {}
        self._rows = Rows(0)
        self._header_codes: dict[bytes, int] = {}
        self._headers: list[Header] = []
        self._stacks = Stacks()
        self._header_shapes = TextShapes(GRAMMAR, "header", HEADER_SLOTS)

    def begin(self, stream_id: int) -> None:
        """The blocks that follow come from this stream."""
        if stream_id not in self._streams:
            self._streams[stream_id] = Rows(stream_id)
        self._rows = self._streams[stream_id]

    def read(self, blocks: BlockRecords) -> int:
        """Take blocks; returns how many of them are goroutines."""
        rows = self._rows
        kept = np.ones(len(blocks.texts), np.bool_)
        headers, facts, stacks = self._header_codes, self._headers, self._stacks.codes
        seen = rows.arguments.seen
        pointers, origins = b" fp=0x" in blocks.data, ORIGINATING in blocks.data
        marked = _MARKED_RECEIVER in blocks.data
        cut = len(blocks.texts) - 1 if blocks.cut else -1
        row = len(rows.ids)
        found: tuple[list[int], ...] = ([], [], [], [])
        ids, own_headers, own_stacks, parents = found
        for index, text in enumerate(blocks.texts):
            head, _, own = text.partition(b"\n")
            digits, _, tail = head[_BEHIND_WORD:].partition(b" ")
            if index == cut:
                own = _certain(own)
            header = headers.get(tail)
            if header is None and not head.startswith(b"goroutine "):
                header, own, digits = self._headless(), text, b"-1"
            elif header is None or len(digits) > MOST_DIGITS or not digits.isdigit():
                header = self._new_header(head, int(blocks.numbers[index]), rows, row)
                if header is None:
                    kept[index] = False
                    continue
            ancestors = b""
            if origins and ORIGINATING in own:
                own, ancestors, rows.ancestors[row] = split_ancestors(own)
            if pointers:
                own = _POINTERS.sub(b"", own)
            if marked:
                own = own.replace(_MARKED_RECEIVER, b".(*")
            key, parent = _key(own)
            stack = stacks.get(key + ancestors)
            if stack is None:
                stack = self._new_stack(key + ancestors, own, ancestors, int(blocks.numbers[index]))
            if seen.get(stack, 0) < MOST_PER_STACK:
                rows.arguments.keep(row, stack, own)
            if pointers or facts[header].tells:
                rows.arguments.keep_address(row, facts[header].wait_reason, own)
            ids.append(int(digits))
            own_headers.append(header)
            own_stacks.append(stack)
            parents.append(parent)
            row += 1
        for column, more in zip(rows.columns, found, strict=True):
            column.frombytes(np.array(more, column.typecode).tobytes())
        row_of = np.cumsum(kept) + len(rows.ids) - int(kept.sum()) - 1
        for index, (above, empty) in blocks.above.items():
            if kept[index] and index not in blocks.led_to and not empty:
                rows.above[int(row_of[index])] = above.decode("utf-8", "replace")
        rows.led_to |= {int(row_of[index]) for index in blocks.led_to if kept[index]}
        rows.lines.append(blocks.numbers[kept])
        rows.heights.append(blocks.heights[kept])
        rows.cut = blocks.cut and bool(kept[-1])
        return int(kept.sum())

    def thin(self, most: int) -> None:
        """Let go of dumps of each stream that holds more goroutines; see :func:`dumps_to_keep`."""
        for stream_id, rows in self._streams.items():
            if len(rows.ids) > most:
                number = dump_numbers(dumps_of(rows, self._running), len(rows.ids))
                lines = np.concatenate(rows.lines)
                self._streams[stream_id] = thinned(rows, dumps_to_keep(number, lines, most))
        self._rows = self._streams.get(self._rows.stream_id, self._rows)

    @property
    def _running(self) -> Bools:
        """Which headers are those of a running goroutine."""
        return np.array([header.state == "running" for header in self._headers], np.bool_)

    def lines(self) -> Positions:
        """The lines of all goroutines that are kept, from 1."""
        lines = [part for rows in self._streams.values() for part in rows.lines]
        return np.concatenate([*lines, np.empty(0, np.int64)]) + 1

    def __getstate__(self) -> dict[str, object]:
        """What :meth:`merge` needs of a reader that comes from another process."""
        mine = ("aside", "_rows", "_header_codes", "_headers", "_stacks")
        return {name: vars(self)[name] for name in mine}

    def merge(self, other: GoroutineReader, lines: int) -> None:
        """Append what another reader read of the rest of this stream, so many lines further down."""
        headers = []
        for tail, code in other._header_codes.items():
            if tail not in self._header_codes:
                self._header_codes[tail] = len(self._headers)
                self._headers.append(other._headers[code])
            headers.append(self._header_codes[tail])
        stacks, again = self._stacks.merge(other._stacks)
        mine, rows = self._rows, other._rows
        before = len(mine.ids)
        mine.ids += rows.ids
        mine.headers.extend(map(headers.__getitem__, rows.headers))
        mine.stacks.extend(map(stacks.__getitem__, rows.stacks))
        mine.parents += rows.parents
        mine.lines += [numbers + lines for numbers in rows.lines]
        mine.heights += rows.heights
        mine.registers.update({row + before: words for row, words in rows.registers.items()})
        mine.ancestors.update({row + before: ids for row, ids in rows.ancestors.items()})
        mine.arguments.merge(rows.arguments, before)
        mine.above.update({row + before: text for row, text in rows.above.items()})
        mine.led_to |= {row + before for row in rows.led_to}
        mine.cut = rows.cut
        self.aside.merge(other.aside, lines, mine.stream_id, again)

    def _new_header(self, head: bytes, line: int, rows: Rows, row: int) -> int | None:
        """The code of a row's header whose tail was not seen as it is; None if it is no header."""
        found = _HEADER.fullmatch(head)
        if found is None:
            return None
        _, gp, m, mp, tail = found.groups()
        if len(found[1]) > MOST_DIGITS:
            self._set_aside(line, head, "a goroutine id of at most 18 digits")
            return None
        if len(tail) > _LONGEST_TAIL:
            self._set_aside(line, head, f"a header of at most {_LONGEST_TAIL >> 10} KiB")
            return None
        code = self._header_codes.get(tail)
        if code is None:
            parsed = self._header_shapes.parse(b"goroutine 1 " + tail)
            if isinstance(parsed, Rejected):
                self._set_aside(line, head, parsed.expected)
                return None
            code = self._header_codes[tail] = len(self._headers)
            self._headers.append(header_of(parsed))
        if gp is not None:
            words = (
                gp.decode(),
                None if m is None else number(m.decode()),
                None if mp is None else mp.decode(),
            )
            rows.registers[row] = words
        return code

    def _headless(self) -> int:
        """The code of what is known of a goroutine whose header is not in the text."""
        code = self._header_codes.get(b"")
        if code is None:
            code = self._header_codes[b""] = len(self._headers)
            self._headers.append(UNKNOWN)
        return code

    def _new_stack(self, key: bytes, own: bytes, ancestors: bytes, line: int) -> int:
        """The number of a stack that was not seen before."""
        code = self._stacks.add(key, own, ancestors)
        for offset, text, expected in self._stacks.all[code].unparsed:
            self._set_aside(line + 1 + offset, text, expected)
        return code

    def _set_aside(self, line: int, text: bytes, expected: str) -> None:
        self.aside.add(Unparsed(self._rows.stream_id, line + 1, text, expected))

    def tables(self) -> Mapping[str, Table]:
        """The goroutines, stacks, frames and snapshots tables."""
        inputs = [rows for _, rows in sorted(self._streams.items()) if rows.ids]
        starts = np.cumsum([0, *(len(rows.ids) for rows in inputs)])
        dumps: list[Positions] = []  # of each input, the rows with which its dumps start
        snapshot_of: list[Positions] = []
        for rows in inputs:
            first = sum(map(len, dumps))
            dumps.append(dumps_of(rows, self._running))
            snapshot_of.append(dump_numbers(dumps[-1], len(rows.ids)) + first)
        creators = self._stacks.creators()
        return {
            "goroutines": goroutines_table(
                inputs, starts.tolist(), snapshot_of, self._headers, creators
            ),
            "stacks": self._stacks.stacks_table(),
            "frames": self._stacks.frames_table(),
            "snapshots": snapshots_table(inputs, dumps),
            "arguments": arguments_table(
                [
                    (start, rows.arguments, rows.stacks)
                    for start, rows in zip(starts.tolist(), inputs, strict=False)
                ],
                [shown_depths(stack) for stack in self._stacks.all],
            ),
        }


def _certain(own: bytes) -> bytes:
    """The lines of a block that the end of the input certainly did not shorten.

    The last line stays if it goes on behind its numbers; the distance at its end may be shortened.
    It also stays if it is indented by spaces: Go writes a tab, so a person typed it and no program
    was cut off.
    """
    lines, parted, last = own.rpartition(b"\n")
    if last.startswith(b"  ") or _GOES_ON.search(last):
        return own
    call = CUT_CALL.match(last)
    return lines if call is None else lines + parted + call[1] + b")"


def _key(own: bytes) -> tuple[bytes, int]:
    """What blocks with the same stack have in common, and the id of the goroutine that started it.

    Arguments are taken out, except the ``(...)`` of an inlined call and the ``()`` of one without.
    """
    front, _, rest = own.rpartition(b" in goroutine ")
    digits, _, place = rest.partition(b"\n")
    if digits.isdigit() and len(digits) <= MOST_DIGITS and front:
        return _ARGUMENTS.sub(_ANY_ARGUMENTS, front) + b"\n" + place, int(digits)
    return _ARGUMENTS.sub(_ANY_ARGUMENTS, own), -1
