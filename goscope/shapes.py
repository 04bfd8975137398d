"""The parsing engine: every shape is parsed once, all records of a shape are read in bulk.

A record is reduced to its *shape*, the text with what varies taken out. Lark parses one record of
each shape; what it found becomes a *plan* that says which slot of the shape feeds which column; the
plan then reads every record of that shape. Correctness comes from the grammar, speed from parsing
each shape once.

Two readers share the idea. :class:`LineShapes` reads a million trace lines, where only numbers vary:
all numbers of a stretch are found and converted at once (:mod:`goscope.numerals`), and a plan picks
columns out of the matrix of numbers. The other one, for short texts, is :mod:`goscope.text_shapes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from goscope.bounds import ALL, Anchors, Bound, Keeping, anchors_of
from goscope.framing.lines import Lines
from goscope.framing.records import LineKind
from goscope.grammars import Grammar, Part, Rejected
from goscope.numerals import IntArray, NumberRows, Numerals, forms_of, members, undotted
from goscope.table_builder import ANCHOR, TableBuilder
from goscope.tables import Bools, Cells, Column, Kind
from goscope.unparsed import Aside, Unparsed

#: After so many different malformed shapes, further ones are set aside without asking Lark: the
#: input is garbage, and an answer for each would take minutes.
MOST_REJECTED = 2_000
#: So many bytes of records are read at once.
_ENOUGH = 1 << 18
#: And where most of them are only counted.
_ENOUGH_APART = 1 << 22
#: Of so many forms of lines it is remembered whether they are records.
_MOST_FORMS = 4_096


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
class _Slot:
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
class _Plan:
    """How to read the lines of one shape: which numbers are read, which must be integers, which are
    the digits of a float, and where values are."""

    rule: LineRule
    numbers: IntArray
    whole: IntArray
    mantissas: IntArray
    slots: dict[str, _Slot]
    lists: dict[str, _Slot]


#: Rows of one shape each, and where among the rows of their table they go.
_Batches = list[tuple[_Plan, NumberRows, IntArray | slice]]
_NUMBERS = Rejected(0, "numbers of at most 18 digits, integers where Go prints integers")


class LineShapes:
    """Reads one-line records of several sorts in bulk, over all inputs of a capture.

    A few records wait for more, since a thousand cost little more to read than one: after :meth:`flush`
    all are in the tables. ``bounds`` are those of tables that keep only a selection of their rows.
    """

    def __init__(
        self,
        rules: Sequence[LineRule],
        builders: Mapping[str, TableBuilder],
        bounds: Mapping[str, Bound] | None = None,
    ):
        self.aside = Aside()
        self._rules = rules
        # What stands below others comes behind them: it stays or goes with them.
        self._heads_first = sorted(rules, key=lambda rule: rule.keeping.below is not None)
        self._builders = builders
        self._bounds = bounds or {}
        self._heads: dict[tuple[str, str], Anchors] = {}  # by table and input, those of a batch
        self._details = [rule for rule in rules if rule.keeping.below is not None]
        self._inner = np.zeros(256, np.bool_)  # what their lines start with
        self._inner[[o[0] for rule in self._details for o in rule.kind.openings]] = True
        self._streams: dict[str, int] = {}
        self._forms: dict[bytes, LineRule | None] = {}
        self._input = ""
        self._waiting: list[tuple[bytes, IntArray]] = []
        self._waiting_size = 0
        self._plans: dict[bytes, _Plan | Rejected | None] = {}
        self._rejected = 0

    def begin(self, input_name: str) -> None:
        """The lines that follow come from this input."""
        if input_name != self._input:
            self.flush()
        self._input = input_name
        self._streams.setdefault(input_name, len(self._streams))

    def stream(self, input_name: str) -> int:
        """The number of an input in the anchors of its rows."""
        return self._streams[input_name]

    def accepts(self, text: bytes) -> bool:
        """Whether a single line is a whole record of one of the rules."""
        plan = self._plan_of(Numerals(text + b"\n"), 0)
        return isinstance(plan, _Plan)

    def read(self, text: bytes, numbers: IntArray) -> None:
        """Take records, one per line; ``numbers`` are their line numbers in the input."""
        self._waiting.append((text, numbers))
        self._waiting_size += len(text)
        if self._waiting_size >= (_ENOUGH_APART if self._apart else _ENOUGH):
            self.flush()

    def flush(self) -> None:
        """Read what waits."""
        if self._waiting:
            texts, numbers = zip(*self._waiting, strict=True)
            self._waiting, self._waiting_size = [], 0
            self._read(b"".join(texts), np.concatenate(numbers))

    def _read(self, text: bytes, numbers: IntArray) -> None:
        read = self._read_apart if self._apart else self._read_lines
        aside = read(text, numbers)
        for line, found, expected in sorted(aside)[: self.aside.room]:
            self.aside.examples.append(Unparsed(self._input, line, found, expected))

    @property
    def _apart(self) -> bool:
        """Whether most lines below others need not be kept."""
        return any(r.table in self._bounds and self._bounds[r.table].thins for r in self._details)

    def _read_apart(self, text: bytes, numbers: IntArray) -> list[tuple[int, bytes, str]]:
        """The same for lines most of which need not be kept: of those only the forms are looked at."""
        lines = Lines(text, 0)
        below = self._inner[lines.heads]
        heads, inner = np.flatnonzero(~below), np.flatnonzero(below)
        aside = self._read_lines(lines.gather(heads), numbers[heads]) if len(heads) else []
        detail = self._details[0]
        stays = self._bounds[detail.table].stays(self._anchors(detail, numbers[inner] + 1))
        if self._count_forms(lines.gather(inner[~stays])):
            inner = inner[stays]
        return (
            aside + self._read_lines(lines.gather(inner), numbers[inner]) if len(inner) else aside
        )

    def _count_forms(self, text: bytes) -> bool:
        """Count details without reading them; False if one of the lines is not certainly one."""
        forms = forms_of(text)
        if forms is None:
            return False
        found = [(self._rule_of_form(form), count) for form, count in Counter(forms).items()]
        if any(rule is None for rule, _ in found):
            return False
        for rule, count in found:
            assert rule is not None
            self._builders[rule.table].total += count
        return True

    def _rule_of_form(self, form: bytes) -> LineRule | None:
        """The rule of the details that have a form, in which every line of it is a good record."""
        if form not in self._forms:
            if len(self._forms) >= _MOST_FORMS:
                return None
            numerals = Numerals(form + b"\n")
            plan = self._plan_of(numerals, 0)
            good = isinstance(plan, _Plan) and plan.rule in self._details and b"0.0" not in form
            self._forms[form] = plan.rule if isinstance(plan, _Plan) and good else None
        return self._forms[form]

    def _read_lines(self, text: bytes, numbers: IntArray) -> list[tuple[int, bytes, str]]:
        """Read whole lines; the line, the text and what was expected of those that are no records."""
        numerals = Numerals(text)
        shape_of_line, shapes = numerals.shapes()
        plans: list[_Plan | None] = []
        aside: list[tuple[int, str]] = []
        lines_of = members(shape_of_line, len(shapes))
        for lines, example in zip(lines_of, shapes, strict=True):
            plan = self._plan_of(numerals, example)
            if isinstance(plan, Rejected):
                aside += self._refused(lines, plan)
            plans.append(plan if isinstance(plan, _Plan) else None)
        for rule in self._heads_first:
            mine = np.array([plan is not None and plan.rule is rule for plan in plans], np.bool_)
            if mine.any():
                aside += self._fill(rule, numerals, lines_of, plans, mine[shape_of_line], numbers)
        return [(int(numbers[n]) + 1, numerals.line(n), expected) for n, expected in aside]

    # ---- plans ------------------------------------------------------------------------------------

    def _plan_of(self, numerals: Numerals, line: int) -> _Plan | Rejected | None:
        """The plan of a line's shape; None for a line that only starts like a record."""
        key = numerals.shape_key(line)
        if key in self._plans:
            return self._plans[key]
        text = undotted(numerals.line(line))  # one answer for all lines of the shape
        rule = next((r for r in self._rules if r.kind.sign.match(text)), None)
        if rule is None:
            return None  # not remembered: application lines are endless
        if self._rejected >= MOST_REJECTED:
            return Rejected(0, "not examined: too many different malformed records")
        plan = _make_plan(rule, text)
        self._rejected += isinstance(plan, Rejected)
        self._plans[key] = plan
        return plan

    # ---- rows -------------------------------------------------------------------------------------

    def _refused(self, lines: IntArray, why: Rejected) -> list[tuple[int, str]]:
        """Count the lines; the first of them, as many as may be kept as examples."""
        self.aside.count += len(lines)
        return [(line, why.expected) for line in lines[: self.aside.room].tolist()]

    def _fill(
        self,
        rule: LineRule,
        numerals: Numerals,
        lines_of: Sequence[IntArray],
        plans: Sequence[_Plan | None],
        wanted: Bools,
        numbers: IntArray,
    ) -> list[tuple[int, str]]:
        """Add all rows of one rule, in line order, shape by shape; returns lines that are none."""
        aside: list[tuple[int, str]] = []
        found_rows: list[tuple[_Plan, NumberRows]] = []
        for lines, plan in zip(lines_of, plans, strict=True):
            if plan is None or plan.rule is not rule:
                continue
            found = numerals.rows(lines, plan.numbers, plan.whole, plan.mantissas)
            if not found.good.all():
                wanted[lines[~found.good]] = False
                aside += self._refused(lines[~found.good], _NUMBERS)
                found = found.usable()
            found_rows.append((plan, found))
        rows = int(wanted.sum())
        if not rows:
            return aside
        place = np.cumsum(wanted) - 1
        batches: _Batches = [
            (plan, found, place[found.lines] if len(found_rows) > 1 else slice(None))
            for plan, found in found_rows
        ]
        builder = self._builders[rule.table]
        cells: dict[str, Cells] = {}
        for column in rule.columns:
            if not any(column.name in plan.slots for plan, _, _ in batches):
                continue
            cells[column.name] = self._column(column, batches, rows, builder)
        lists = {name: self._lists(name, batches, rows) for name in rule.lists}
        cells.update(
            {name: Cells(found.values, counts=found.counts) for name, found in lists.items()}
        )
        if rule.derive is not None:
            cells.update(rule.derive(lists))
        for name, parts in rule.sums.items():
            known = [np.nan_to_num(cells[part].values) for part in parts if part in cells]
            cells[name] = Cells(np.sum(known, axis=0))
        cells["input"] = Cells(np.full(rows, builder.code("input", self._input), np.int32))
        cells["line"] = Cells(numbers[wanted] + 1)
        bound = self._bounds.get(rule.table)
        if bound is None:
            builder.add(rows, cells)
            return aside
        anchors = self._anchors(rule, numbers[wanted] + 1)
        builder.add(rows, {**cells, ANCHOR: Cells(anchors)})
        bound.added(builder, cells, anchors)
        return aside

    def _anchors(self, rule: LineRule, lines: IntArray) -> Anchors:
        """What rows are known by: their line, or that of the record that they stand below."""
        anchors = anchors_of(self.stream(self._input), lines)
        below = rule.keeping.below
        heads = self._heads.get((below or rule.table, self._input), anchors[:0])
        if below is None:
            self._heads[rule.table, self._input] = np.append(heads[-1:], anchors)
            return anchors
        above = np.searchsorted(heads, anchors) - 1
        return np.where(above < 0, anchors, heads[np.maximum(above, 0)] if len(heads) else anchors)

    def _column(self, column: Column, batches: _Batches, rows: int, builder: TableBuilder) -> Cells:
        default = -1 if column.default is None else int(column.default)
        values: npt.NDArray[Any]
        if column.kind is Kind.FLOAT:
            values = np.full(rows, np.nan)
        elif column.kind is Kind.BOOL:
            values = np.full(rows, default, np.int8)
        elif column.kind is Kind.TEXT:
            values = np.full(rows, -1, np.int32)
        else:
            values = np.zeros(rows, np.int64)
        valid = np.zeros(rows, np.bool_)
        for plan, found, at in batches:
            slot = plan.slots.get(column.name)
            if slot is None:
                continue
            if column.kind is Kind.TEXT:
                if slot.constant is not None:
                    values[at] = builder.code(column.name, str(slot.constant))
                else:
                    words = found.texts(slot.start, slot.end)
                    values[at] = [builder.code(column.name, decoded(word)) for word in words]
            elif slot.constant is not None:
                values[at] = int(slot.constant)
            elif slot.start != slot.end:  # a float with sign and exponent, which has no bulk form
                values[at] = [float(word) for word in found.texts(slot.start, slot.end)]
            elif slot.first == slot.last:
                continue  # nil
            elif column.kind is Kind.FLOAT:
                values[at] = found.decimals(slot.first)
            elif column.kind is Kind.BOOL:
                values[at] = found.integers(slot.first) != 0
            elif slot.negative:
                values[at] = -found.integers(slot.first)
            else:
                values[at] = found.integers(slot.first)
            valid[at] = True
        masked = column.kind is Kind.INT and not valid.all()
        return Cells(values, valid if masked else None)

    def _lists(self, name: str, batches: _Batches, rows: int) -> Lists:
        counts = np.zeros(rows, np.int64)
        for plan, _, at in batches:
            if name in plan.lists:
                slot = plan.lists[name]
                counts[at] = slot.last - slot.first
        begins = np.cumsum(counts) - counts
        values = np.zeros(int(counts.sum()), np.int64)
        for plan, found, at in batches:
            if name in plan.lists:
                slot = plan.lists[name]
                values[begins[at][:, None] + np.arange(slot.last - slot.first)] = found.block(
                    slot.first, slot.last
                )
        return Lists(values, counts)


def _make_plan(rule: LineRule, text: bytes) -> _Plan | Rejected:
    """Let Lark parse one record, and turn what it found into slots."""
    parts = rule.grammar.parse(text, rule.kind.name)
    if isinstance(parts, Rejected):
        return parts
    kinds = {column.name: column.kind for column in rule.columns}
    starts, ends = Numerals(text + b"\n").numbers_of(0)
    read = np.ones(len(starts), np.bool_)
    whole = np.ones(len(starts), np.bool_)
    mantissas = np.zeros(len(starts), np.bool_)
    slots: dict[str, _Slot] = {}
    lists: dict[str, _Slot] = {}
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
            lists[part.name] = _Slot(first, first + len(part.words))
        elif part.name in kinds:
            slots[part.name] = _slot(part, kinds[part.name], rule, text, starts, ends)
    whole &= ~mantissas
    return _Plan(
        rule,
        np.flatnonzero(read),
        np.flatnonzero(whole),
        np.flatnonzero(mantissas),
        slots,
        lists,
    )


_INTEGER_TERMINALS = frozenset({"INT", "SIGNED"})


def _slot(
    part: Part, kind: Kind, rule: LineRule, text: bytes, starts: IntArray, ends: IntArray
) -> _Slot:
    """The source of one column's value in lines of this shape."""
    if not part.words:
        return _Slot(0, 0, constant=True)  # a flag: the words are there
    terminal, start, end = part.words[0]
    before, behind = (rule.trims or {}).get(part.name, (0, 0))
    start, end = start + before, end - behind
    first, last = int(np.searchsorted(starts, start)), int(np.searchsorted(starts, end))
    if kind is Kind.TEXT:
        if first == last:
            return _Slot(first, last, constant=decoded(text[start:end]))
        return _Slot(
            first, last, start=place_of(starts, ends, start), end=place_of(starts, ends, end)
        )
    if terminal == "FLOAT":
        return _Slot(
            first, last, start=place_of(starts, ends, start), end=place_of(starts, ends, end)
        )
    if terminal in ("TRUE", "FALSE"):
        return _Slot(0, 0, constant=terminal == "TRUE")
    negative = text[start:end].startswith(b"-")
    if terminal == "NIL" or (negative and part.name in rule.references):
        return _Slot(0, 0)
    return _Slot(first, first + 1, negative=negative)


def place_of(starts: IntArray, ends: IntArray, position: int) -> tuple[int, int]:
    """A position in a line as (numbers before it, offset in the skeleton)."""
    before = int(np.searchsorted(ends, position, side="right"))
    return before, position - int((ends[:before] - starts[:before]).sum())


def decoded(text: bytes) -> str:
    """A piece of input as text, whatever it holds."""
    return text.decode("utf-8", "replace")
