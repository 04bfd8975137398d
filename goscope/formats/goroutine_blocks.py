"""Reads goroutine blocks without parsing each of them.

A dump of 100,000 goroutines holds perhaps 60 different stacks. The *key* of a block is its text with
the arguments of calls, goroutine ids and machine words taken out. A key seen before is one dictionary
look-up; a new one is taken apart into frames, and only a frame of a new shape goes to Lark. Headers
are treated alike: what stands behind the id is a dictionary of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

import numpy as np

from goscope.formats.goroutine_arguments import MOST_PER_STACK, Arguments, arguments_table
from goscope.formats.goroutine_columns import FRAMES, GOROUTINES, SNAPSHOTS, STACKS
from goscope.formats.goroutine_thinning import dumps_to_keep, thinned
from goscope.framing.lines import Positions
from goscope.framing.pieces import BlockRecords
from goscope.goruntime.function_names import bare_name, package_of, receiver_of
from goscope.goruntime.goroutine_states import status_of_header
from goscope.goruntime.lock_frames import TELLING
from goscope.goruntime.wait_reasons import reason
from goscope.grammars import Grammar, Rejected
from goscope.tables import Cells, Table, int_cells, narrow, table_from, text_cells
from goscope.text_shapes import Piece, TextShapes
from goscope.unparsed import Aside, Unparsed

GRAMMAR = Grammar(
    "goroutine_dump",
    (
        "goroutine",
        "header",
        "frame",
        "foreign_frame",
        "created",
        "elided",
        "ancestor",
        "unavailable",
    ),
)

# What may vary in a text without changing its shape. In a header, words are Go's own, except in
# labels; in a frame, words are names and paths.
_HEADER_SLOTS = re.compile(
    rb'("(?:[^"\\\n]|\\.)*")'
    rb"|((?<=: )[A-Za-z0-9./_]+(?=[,}])|(?<=[{ ])[A-Za-z0-9./_]+(?=: ))"
    rb"|(0x[0-9a-f]+)|([0-9]+)"
)
_NAME = rb"A-Za-z0-9_%./~@+\x80-\xff-"
FRAME_SLOTS = re.compile(
    rb"(0x[0-9a-f]+(?![" + _NAME + rb"]))|([0-9]+(?![" + _NAME + rb"]))|((?!\+)[" + _NAME + rb"]+)"
)

_HEADER = re.compile(
    rb"goroutine ([0-9]+) (?:gp=(0x[0-9a-f]+) m=(?:nil|([0-9]+) mp=(0x[0-9a-f]+)) )?(\[.*)"
)
_POINTERS = re.compile(rb" fp=0x[0-9a-f]+ sp=0x[0-9a-f]+ pc=0x[0-9a-f]+")
_ORIGIN = re.compile(rb"\n\[originating from goroutine ([0-9]+)\]:")
_PLACE = re.compile(rb"(?:\t|  )(?:[^\n]*:[0-9]| *pc=0x)")
_ARGUMENTS = re.compile(rb"\([0{_][^\n()]*\)\n")
_GOES_ON = re.compile(rb":[0-9]+ \+0x[0-9a-f]|elided\.\.\.$|\]:$")
_MOST_DIGITS = 18
_IN_GOROUTINE = re.compile(rb" in goroutine ([0-9]+)(?=\n|$)")


@dataclass(frozen=True, slots=True)
class _Header:
    """What a header says besides ids and addresses."""

    state: str
    wait_reason: str | None
    wait_minutes: int | None
    locked: bool
    flags: frozenset[str]
    bubble: int | None
    labels: str | None
    tells: bool  # a frame may tell the address of what it waits for


_Row: TypeAlias = dict[str, object]


@dataclass(slots=True)
class _Stack:
    """A distinct stack: its frames as (ancestor, frame), and who started the goroutine."""

    frames: list[tuple[int, _Row]] = field(default_factory=list)
    elided: int | None = 0
    creator: _Row = field(default_factory=dict)
    unparsed: list[tuple[int, bytes, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Rows:
    """The goroutines of one input, as growing columns; missing numbers are -1."""

    input_name: str
    ids: list[int] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    stacks: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    lines: list[Positions] = field(default_factory=list)
    heights: list[Positions] = field(default_factory=list)
    registers: dict[int, tuple[str, int | None, str | None]] = field(default_factory=dict)
    ancestors: dict[int, str] = field(default_factory=dict)
    arguments: Arguments = field(default_factory=Arguments)
    above: dict[int, str | None] = field(default_factory=dict)
    led_to: set[int] = field(default_factory=set)  # rows with which the dump of a crash starts
    cut: bool = False


class GoroutineReader:
    """Reads goroutine blocks of all inputs into the goroutines, stacks, frames and snapshots tables."""

    def __init__(self) -> None:
        self.aside = Aside()
        self._inputs: list[_Rows] = []
        self._header_codes: dict[bytes, int] = {}
        self._headers: list[_Header] = []
        self._stack_codes: dict[bytes, int] = {}
        self._stacks: list[_Stack] = []
        self._parts: dict[bytes, _Row | None] = {}
        self._header_shapes = TextShapes(GRAMMAR, "header", _HEADER_SLOTS)
        self._shapes = {
            "frame": TextShapes(GRAMMAR, "frame", FRAME_SLOTS),
            "foreign_frame": TextShapes(GRAMMAR, "foreign_frame", FRAME_SLOTS),
            "created": TextShapes(GRAMMAR, "created", FRAME_SLOTS),
            "elided": TextShapes(GRAMMAR, "elided", re.compile(rb"([0-9]+)")),
        }

    def begin(self, input_name: str) -> None:
        """The blocks that follow come from this input."""
        self._inputs.append(_Rows(input_name))

    def read(self, blocks: BlockRecords) -> int:
        """Take blocks; returns how many of them are goroutines."""
        rows = self._inputs[-1]
        kept = np.ones(len(blocks.texts), np.bool_)
        headers, stacks = self._header_codes, self._stack_codes
        seen = rows.arguments.seen
        pointers, origins = b" fp=0x" in blocks.data, b"\n[originating from " in blocks.data
        for index, text in enumerate(blocks.texts):
            head, _, own = text.partition(b"\n")
            number, _, tail = head[len(b"goroutine ") :].partition(b" ")
            if blocks.cut and index == len(blocks.texts) - 1:
                own = _certain(own)
            header = headers.get(tail)
            if header is None or len(number) > _MOST_DIGITS or not number.isdigit():
                header = self._new_header(head, int(blocks.numbers[index]), rows)
                if header is None:
                    kept[index] = False
                    continue
            ancestors = b""
            if origins and b"\n[originating from " in own:
                own, ancestors = self._split_ancestors(own, len(rows.ids), rows)
            if pointers:
                own = _POINTERS.sub(b"", own)
            key, parent = _key(own)
            stack = stacks.get(key + ancestors)
            if stack is None:
                stack = self._new_stack(key + ancestors, own, ancestors, int(blocks.numbers[index]))
            if seen.get(stack, 0) < MOST_PER_STACK:
                rows.arguments.keep(len(rows.ids), stack, own)
            if self._headers[header].tells or pointers:
                rows.arguments.keep_address(len(rows.ids), self._headers[header].wait_reason, own)
            rows.ids.append(int(number))
            rows.headers.append(header)
            rows.stacks.append(stack)
            rows.parents.append(parent)
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
        """Let go of dumps of the present input if it holds more goroutines; see :func:`dumps_to_keep`."""
        if self._inputs and len(self._inputs[-1].ids) > most:
            rows = self._inputs[-1]
            running = [self._headers[code].state == "running" for code in rows.headers]
            number = _numbers(_snapshots(rows, running), len(rows.ids))
            lines = np.concatenate(rows.lines)
            self._inputs[-1] = thinned(rows, dumps_to_keep(number, lines, most))

    def lines(self) -> Positions:
        """The lines of all goroutines that are kept, from 1."""
        lines = [part for rows in self._inputs for part in rows.lines]
        return np.concatenate([*lines, np.empty(0, np.int64)]) + 1

    def __getstate__(self) -> dict[str, object]:
        """What :meth:`absorb` needs of a reader that comes from another process."""
        mine = ("_inputs", "_header_codes", "_headers", "_stack_codes", "_stacks", "_parts")
        return {name: vars(self)[name] for name in ("aside", *mine)}

    def absorb(self, other: GoroutineReader, lines: int) -> None:
        """Append what another reader read of the rest of this input, so many lines further down."""
        headers = []
        for tail, code in other._header_codes.items():
            if tail not in self._header_codes:
                self._header_codes[tail] = len(self._headers)
                self._headers.append(other._headers[code])
            headers.append(self._header_codes[tail])
        same = {id(row): self._parts.setdefault(key, row) for key, row in other._parts.items()}
        stacks = []
        again: list[bytes] = []  # lines that are counted already
        for key, code in other._stack_codes.items():
            if key not in self._stack_codes:
                self._stack_codes[key] = len(self._stacks)
                stack = other._stacks[code]
                frames = [(ancestor, same[id(row)] or row) for ancestor, row in stack.frames]
                self._stacks.append(replace(stack, frames=frames))
            else:
                again += [text for _, text, _ in other._stacks[code].unparsed]
            stacks.append(self._stack_codes[key])
        mine, (rows,) = self._inputs[-1], other._inputs
        before = len(mine.ids)
        mine.ids += rows.ids
        mine.headers += map(headers.__getitem__, rows.headers)
        mine.stacks += map(stacks.__getitem__, rows.stacks)
        mine.parents += rows.parents
        mine.lines += [numbers + lines for numbers in rows.lines]
        mine.heights += rows.heights
        mine.registers.update({row + before: words for row, words in rows.registers.items()})
        mine.ancestors.update({row + before: ids for row, ids in rows.ancestors.items()})
        mine.arguments.absorb(rows.arguments, before)
        mine.above.update({row + before: text for row, text in rows.above.items()})
        mine.led_to |= {row + before for row in rows.led_to}
        mine.cut = rows.cut
        fresh = [u for u in other.aside.examples if u.text not in again]
        self.aside.absorb(fresh, other.aside.count - len(again), lines)

    # ---- headers ----------------------------------------------------------------------------------

    def _new_header(self, head: bytes, line: int, rows: _Rows) -> int | None:
        """The code of a header whose tail was not seen as it is; None if it is no header."""
        found = _HEADER.fullmatch(head)
        if found is None:
            return None
        _, gp, m, mp, tail = found.groups()
        if len(found[1]) > _MOST_DIGITS:
            self._set_aside(line, head, "a goroutine id of at most 18 digits")
            return None
        code = self._header_codes.get(tail)
        if code is None:
            parsed = self._header_shapes.parse(b"goroutine 1 " + tail)
            if isinstance(parsed, Rejected):
                self._set_aside(line, head, parsed.expected)
                return None
            code = self._header_codes[tail] = len(self._headers)
            self._headers.append(_header(parsed))
        if gp is not None:
            words = (
                gp.decode(),
                None if m is None else _number(m.decode()),
                None if mp is None else mp.decode(),
            )
            rows.registers[len(rows.ids)] = words
        return code

    # ---- stacks -----------------------------------------------------------------------------------

    def _split_ancestors(self, body: bytes, row: int, rows: _Rows) -> tuple[bytes, bytes]:
        """Part the goroutine's own stack from its ancestors'; their ids go to the row."""
        start = body.index(b"\n[originating from goroutine ")
        tail = body[start:]
        rows.ancestors[row] = b" ".join(_ORIGIN.findall(tail)).decode()
        return body[:start], _ORIGIN.sub(b"\n[originating from goroutine 0]:", tail)

    def _new_stack(self, key: bytes, own: bytes, ancestors: bytes, line: int) -> int:
        """Take a stack apart that was not seen before, and give it a number."""
        stack = _Stack()
        for ancestor, section in enumerate(_ORIGIN.split(b"\n" + own + ancestors)[::2]):
            self._read_section(stack, ancestor, section.strip(b"\n"))
        for offset, text, expected in stack.unparsed:
            self._set_aside(line + 1 + offset, text, expected)
        code = self._stack_codes[key] = len(self._stacks)
        self._stacks.append(stack)
        return code

    def _read_section(self, stack: _Stack, ancestor: int, section: bytes) -> None:
        """Read the frames of one goroutine: its own, or those of an ancestor."""
        lines = section.split(b"\n") if section else []
        unknown: list[tuple[int, bytes, str]] = []
        at = 0
        while at < len(lines):
            placed = at + 1 < len(lines) and _PLACE.match(lines[at + 1]) is not None
            taken = 2 if placed else 1
            text = b"\n".join(lines[at : at + taken])
            parts = self._part(text)
            if parts is None:
                unknown.append((at, text, "a function call, and below it its file and line"))
            else:
                stack.unparsed += unknown  # inside the stack; at its end it is not of the stack
                unknown = []
                if "elided" in parts:
                    stack.elided = cast("int | None", parts["elided"])
                elif "creator" in parts and ancestor == 0:
                    stack.creator = parts
                elif "function" in parts:
                    stack.frames.append((ancestor, parts))
            at += taken

    def _part(self, text: bytes) -> _Row | None:
        """What one or two lines of a stack say; None if they are nothing of a stack.

        Frames are remembered without their arguments, of which the first seen are kept.
        """
        call, _, place = text.partition(b"\n")
        opened = call.rfind(b"(")
        key = text if opened < 0 else call[: opened + 3] + b"\n" + place
        if key not in self._parts:
            self._parts[key] = self._parse_part(text)
        return self._parts[key]

    def _parse_part(self, text: bytes) -> _Row | None:
        if text.startswith(b"..."):
            parts = self._shapes["elided"].parse(text)
            if isinstance(parts, Rejected):
                return None
            return {"elided": next((_number(p.text) for p in parts if p.name == "count"), None)}
        if text.startswith(b"created by "):
            parts = self._shapes["created"].parse(_IN_GOROUTINE.sub(b"", text))
            return None if isinstance(parts, Rejected) else _created(parts)
        if text.strip() == b"goroutine running on other thread; stack unavailable":
            return {}
        for start in ("frame", "foreign_frame"):
            parts = self._shapes[start].parse(text)
            if not isinstance(parts, Rejected):
                return _call(parts, text)
        return None

    def _set_aside(self, line: int, text: bytes, expected: str) -> None:
        self.aside.add(Unparsed(self._inputs[-1].input_name, line + 1, text, expected))

    # ---- tables -----------------------------------------------------------------------------------

    def tables(self) -> Mapping[str, Table]:
        """The goroutines, stacks, frames and snapshots tables."""
        inputs = [rows for rows in self._inputs if rows.ids]
        starts = np.cumsum([0, *(len(rows.ids) for rows in inputs)])
        dumps: list[Positions] = []  # of each input, the rows with which its dumps start
        snapshot_of: list[Positions] = []
        for rows in inputs:
            running = [self._headers[code].state == "running" for code in rows.headers]
            first = sum(map(len, dumps))
            dumps.append(_snapshots(rows, running))
            snapshot_of.append(_numbers(dumps[-1], len(rows.ids)) + first)
        goroutines = self._goroutines(inputs, starts.tolist(), snapshot_of)
        return {
            "goroutines": goroutines,
            "stacks": self._stacks_table(),
            "frames": self._frames_table(),
            "snapshots": _snapshots_table(inputs, dumps),
            "arguments": arguments_table(
                [
                    (start, rows.arguments, rows.stacks)
                    for start, rows in zip(starts.tolist(), inputs, strict=False)
                ],
                [_depths(stack) for stack in self._stacks],
            ),
        }

    def _goroutines(
        self, inputs: list[_Rows], starts: list[int], snapshot_of: list[Positions]
    ) -> Table:
        count = starts[-1]
        header = _joined([rows.headers for rows in inputs])
        stack = _joined([rows.stacks for rows in inputs])
        parent = _joined([rows.parents for rows in inputs])
        facts = self._headers
        registers: dict[int, tuple[str, int | None, str | None]] = {}
        ancestors: dict[int, str] = {}
        waits_on: dict[int, int | None] = {}
        above: dict[int, str | None] = {}
        for start, rows in zip(starts, inputs, strict=False):
            above.update({start + row: text for row, text in rows.above.items()})
            waits_on.update({start + row: word for row, word in rows.arguments.waits_on.items()})
            registers.update({start + row: words for row, words in rows.registers.items()})
            ancestors.update({start + row: ids for row, ids in rows.ancestors.items()})

        def per_header(cells: Cells) -> Cells:
            valid = None if cells.valid is None else cells.valid[header]
            return Cells(cells.values[header], valid, cells.categories)

        def flag(values: list[bool]) -> Cells:
            return per_header(Cells(np.array(values, np.int8)))

        creators = text_cells([cast("str | None", s.creator.get("creator")) for s in self._stacks])
        sizes = [len(rows.ids) for rows in inputs]
        names = text_cells([rows.input_name for rows in inputs])
        cells: dict[str, Cells | Callable[[], Cells]] = {
            "input": Cells(np.repeat(names.values, sizes), None, names.categories),
            "process": int_cells([None] * count),
            "line": Cells(narrow(_concatenated([p for r in inputs for p in r.lines]) + 1)),
            "snapshot": Cells(narrow(_concatenated(snapshot_of))),
            "id": Cells(narrow(_joined([rows.ids for rows in inputs]))),
            "state": per_header(text_cells([h.state for h in facts])),
            "wait_reason": per_header(text_cells([h.wait_reason for h in facts])),
            "wait_minutes": per_header(int_cells([h.wait_minutes for h in facts])),
            "locked": flag([h.locked for h in facts]),
            "leaked": flag(["leaked" in h.flags for h in facts]),
            "scan": flag(["scan" in h.flags for h in facts]),
            "durable": flag(["durable" in h.flags for h in facts]),
            "bubble": per_header(int_cells([h.bubble for h in facts])),
            "labels": per_header(text_cells([h.labels for h in facts])),
            "waits_on": _sparse_ints(count, waits_on),
            "stack": Cells(narrow(stack)),
            "creator": Cells(creators.values[stack], None, creators.categories),
            "parent": Cells(narrow(parent), parent >= 0),
            "ancestors": _sparse_texts(count, ancestors),
            # Of a SIGQUIT all goroutines have them, and no rule looks.
            "gp": lambda: _sparse_texts(count, {row: w[0] for row, w in registers.items()}),
            "m": lambda: _sparse_ints(count, {row: w[1] for row, w in registers.items()}),
            "mp": lambda: _sparse_texts(count, {row: w[2] for row, w in registers.items()}),
            "log_line": _sparse_texts(count, above),
        }
        return Table("goroutines", GOROUTINES, cells, count)

    def _stacks_table(self) -> Table:
        rows: list[_Row] = []
        for number, stack in enumerate(self._stacks):
            own = [frame for ancestor, frame in stack.frames if ancestor == 0]
            creator = stack.creator
            rows.append(
                {
                    "stack": number,
                    "depth": len(own),
                    "elided": stack.elided,
                    "function": own[0]["function"] if own else None,
                    "creator": creator.get("creator"),
                    "creator_file": creator.get("file"),
                    "creator_line": creator.get("line"),
                }
            )
        return table_from("stacks", STACKS, rows)

    def _frames_table(self) -> Table:
        rows: list[_Row] = []
        for number, stack in enumerate(self._stacks):
            depths: dict[int, int] = {}
            for ancestor, frame in stack.frames:
                depth = depths[ancestor] = depths.get(ancestor, -1) + 1
                rows.append({**frame, "stack": number, "ancestor": ancestor, "depth": depth})
        return table_from("frames", FRAMES, rows)


def _depths(stack: _Stack) -> list[int]:
    """The frames of a goroutine's own stack whose calls show argument words."""
    own = [frame for ancestor, frame in stack.frames if ancestor == 0]
    shown = [cast("str | None", frame["arguments"]) or "" for frame in own]
    return [depth for depth, words in enumerate(shown) if words[:1] in ("0", "{", "_")]


def _certain(own: bytes) -> bytes:
    """The lines of a block that the end of the input certainly did not shorten.

    The last line stays if it goes on behind its numbers; the distance at its end may be shortened.
    It also stays if it is indented by spaces: Go writes a tab, so a person typed it and no program
    was cut off.
    """
    lines, _, last = own.rpartition(b"\n")
    return own if last.startswith(b"  ") or _GOES_ON.search(last) else lines


def _key(own: bytes) -> tuple[bytes, int]:
    """What blocks with the same stack have in common, and the id of the goroutine that started it.

    Arguments are taken out, except the ``(...)`` of an inlined call and the ``()`` of one without.
    """
    front, _, rest = own.rpartition(b" in goroutine ")
    number, _, place = rest.partition(b"\n")
    if number.isdigit() and len(number) <= _MOST_DIGITS and front:
        return _ARGUMENTS.sub(b"(", front) + place, int(number)
    return _ARGUMENTS.sub(b"(", own), -1


def _header(parts: tuple[Piece, ...]) -> _Header:
    """The facts of a parsed header."""
    texts = {part.name: part.text for part in parts if part.words}
    state = texts["state"]
    flags = frozenset(part.text for part in parts if part.name == "flag")
    status = status_of_header(state)
    durable = f"{state} (durable)"
    if "durable" in flags and reason(durable) is not None and reason(durable) != reason(state):
        state = durable  # a wait reason of its own since 1.25
    bubble = next((_number(part.words[1][1]) for part in parts if part.name == "bubble"), None)
    waits = status is None
    return _Header(
        state=("leaked" if "leaked" in flags else "waiting") if waits else state,
        wait_reason=state if waits else None,
        wait_minutes=_number(texts.get("wait_minutes")),
        locked=any(part.name == "locked" for part in parts),
        flags=flags,
        bubble=bubble,
        labels=_labels(parts),
        tells=waits and state in TELLING,
    )


def _labels(parts: tuple[Piece, ...]) -> str | None:
    """The pprof labels as a JSON object; an empty key or value is printed as nothing."""
    labels: dict[str, str] = {}
    key, value, inside = "", "", False
    for part in parts:
        if part.name == "label":
            if inside:
                labels[key] = value
            key, value, inside = "", "", True
        elif part.name == "key":
            key = _unquoted(part.text)
        elif part.name == "value":
            value = _unquoted(part.text)
    if inside:
        labels[key] = value
    return json.dumps(labels, ensure_ascii=False) if labels else None


_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}


def _unquoted(text: str) -> str:
    """A label's text as the program set it (runtime/print.go: printquoted)."""
    if not text.startswith('"'):
        return text

    def plain(match: re.Match[str]) -> str:
        digits = match[1] or match[2] or match[3]
        if digits:
            code = int(digits, 16)
            return chr(code) if code < 0x110000 else "\ufffd"
        return _CONTROL.get(match[4], match[4])

    return _ESCAPE.sub(plain, text[1:-1])


def _created(parts: tuple[Piece, ...]) -> _Row:
    texts = {part.name: part.text for part in parts if part.words}
    return {
        "creator": texts["creator"],
        "file": texts.get("file"),
        "line": _number(texts.get("line")),
    }


def _call(parts: tuple[Piece, ...], text: bytes) -> _Row:
    """A frame: a Go call with its place, or foreign code."""
    texts = {part.name: part.text for part in parts if part.words}
    function = texts.get("function") or texts.get("symbol") or "non-Go function"
    return {
        "function": function,
        "package": package_of(function) or None,
        "receiver": receiver_of(function) or None,
        "name": bare_name(function),
        "file": texts.get("file"),
        "line": _number(texts.get("line")),
        "offset": texts.get("offset"),
        "arguments": texts.get("arguments"),
        "inlined": texts.get("arguments") == "...",
    }


def _number(digits: str | None) -> int | None:
    return int(digits) if digits is not None and len(digits) <= _MOST_DIGITS else None


def _snapshots(rows: _Rows, running: list[bool]) -> Positions:
    """Part the goroutines of an input into dumps: the rows with which these start.

    A new dump starts where the head of a crash stands above, where a goroutine id comes again, or
    where other text stands in between and the goroutine is the one that made the dump (it is
    running). Text between two blocks alone does
    not part them: a crashing program's other threads may still be logging.
    """
    ids = rows.ids
    lines = np.concatenate(rows.lines)
    ends = lines + np.concatenate(rows.heights)
    gaps = lines[1:] - ends[:-1]
    usual = int((gaps == 1).sum() >= (gaps == 0).sum())  # some log shippers drop empty lines
    apart = set((np.flatnonzero(gaps != usual) + 1).tolist())
    led_to = rows.led_to - {0}
    if len(set(ids)) == len(ids):  # one dump, as a rule: no id comes again
        starts = [0, *sorted(led_to.union(row for row in apart if running[row]))]
    else:
        starts = [0]
        seen: set[int] = set()
        for row, goroutine in enumerate(ids):
            if goroutine in seen or (running[row] and row in apart) or row in led_to:
                starts.append(row)
                seen = set()
            seen.add(goroutine)
    return np.array(starts, np.int64)


def _numbers(starts: Positions, rows: int) -> Positions:
    """For each row the number of its dump, from 0, given the rows with which dumps start."""
    return np.repeat(np.arange(len(starts)), np.diff(np.append(starts, rows)))


def _snapshots_table(inputs: list[_Rows], dumps: list[Positions]) -> Table:
    """The dumps of all inputs, given the rows with which they start in each."""
    names = text_cells([rows.input_name for rows in inputs])
    counts = [len(starts) for starts in dumps]
    first, last, sizes, cut = [], [], [], []
    for rows, starts in zip(inputs, dumps, strict=True):
        lines, heights = np.concatenate(rows.lines), np.concatenate(rows.heights)
        behind = np.append(starts[1:], len(lines))
        first.append(lines[starts] + 1)
        last.append((lines + heights)[behind - 1])
        sizes.append(behind - starts)
        cut += [False] * (len(starts) - 1) + [rows.cut]
    cells = {
        "input": Cells(np.repeat(names.values, counts), None, names.categories),
        "line": Cells(narrow(_concatenated(first))),
        "snapshot": Cells(narrow(np.arange(sum(counts)))),
        "last_line": Cells(narrow(_concatenated(last))),
        "goroutines": Cells(narrow(_concatenated(sizes))),
        "truncated": Cells(np.array(cut, np.int8)),
    }
    return Table("snapshots", SNAPSHOTS, cells, sum(counts))


def _joined(columns: list[list[int]]) -> Positions:
    whole = columns[0] if len(columns) == 1 else [v for column in columns for v in column]
    return np.array(whole, np.int64)


def _concatenated(parts: list[Positions]) -> Positions:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _sparse_texts(rows: int, words: Mapping[int, str | None]) -> Cells:
    """A TEXT column of which few rows have a value."""
    few = text_cells(words.values())
    values = np.full(rows, -1, np.int32)
    values[list(words)] = few.values
    return Cells(values, None, few.categories)


def _sparse_ints(rows: int, numbers: Mapping[int, int | None]) -> Cells:
    """An INT column of which few rows have a value."""
    known = {row: number for row, number in numbers.items() if number is not None}
    values, valid = np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
    values[list(known)] = list(known.values())
    valid[list(known)] = True
    return Cells(narrow(values), valid)
