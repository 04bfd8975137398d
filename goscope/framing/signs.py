"""Finds records of the runtime in lines, behind whatever stands before them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from goscope.framing.records import BlockKind, LineKind


class Signs:
    """Finds records of the runtime in lines, behind whatever stands before them.

    An opening with a number in it (``SCHED #``, ``goroutine #``) and its sign prove a record; of the short ones
    (``  P#``) and those without a number, only a whole record does. Blocks without a number in their opening
    (``panic: ``) are not looked for: applications write that too.
    """

    def __init__(
        self, kinds: Sequence[LineKind | BlockKind], accepts: Callable[[bytes], bool]
    ) -> None:
        self._accepts = accepts
        numbered = [k for k in kinds if isinstance(k, LineKind) or _numbered(k)]
        self._sign = re.compile(
            b"|".join(b"(?:" + k.sign.pattern + b")" for k in numbered) or b"(?!)"
        )
        self._proof = [
            k.sign for k in numbered if _numbered(k) and min(map(_letters, k.openings)) >= 2
        ]
        # Where none of these literals stands, no sign does; looking for them is a hundred times quicker.
        words = {word for k in numbered for word in _words_of(k.sign.pattern)}
        self._words = None if b"" in words else tuple(words)
        # A sign that starts with its word is looked at right there.
        self._at_word = {
            word: k.sign
            for k in numbered
            for word in _words_of(k.sign.pattern)
            if word
            and k.sign.pattern.startswith(word)
            and b"|" not in k.sign.pattern.partition(b"(")[0]
        }
        self._blocks = [k.sign for k in numbered if isinstance(k, BlockKind)]
        rest = [k for k in kinds if k not in numbered]
        signs = b"|".join(b"(?:" + k.sign.pattern + b")" for k in rest)
        self.loose = re.compile(signs) if rest else None

    def find(self, text: bytes) -> int:
        """Where a record starts in a line; -1 if none does."""
        for found in self._sign.finditer(text):
            at = found.start()
            if text[at : at + 1] == b" " and at:
                at = _indented(text, at)
            rest = text[at:]
            if text[:at].endswith(b"\t") and text.count(b"\t", 0, at) == 1 and self._is_block(rest):
                continue  # the value of a panic is indented by a tab, and may hold a dump
            if any(sign.match(rest) for sign in self._proof) or self._accepts(rest):
                return at
        return -1

    def _next(self, block: bytes, word: bytes, at: int, below: int) -> int:
        """Where a word that may be a sign stands next; the length of the block if it does not."""
        sign = self._at_word.get(word)
        at = block.find(word, at, below)
        while at >= 0 and sign is not None and not sign.match(block, at):
            at = block.find(word, at + 1, below)
        return at if at >= 0 else len(block)

    def _is_block(self, text: bytes) -> bool:
        return any(sign.match(text) for sign in self._blocks)

    def find_loosely(self, text: bytes) -> int:
        found = self.loose.search(text) if self.loose is not None else None
        return -1 if found is None else found.start()

    def lines(self, block: bytes, below: int) -> Iterator[tuple[int, int, int]]:
        """The lines that seem to hold a record: start, end, and where in the line.

        Short signs count only in the first ``below`` bytes.
        """
        at = 0
        nexts = dict.fromkeys(self._words or (b"",), -1)  # where each word stands next
        while True:
            for word, place in nexts.items():
                if place < at:
                    short = word not in self._at_word
                    nexts[word] = self._next(block, word, at, below if short else len(block))
            place = min(nexts.values())
            if place >= len(block):
                return
            start = block.rfind(b"\n", 0, place) + 1
            end = block.find(b"\n", place)
            end = end if end >= 0 else len(block)
            found = self.find(block[start:end].removesuffix(b"\r"))
            if found >= 0:
                yield start, end, found
            at = end + 1


_META = re.compile(rb"\\.|\[\^?\]?[^\]]*\]|[()|?*+{}.^$]|[^()|?*+{}.^$\\\[]+")
_CHOICE = re.compile(rb"([^()|?*+{}.^$\\\[\]]+)\(\?:([A-Za-z|]+)\)([^()|?*+{}.^$\\\[\]]+)$")


def _words_of(pattern: bytes) -> list[bytes]:
    """Literals of which every match of a pattern holds one; an empty one if none is certain."""
    choice = _CHOICE.search(pattern)
    if choice is not None:
        return [choice[1] + word + choice[3] for word in choice[2].split(b"|")]
    depth, runs = 0, [b""]
    for part in _META.findall(pattern):
        if part == b"|" and not depth:
            return [b""]
        depth += (part == b"(") - (part == b")")
        if part[:1] in b"?*{" and runs[-1]:
            runs[-1] = runs[-1][:-1]  # what may be absent
        if part[:1] not in b"()|?*+{}.^$\\[" and not depth:
            runs[-1] += part
        else:
            runs.append(b"")
    return [max(runs, key=len)]


def _numbered(kind: LineKind | BlockKind) -> bool:
    return all(b"#" in opening for opening in kind.openings)


def _letters(opening: bytes) -> int:
    return len(opening.partition(b"#")[0].strip())


def _indented(text: bytes, at: int) -> int:
    """Go indents P, M and G lines by two spaces; more of them belong to what stands before."""
    end = at
    while text[end : end + 1] == b" ":
        end += 1
    return max(at, end - 2) if end - at >= 2 else end
