"""How the lines of one shape are read: a rule for each sort of line, a plan for each shape.

Lark parses one line of a shape; what it found becomes a *plan*, which says what of such a line feeds
which column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from goscope.framing.records import LineKind
from goscope.parsing.grammars import Grammar, ParsedPart, Rejected
from goscope.parsing.numbers import IntArray, Numerals, undotted
from goscope.tables.row_selection import ALL, Keeping
from goscope.tables.table import Cells, Column, Kind

#: For so many different malformed shapes Lark says what it expected, which takes a millisecond each. After
#: that a pattern made of the grammar refuses them, and Lark is only asked about what may be a record.
MOST_REJECTED = 2_000
NOT_EXAMINED = Rejected(
    0, f"a whole record (not examined: over {MOST_REJECTED} kinds of malformed ones)"
)


@dataclass(frozen=True, slots=True)
class Lists:
    """Numbers of variable count per row: all numbers in a row, and how many belong to each row."""

    values: IntArray
    counts: IntArray


@dataclass(frozen=True, slots=True)
class LineRule:
    """One sort of line: its grammar and how it is recognised, the table and columns that it fills.

    ``lists`` names columns that hold one number per P, ``derive`` makes further columns of them;
    ``references`` names columns that point to
    another P, M or G, where Go 1.19 and older write -1 for none. ``trims`` takes the delimiters off a text
    column, given as (characters in front, characters behind). ``sums`` names columns that add up others,
    of which what is missing counts as nothing. ``keeping`` says which rows of a long table must stay.
    """

    grammar: Grammar
    kind: LineKind
    table: str
    columns: tuple[Column, ...]
    lists: tuple[str, ...] = ()
    derive: Callable[[dict[str, Lists]], dict[str, Cells]] | None = None
    references: frozenset[str] = frozenset()
    trims: Mapping[str, tuple[int, int]] | None = None
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keeping: Keeping = ALL


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value of a column comes from: numbers ``first`` to ``last`` (exclusive), or a constant."""

    first: int
    last: int
    negative: bool = False
    constant: bool | str | None = None
    start: tuple[int, int] = (
        0,
        0,
    )  # a text with numbers, a float: (numbers before, skeleton offset)
    end: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class LinePlan:
    """How to read the lines of one shape: which numbers are read, which must be integers, which are
    the digits of a float, and where values are."""

    rule: LineRule
    numbers: IntArray
    whole: IntArray
    mantissas: IntArray
    slots: dict[str, Slot]
    lists: dict[str, Slot]


class LinePlans:
    """The plans of the shapes that were seen."""

    def __init__(self, rules: Sequence[LineRule]):
        self._rules = rules
        self._plans: dict[bytes, LinePlan | Rejected | None] = {}
        self._rejected = 0

    def of(self, numerals: Numerals, line: int) -> LinePlan | Rejected | None:
        """The plan of a line's shape; None for a line that only starts like a record."""
        key = numerals.shape_key(line)
        if key in self._plans:
            return self._plans[key]
        text = undotted(numerals.line(line))  # one answer for all lines of the shape
        rule = next((r for r in self._rules if r.kind.sign.match(text)), None)
        if rule is None:
            return None  # not remembered: application lines are endless
        if self._rejected >= MOST_REJECTED and not rule.grammar.may_be(text, rule.kind.name):
            return NOT_EXAMINED  # not remembered: there is no end of them
        plan = _make_plan(rule, text)
        if isinstance(plan, Rejected):
            self._rejected += 1
        if self._rejected <= MOST_REJECTED or isinstance(plan, LinePlan):
            self._plans[key] = plan
        return plan


def _make_plan(rule: LineRule, text: bytes) -> LinePlan | Rejected:
    """Let Lark parse one record, and turn what it found into slots."""
    parts = rule.grammar.parse(text, rule.kind.name)
    if isinstance(parts, Rejected):
        return parts
    kinds = {column.name: column.kind for column in rule.columns}
    starts, ends = Numerals(text + b"\n").numbers_of(0)
    read = np.ones(len(starts), np.bool_)
    whole = np.ones(len(starts), np.bool_)
    mantissas = np.zeros(len(starts), np.bool_)
    slots: dict[str, Slot] = {}
    lists: dict[str, Slot] = {}
    for part in parts:
        if part.name in slots or part.name in lists:
            return Rejected(part.words[0][1] if part.words else 0, f"{part.name} only once")
        for terminal, start, end in part.words:
            inside = (starts >= start) & (ends <= end)
            if terminal == "FLOAT":
                read[inside] = False
                mantissas[np.flatnonzero(inside)[:1]] = True
            elif terminal not in _INTEGER_TERMINALS:
                whole[inside] = False
            if kinds.get(part.name) is Kind.TEXT:
                read[inside] = False
        if part.name in rule.lists:
            first = int(np.searchsorted(starts, part.words[0][1]))
            lists[part.name] = Slot(first, first + len(part.words))
        elif part.name in kinds:
            slots[part.name] = _slot(part, kinds[part.name], rule, text, starts, ends)
    whole &= ~mantissas
    return LinePlan(
        rule,
        np.flatnonzero(read),
        np.flatnonzero(whole),
        np.flatnonzero(mantissas),
        slots,
        lists,
    )


_INTEGER_TERMINALS = frozenset({"INT", "SIGNED"})


def _slot(
    part: ParsedPart, kind: Kind, rule: LineRule, text: bytes, starts: IntArray, ends: IntArray
) -> Slot:
    """The source of one column's value in lines of this shape."""
    if not part.words:
        return Slot(0, 0, constant=True)  # a flag: the words are there
    terminal, start, end = part.words[0]
    before, behind = (rule.trims or {}).get(part.name, (0, 0))
    start, end = start + before, end - behind
    first, last = int(np.searchsorted(starts, start)), int(np.searchsorted(starts, end))
    if kind is Kind.TEXT:
        if first == last:
            return Slot(first, last, constant=decoded(text[start:end]))
        return Slot(
            first, last, start=place_of(starts, ends, start), end=place_of(starts, ends, end)
        )
    if terminal == "FLOAT":
        return Slot(
            first, last, start=place_of(starts, ends, start), end=place_of(starts, ends, end)
        )
    if terminal in ("TRUE", "FALSE"):
        return Slot(0, 0, constant=terminal == "TRUE")
    negative = text[start:end].startswith(b"-")
    if terminal == "NIL" or (negative and part.name in rule.references):
        return Slot(0, 0)
    return Slot(first, first + 1, negative=negative)


def place_of(starts: IntArray, ends: IntArray, position: int) -> tuple[int, int]:
    """A position in a line as (numbers before it, offset in the skeleton)."""
    before = int(np.searchsorted(ends, position, side="right"))
    return before, position - int((ends[:before] - starts[:before]).sum())


def decoded(text: bytes) -> str:
    """A piece of input as text, whatever it holds."""
    return text.decode("utf-8", "replace")
