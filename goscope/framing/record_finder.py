"""The one answer to "is this line a record?", made once of the kinds that all formats declare.

Whatever needs the answer asks a :class:`RecordFinder`: the framers, which cut records out of lines;
quotations and log wrappers, which learn from the first record what stands before lines; the filter of a
live stream; and the reading of a large file in two processes. So no text is a record for one and none for
another.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from goscope.framing.lines import Lines, Positions
from goscope.framing.records import BlockKind, LineKind

#: A line that may end in a colour: the codes that end it are no part of a record.
COLOUR = re.compile(rb"\x1b\[[0-9;]*[mK]")
_WINDOW = 1 << 16
_SHORT = 2
_LONG = 10
_VALUE = 6
_CHOICE = re.compile(rb"([^()|?*+{}.^$\\\[\]]+)\(\?:([A-Za-z|]+)\)([^()|?*+{}.^$\\\[\]]+)$")


class RecordFinder:
    """Knows how the records of all kinds start.

    ``accepts`` answers whether a text is a whole one-line record.

    At the start of a line the sign of a kind makes a record (:meth:`line_kind`, :meth:`block_kind`). Behind
    something else more is asked for (:meth:`find`): an opening with a number in it (``SCHED #``,
    ``goroutine #``) and its sign prove a record; of the short ones (``  P#``) and those without a
    number, only a whole record does. A block without a number in its opening counts if its openings are long
    and its sign goes to the end of the line. Other blocks (``panic: ``) prove nothing there, since
    applications write that too, but for their pieces, and at the start of a value of a JSON object
    (:meth:`opens_value`).
    """

    def __init__(
        self,
        line_kinds: Sequence[LineKind],
        block_kinds: Sequence[BlockKind],
        accepts: Callable[[bytes], bool],
    ) -> None:
        self.line_kinds = tuple(line_kinds)
        self.block_kinds = tuple(block_kinds)
        self.accepts = accepts
        self._patterns = patterns = _patterns(self.line_kinds, self.block_kinds)
        #: What the first lines of one-line records start with.
        self.line_openings = patterns.line_openings
        #: Matches what any record starts with.
        self.opening = patterns.opening
        self._words, self._short = patterns.words, patterns.short

    # ---- at the start of a line ---------------------------------------------------------------------

    def line_kind(self, text: bytes) -> LineKind | None:
        """The kind of one-line records that a line is of, by its sign."""
        kinds = self._patterns.line_kinds_of_head.get(text[:1], ())
        return next((k for k, opening in kinds if opening.match(text) and k.sign.match(text)), None)

    def block_kind(self, text: bytes) -> BlockKind | None:
        """The kind of blocks that a line opens, by its sign."""
        return next((kind for kind in self.block_kinds if kind.sign.match(text)), None)

    def opens(self, text: bytes) -> bool:
        """Whether a record starts with the line: an opening, and the sign of a kind."""
        return self._patterns.opening.match(text) is not None and (
            self.line_kind(text) is not None or self.block_kind(text) is not None
        )

    def is_body(self, text: bytes) -> bool:
        """Whether a line seems to stand inside of a block."""
        return self._patterns.body.match(text) is not None

    def may_open(self, beginning: bytes, *, passed_on: bool = True) -> bool:
        """Whether a line of which only the beginning is known may become a record.

        ``passed_on``: also one that a live stream passes on to the reader.
        """
        return any(
            all(
                wanted == there or (wanted == ord("#") and chr(there).isdigit())
                for wanted, there in zip(opening, beginning, strict=False)
            )
            for opening in self._patterns.openings[passed_on]
        )

    def first_behind(self, lines: Lines, prefix: bytes, among: Positions | None = None) -> int:
        """The first line that is a record once the prefix is gone; the number of lines if there is none.

        Kinds whose records nobody quotes do not count. Behind a tab, blocks do not: since Go 1.23 the
        value of a panic is indented by one, and it may hold a whole dump.
        """
        found = lines.opening_with(self._patterns.quoted_openings, prefix, among)
        for line in found.tolist():
            text = lines.text(line)[len(prefix) :]
            if self.line_kind(text) is not None:
                return int(line)
            kind = self.block_kind(text)
            if kind is not None and kind.quoted and prefix != b"\t":
                return int(line)
        return len(lines)

    # ---- where a text may be cut ----------------------------------------------------------------------

    def boundaries(self, *, blocks_only: bool) -> tuple[bytes, ...]:
        """Openings above which every record ends.

        ``blocks_only``: trace lines may stand inside a block, so they end none.
        """
        blocks = [o for kind in self.block_kinds if not kind.introduces for o in kind.openings]
        if blocks_only:
            return tuple(blocks)
        lines = [o for kind in self.line_kinds if not kind.inner for o in kind.openings]
        return (*lines, *blocks)

    def boundary(self, openings: Iterable[bytes]) -> re.Pattern[bytes]:
        """Matches the line end above a line at which another reader may start.

        ``openings`` are those of :meth:`boundaries`. A record to which the text line right above may belong
        has to stand below an empty line.
        """
        openings = [*openings]
        above = [o for kind in self.block_kinds if kind.above for o in kind.openings]
        plain = _any_literal([opening for opening in openings if opening not in above])
        return re.compile(rb"\n(?:%s)|\n\n(?:%s)" % (plain, _any_literal(above)))

    @property
    def introduction(self) -> re.Pattern[bytes]:
        """Matches what opens a block that records of other kinds below it may belong to."""
        kinds = [kind for kind in self.block_kinds if kind.introduces]
        literals = [literal for kind in kinds for literal in (*kind.openings, *kind.words)]
        return re.compile(_any_literal(literals))

    # ---- behind something else --------------------------------------------------------------------------

    def find(self, text: bytes) -> int:
        """Where a record starts in a line; -1 if none does."""
        known = self._patterns
        text = without_colour_at_end(text)
        for found in known.sign.finditer(text):
            at = found.start()
            if text[at : at + 1] == b" " and at:
                at = _indented(text, at)
            rest = text[at:]
            if at and known.value.search(text, 0, at):
                return -1
            if (
                text[:at].endswith(b"\t")
                and text.count(b"\t", 0, at) == 1
                and any(sign.match(rest) for sign in known.blocks)
            ):
                continue  # the value of a panic is indented by a tab, and may hold a dump
            if any(sign.match(rest) for sign in known.proof) or self.accepts(rest):
                return at
        return -1

    def opens_value(self, text: bytes) -> bool:
        """Whether a value in quotation marks, or a line of it, seems to open a record of any kind."""
        return self._patterns.in_value.search(text) is not None

    def lines(self, block: bytes, below: int) -> Iterator[tuple[int, int, int]]:
        """The lines that seem to hold a record: start, end, and where in the line.

        -1 stands for lines with a value that opens one. Those, short signs, and one-line records whose
        openings have no number, count only in the first ``below`` bytes.
        """
        words = [*self._words, *(word for word in self._short if word not in self._words)]
        begin = 0
        while begin < len(block) and words:  # the first record often stands near the beginning
            stop = block.find(b"\n", begin + _WINDOW) + 1 or len(block)
            yield from self._lines_between(block, begin, stop, below, words)
            begin = stop

    def _lines_between(
        self, block: bytes, at: int, stop: int, below: int, words: Sequence[bytes]
    ) -> Iterator[tuple[int, int, int]]:
        """The same for the lines between two line starts."""
        nexts = dict.fromkeys(words, -1)  # where each word stands next
        value = -1  # where a value that opens a record stands next
        while True:
            for word, place in nexts.items():
                if place < at:
                    limit = min(below, stop) if word in self._short else stop
                    nexts[word] = self._next(block, word, at, limit)
            if value < at:
                found = self._patterns.in_value.search(block, at, min(below, stop))
                value = len(block) if found is None else found.start()
            place = min(value, *nexts.values())
            if place >= stop:
                return
            start = block.rfind(b"\n", 0, place) + 1
            end = block.find(b"\n", place)
            end = end if end >= 0 else len(block)
            position = self.find(block[start : _end_of_text(block, start, end)])
            if position >= 0 or start <= value < end:
                yield start, end, position
            at = end + 1

    def _next(self, block: bytes, word: bytes, at: int, below: int) -> int:
        """Where a word that may be a sign stands next; the length of the block if it does not."""
        signs = self._words.get(word)
        at = block.find(word, at, below)
        while at >= 0 and signs is not None:
            end = block.find(b"\n", at)
            end = _end_of_text(block, at, end if end >= 0 else len(block))
            if any(sign.match(block, at, end) for sign in signs):
                break
            at = block.find(word, at + 1, below)
        return at if at >= 0 else len(block)


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What records are looked for with: the same for each of thousands of inputs."""

    line_openings: tuple[bytes, ...]
    openings: tuple[tuple[bytes, ...], tuple[bytes, ...]]  # of what is not passed on, and of all
    opening: re.Pattern[bytes]  # any of them
    quoted_openings: tuple[bytes, ...]
    line_kinds_of_head: dict[bytes, list[tuple[LineKind, re.Pattern[bytes]]]]  # with their openings
    proof: list[re.Pattern[bytes]]  # signs that need no further proof
    blocks: list[re.Pattern[bytes]]
    # Where none of these literals stands, no sign does: looking for them is a hundred times quicker.
    words: dict[bytes, list[re.Pattern[bytes]]]
    short: set[bytes]
    sign: re.Pattern[bytes]
    value: re.Pattern[bytes]  # what stands behind the opening of another block proves nothing
    body: re.Pattern[bytes]  # lines of blocks that no indented line need follow
    in_value: re.Pattern[bytes]  # any opening, at the start of a value or of a line of it


@functools.lru_cache(maxsize=8)
def _patterns(line_kinds: tuple[LineKind, ...], block_kinds: tuple[BlockKind, ...]) -> _Patterns:
    proof: list[re.Pattern[bytes]] = []
    blocks: list[re.Pattern[bytes]] = []
    words: dict[bytes, list[re.Pattern[bytes]]] = {}
    short: set[bytes] = set()
    signs, values = [], []
    heads: dict[bytes, list[tuple[LineKind, re.Pattern[bytes]]]] = {}
    for line_kind in line_kinds:
        opening = re.compile(_any_literal(line_kind.openings))
        for head in {literal[:1] for literal in line_kind.openings}:
            heads.setdefault(head, []).append((line_kind, opening))
    kinds: tuple[LineKind | BlockKind, ...] = (*line_kinds, *block_kinds)
    for kind in kinds:
        numbered = all(b"#" in opening for opening in kind.openings)
        if isinstance(kind, BlockKind) and not numbered and not _particular(kind):
            values += [_literal(opening) for opening in kind.openings if len(opening) >= _VALUE]
            for literal, sign in kind.pieces:
                signs.append(b"(?:%s)" % sign.pattern)
                proof.append(sign)
                words.setdefault(literal, []).append(sign)
            continue
        literals = [opening.partition(b"#")[0].lstrip(b" ") for opening in kind.openings]
        if isinstance(kind, BlockKind):
            signs += [_literal(opening) for opening in kind.openings]
            blocks.append(kind.sign)
        else:
            signs.append(b"(?:%s)" % kind.sign.pattern)
        if min(map(len, literals)) >= _SHORT:
            if isinstance(kind, BlockKind) or numbered:
                proof.append(kind.sign)
            for word in literals:
                words.setdefault(word, []).append(kind.sign)
            if not (numbered or isinstance(kind, BlockKind)):
                short.update(literals)
        else:
            short.update(_words_of(kind.sign.pattern))
    openings = tuple(o for kind in kinds for o in kind.openings)
    kept = [kind for kind in kinds if isinstance(kind, LineKind) or not kind.told]
    return _Patterns(
        tuple(o for kind in line_kinds for o in kind.openings),
        (tuple(o for kind in kept for o in kind.openings), openings),
        re.compile(_any_literal(openings)),
        tuple(
            o for kind in kinds if isinstance(kind, LineKind) or kind.quoted for o in kind.openings
        ),
        heads,
        proof,
        blocks,
        words,
        short,
        re.compile(b"|".join(signs) or b"(?!)"),
        re.compile(b"|".join(values) or b"(?!)"),
        re.compile(_any_literal(o for kind in block_kinds for o in kind.lone if len(o) >= _VALUE)),
        re.compile(rb'(?:"|\\n)(?:%s)' % _any_literal(map(_escaped, openings))),
    )


def _words_of(pattern: bytes) -> list[bytes]:
    """Literals of which every match of a pattern that ends in a choice of words holds one.

    The empty one if the pattern does not end so.
    """
    choice = _CHOICE.search(pattern)
    if choice is None:
        return [b""]
    return [choice[1] + word + choice[3] for word in choice[2].split(b"|")]


def _particular(kind: BlockKind) -> bool:
    """Whether nobody but the runtime writes such lines: long openings, and a sign for all of the line."""
    return kind.sign.pattern.endswith(b"$") and min(map(len, kind.openings)) >= _LONG


def without_colour_at_end(text: bytes) -> bytes:
    """The same without the codes that end a colour."""
    while True:
        at = text.rfind(b"\x1b[")
        if at < 0 or not COLOUR.fullmatch(text, at):
            return text
        text = text[:at]


def _end_of_text(block: bytes, start: int, end: int) -> int:
    """Where a line ends without a carriage return and without the codes that end a colour."""
    end -= block.endswith(b"\r", start, end)
    if block.endswith((b"m", b"K"), start, end):
        return start + len(without_colour_at_end(block[start:end]))
    return end


def _literal(opening: bytes) -> bytes:
    return re.escape(opening[:1]) + re.escape(opening[1:]).replace(rb"\#", rb"[0-9]")


def _any_literal(openings: Iterable[bytes]) -> bytes:
    """A pattern for one of the openings; for nothing if there are none."""
    return b"|".join(map(_literal, openings)) or b"(?!)"


def _escaped(opening: bytes) -> bytes:
    """An opening as it stands in a string of JSON, or of Go."""
    return opening.replace(b"\t", rb"\t")


def _indented(text: bytes, at: int) -> int:
    """Go indents P, M and G lines by two spaces; more of them belong to what stands before."""
    end = at
    while text[end : end + 1] == b" ":
        end += 1
    return max(at, end - 2) if end - at >= 2 else end
