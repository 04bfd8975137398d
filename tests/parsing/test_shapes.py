"""The bulk path reads whatever the grammars can say exactly as Lark does alone."""

from __future__ import annotations

import functools
import operator
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark

from goscope.formats import all_formats
from goscope.formats.crashes import crash, goleak, race
from goscope.formats.goroutines import stacks
from goscope.formats.goroutines.headers import HEADER_SLOTS
from goscope.formats.profiles import text as profile_text
from goscope.framing.framed import LineRecords
from goscope.parsing.grammars import Grammar, ParsedPart, Rejected, grammar_folder
from goscope.parsing.line_plans import MOST_REJECTED, LineRule
from goscope.parsing.line_shapes import LineShapes
from goscope.parsing.text_shapes import TextShapes
from goscope.tables.builder import TableBuilder
from goscope.tables.table import Kind
from tests.conftest import rows_of

RULES = {rule.kind.name: rule for found in all_formats() for rule in found.rules}
GRAMMARS = {rule.grammar.name: rule.grammar for rule in RULES.values()} | {
    grammar.name: grammar
    for grammar in (
        stacks.GRAMMAR,
        crash.GRAMMAR,
        race.GRAMMAR,
        goleak.GRAMMAR,
        profile_text.GRAMMAR,
    )
}

# ---- the grammars -----------------------------------------------------------------------------------


def test_every_grammar_file_is_used() -> None:
    assert {path.stem for path in grammar_folder().glob("*.lark")} == {*GRAMMARS, "terminals"}


def test_terminals_are_not_compared_at_each_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lark does so where it finds interegular, for 25 s."""

    def compare(*_: object) -> None:
        raise AssertionError("compares terminals")

    monkeypatch.setattr("lark.lexer.has_interegular", True)
    monkeypatch.setattr("lark.lexer.interegular", None, raising=False)
    monkeypatch.setattr("lark.lexer._check_regex_collisions", compare)
    grammar = GRAMMARS["gctrace"]
    assert isinstance(replace(grammar, starts=grammar.starts[:1]).compiled(), Lark)


@pytest.mark.parametrize("grammar", GRAMMARS.values(), ids=list(GRAMMARS))
def test_no_two_terminals_collide(grammar: Grammar) -> None:
    pytest.importorskip("interegular", reason="Lark(strict=True) needs the interegular package")
    from lark import Lark

    folder = grammar_folder()
    text = (folder / f"{grammar.name}.lark").read_text(encoding="utf-8")
    Lark(text, parser="lalr", start=list(grammar.starts), import_paths=[str(folder)], strict=True)


# ---- lines that the grammars generate ---------------------------------------------------------------

reasons = [
    "",
    "sleep",
    "chan receive (nil chan)",
    "GC worker (idle)",
    "select (no cases)",
    "x 12 y",
    "a) m=1 b",
    "()",
]
decimals = st.sampled_from(["0", "5", "0.005", "1.2", "88", "0.14", "12345"])
spaces = st.sampled_from([" ", " ", " ", "  "])
few_or_many_digits = st.from_regex(r"[0-9]{1,20}", fullmatch=True)
terminals: dict[str, st.SearchStrategy[str]] = {
    "_SP": spaces,
    "INT": st.one_of(st.integers(0, 300).map(str), few_or_many_digits),
    "SIGNED": st.one_of(st.integers(-3, 300).map(str), few_or_many_digits.map("-{}".format)),
    "DECIMAL": decimals,
    "FLOAT": st.one_of(
        st.floats(-1e9, 1e9).map("{:+.6e}".format).map(lambda f: f.replace("e+", "e+0")),
        st.floats().map(repr).filter(lambda f: "n" not in f),
        st.sampled_from(["NaN", "+Inf", "-Inf", "0", "-0", "1e-05", "0.00020309817027012057"]),
    ),
    "PACKAGE": st.sampled_from(["main", "net/http", "hash/crc32", "a.b/v1.2.3/c@d-7", "x%2e"]),
    # Terminals that look ahead, of which hypothesis cannot make examples itself.
    "FIRST_OF_FIVE": decimals,
    "REASON": st.sampled_from([f"({reason})" for reason in reasons]),
    "PREEMPTOFF": st.sampled_from(["", "gcing", "GC worker init", "x 1 2"]).map(
        "preemptoff={}".format
    ),
}


@functools.cache
def generated(start: str) -> st.SearchStrategy[str]:
    """Lines that the rule's grammar can say."""
    compiled = RULES[start].grammar.compiled()
    used, _, _ = compiled.grammar.compile([start], ())
    known = {terminal.name for terminal in used}
    return from_lark(
        compiled,
        start=start,
        explicit={name: words for name, words in terminals.items() if name in known},
        alphabet=st.characters(min_codepoint=32, max_codepoint=255),  # bytes, as Lark sees them
    )


def of_all_sorts() -> st.SearchStrategy[list[str]]:
    """Lines of all sorts, some of them repeated, in any order."""
    one = st.one_of([generated(start) for start in RULES])
    return st.lists(one, min_size=1, max_size=6).flatmap(
        lambda lines: st.lists(st.sampled_from(lines), min_size=1, max_size=10)
    )


def alone(rule: LineRule, line: bytes) -> dict[str, Any] | None:
    """What Lark says about one line, as a row; None if it is no record."""
    parts = rule.grammar.parse(line, rule.kind.name)
    if isinstance(parts, Rejected):
        return None
    kinds = {column.name: column for column in rule.columns}
    names = [part.name for part in parts if part.name in kinds]
    numbers = [
        line[start:end]
        for part in parts
        for terminal, start, end in part.words
        if terminal in NUMBERS
    ]
    if len(names) != len(set(names)) or any(len(re.sub(rb"[.-]", b"", n)) > 18 for n in numbers):
        return None
    row: dict[str, Any] = {}
    for column in rule.columns:
        row[column.name] = [] if column.kind is Kind.INTS else column.default
    for part in parts:
        if part.name in kinds:
            row[part.name] = said(rule, part, kinds[part.name].kind, line)
    for name, parts_of_sum in rule.sums.items():
        # One by one, as numpy adds them: sum() has been more exact than that since Python 3.12.
        row[name] = functools.reduce(operator.add, (row[part] or 0.0 for part in parts_of_sum), 0.0)
    return row


NUMBERS = {"INT", "SIGNED", "DECIMAL", "FIRST_OF_FIVE"}


def said(rule: LineRule, part: ParsedPart, kind: Kind, line: bytes) -> Any:
    words = [line[start:end].decode() for _, start, end in part.words]
    if kind is Kind.INTS:
        return [int(word) for word in words]
    if not words:
        return True  # a flag
    word = words[0]
    if kind is Kind.TEXT:
        return {"reason": word[1:-1], "preemptoff": word.removeprefix("preemptoff=")}.get(
            part.name, word
        )
    if word == "nil" or (
        word[0] == "-" and part.name in {"on_m", "on_p", "curg", "lockedg", "lockedm"}
    ):
        return None
    if kind is Kind.FLOAT:
        return None if word == "NaN" else float(word)
    if kind is Kind.BOOL:
        return {"true": True, "false": False}.get(word, word.strip("0") != "")
    return int(word)


def in_bulk(
    text: bytes, reader: LineShapes | None = None
) -> tuple[dict[str, list[dict[str, Any]]], list[int]]:
    """The rows of each rule's table, and the lines that were set aside."""
    builders = {rule.table: TableBuilder(rule.table, rule.columns) for rule in RULES.values()}
    shapes = LineShapes(list(RULES.values()), builders)
    shapes.begin(0)
    shapes.read(LineRecords(text, np.arange(text.count(b"\n"))))
    shapes.flush()
    rows = {start: rows_of(builders[rule.table].build()) for start, rule in RULES.items()}
    aside = [unparsed.line for unparsed in shapes.aside.examples]
    assert len(aside) == shapes.aside.count
    return rows, sorted(aside)


OWN = {"stream_id", "process", "line", "sample", "local_sum", "local_max"}  # not of the line's text


def compare(lines: Sequence[bytes]) -> None:
    rows, aside = in_bulk(b"".join(line + b"\n" for line in lines))
    wanted: dict[str, list[tuple[int, dict[str, Any]]]] = {start: [] for start in RULES}
    rejected = []
    for number, line in enumerate(lines, 1):
        whole = re.sub(rb"(?<=[0-9])\.(?=[0-9])", b"", line)  # gc 1.5 is a record, and spoilt
        start = next((start for start, rule in RULES.items() if rule.kind.sign.match(whole)), None)
        if start is None:
            continue
        row = alone(RULES[start], line)
        if row is None:
            rejected.append(number)
        else:
            wanted[start].append((number, row))
    assert aside == rejected
    for start in RULES:
        assert [row["line"] for row in rows[start]] == [number for number, _ in wanted[start]]
        for row, (_, expected) in zip(rows[start], wanted[start], strict=True):
            assert {k: v for k, v in row.items() if k not in OWN} == {
                k: v for k, v in expected.items() if k not in OWN
            }


SCHED = "SCHED 5ms: gomaxprocs=2"


@pytest.mark.parametrize("start", RULES)
@given(data=st.data())
def test_each_sort_of_line(start: str, data: st.DataObject) -> None:
    compare(
        [
            line.encode("latin-1")
            for line in data.draw(st.lists(generated(start), min_size=1, max_size=4))
        ]
    )


@given(of_all_sorts())
@example(
    [
        f"{SCHED} idleprocs=1 [0 1]",
        f"{SCHED} idleprocs=1 [ 7 7 ]",
        f"{SCHED} idleprocs=1 [0]",
        f"{SCHED} runqueue=1",
    ]
)
@example(["P0: status=1 m=-7", "P1: status=1 m=-1", "P2: status=1 m=3"])
@example(["P1: status=1 m=-1", "P0: status=1 m=-7", "P2: status=1 m=nil"])
@example([f"{SCHED} nmidlelocked=-1", f"{SCHED} nmidlelocked=-12", f"{SCHED} nmidlelocked=0"])
@example(
    [
        f"{SCHED} threads=1 idleprocs=2 threads=3",
        f"{SCHED} threads=1 idleprocs=2",
        f"{SCHED} [1] [1]",
    ]
)
@example([f"{SCHED} gcwaiting=2", f"{SCHED} gcwaiting=true", f"{SCHED} gcwaiting=00"])
@example(
    [
        "G1: status=4(v1.2.3) m=1",
        "G1: status=4(v12345678901234567890) m=1",
        "G1: status=4(v1.5) m=1.5",
    ]
)
@example(["G1: status=4(x 1) m=1", "G1: status=4(x 22) m=1", "G12: status=4(x 3) m=nil lockedm=5"])
def test_lines_of_all_sorts_in_any_order(lines: list[str]) -> None:
    compare([line.encode("latin-1") for line in lines])


SWAPS = [
    (b"0", b"1.5"),
    (b"1", b"1.2.3"),
    (b"=", b"= "),
    (b" ", b""),
    (b"2", b""),
    (b"m", b"M"),
    (b"1", b"-1"),
    (b":", b""),
]


@given(of_all_sorts(), st.data())
def test_spoilt_lines_among_good_ones(lines: list[str], data: st.DataObject) -> None:
    """A spoilt line has the shape of a good one, or nearly; neither may change how the other is read."""
    texts = [line.encode("latin-1") for line in lines]
    spoilt = []
    for text in texts:
        old, new = data.draw(st.sampled_from(SWAPS))
        spoilt.append(text.replace(old, new, data.draw(st.integers(1, 3))))
    compare(data.draw(st.permutations([*texts, *spoilt])))


DUPLICATES = [
    "SCHED 1ms: gomaxprocs=1 threads=2 threads=2",
    "SCHED 1ms: gomaxprocs=1 threads=2 idleprocs=0 threads=3 [0]",
    "P0: status=1 status=1",
    "M0: p=0 curg=1 p=0",
    "G1: status=4(sleep) m=1 m=1",
]


@pytest.mark.parametrize("line", DUPLICATES)
def test_a_field_that_stands_twice_is_set_aside(line: str) -> None:
    rows, aside = in_bulk(f"{line}\n{line}\n".encode())
    assert aside == [1, 2]
    assert not any(rows.values())


def test_garbage_is_counted_and_not_examined_for_ever() -> None:
    names = [
        re.sub(r"\d", lambda d: "abcdefghij"[int(d[0])], str(n)) for n in range(MOST_REJECTED + 500)
    ]
    good = b"G1: status=4(sleep) m=1\n"
    rows, aside = rows_and_count(
        good + b"".join(b"P0: status=1 %b\n" % name.encode() for name in names) + good
    )
    assert aside == len(names)
    assert [row["line"] for row in rows["goroutine"]] == [1, len(names) + 2]


def test_garbage_above_hides_no_record_of_a_new_shape() -> None:
    names = [
        re.sub(r"\d", lambda d: "abcdefghij"[int(d[0])], str(n)) for n in range(MOST_REJECTED + 500)
    ]
    good = b"SCHED 5ms: gomaxprocs=2 idleprocs=1 threads=4 runqueue=3 [1 2]\n"
    rows, aside = rows_and_count(
        b"".join(b"P0: status=1 %b\n" % name.encode() for name in names) + good
    )
    assert aside == len(names)
    assert [(row["t_ms"], row["local_queues"]) for row in rows["sched"]] == [(5, [1, 2])]


def test_garbage_above_hides_no_short_text_of_a_new_shape() -> None:
    shapes = TextShapes(stacks.GRAMMAR, "header", HEADER_SLOTS)
    for n in range(MOST_REJECTED + 500):
        name = re.sub(r"\d", lambda d: "abcdefghij"[int(d[0])], str(n))
        assert isinstance(shapes.parse(f"goroutine 1 [x]{name}".encode()), Rejected)
    assert not isinstance(shapes.parse(b"goroutine 7 [select, 3 minutes]:"), Rejected)


@pytest.mark.parametrize("start", RULES)
@given(data=st.data())
def test_the_pattern_of_a_grammar_matches_what_lark_accepts(
    start: str, data: st.DataObject
) -> None:
    text = data.draw(generated(start)).encode("latin-1")
    if not isinstance(RULES[start].grammar.parse(text, start), Rejected):
        assert RULES[start].grammar.may_be(text, start)


def rows_and_count(text: bytes) -> tuple[dict[str, list[dict[str, Any]]], int]:
    builders = {rule.table: TableBuilder(rule.table, rule.columns) for rule in RULES.values()}
    shapes = LineShapes(list(RULES.values()), builders)
    shapes.begin(0)
    shapes.read(LineRecords(text, np.arange(text.count(b"\n"))))
    shapes.flush()
    return {
        start: rows_of(builders[r.table].build()) for start, r in RULES.items()
    }, shapes.aside.count


def test_many_shapes_take_time_in_proportion() -> None:
    """Application lines may start like a record (``P1: m= ...``) and never be alike."""

    def seconds(count: int) -> float:
        text = b"".join(
            b"G1: status=%b\n" % bytes([97 + (n >> shift) % 26 for shift in (0, 4, 8, 12)])
            for n in range(count)
        )
        begin = time.process_time()
        rows_and_count(text)
        return time.process_time() - begin

    seconds(MOST_REJECTED + 1)  # what Lark takes is constant
    base = seconds(4_000)
    assert seconds(32_000) < base + 28_000 * 100e-6


# ---- short texts ------------------------------------------------------------------------------------

states = [
    "running",
    "chan receive (nil chan)",
    "select (no cases)",
    "sync.RWMutex.RLock",
    "IO wait",
    "a 1 b",
    "x: y",
]
words = [
    "main.main",
    "a/b%2ec.(*T[...]).M[...].func1",
    "main.f-range1",
    "created",
    "f in goroutine 5",
    "...",
    "_",
]
files = [
    "/app/main.go",
    "C:/a b/x.go",
    "/a (b)/c:7/d.go",
    "<autogenerated>",
    "?",
    "a@v1.2.3/x.go",
    "/x:1 +0x2/y.go",
]
arguments = [
    "...",
    "0x1",
    "0x1, 0x2?",
    "{0x1, {0x2, 0x3}, ...}, _",
    "{}",
    "0xc000, ...",
    "1",
    "abc",
]
dump_terminals: dict[str, st.SearchStrategy[str]] = {
    "STATE": st.sampled_from(states),
    "QUOTED": st.sampled_from(
        ["", "7", "a] {", "b}: c", r"\"\\\n", r"\u00fc\x07", ", x: y", "0x1"]
    ).map('"{}"'.format),
    "BARE": st.sampled_from(["worker", "7", "0x1f", "a/b.c_d", "42x", "nil", "scan"]),
    "FUNCTION": st.sampled_from(words),
    "ARGUMENTS": st.sampled_from(arguments),
    "FILE": st.sampled_from(files),
    "CREATOR": st.sampled_from(
        ["main.main", "time.goFunc", "a/b.(*T[...]).M.gowrap1", "main in goroutine"]
    ),
    "INT": st.one_of(st.integers(0, 300).map(str), st.integers(0, 10**20).map(str)),
    "HEX": st.sampled_from(["0x1", "0x0", "0xc000012018", "0xabcdef", "0x12"]),
    "_INDENT": st.sampled_from(["\t", "    "]),
    "_BELOW": st.sampled_from(["\n\t", "\n    "]),
    "SYMBOL": st.sampled_from(["crash_me", "non-Go function", "std::f"]),
}
dump_named = {
    "header": ["STATE", "QUOTED", "BARE", "INT", "HEX"],
    "frame": ["FUNCTION", "ARGUMENTS", "FILE", "INT", "HEX", "_INDENT"],
    "created": ["CREATOR", "FILE", "INT", "HEX", "_BELOW"],
    "elided": ["INT"],
}
SLOTS = {
    "header": HEADER_SLOTS,
    "frame": stacks.FRAME_SLOTS,
    "created": stacks.FRAME_SLOTS,
    "elided": re.compile(rb"([0-9]+)"),
}


@functools.cache
def short_text(start: str) -> st.SearchStrategy[str]:
    explicit = {name: dump_terminals[name] for name in dump_named[start]}
    return from_lark(stacks.GRAMMAR.compiled(), start=start, explicit=explicit)


@pytest.mark.parametrize("start", SLOTS)
@given(data=st.data())
def test_short_texts_in_any_order(start: str, data: st.DataObject) -> None:
    texts = data.draw(st.lists(short_text(start), min_size=1, max_size=6))
    shapes = TextShapes(stacks.GRAMMAR, start, SLOTS[start])
    for text in data.draw(st.lists(st.sampled_from(texts), min_size=1, max_size=10)):
        compare_text(shapes, start, text.encode())


def compare_text(shapes: TextShapes, start: str, text: bytes) -> None:
    wanted = stacks.GRAMMAR.parse(text, start)
    found = shapes.parse(text)
    if isinstance(wanted, Rejected):
        assert isinstance(found, Rejected)
        return
    assert not isinstance(found, Rejected)
    assert [(piece.name, piece.words) for piece in found] == [
        (part.name, tuple((terminal, text[a:b].decode()) for terminal, a, b in part.words))
        for part in wanted
    ]


FRAMES = [
    "main.main()\n\t/app/main.go:12 +0x1d",
    "main.main()\n\t/app/main.go:12 +zz",
    "main.main()\n\t/app/main.go:12",
    "main.main(...)\n\t/app/main.go:12",
    "main.main(0x1)\n\t/app/main.go:12",
    "main.main(0x1x)\n\t/app/main.go:12",
    "main.main(7)\n\t/app/main.go:12",
    "main.main(f)\n\t/app/main.go:x",
    "main.main(_)\n\t/app/main.go:7",
    "main.main(_)\n\t/app/main.go:0x7",
    "main main(_)\n\t7:7",
]


@given(st.permutations(FRAMES))
def test_frames_that_look_alike(texts: list[str]) -> None:
    shapes = TextShapes(stacks.GRAMMAR, "frame", SLOTS["frame"])
    for text in texts:
        compare_text(shapes, "frame", text.encode())


HEADERS = [
    "goroutine 1 [running]:",
    "goroutine 1 [running, 5 minutes]:",
    "goroutine 1 [select, 5 minutes] {a: 7}:",
    "goroutine 1 [select, 5 minutes] {a: b}:",
    'goroutine 1 [select, 5 minutes] {"a": b}:',
    'goroutine 1 [select, 5 minutes] {"a": "b] {"}:',
    "goroutine 1 [select, 5 minutes] {a: }:",
    "goroutine 1 [select, 5 minutes] {: a}:",
    "goroutine 1 [select, 0x5 minutes]:",
    "goroutine 1 [select 7, 5 minutes]:",
    "goroutine 1 [select 0x7, 5 minutes]:",
    'goroutine 1 ["x"]:',
    'goroutine 1 [select labels:{"a": "b"}]:',
    "goroutine 1 [select labels:{a: b}]:",
    "goroutine 0x1 [select]:",
    "goroutine 1 gp=0x1 m=2 mp=0x3 [select]:",
    "goroutine 1 gp=1 m=2 mp=0x3 [select]:",
    "goroutine 1 gp=0x1 m=nil [select]:",
]


@given(st.permutations(HEADERS))
def test_headers_that_look_alike(texts: list[str]) -> None:
    shapes = TextShapes(stacks.GRAMMAR, "header", SLOTS["header"])
    for text in texts:
        compare_text(shapes, "header", text.encode())
