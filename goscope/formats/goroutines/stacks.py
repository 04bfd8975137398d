"""Takes the stacks of goroutines apart: each distinct stack once, each distinct frame once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

from goscope.formats.goroutines.columns import FRAMES, STACKS
from goscope.formats.goroutines.headers import number
from goscope.goruntime.function_names import bare_name, package_of, receiver_of
from goscope.parsing.grammars import Grammar, Rejected
from goscope.parsing.text_shapes import TextPart, TextShapes
from goscope.tables.table import Table, table_from

GRAMMAR = Grammar(
    "goroutine_dump",
    (
        "goroutine",
        "header",
        "frame",
        "call",
        "foreign_frame",
        "created",
        "elided",
        "ancestor",
        "unavailable",
    ),
)

# What may vary in a frame without changing its shape: words are names and paths.
_NAME = rb"A-Za-z0-9_%./~@+\x80-\xff-"
FRAME_SLOTS = re.compile(
    rb"(0x[0-9a-f]+(?![" + _NAME + rb"]))|([0-9]+(?![" + _NAME + rb"]))|((?!\+)[" + _NAME + rb"]+)"
)

#: What stands above the stack of an ancestor (GODEBUG=tracebackancestors).
ORIGINATING = b"\n[originating from goroutine "
_ORIGIN = re.compile(rb"\n\[originating from goroutine ([0-9]+)\]:")
_PLACE = re.compile(rb"(?: ?\t|  )(?:[^\n]*:[0-9]|[ \t]*pc=0x)")
#: A call whose argument words may be left out without changing how the line is read.
_CALL = re.compile(rb"(?!created by )([^\n]*\([^()\n]{2})[^()\n]*\)\n")

#: A call whose place is not in the text; with a package in front, since people write f() in texts.
NAME_OF_CALL = rb"[^\s().]+\.(?:[^\s()]*\(\*[^\s()]*\))?[^\s()]*[^\s().]"
BARE_CALL = re.compile(NAME_OF_CALL + rb"\([^()\n]*\)")
#: A call behind which another write stands.
_TORN_CALL = re.compile(rb"([^\s()]+(?:\(\*[^\s()]*\)[^\s()]+)?\([^()\n]*\))[^\n]+\n")
_IN_GOROUTINE = re.compile(rb" in goroutine ([0-9]+)(?=\n|$)")
#: Go prints the creator without parentheses; people who shorten a dump add them.
_SHORTENED_CALL = re.compile(r"\((?:\.\.\.)?\)$")

Row: TypeAlias = dict[str, object]


@dataclass(slots=True)
class StackRows:
    """A distinct stack: its frames as (ancestor, frame), and who started the goroutine."""

    frames: list[tuple[int, Row]] = field(default_factory=list)
    elided: int | None = 0
    creator: Row = field(default_factory=dict)
    unparsed: list[tuple[int, bytes, str]] = field(default_factory=list)


class Stacks:
    """All distinct stacks, by the number that they get when they are first seen."""

    def __init__(self) -> None:
        #: The number of a stack by its text without what varies from goroutine to goroutine.
        self.codes: dict[bytes, int] = {}
        self.all: list[StackRows] = []
        self._parts: dict[bytes, Row | None] = {}
        self._shapes = {
            "frame": TextShapes(GRAMMAR, "frame", FRAME_SLOTS),
            "call": TextShapes(GRAMMAR, "call", FRAME_SLOTS),
            "foreign_frame": TextShapes(GRAMMAR, "foreign_frame", FRAME_SLOTS),
            "created": TextShapes(GRAMMAR, "created", FRAME_SLOTS),
            "elided": TextShapes(GRAMMAR, "elided", re.compile(rb"([0-9]+)")),
        }

    def __getstate__(self) -> dict[str, object]:
        """What :meth:`merge` needs of what comes from another process."""
        return {name: vars(self)[name] for name in ("codes", "all", "_parts")}

    def add(self, key: bytes, own: bytes, ancestors: bytes) -> int:
        """Take a stack apart that was not seen before; its number."""
        stack = StackRows()
        for ancestor, section in enumerate(_ORIGIN.split(b"\n" + own + ancestors)[::2]):
            self._read_section(stack, ancestor, section.strip(b"\n"))
        code = self.codes[key] = len(self.all)
        self.all.append(stack)
        return code

    def merge(self, other: Stacks) -> tuple[list[int], list[bytes]]:
        """Take over the stacks of another reader.

        Returns the number that each of its stacks has here, and the lines that were not understood of those
        that are known already: they are counted once.
        """
        same = {id(row): self._parts.setdefault(key, row) for key, row in other._parts.items()}
        codes = []
        again: list[bytes] = []
        for key, code in other.codes.items():
            stack = other.all[code]
            if key not in self.codes:
                self.codes[key] = len(self.all)
                frames = [(ancestor, same[id(row)] or row) for ancestor, row in stack.frames]
                self.all.append(replace(stack, frames=frames))
            else:
                again += [text for _, text, _ in stack.unparsed]
            codes.append(self.codes[key])
        return codes, again

    def creators(self) -> list[str | None]:
        """For each stack the function that started its goroutines."""
        return [cast("str | None", stack.creator.get("creator")) for stack in self.all]

    def _read_section(self, stack: StackRows, ancestor: int, section: bytes) -> None:
        """Read the frames of one goroutine: its own, or those of an ancestor."""
        lines = section.split(b"\n") if section else []
        unknown: list[tuple[int, bytes, str]] = []
        at = 0
        while at < len(lines):
            placed = at + 1 < len(lines) and _PLACE.match(lines[at + 1]) is not None
            taken = 2 if placed else 1
            text = b"\n".join(lines[at : at + taken])
            parts = self._part(text)
            torn = _TORN_CALL.match(text) if parts is None else None
            if torn is not None:
                parts = self._part(torn[1] + text[torn.end() - 1 :])
                stack.unparsed.append((at, text, "the end of the line behind the call"))
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

    def _part(self, text: bytes) -> Row | None:
        """What one or two lines of a stack say; None if they are nothing of a stack.

        Frames are remembered without their arguments, of which the first seen are kept.
        """
        call = _CALL.match(text)
        key = text if call is None else call[1] + b")\n" + text[call.end() :]
        if key not in self._parts:
            self._parts[key] = self._parse_part(text)
        return self._parts[key]

    def _parse_part(self, text: bytes) -> Row | None:
        if text.startswith(b"..."):
            parts = self._shapes["elided"].parse(text)
            if isinstance(parts, Rejected):
                return None
            return {"elided": next((number(p.text) for p in parts if p.name == "count"), None)}
        if text.startswith(b"created by "):
            parts = self._shapes["created"].parse(_IN_GOROUTINE.sub(b"", text))
            return None if isinstance(parts, Rejected) else _created(parts)
        if text.strip() == b"goroutine running on other thread; stack unavailable":
            return {}
        for start in ("call",) if BARE_CALL.fullmatch(text) else ("frame", "foreign_frame"):
            parts = self._shapes[start].parse(text)
            if not isinstance(parts, Rejected):
                return _call(parts, text)
        return None

    def stacks_table(self) -> Table:
        """A row per stack."""
        rows: list[Row] = []
        for code, stack in enumerate(self.all):
            own = [frame for ancestor, frame in stack.frames if ancestor == 0]
            creator = stack.creator
            rows.append(
                {
                    "stack_id": code,
                    "depth": len(own),
                    "elided": stack.elided,
                    "function": own[0]["function"] if own else None,
                    "creator": creator.get("creator"),
                    "creator_file": creator.get("file"),
                    "creator_line": creator.get("line"),
                }
            )
        return table_from("stacks", STACKS, rows)

    def frames_table(self) -> Table:
        """A row per frame of a stack."""
        rows: list[Row] = []
        for code, stack in enumerate(self.all):
            depths: dict[int, int] = {}
            for ancestor, frame in stack.frames:
                depth = depths[ancestor] = depths.get(ancestor, -1) + 1
                rows.append({**frame, "stack_id": code, "ancestor": ancestor, "depth": depth})
        return table_from("frames", FRAMES, rows)


def split_ancestors(body: bytes) -> tuple[bytes, bytes, str]:
    """Part a goroutine's own stack from its ancestors', whose ids come with spaces between."""
    start = body.index(ORIGINATING)
    tail = body[start:]
    ids = b" ".join(_ORIGIN.findall(tail)).decode()
    return body[:start], _ORIGIN.sub(b"\n[originating from goroutine 0]:", tail), ids


def shown_depths(stack: StackRows) -> list[int]:
    """The frames of a goroutine's own stack whose calls show argument words."""
    own = [frame for ancestor, frame in stack.frames if ancestor == 0]
    shown = [cast("str | None", frame["arguments"]) or "" for frame in own]
    return [depth for depth, words in enumerate(shown) if words[:1] in ("0", "{", "_")]


def _created(parts: tuple[TextPart, ...]) -> Row:
    texts = {part.name: part.text for part in parts if part.words}
    return {
        "creator": _SHORTENED_CALL.sub("", texts["creator"]),
        "file": texts.get("file"),
        "line": number(texts.get("line")),
    }


def _call(parts: tuple[TextPart, ...], text: bytes) -> Row:
    """A frame: a Go call with its place, or foreign code."""
    texts = {part.name: part.text for part in parts if part.words}
    function = texts.get("function") or texts.get("symbol") or "non-Go function"
    return {
        "function": function,
        "package": package_of(function) or None,
        "receiver": receiver_of(function) or None,
        "name": bare_name(function),
        "file": texts.get("file"),
        "line": number(texts.get("line")),
        "offset": texts.get("offset"),
        "arguments": texts.get("arguments"),
        "inlined": texts.get("arguments") == "...",
    }
