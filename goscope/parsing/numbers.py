"""Finds all decimal numbers of a text at once: their positions, their values, and the text without them.

The *skeleton* of a line is the line without its numbers. Two lines have the same shape when their
skeletons are equal and their numbers stand at the same places in them. Everything here is whole-array
numpy; nothing is done line by line unless lines of many shapes are mixed.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from goscope.tables.table import Bools, Floats

_DOT = re.compile(rb"(?<=[0-9])\.(?=[0-9])")
_POWERS = 10 ** np.arange(19, dtype=np.int64)
_MOST_DIGITS = 18  # a longer number may not fit in 64 bits
_FEW_GROUPS = 16  # fewer are found sooner by a look at all lines for each
_EXACT = 1 << 53  # a float holds every integer up to here

IntArray = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]  # of characters in a stretch of text


class Numerals:
    """The numbers of a text of whole lines (each with its line end)."""

    def __init__(self, text: bytes):
        self._text = text
        codes = np.frombuffer(text, np.uint8)
        inside, dots_inside = _number_characters(codes)
        self._starts, self._ends = _runs(inside)
        lengths = self._ends - self._starts
        self._values, self._decimals, dots = _values(text, self._ends, lengths)
        self._dotted: Bools = dots > 0
        self._bad: Bools = (lengths - dots > _MOST_DIGITS) | (dots > 1)
        # number characters before each number, and in all
        self._before = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=self._before[1:])
        self._line_ends: IntArray = np.flatnonzero(codes == ord("\n"))
        self._line_starts = np.append(0, self._line_ends[:-1] + 1)[: len(self._line_ends)]
        self._first = np.searchsorted(self._starts, np.append(self._line_starts, len(codes)))
        self._skeleton = _skeleton(text, codes, inside, dots_inside)

    def __len__(self) -> int:
        return len(self._line_ends)

    def line(self, line: int) -> bytes:
        """One line without its line end."""
        return self._text[self._line_starts[line] : self._line_ends[line]]

    def numbers_of(self, line: int) -> tuple[IntArray, IntArray]:
        """Start and end of each number of a line, counted from the start of the line."""
        mine = slice(self._first[line], self._first[line + 1])
        return self._starts[mine] - self._line_starts[line], self._ends[mine] - self._line_starts[
            line
        ]

    def offsets(self, line: int) -> IntArray:
        """The positions of the line's numbers in its skeleton."""
        first, end = self._first[line], self._first[line + 1]
        origin = self._line_starts[line] - self._before[first]
        offsets: IntArray = self._starts[first:end] - self._before[first:end] - origin
        return offsets

    def shape_key(self, line: int) -> bytes:
        """A key that lines have in common exactly when they have the same shape."""
        before, behind = self._before[self._first[line : line + 2]]
        skeleton = self._skeleton[self._line_starts[line] - before : self._line_ends[line] - behind]
        return skeleton + b"\n" + self.offsets(line).astype(np.uint32).tobytes()

    def shapes(self) -> tuple[IntArray, list[int]]:
        """The shape of each line, as a number, and for each shape a line that has it."""
        text = self._skeleton
        first = text[: text.index(b"\n") + 1]
        if len(text) == len(first) * len(self) and text == first * len(self):
            groups, examples = np.zeros(len(self), np.int64), [0]
        else:
            groups, examples = _group(text.split(b"\n")[:-1])
        return self._split_by_offsets(groups, examples)

    def _split_by_offsets(
        self, groups: IntArray, examples: list[int]
    ) -> tuple[IntArray, list[int]]:
        """Separate lines of one skeleton whose numbers are at different positions in it."""
        counts = np.diff(self._first)
        skeletal = self._starts - self._before[:-1]  # the position of each number in the skeleton
        origins = self._line_starts - self._before[self._first[:-1]]
        for group, lines in enumerate(members(groups, len(examples))):
            example = self.offsets(examples[group])
            if len(examples) == 1 and (counts == len(example)).all():
                there = skeletal.reshape(len(self), len(example)) - origins[:, None]
                same = (there == example).all(axis=1)
            else:
                same = counts[lines] == len(example)
                at = self._first[lines[same]][:, None] + np.arange(len(example))
                there = skeletal[at] - origins[lines[same]][:, None]
                same[same] = (there == example).all(axis=1)
            strays: dict[bytes, int] = {}
            for line in lines[~same].tolist():
                key = self.offsets(line).tobytes()
                if key not in strays:
                    strays[key] = len(examples)
                    examples.append(line)
                groups[line] = strays[key]
        return groups, examples

    def rows(
        self, lines: IntArray, numbers: IntArray, whole: IntArray, mantissas: IntArray
    ) -> NumberRows:
        """The numbers of lines of one shape: those that are read, those that must be integers, and
        those that may be of any length, but have one dot."""
        first = self._first[lines]
        good = np.ones(len(lines), np.bool_)
        if self._bad.any():
            good &= ~self._bad[first[:, None] + numbers].any(axis=1)
        if self._dotted.any():
            good &= ~self._dotted[first[:, None] + whole].any(axis=1)
        for number in mantissas.tolist():
            starts, ends = (
                self._starts[first + number].tolist(),
                self._ends[first + number].tolist(),
            )
            good &= [self._text.count(b".", a, b) <= 1 for a, b in zip(starts, ends, strict=True)]
        return NumberRows(self, lines, good)

    def first_numbers(self, lines: IntArray) -> IntArray:
        """Where in all numbers of the text those of each line start."""
        return self._first[lines]

    def integers(self, at: IntArray) -> IntArray:
        """Numbers as integers."""
        return self._values.take(at)

    def decimals(self, at: IntArray) -> Floats:
        """Numbers as the floats nearest to their decimal texts."""
        values, decimals = self._values.take(at), self._decimals.take(at)
        floats: Floats = values / _POWERS.take(decimals)
        wide = values > _EXACT  # rounded once to a float, and again by the division
        if wide.any():
            pairs = zip(values[wide].tolist(), decimals[wide].tolist(), strict=True)
            floats[wide] = [float(f"{value}e-{places}") for value, places in pairs]
        return floats

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
        self._first = numerals.first_numbers(lines)
        self.lines = lines
        self.good = good

    def usable(self) -> NumberRows:
        """Only the good rows."""
        if self.good.all():
            return self
        return NumberRows(self._numerals, self.lines[self.good], self.good[self.good])

    def integers(self, number: int) -> IntArray:
        """The n-th number of each row, as integers."""
        return self._numerals.integers(self._first + number)

    def decimals(self, number: int) -> Floats:
        """The n-th number of each row, as floats."""
        return self._numerals.decimals(self._first + number)

    def block(self, first: int, last: int) -> IntArray:
        """Numbers ``first`` to ``last`` (exclusive) of each row, as a matrix."""
        return self._numerals.integers(self._first[:, None] + np.arange(first, last))

    def texts(self, start: tuple[int, int], end: tuple[int, int]) -> list[bytes]:
        return self._numerals.texts(self.lines, start, end)


_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_TOO_LONG = b"0" * (_MOST_DIGITS + 1)


def forms_of(text: bytes) -> list[bytes] | None:
    """Each line with every number in it as a single 0; None if a number is too long to be read.

    Lines of one form have the same shape. It is found without reading the numbers.
    """
    flat = text.translate(_ZEROS)
    if _TOO_LONG in flat:
        return None
    zero = np.frombuffer(flat, np.uint8) == ord("0")
    stays = np.ones(len(flat), np.bool_)
    np.logical_not(zero[1:] & zero[:-1], out=stays[1:])
    return np.frombuffer(flat, np.uint8)[stays].tobytes().split(b"\n")[:-1]


def members(groups: IntArray, count: int) -> list[IntArray]:
    """The lines of each of ``count`` groups, in order."""
    if count <= _FEW_GROUPS:
        return [np.flatnonzero(groups == group) for group in range(count)]
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.cumsum(np.bincount(groups, minlength=count))[:-1])


def undotted(text: bytes) -> bytes:
    """The text with every decimal number written without its dot: same shape, integers only.

    A grammar that wants an integer would reject ``1.5`` and with it the whole shape; so Lark sees
    this form, and :meth:`Numerals.rows` checks each row for dots where only integers may stand.
    """
    return _DOT.sub(b"", text)


def _number_characters(codes: npt.NDArray[np.uint8]) -> tuple[Bools, int]:
    """True for digits, and for dots between two digits; and how many such dots there are."""
    inside: Bools = (codes - np.uint8(ord("0"))) < 10
    dots = codes == np.uint8(ord("."))
    dots[:1] = dots[-1:] = False
    dots[1:] &= inside[:-1]
    dots[:-1] &= inside[1:]
    np.logical_or(inside, dots, out=inside)
    return inside, int(np.count_nonzero(dots))


def _runs(inside: Bools) -> tuple[Places, Places]:
    """Where runs of True start, and where they end."""
    edge = np.empty(len(inside) + 1, np.bool_)
    np.not_equal(inside[1:], inside[:-1], out=edge[1:-1])
    edge[0], edge[-1] = (inside[0], inside[-1]) if len(inside) else (False, False)
    edges = np.flatnonzero(edge)
    return edges[0::2].astype(np.int32), edges[1::2].astype(np.int32)  # time goes into moving bytes


def _skeleton(text: bytes, codes: npt.NDArray[np.uint8], inside: Bools, dots: int) -> bytes:
    """The text without its numbers; ``dots`` is the count of decimal points in them."""
    if not dots:
        return text.translate(None, b"0123456789")
    if dots == np.count_nonzero(codes == np.uint8(ord("."))):
        return text.translate(None, b"0123456789.")
    return codes[~inside].tobytes()


def _values(text: bytes, ends: Places, lengths: Places) -> tuple[IntArray, Places, Places]:
    """What numbers say without their dots, how many decimals they have, and how many dots.

    Eight characters are one 64-bit word; longer numbers are read in two or three such pieces. The
    values of numbers beyond 18 digits or with several dots come out arbitrary.
    """
    padded = b"\0" * 24 + text
    values, decimals, dots = _eight_characters(padded, ends + 24, lengths)
    for piece in (1, 2):
        rest = np.flatnonzero(lengths > 8 * piece)
        if not len(rest):
            break
        place = 8 * piece - dots[rest]  # digits that were read already
        end = ends[rest] + 24 - 8 * piece
        higher, behind, more = _eight_characters(padded, end, lengths[rest] - 8 * piece)
        values[rest] += higher * _POWERS.take(place)
        decimals[rest] += np.where(more > 0, behind + place, 0).astype(np.int32)
        dots[rest] += more
    return values, decimals, dots


_ONES = np.uint64(0x0101010101010101)
_HIGHEST = np.uint64(0x8080808080808080)
_DOTS = np.uint64(0x2E2E2E2E2E2E2E2E)
#: By the length of a number: the bits of a 64-bit word before it.
_UNUSED = np.array([8 * (8 - length) for length in range(9)], np.uint64)
_EXPONENT = np.int64(
    52
)  # the bit of a float at which the power of two starts, and what is added to it
_BIAS = np.int64(1023)


def _eight_characters(
    text: bytes, ends: Places, lengths: Places
) -> tuple[IntArray, Places, Places]:
    """The integers that at most eight characters before each end say, their decimals and dots.

    Of each number the word that ends with it is taken, what stands before the number is blanked, and
    what stands before a dot moves up over it. Then three multiplications add neighbours up: digits to
    pairs, pairs to fours, fours to eight. The first character is the lowest byte of a word.
    """
    words: npt.NDArray[np.uint64]
    words = np.ndarray((max(len(text) - 7, 0),), "<u8", text, strides=(1,))[ends - 8]
    unused = _UNUSED.take(lengths, mode="clip")
    words >>= unused
    words <<= unused
    other = words ^ _DOTS
    marks = (
        other - _ONES
    )  # the highest bit of every byte that is a dot, and perhaps of some above it
    marks &= ~other
    marks &= _HIGHEST
    decimals, dots = np.zeros(len(words), np.int32), np.zeros(len(words), np.int32)
    dotted = np.flatnonzero(marks != 0)
    if len(dotted):
        word, mark = words[dotted], marks[dotted] >> np.uint64(7)
        lowest = mark & (~mark + np.uint64(1))
        dots[dotted] = np.where(mark == lowest, 1, 2)
        bits = (lowest.astype(np.float64).view(np.int64) >> _EXPONENT) - _BIAS
        decimals[dotted] = 7 - bits // 8
        before = lowest - np.uint64(1)
        above = ~(before | (lowest * np.uint64(255)))
        words[dotted] = ((word & before) << np.uint64(8)) | (word & above)
    words &= np.uint64(0x0F0F0F0F0F0F0F0F)
    words *= np.uint64(10 * 2**8 + 1)
    words >>= np.uint64(8)
    words &= np.uint64(0x00FF00FF00FF00FF)
    words *= np.uint64(100 * 2**16 + 1)
    words >>= np.uint64(16)
    words &= np.uint64(0x0000FFFF0000FFFF)
    words *= np.uint64(10_000 * 2**32 + 1)
    words >>= np.uint64(32)
    return words.view(np.int64), decimals, dots


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
