"""A block that introduces another claims the text between, up to the first record to believe."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from goscope.framing.crash_extent import LONGEST_HEAD, REACH
from goscope.framing.framed import BlockRecords, Ids, Piece
from goscope.framing.framer import Framer
from goscope.framing.record_finder import RecordFinder
from goscope.framing.records import BlockKind

HEAD = BlockKind(
    name="head",
    openings=(b"head:",),
    sign=re.compile(rb"head: "),
    pairs=False,
    leads_to="item",
)
ITEM = BlockKind(
    name="item",
    openings=(b"item #",),
    sign=re.compile(rb"item [0-9]"),
    above=True,
    begins=re.compile(rb"item [0-9]+:\n(?:\Z|true)"),
)


def no_ids(texts: Sequence[bytes]) -> Ids:
    return np.full(len(texts), -1, np.int32)


def pieces(text: str, size: int = 1 << 20) -> list[Piece]:
    framer = Framer(RecordFinder([], [HEAD, ITEM], lambda text: False), no_ids)
    data = text.encode()
    found: list[Piece] = []
    for at in range(0, len(data), size):
        found += framer.feed(data[at : at + size])
    return [*found, *framer.finish()]


def cut(text: str, size: int = 1 << 20) -> list[tuple[str, str, int]]:
    """The blocks in the order of the text: kind, text, line."""
    blocks = [
        (piece.kind, text.decode(), int(number))
        for piece in pieces(text, size)
        if isinstance(piece, BlockRecords)
        for text, number in zip(piece.texts, piece.numbers, strict=True)
    ]
    return sorted(blocks, key=lambda block: block[2])


TRUE = "item 1:\ntrue\n\tbody\n"
FALSE = "item 9:\nfalse\n"


def test_all_text_up_to_a_believable_record_is_of_the_head() -> None:
    text = f"head: a\nb\n{FALSE}\n{TRUE}"
    wanted = [
        ("head", "head: a\nb\nitem 9:\nfalse\n", 0),
        ("item", "item 1:\ntrue\n\tbody", 5),
    ]
    assert cut(text) == wanted
    for size in range(1, len(text)):
        assert cut(text, size) == wanted


def test_without_one_the_head_ends_with_its_own_lines() -> None:
    assert cut("head: a\n\tmore\nother text\n" + "\n" * 5) == [("head", "head: a\n\tmore", 0)]


def test_a_false_record_near_a_head_is_none_even_if_nothing_true_follows() -> None:
    assert cut(f"head: a\n{FALSE}" + "text\n" * 5) == [("head", "head: a", 0)]
    assert [kind for kind, _, _ in cut(FALSE)] == ["item"]  # without a head nobody doubts it


def test_far_away_is_nobody_s() -> None:
    near, far = "text\n" * (REACH - 1), "text\n" * REACH
    assert [block[0] for block in cut(f"head: a\n{near}{TRUE}")] == ["head", "item"]
    assert cut(f"head: a\n{near}{TRUE}")[0][1].count("\n") == REACH - 1
    assert cut(f"head: a\n{far}{TRUE}")[0][1] == "head: a"


def test_the_next_head_ends_the_one_before() -> None:
    text = f"head: a\ntext\nhead: b\ntext\n{TRUE}"
    assert [block[1] for block in cut(text)] == ["head: a", "head: b\ntext", TRUE[:-1]]


def test_an_endless_head_is_cut() -> None:
    """As soon as it is too long it is decided, so that it does not depend on the size of a chunk."""
    text = "head: a\n" + "\tline\n" * (LONGEST_HEAD // 6 + 1000) + TRUE
    for size in (1 << 16, 1 << 20, 1 << 23):
        (head, item) = cut(text, size)
        assert (head[0], item[0]) == ("head", "item")
        assert LONGEST_HEAD - 10 <= len(head[1]) <= LONGEST_HEAD + 10


def test_a_record_knows_what_leads_to_it_and_what_stands_above() -> None:
    text = f"log line\n{TRUE}\nlog line two\n\n{TRUE}\nhead: a\n\n{TRUE}{TRUE}"
    for size in (5, 17, 1 << 20):
        above: dict[int, tuple[bytes, int]] = {}
        led: set[int] = set()
        for piece in pieces(text, size):
            if isinstance(piece, BlockRecords) and piece.kind == "item":
                numbers = np.asarray(piece.numbers).tolist()
                above |= {numbers[at]: said for at, said in piece.above.items()}
                led |= {numbers[at] for at in piece.led_to}
        assert led == {13}
        assert above == {1: (b"log line", 0), 7: (b"log line two", 1), 13: (b"head: a", 1)}, size
