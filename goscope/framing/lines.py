"""A stretch of input as lines: where each starts and ends, and what it starts with.

All questions are answered for every line at once with numpy, so a log of which one line in a
hundred matters costs little more than finding its line ends.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from goscope.tables.table import Bools, distinct

Positions: TypeAlias = npt.NDArray[np.int64]

NEWLINE = 10
#: In so little text a literal is found sooner than the lines that start like it.
_SMALL = 1 << 16
_PADDING = b"\n" * 64  # lets a comparison look beyond the last line


class Lines:
    """The lines of ``data``, which ends with a line end. ``first`` is the number of the first line."""

    def __init__(self, data: bytes, first: int):
        self.data = data
        self.first = first
        padded = data + _PADDING
        self.bytes = np.frombuffer(padded, np.uint8)
        self._words = np.ndarray(
            (len(data) + 1,), "<u8", padded, strides=(1,)
        )  # eight bytes from each on
        self.ends: Positions = np.flatnonzero(self.bytes[: len(data)] == NEWLINE)
        self.starts: Positions = np.empty_like(self.ends)
        if len(self.ends):
            self.starts[0] = 0
            self.starts[1:] = self.ends[:-1] + 1
        self.heads = self.bytes[self.starts]

    def __len__(self) -> int:
        return len(self.ends)

    @functools.cached_property
    def indented(self) -> Bools:
        """Which lines start with a blank or a tab."""
        found: Bools = (self.heads == ord("\t")) | (self.heads == ord(" "))
        return found

    def text(self, line: int) -> bytes:
        """One line without its line end."""
        return self.data[self.starts[line] : self.ends[line]]

    def opening_with(
        self, openings: Sequence[bytes], prefix: bytes = b"", among: Positions | None = None
    ) -> Positions:
        """The lines that start with the prefix and one of the openings, in order."""
        heads = self.heads if among is None else self.heads[among]
        begun = np.zeros(256, np.bool_)
        begun[heads] = True
        alike: dict[int, list[bytes]] = {}
        for opening in openings:
            literal = prefix + opening
            if not begun[literal[0]]:
                continue
            if len(self.data) < _SMALL and literal.partition(b"#")[0] not in self.data:
                continue
            alike.setdefault(literal[0], []).append(literal)
        found = []
        for head, literals in alike.items():
            lines = np.flatnonzero(heads == head)
            if among is not None:
                lines = among[lines]
            words = self._words[self.starts[lines]]
            for literal in literals:
                first, wanted, rest = _pattern(literal, len(prefix))
                left = lines[words & first == wanted]
                for offset, byte in rest:
                    if not len(left):
                        break
                    there = self.bytes[self.starts[left] + offset]
                    if byte is None:
                        left = left[(there >= ord("0")) & (there <= ord("9"))]
                    else:
                        left = left[there == byte]
                if len(left):
                    found.append(left)
        if not found:
            return np.empty(0, np.int64)
        return found[0] if len(found) == 1 else distinct(np.concatenate(found))

    def holding(self, words: Sequence[bytes]) -> Positions:
        """The lines that hold one of the literals anywhere."""
        places: list[int] = []
        for word in words:
            at = self.data.find(word)
            while at >= 0:
                places.append(at)
                at = self.data.find(word, at + len(word))
        if not places:
            return np.empty(0, np.int64)
        return distinct(np.searchsorted(self.ends, np.array(places, np.int64)))

    def signed(self, sign: re.Pattern[bytes], lines: Positions) -> Positions:
        """Those of the lines whose beginning the sign matches."""
        if not len(lines):
            return lines
        match, data = sign.match, self.data
        starts, ends = self.starts[lines].tolist(), self.ends[lines].tolist()
        fits = [match(data, a, b) is not None for a, b in zip(starts, ends, strict=True)]
        return lines[np.array(fits, np.bool_)]

    def matching(self, pattern: re.Pattern[bytes]) -> Positions:
        """The lines that a multi-line pattern matches from their start."""
        starts = [found.start() for found in pattern.finditer(self.data)]
        return np.searchsorted(self.starts, np.array(starts, np.int64)).astype(np.int64)

    def shorter_than(self, size: int, lines: Positions) -> Positions:
        """Those of the lines that have at most so many bytes."""
        if len(self.data) <= size:
            return lines
        return lines[self.ends[lines] - self.starts[lines] <= size]

    def span(self, first: int, end: int) -> bytes:
        """The text of lines ``first`` to ``end`` (exclusive), without the last line end."""
        return self.data[self.starts[first] : self.ends[end - 1]]

    def gather(self, lines: Positions) -> bytes:
        """The text of these lines, each with its line end, copied run by run."""
        if len(lines) == len(self):
            return self.data
        if not len(lines):
            return b""
        breaks = np.flatnonzero(np.diff(lines) != 1) + 1
        firsts = self.starts[lines[np.concatenate(([0], breaks))]].tolist()
        lasts = self.ends[lines[np.concatenate((breaks - 1, [len(lines) - 1]))]].tolist()
        data = self.data
        return b"".join([data[a : b + 1] for a, b in zip(firsts, lasts, strict=True)])


@functools.cache
def _pattern(
    literal: bytes, plain: int
) -> tuple[np.uint64, np.uint64, tuple[tuple[int, int | None], ...]]:
    """An opening as a mask for the first eight bytes and what they must be, and the bytes that are left.

    A ``#`` stands for a digit (None) unless it is the first byte or among the first ``plain`` ones.
    """
    mask, wanted, rest = bytearray(8), bytearray(8), []
    for offset, byte in enumerate(literal):
        digit = byte == ord("#") and offset >= max(plain, 1)
        if digit or offset >= 8:
            rest.append((offset, None if digit else byte))
        else:
            mask[offset], wanted[offset] = 255, byte
    first, value = np.frombuffer(bytes(mask + wanted), "<u8")
    return first, value, tuple(rest)
