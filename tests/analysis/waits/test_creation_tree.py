"""Groups of goroutines and the tree of who started whom."""

from __future__ import annotations

import goscope
from goscope.analysis.waits.creation_tree import (
    Branch,
    by_blocking_site,
    by_creator,
    by_signature,
    explained,
    tree,
)
from goscope.analysis.waits.wakeup_graph import Dump, dumps_of
from tests.rules.dumps import HTTP_SERVER, KEEP_ALIVE, dump, goroutine, leaks, own_dump


def last(*texts: str) -> Dump:
    ((_, dumps),) = dumps_of(goscope.read(*texts))
    return dumps[-1]


def by(function: str, parent: int | None = 1, line: int = 14) -> str:
    place = f"\n\t/app/main.go:{line} +0x66"
    return f"{function}{'' if parent is None else f' in goroutine {parent}'}{place}"


def at(function: str, words: str = "", line: int = 15) -> str:
    return f"{function}({words})\n\t/app/main.go:{line} +0x28"


MIXED = dump(
    goroutine(8, "chan send", where=at("main.work", "0x1"), started=by("main.start")),
    goroutine(9, "chan receive", where=at("main.work", "0x2"), started=by("main.start")),
    goroutine(10, "chan send", where=at("main.work", "0x3", 20), started=by("main.start")),
    goroutine(11, "running", where=at("main.other"), started=by("main.main")),
)


def test_signatures_are_stacks_without_their_arguments() -> None:
    found = by_signature(last(MIXED))
    assert [(c.goroutines.count, dict(c.reasons)) for c in found] == [
        (2, {"chan send": 1, "chan receive": 1}),
        (1, {"select (no cases)": 1}),
        (1, {"chan send": 1}),
        (1, {"running": 1}),
    ]
    assert found[0].goroutines.ids == (8, 9)


def test_blocking_sites_are_lines_with_a_reason() -> None:
    found = by_blocking_site(last(MIXED))
    places = [(c.site.line if c.site else None, list(c.reasons), c.goroutines.ids) for c in found]
    assert places == [
        (40, ["select (no cases)"], (1,)),
        (15, ["chan send"], (8,)),
        (15, ["chan receive"], (9,)),
        (20, ["chan send"], (10,)),
    ]


def test_creators_are_go_statements() -> None:
    found = by_creator(last(MIXED))
    assert [(c.site.function if c.site else None, c.goroutines.count) for c in found] == [
        ("main.start", 3),
        ("main.main", 1),
    ]


def shape(branches: tuple[Branch, ...]) -> list[tuple[int, str | None, int, bool]]:
    return [(b.depth, b.function, b.goroutines.count, b.parent_gone) for b in branches]


def test_children_stand_below_their_parents() -> None:
    text = dump(
        goroutine(8, "select", where=at("main.serve"), started=by("main.main")),
        goroutine(9, "chan send", where=at("main.ask"), started=by("main.serve", 8)),
        goroutine(10, "chan send", where=at("main.ask"), started=by("main.serve", 8)),
        goroutine(11, "select", where=at("main.late"), started=by("main.gone", 5)),
        goroutine(12, "select", where=at("main.watch"), started=by("main.main")),
    )
    assert shape(tree(last(text))) == [
        (0, "main.main", 1, False),
        (1, "main.serve", 1, False),
        (2, "main.ask", 2, False),
        (1, "main.watch", 1, False),
        (0, "main.late", 1, True),
    ]


def test_a_chain_of_one_kind_is_one_branch() -> None:
    links = [
        goroutine(n, "chan receive", where=at("main.chain"), started=by("main.chain", n - 1))
        for n in range(9, 1009)
    ]
    first = goroutine(8, "chan receive", where=at("main.chain"), started=by("main.main"))
    assert shape(tree(last(dump(first, *links)))) == [
        (0, "main.main", 1, False),
        (1, "main.chain", 1, False),
        (2, "main.chain", 1000, False),
    ]


def test_nobody_is_lost_though_no_root_leads_there() -> None:
    text = "\n".join(
        [
            goroutine(8, "select", where=at("main.a"), started=by("main.b", 9)),
            goroutine(9, "select", where=at("main.b"), started=by("main.a", 8)),
            goroutine(10, "select", where=at("main.c"), started=by("main.c", 10)),
        ]
    )
    assert sum(branch.goroutines.count for branch in tree(last(text))) == 3


def test_before_1_21_everybody_is_a_root() -> None:
    text = dump(*leaks(range(8, 10), started=by("main.start", None)))
    assert shape(tree(last(text))) == [
        (0, "main.main", 1, False),
        (0, "main.leak1.func1", 2, False),
    ]


def test_what_explains_a_wait() -> None:
    text = own_dump(
        goroutine(8, "chan send", started=by("main.f", 5)),  # left behind
        goroutine(9, "chan receive (nil chan)", started=by("main.g", 6)),
        goroutine(10, "chan receive (leaked)", started=by("main.h", 7)),
        goroutine(11, "IO wait", where=KEEP_ALIVE, started=HTTP_SERVER),
        goroutine(12, "sleep", where=at("main.poll"), started=by("main.i", 4)),
    )
    ((_, (before, after)),) = dumps_of(goscope.read(text, text))
    assert explained(before, after) == {8, 9, 10, 11}
    assert explained(None, after) == {9, 10, 11}


def test_a_dump_that_shows_the_runtime_has_the_same_tree() -> None:
    """GOTRACEBACK=crash prints runtime.goexit below every goroutine; nobody started one with it."""
    exit_frame = "\nruntime.goexit({})\n\t/usr/local/go/src/runtime/asm_amd64.s:1264 +0x1"
    plain = (
        goroutine(8, "chan send", where=at("main.work"), started=by("main.main")),
        goroutine(9, "chan send", where=at("main.other"), started=by("main.main")),
    )
    full = (
        goroutine(8, "chan send", where=at("main.work") + exit_frame, started=by("main.main")),
        goroutine(9, "chan send", where=at("main.other") + exit_frame, started=by("main.main")),
    )
    functions = [branch.function for branch in tree(last(dump(*full)))]
    assert functions == [branch.function for branch in tree(last(dump(*plain)))]
    assert functions == ["main.main", "main.work", "main.other"]
