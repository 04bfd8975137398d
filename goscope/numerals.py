"""All decimal numbers of a text at once: where they stand, what they say, and what is left.

The *skeleton* of a line is the line without its numbers. Two lines have the same shape when their
skeletons are equal and their numbers stand at the same places in them. Everything here is whole-array
numpy; nothing is done line by line unless lines of many shapes are mixed.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from goscope.tables import Bools, Floats

_DOT = re.compile(rb"(?<=[0-9])\.(?=[0-9])")
_POWERS = 10 ** np.arange(19, dtype=np.int64)
_MOST_DIGITS = 18  # a longer number may not fit in 64 bits

IntArray = npt.NDArray[np.int64]


class Numerals:
    """The numbers of a text of whole lines (each with its line end)."""

    def __init__(self, text: bytes):
        self._text = text
        codes = np.frombuffer(text, np.uint8)
        digit = (codes - np.uint8(48)) < 10
        inside = digit
        dot = codes == ord(".")
        dot[1:-1] &= digit[:-2] & digit[2:]
        if len(dot):
            dot[0] = dot[-1] = False
        dots = np.flatnonzero(dot)
        if len(dots):
            inside = digit | dot
        edge = np.empty(len(codes) + 1, np.bool_)
        edge[1:-1] = inside[1:] != inside[:-1]
        edge[0], edge[-1] = (inside[0], inside[-1]) if len(codes) else (False, False)
        edges = np.flatnonzero(edge)
        self._starts: IntArray = edges[0::2]
        self._ends: IntArray = edges[1::2]
        lengths = self._ends - self._starts
        self._before = np.concatenate(([0], np.cumsum(lengths)))  # number characters before each number
        self._line_ends: IntArray = np.flatnonzero(codes == 10)
        self._line_starts = np.concatenate(([0], self._line_ends[:-1] + 1))
        self._first = np.searchsorted(self._starts, np.append(self._line_starts, len(codes)))
        self._skeleton = codes[~inside]
        self._dotted = np.zeros(len(lengths), np.int64)
        self._decimals = np.zeros(len(lengths), np.int64)
        if len(dots):
            owner = np.searchsorted(self._starts, dots, side="right") - 1
            self._dotted = np.bincount(owner, minlength=len(lengths))
            self._decimals[owner] = self._ends[owner] - dots - 1
        sizes = lengths - self._dotted
        self._bad = (sizes > _MOST_DIGITS) | (self._dotted > 1)
        self._values = _values(codes[digit], np.where(sizes > 0, sizes, 1))

    def __len__(self) -> int:
        return len(self._line_ends)

    def line(self, line: int) -> bytes:
        """One line without its line end."""
        return self._text[self._line_starts[line] : self._line_ends[line]]

    def numbers_of(self, line: int) -> tuple[IntArray, IntArray]:
        """Start and end of each number of a line, counted from the start of the line."""
        mine = slice(self._first[line], self._first[line + 1])
        return self._starts[mine] - self._line_starts[line], self._ends[mine] - self._line_starts[line]

    def offsets(self, line: int) -> IntArray:
        """Where in the skeleton of the line its numbers stand."""
        first, end = self._first[line], self._first[line + 1]
        origin = self._line_starts[line] - self._before[first]
        offsets: IntArray = self._starts[first:end] - self._before[first:end] - origin
        return offsets

    def shape_key(self, line: int) -> bytes:
        """A key that lines have in common exactly when they have the same shape."""
        before = self._before[self._first]
        skeleton = self._skeleton[
            self._line_starts[line] - before[line] : self._line_ends[line] - before[line + 1]
        ]
        return skeleton.tobytes() + b"\n" + self.offsets(line).astype(np.uint32).tobytes()

    def shapes(self) -> tuple[IntArray, list[int]]:
        """The shape of each line, as a number, and for each shape a line that has it."""
        text = self._skeleton.tobytes()
        first = text[: text.index(b"\n") + 1]
        if len(text) == len(first) * len(self) and text == first * len(self):
            groups, examples = np.zeros(len(self), np.int64), [0]
        else:
            groups, examples = _group(text.split(b"\n")[:-1])
        return self._split_by_offsets(groups, examples)

    def _split_by_offsets(self, groups: IntArray, examples: list[int]) -> tuple[IntArray, list[int]]:
        """Take apart lines with one skeleton whose numbers stand at different places in it."""
        counts = np.diff(self._first)
        for group in range(len(examples)):
            lines = np.flatnonzero(groups == group) if len(examples) > 1 else np.arange(len(self))
            example = self.offsets(examples[group])
            same = counts[lines] == len(example)
            if len(example) and same.any():
                at = self._first[lines[same]][:, None] + np.arange(len(example))
                origins = (self._line_starts - self._before[self._first[:-1]])[lines[same]]
                there = self._starts[at] - self._before[at] - origins[:, None]
                same[same] = (there == example).all(axis=1)
            strays: dict[bytes, int] = {}
            for line in lines[~same].tolist():
                key = self.offsets(line).tobytes()
                if key not in strays:
                    strays[key] = len(examples)
                    examples.append(line)
                groups[line] = strays[key]
        return groups, examples

    def rows(self, lines: IntArray, whole: IntArray, count: int) -> NumberRows:
        """The numbers of lines of one shape; ``whole`` are the numbers that must be integers."""
        first = self._first[lines]
        good = np.ones(len(lines), np.bool_)
        if self._bad.any():
            good &= ~self._bad[first[:, None] + np.arange(count)].any(axis=1)
        if self._dotted.any():
            good &= (self._dotted[first[:, None] + whole] == 0).all(axis=1)
        return NumberRows(self, lines, good)

    def integers(self, lines: IntArray, number: int) -> IntArray:
        """The n-th number of each line, as integers."""
        values: IntArray = self._values[self._first[lines] + number]
        return values

    def decimals(self, lines: IntArray, number: int) -> Floats:
        """The n-th number of each line, as the float nearest to its decimal text."""
        at = self._first[lines] + number
        floats: Floats = self._values[at] / _POWERS[self._decimals[at]]
        return floats

    def block(self, lines: IntArray, first: int, last: int) -> IntArray:
        """Numbers ``first`` to ``last`` (exclusive) of each line, as a matrix."""
        values: IntArray = self._values[self._first[lines][:, None] + np.arange(first, last)]
        return values

    def texts(self, lines: IntArray, start: tuple[int, int], end: tuple[int, int]) -> list[bytes]:
        """A piece of each line, numbers included, between two places.

        A place is (how many numbers stand before it, its offset in the skeleton).
        """
        origins = self._line_starts[lines] - self._before[self._first[lines]]
        begins = origins + start[1] + self._before[self._first[lines] + start[0]]
        ends = origins + end[1] + self._before[self._first[lines] + end[0]]
        return [self._text[a:b] for a, b in zip(begins.tolist(), ends.tolist(), strict=True)]


class NumberRows:
    """Lines of one shape as rows of numbers; ``good`` says which rows hold usable numbers."""

    def __init__(self, numerals: Numerals, lines: IntArray, good: Bools):
        self._numerals = numerals
        self.lines = lines
        self.good = good

    def usable(self) -> NumberRows:
        """Only the good rows."""
        if self.good.all():
            return self
        return NumberRows(self._numerals, self.lines[self.good], self.good[self.good])

    def integers(self, number: int) -> IntArray:
        return self._numerals.integers(self.lines, number)

    def decimals(self, number: int) -> Floats:
        return self._numerals.decimals(self.lines, number)

    def block(self, first: int, last: int) -> IntArray:
        return self._numerals.block(self.lines, first, last)

    def texts(self, start: tuple[int, int], end: tuple[int, int]) -> list[bytes]:
        return self._numerals.texts(self.lines, start, end)


def undotted(text: bytes) -> bytes:
    """The text with every decimal number written without its dot: same shape, integers only.

    A grammar that wants an integer would reject ``1.5`` and with it the whole shape; so Lark sees
    this form, and :meth:`Numerals.rows` checks each row for dots where only integers may stand.
    """
    return _DOT.sub(b"", text)


def _values(digits: npt.NDArray[np.uint8], sizes: IntArray) -> IntArray:
    """The numbers that consecutive runs of digits say; runs beyond 18 digits come out arbitrary."""
    if not len(sizes):
        return np.zeros(0, np.int64)
    ends = np.cumsum(sizes)
    place = np.repeat(ends.astype(np.int32), sizes) - np.arange(1, len(digits) + 1, dtype=np.int32)
    np.minimum(place, _MOST_DIGITS, out=place)
    values: IntArray = np.add.reduceat(_POWERS[place] * (digits - np.uint8(48)), ends - sizes)
    return values


class _Groups(dict[bytes, int]):
    def __missing__(self, key: bytes) -> int:
        self[key] = number = len(self)
        return number


def _group(texts: list[bytes]) -> tuple[IntArray, list[int]]:
    """Number equal texts alike; the index of the first of each."""
    groups = _Groups()
    numbers = np.fromiter(map(groups.__getitem__, texts), np.int64, len(texts))
    _, examples = np.unique(numbers, return_index=True)
    return numbers, examples.tolist()
