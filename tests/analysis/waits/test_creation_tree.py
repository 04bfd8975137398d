"""The tree of who started whom."""

from __future__ import annotations

import goscope
from goscope.analysis.waits.creation_tree import Branch, cut, nested, tree
from goscope.analysis.waits.wakeup_graph import Dump, dumps_of
from goscope.findings.findings import Group
from tests.rules.dumps import dump, goroutine, leaks


def last(*texts: str) -> Dump:
    ((_, dumps),) = dumps_of(goscope.read(*texts))
    return dumps[-1]


def by(function: str, parent: int | None = 1, line: int = 14) -> str:
    place = f"\n\t/app/main.go:{line} +0x66"
    return f"{function}{'' if parent is None else f' in goroutine {parent}'}{place}"


def at(function: str, words: str = "", line: int = 15) -> str:
    return f"{function}({words})\n\t/app/main.go:{line} +0x28"


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


def branch(depth: int, function: str, count: int) -> Branch:
    return Branch(depth, function, None, {}, Group(count, ()), False)


def test_branches_are_nested_and_counted() -> None:
    flat = [
        branch(0, "main", 1), branch(1, "a", 2), branch(2, "b", 3), branch(1, "c", 9), branch(0, "d", 4),
    ]  # fmt: skip
    roots = nested(flat)
    assert [(n.branch.function, n.whole) for n in roots] == [("main", 15), ("d", 4)]
    assert [(n.branch.function, n.whole) for n in roots[0].children] == [("c", 9), ("a", 5)]


def test_ten_thousand_generations_are_no_deeper_than_a_page() -> None:
    roots = nested([branch(depth, f"f{depth}", 1) for depth in range(10_000)])
    deepest, waiting = 0, [(node, 1) for node in roots]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting += [(child, depth + 1) for child in node.children]
    assert deepest == 13
    assert roots[0].whole == 10_000


def test_the_largest_branches_stay() -> None:
    roots = nested([branch(0, "main", 1), *(branch(1, f"f{i}", i) for i in range(1, 101))])
    hidden = cut(roots, 11)
    assert [n.whole for n in roots[0].children] == list(range(100, 90, -1))
    assert hidden == sum(range(1, 91))
