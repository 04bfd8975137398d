"""All numbers of a text at once, against Python's int and float one by one."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from goscope.parsing.numbers import Numerals, undotted

NUMBER = re.compile(rb"[0-9]+(?:\.[0-9]+)*")  # as printed: digits, joined by dots

numbers = st.one_of(
    st.integers(0, 10**18 - 1).map(str),
    st.integers(10**18, 10**40).map(str),
    st.from_regex(r"[0-9]{1,18}", fullmatch=True),
    st.from_regex(r"[0-9]{1,9}\.[0-9]{1,9}", fullmatch=True),
    st.from_regex(r"[0-9]{1,6}(\.[0-9]{1,6}){2,3}", fullmatch=True),
)
words = st.sampled_from(
    ["", " ", ".", "..", "ms: ", "-", "a.b", "x.", ".y", "\x00", "\xff", "/", ":", "é"]
)
lines = st.lists(st.one_of(numbers, words), max_size=8).map("".join)
texts = st.lists(lines, min_size=1, max_size=8)


def encoded(text: list[str]) -> bytes:
    return "".join(line + "\n" for line in text).encode("latin-1")


def digits(number: bytes) -> int:
    return len(number.replace(b".", b""))


@given(texts)
@example([""])
@example(["no digits at all"])
@example(["1"])
@example(["7.", ".7", "1.2.3", "a1.b2"])
@example(["0" * 19, "9" * 18, "9" * 40 + " 12"])
@example(["1", "", "2"])
def test_finds_the_numbers_that_a_pattern_finds(text: list[str]) -> None:
    data = encoded(text)
    numerals = Numerals(data)
    assert len(numerals) == len(text)
    for number, line in enumerate(data.split(b"\n")[:-1]):
        found = list(NUMBER.finditer(line))
        starts, ends = numerals.numbers_of(number)
        assert starts.tolist() == [match.start() for match in found]
        assert ends.tolist() == [match.end() for match in found]
        assert numerals.line(number) == line
        skeleton = 0
        for at, match in enumerate(found):
            taken = sum(len(earlier[0]) for earlier in found[:at])
            skeleton = match.start() - taken
            assert numerals.offsets(number)[at] == skeleton


@given(texts)
@example(["3765306.4975549086 62502.9978496122394"])  # one rounding, not two
def test_reads_numbers_as_python_does(text: list[str]) -> None:
    data = encoded(text)
    numerals = Numerals(data)
    for number, line in enumerate(data.split(b"\n")[:-1]):
        at = np.array([number])
        for index, match in enumerate(NUMBER.finditer(line)):
            printed = match[0]
            if digits(printed) > 18 or printed.count(b".") > 1:
                continue
            assert numerals.integers(numerals.first_numbers(at) + index)[0] == int(
                printed.replace(b".", b"")
            )
            assert numerals.decimals(numerals.first_numbers(at) + index)[0] == float(printed)


@given(texts)
def test_says_which_rows_hold_usable_numbers(text: list[str]) -> None:
    data = encoded(text)
    numerals = Numerals(data)
    for number, line in enumerate(data.split(b"\n")[:-1]):
        found = NUMBER.findall(line)
        usable = all(digits(n) <= 18 and n.count(b".") <= 1 for n in found)
        every, none = np.arange(len(found)), np.zeros(0, np.int64)
        here = np.array([number])
        undivided = not any(b"." in n for n in found)
        assert numerals.rows(here, every, none, none).good.tolist() == [usable]
        assert numerals.rows(here, every, every, none).good.tolist() == [usable and undivided]
        of_any_length = all(n.count(b".") <= 1 for n in found)
        assert numerals.rows(here, none, none, every).good.tolist() == [of_any_length]


@given(texts)
def test_lines_share_a_shape_when_only_their_numbers_differ(text: list[str]) -> None:
    data = encoded(text)
    numerals = Numerals(data)
    shape_of_line, examples = numerals.shapes()
    shapes = [NUMBER.sub(b"\x01", line) for line in data.split(b"\n")[:-1]]  # \x01 is in no line
    for one in range(len(text)):
        for other in range(len(text)):
            alike = shapes[one] == shapes[other]
            assert (shape_of_line[one] == shape_of_line[other]) == alike
            assert (numerals.shape_key(one) == numerals.shape_key(other)) == alike
    for shape, line in enumerate(examples):
        assert shape_of_line[line] == shape
    assert set(shape_of_line.tolist()) == set(range(len(examples)))


@given(st.lists(numbers, min_size=2, max_size=2), st.lists(numbers, min_size=2, max_size=2))
def test_cuts_the_same_piece_out_of_lines_of_one_shape(one: list[str], other: list[str]) -> None:
    """A text that holds numbers stands between two places of the shape, however long they are."""
    lines = [f"status={a}(reason {b} of) m".encode() for a, b in (one, other)]
    numerals = Numerals(b"\n".join(lines) + b"\n")
    begin, end = (1, len("status=(")), (2, len("status=(reason  of"))
    pieces = numerals.texts(np.array([0, 1]), begin, end)
    assert pieces == [f"reason {b} of".encode() for _, b in (one, other)]


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (b"1.5", b"15"),
        (b"1.2.3", b"123"),
        (b"a.b 1. .2 x.3", b"a.b 1. .2 x.3"),
        (b"0.03+1.2", b"003+12"),
    ],
)
def test_takes_out_the_dots_inside_numbers(text: bytes, bare: bytes) -> None:
    assert undotted(text) == bare


def test_a_number_of_any_length_leaves_the_lines_below_as_they_are() -> None:
    """Its dot stands before the characters that are looked at."""
    below = b"ab 12 c\n"
    numerals = Numerals(b"x 1.%b y\n" % (b"0" * 30) + below)
    assert numerals.shape_key(1) == Numerals(below).shape_key(0)
    assert numerals.shape_key(0) == Numerals(b"x 1 y\n").shape_key(0)
