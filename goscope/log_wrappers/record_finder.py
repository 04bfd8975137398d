"""Finds records of the runtime in lines, behind whatever stands before them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from goscope.framing.records import BlockKind, LineKind
from goscope.log_wrappers.line_prefix import without_colour_at_end


class RecordFinder:
    """Finds records of the runtime in lines, behind whatever stands before them.

    An opening with a number in it (``SCHED #``, ``goroutine #``) and its sign prove a record; of
    the short ones (``  P#``) and those without a number, only a whole record does. A block without
    a number in its opening counts if its openings are long and its sign goes to the end of the
    line; other blocks (``panic: ``) prove nothing: applications write that too.
    """

    def __init__(
        self, kinds: Sequence[LineKind | BlockKind], accepts: Callable[[bytes], bool]
    ) -> None:
        self._accepts = accepts
        known = _patterns(tuple(kinds))
        self._proof, self._blocks = known.proof, known.blocks
        self._words, self._short = known.words, known.short
        self._sign, self._value = known.sign, known.value

    def find(self, text: bytes) -> int:
        """Where a record starts in a line; -1 if none does."""
        for found in self._sign.finditer(text):
            at = found.start()
            if text[at : at + 1] == b" " and at:
                at = _indented(text, at)
            rest = text[at:]
            if at and self._value.search(text, 0, at):
                return -1
            if text[:at].endswith(b"\t") and text.count(b"\t", 0, at) == 1 and self._is_block(rest):
                continue  # the value of a panic is indented by a tab, and may hold a dump
            if any(sign.match(rest) for sign in self._proof) or self._accepts(rest):
                return at
        return -1

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

    def _is_block(self, text: bytes) -> bool:
        return any(sign.match(text) for sign in self._blocks)

    def lines(self, block: bytes, below: int) -> Iterator[tuple[int, int, int]]:
        """The lines that seem to hold a record: start, end, and where in the line.

        Short signs, and those without a number, count only in the first ``below`` bytes.
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
        while True:
            for word, place in nexts.items():
                if place < at:
                    limit = min(below, stop) if word in self._short else stop
                    nexts[word] = self._next(block, word, at, limit)
            place = min(nexts.values())
            if place >= stop:
                return
            start = block.rfind(b"\n", 0, place) + 1
            end = block.find(b"\n", place)
            end = end if end >= 0 else len(block)
            found = self.find(block[start : _end_of_text(block, start, end)])
            if found >= 0:
                yield start, end, found
            at = end + 1


_WINDOW = 1 << 16
_SHORT = 2
_LONG = 10
_VALUE = 6
_CHOICE = re.compile(rb"([^()|?*+{}.^$\\\[\]]+)\(\?:([A-Za-z|]+)\)([^()|?*+{}.^$\\\[\]]+)$")


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What records are looked for with: the same for each of thousands of inputs."""

    proof: list[re.Pattern[bytes]]  # signs that need no further proof
    blocks: list[re.Pattern[bytes]]
    # Where none of these literals stands, no sign does: looking for them is a hundred times quicker.
    words: dict[bytes, list[re.Pattern[bytes]]]
    short: set[bytes]
    sign: re.Pattern[bytes]
    value: re.Pattern[bytes]  # what stands behind the opening of another block proves nothing


@functools.lru_cache(maxsize=8)
def _patterns(kinds: tuple[LineKind | BlockKind, ...]) -> _Patterns:
    proof: list[re.Pattern[bytes]] = []
    blocks: list[re.Pattern[bytes]] = []
    words: dict[bytes, list[re.Pattern[bytes]]] = {}
    short: set[bytes] = set()
    signs, values = [], []
    for kind in kinds:
        numbered = all(b"#" in opening for opening in kind.openings)
        if isinstance(kind, BlockKind) and not numbered and not _particular(kind):
            values += [_literal(opening) for opening in kind.openings if len(opening) >= _VALUE]
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
            if not numbered:
                short.update(literals)
        else:
            short.update(_words_of(kind.sign.pattern))
    sign = re.compile(b"|".join(signs) or b"(?!)")
    return _Patterns(proof, blocks, words, short, sign, re.compile(b"|".join(values) or b"(?!)"))


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


def _end_of_text(block: bytes, start: int, end: int) -> int:
    """Where a line ends without a carriage return and without the codes that end a colour."""
    end -= block.endswith(b"\r", start, end)
    if block.endswith((b"m", b"K"), start, end):
        return start + len(without_colour_at_end(block[start:end]))
    return end


def _literal(opening: bytes) -> bytes:
    return re.escape(opening[:1]) + re.escape(opening[1:]).replace(rb"\#", rb"[0-9]")


def _indented(text: bytes, at: int) -> int:
    """Go indents P, M and G lines by two spaces; more of them belong to what stands before."""
    end = at
    while text[end : end + 1] == b" ":
        end += 1
    return max(at, end - 2) if end - at >= 2 else end
