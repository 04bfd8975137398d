"""What the grammar of profiles can say is read as Lark reads it, and found among other lines."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

from goscope.formats.profiles.facts import unquoted
from goscope.formats.profiles.text import GRAMMAR, TextReader
from goscope.parsing.grammars import Rejected
from goscope.parsing.text_shapes import TextShapes
from tests.conftest import Read

NAMES = st.text(st.characters(codec="ascii", exclude_characters="\t\n\r"), min_size=1, max_size=12)
WORDS = {
    "INT": st.integers(0, 10**9).map(str),
    "SIGNED": st.integers(-(10**9), 10**9).map(str),
    "HEX": st.integers(0, 2**48).map(hex),
    "NAME": NAMES,
    "PCS": st.lists(st.integers(0, 2**48).map(lambda n: f" {n:#x}"), min_size=1, max_size=5).map("".join),
    "FUNCTION": NAMES,
    "FILE": NAMES,
    "FIELD": st.from_regex(r"[A-Z][A-Za-z]{0,8}", fullmatch=True, alphabet="ABCabcxyz"),
    "FLOAT": st.sampled_from(["0.25", "1e-05", "3.5e+20", "-0.5", "NaN", "+Inf"]),
    "QUOTED": st.text(max_size=6).map(lambda s: json.dumps(s, ensure_ascii=False)).filter(lambda s: s.isprintable()),
    "_TAB": st.sampled_from(["\t", "\t\t", "\t\t\t"]),
}  # fmt: skip
SHAPES = tuple(TextReader()._shapes)
#: The terminals that texts of each start may hold; the others keep their pattern.
USED = {
    "entry": "SIGNED PCS HEX FUNCTION FILE INT QUOTED _TAB",
    "header": "NAME INT",
    "setting": "INT SIGNED",
    "record": "SIGNED PCS",
    "labels": "QUOTED",
    "frame": "HEX FUNCTION FILE INT _TAB",
    "memstat": "FIELD SIGNED FLOAT INT",
}


@functools.cache
def text_of(start: str) -> st.SearchStrategy[str]:
    explicit = {name: WORDS[name] for name in USED[start].split()}
    return from_lark(GRAMMAR.compiled(), start=start, explicit=explicit)


def compare(shapes: TextShapes, start: str, text: bytes) -> None:
    wanted = GRAMMAR.parse(text, start)
    found = shapes.parse(text)
    if isinstance(wanted, Rejected):
        assert isinstance(found, Rejected), text
        return
    assert not isinstance(found, Rejected), text
    assert [(p.name, p.words) for p in found] == [
        (
            part.name,
            tuple((name, text[a:b].decode("utf-8", "replace")) for name, a, b in part.words),
        )
        for part in wanted
    ]


@pytest.mark.parametrize("start", SHAPES)
@given(data=st.data())
def test_the_shapes_read_what_lark_reads(start: str, data: st.DataObject) -> None:
    texts = data.draw(st.lists(text_of(start), min_size=1, max_size=5))
    shapes = TextReader()._shapes[start]
    for text in data.draw(st.lists(st.sampled_from(texts), min_size=1, max_size=8)):
        compare(shapes, start, text.encode())


ALIKE = {
    "record": ["3 @ 0x1 0x2", "3 @", "3 4 @ 0x1", "3 -4 @ 0x1", "3: 4 [5: 6] @ 0x1", "3: -4 [5: 6] @", "3 @ 4", "3 @ 0x1 4", "-3 @ 0x1", "3: 4 [5 6] @ 0x1"],
    "frame": ["#\t0x1\tmain.f+0x1\t/a.go:3", "#\t0x1\tmain.f+0x1\t\t/a.go:3", "#\t0x1", "#\t0x1\tmain.f\t/a.go:3", "#\t0x1\tmain.f+0x1\t/a.go", "#\t0x1\tmain.f+0x1+0x2\t/a:b.go:3", "#\t0x1\tmain.f+0x1\t/a.go:3 ", "#\tmain.f+0x1\t/a.go:3", "#\t0x1\tmain.(*T[...]).f+0x1\t?:0"],
    "memstat": ["# Alloc = 3", "# Stack = 3 / 4", "# PauseNs = [3 4]", "# PauseNs = []", "# GCCPUFraction = 0.5", "# GCCPUFraction = 1e-05", "# GCCPUFraction = 0", "# DebugGC = true", "# DebugGC = 1", "# Alloc = x", "# alloc = 3"],
    "header": ["goroutine profile: total 3", "my own profile: total 3", "heap profile: total 3", "heap profile: 1: 2 [3: 4] @ heap/5", "heap profile: 1: 2 [3: 4] @ heap/x", "--- mutex:", "--- contention:", "--- other:", "x profile: total 3 profile: total 4"],
}  # fmt: skip


@pytest.mark.parametrize("start", ALIKE)
@given(data=st.data())
def test_texts_that_look_alike(start: str, data: st.DataObject) -> None:
    shapes = TextReader()._shapes[start]
    for text in data.draw(st.permutations(ALIKE[start])):
        compare(shapes, start, text.encode())


@given(st.lists(text_of("entry"), max_size=6), st.integers(1, 40))
def test_entries_are_found_as_blocks(
    read: Callable[..., Read], entries: list[str], size: int
) -> None:
    wanted = [e for e in entries if re.match(r"-?[0-9]+ @", e)]
    data = ("goroutine profile: total 9\n" + "\n\n".join(entries) + "\n\n").encode()
    found = read(data)
    assert len(found.rows("profile")) == len(wanted)
    assert [r["count"] for r in found.rows("profile")] == [
        int(e.partition(" @")[0]) for e in wanted
    ]
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert read(pieces).everything() == found.everything()


LINES = st.sampled_from(
    [
        "goroutine profile: total 3", "heap profile: 1: 2 [3: 4] @ heap/5", "--- mutex:", "cycles/second=7",
        "sampling period=2", "3 @ 0x1 0x2", "3 4 @ 0x5", "1: 2 [3: 4] @ 0x9", "# labels: {\"a\":\"b\"}",
        "#\t0x1\tmain.f+0x1\t/a.go:3", "#\t0x0", "#\t0x", "", "# runtime.MemStats", "# Alloc = 3", "# Frees = x",
        "# labels: {\"a\":\"", "99999999999999999999 @", "3 @", "\tindented", "log line", "goroutine 1 [running]:",
        "main.main()", "\t/app/main.go:3 +0x1", "SCHED 0ms: gomaxprocs=4", "# PauseNs = [1 2", "--- contention:",
    ]
)  # fmt: skip


@given(st.lists(LINES, max_size=25), st.integers(1, 30), st.booleans())
@example(["goroutine profile: total 3", "", "3 @"], 1, False)
def test_lines_in_any_order_do_no_harm_and_chunks_change_nothing(
    read: Callable[..., Read], lines: list[str], size: int, whole: bool
) -> None:
    data = ("\n".join(lines) + "\n" * whole).encode()
    found = read(data).everything()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert read(pieces).everything() == found


def test_quoted_labels_are_as_the_program_set_them() -> None:
    """strconv.Quote: what is not printable is escaped, bytes that are no UTF-8 one by one."""
    text = r'"a\"b\\c\n\t\a\u200b\U000e0001\x7f\xff\xfeü"'
    assert unquoted(text) == 'a"b\\c\n\t\a\u200b\U000e0001\x7f\ufffd\ufffdü'
