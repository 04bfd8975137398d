"""The parsing engine: every shape is parsed once, all records of a shape are read in bulk.

A record is reduced to its *shape*, the text with what varies taken out. Lark parses one record of
each shape; what it found becomes a *plan* that says which slot of the shape feeds which column; the
plan then reads every record of that shape. Correctness comes from the grammar, speed from parsing
each shape once.

Two readers share the idea. :class:`LineShapes` reads a million trace lines, where only numbers vary:
all numbers of a stretch are found and converted at once (:mod:`goscope.parsing.numbers`), and a plan
(:mod:`goscope.parsing.line_plans`) picks columns out of the matrix of numbers. The other one, for short
texts, is :mod:`goscope.parsing.text_shapes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from goscope.framing.framed import Ids, LineRecords, RepeatedRecords
from goscope.framing.lines import Lines
from goscope.parsing.grammars import Rejected
from goscope.parsing.line_cells import cells_of
from goscope.parsing.line_plans import LinePlan, LinePlans, LineRule
from goscope.parsing.numbers import IntArray, NumberRows, Numerals, forms_of, members
from goscope.parsing.parsed_line_memo import ParsedLineMemo
from goscope.parsing.unparsed import Unparsed, UnparsedRecords
from goscope.tables.builder import ANCHOR, TableBuilder
from goscope.tables.row_selection import Anchors, Bound, anchors_of
from goscope.tables.table import Bools, Cells, narrow, repeated

#: So many bytes of records are read at once.
_ENOUGH = 1 << 18
#: And where most of them are only counted.
_ENOUGH_APART = 1 << 22
#: Repeated lines, and bytes of new ones, that are read at once.
_ENOUGH_LINES = 1 << 18
_ENOUGH_FRESH = 1 << 20
#: A longer line is not remembered.
_LONGEST_KNOWN = 1 << 10
#: The number of line forms for which it is remembered whether they are records.
_MOST_FORMS = 4_096
_NUMBERS = Rejected(0, "numbers of at most 18 digits, integers where Go prints integers")


@dataclass(slots=True)
class _Parsed:
    """What a text of whole lines holds: for each rule its lines, with the columns that they fill."""

    rows: list[tuple[LineRule, IntArray, dict[str, Cells]]] = field(default_factory=list)
    refused: list[tuple[IntArray, Rejected]] = field(default_factory=list)

    def of(self, rule: LineRule) -> tuple[dict[str, Cells], IntArray]:
        """The columns and lines of a rule."""
        for found, lines, cells in self.rows:
            if found is rule:
                return cells, lines
        return {}, np.empty(0, np.int64)


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
        self.aside = UnparsedRecords()
        # Detail lines (P, M, G) after their heads (SCHED): they are kept or dropped with them.
        self._heads_first = sorted(rules, key=lambda rule: rule.keeping.below is not None)
        self._builders = builders
        self._bounds = bounds or {}
        self._heads: dict[tuple[str, int], Anchors] = {}  # by table and stream, those of a batch
        self._details = [rule for rule in rules if rule.keeping.below is not None]
        self._inner = [opening for rule in self._details for opening in rule.kind.openings]
        #: Lines below others that were read before.
        self.known = ParsedLineMemo(self._details)
        self._forms: dict[bytes, LineRule | None] = {}
        self._stream_id = 0
        self._waiting: list[LineRecords] = []
        self._waiting_size = 0
        self._repeated: list[RepeatedRecords] = []
        self._repeated_lines = self._repeated_size = 0
        self._plans = LinePlans(rules)

    def begin(self, stream_id: int) -> None:
        """The lines that follow come from this stream."""
        if stream_id != self._stream_id:
            self.flush()
        self._stream_id = stream_id

    def accepts(self, text: bytes) -> bool:
        """Whether a single line is a whole record of one of the rules."""
        return isinstance(self._plans.of(Numerals(text + b"\n"), 0), LinePlan)

    def read(self, found: LineRecords | RepeatedRecords) -> None:
        """Take records, in the order of their lines in the input."""
        if isinstance(found, LineRecords):
            self._flush_repeated()
            self._waiting.append(found)
            self._waiting_size += len(found.text)
            if self._waiting_size >= (_ENOUGH_APART if self._apart else _ENOUGH):
                self._flush_lines()
        else:
            self._flush_lines()
            self._repeated.append(found)
            self._repeated_lines += len(found.numbers)
            self._repeated_size += len(found.fresh)
            if self._repeated_lines >= _ENOUGH_LINES or self._repeated_size >= _ENOUGH_FRESH:
                self._flush_repeated()

    def flush(self) -> None:
        """Read what waits."""
        self._flush_lines()
        self._flush_repeated()

    def _flush_lines(self) -> None:
        if self._waiting:
            waiting, self._waiting, self._waiting_size = self._waiting, [], 0
            text = b"".join(found.text for found in waiting)
            numbers = np.concatenate([found.numbers for found in waiting])
            if self._apart:
                self._read_details(np.full(len(numbers), -1, np.int32), text, numbers)
            else:
                self._read_lines(text, numbers)

    def _flush_repeated(self) -> None:
        if self._repeated:
            waiting, self._repeated = self._repeated, []
            self._repeated_lines = self._repeated_size = 0
            known = np.concatenate([found.known for found in waiting])
            fresh = b"".join(found.fresh for found in waiting)
            numbers = np.concatenate([found.numbers for found in waiting])
            self._learn(self._read_details(known, fresh, numbers))

    @property
    def _apart(self) -> bool:
        """Whether most lines below others need not be kept."""
        return any(
            r.table in self._bounds and self._bounds[r.table].is_sampling for r in self._details
        )

    # ---- lines ------------------------------------------------------------------------------------

    def _read_lines(self, text: bytes, numbers: IntArray) -> None:
        """Read whole lines, each for itself."""
        parsed = self._parsed(text)
        for rule, lines, cells in parsed.rows:
            self._add(rule, cells, numbers[lines])
        self._set_aside(parsed.refused, text, numbers)

    def _read_details(self, known: Ids, fresh: bytes, numbers: IntArray) -> bytes:
        """Read lines most of which are known, or need not be kept; ``fresh`` is what is not known.

        Returns those of the fresh ones that stand below others.
        """
        lines = Lines(fresh, 0)
        at = np.flatnonzero(known < 0)
        inner = lines.opening_with(self._inner)
        heads = np.delete(np.arange(len(lines)), inner)
        if len(heads):
            self._read_lines(lines.gather(heads), numbers[at[heads]])
        stays = self._stay(numbers)
        for rule, count in self.known.counts(known[~stays & (known >= 0)]):
            self._builders[rule.table].total += count
        stay = stays[at[inner]]
        counted = self._count_forms(lines.gather(inner[~stay]))
        left = inner[stay] if counted else inner
        text = lines.gather(left)
        parsed = self._parsed(text)
        kept = np.flatnonzero(stays & (known >= 0))
        for rule in self._details:
            mine = kept[self.known.of(rule, known[kept])]
            new, between = parsed.of(rule)
            cells, places = self.known.rows(rule, known[mine], mine, new, at[left[between]])
            self._add(rule, cells, numbers[places])
        self._set_aside(parsed.refused, text, numbers[at[left]])
        return lines.gather(inner)

    def _parsed(self, text: bytes) -> _Parsed:
        """What the lines of a text hold."""
        found = _Parsed()
        if not text:
            return found
        numerals = Numerals(text)
        shape_of_line, shapes = numerals.shapes()
        plans = []
        lines_of = members(shape_of_line, len(shapes))
        for lines, example in zip(lines_of, shapes, strict=True):
            plan = self._plans.of(numerals, example)
            if isinstance(plan, Rejected):
                found.refused.append((lines, plan))
            plans.append(plan if isinstance(plan, LinePlan) else None)
        for rule in self._heads_first:
            mine = np.array([plan is not None and plan.rule is rule for plan in plans], np.bool_)
            if mine.any():
                self._fill(rule, numerals, lines_of, plans, mine[shape_of_line], found)
        return found

    def _fill(
        self,
        rule: LineRule,
        numerals: Numerals,
        lines_of: Sequence[IntArray],
        plans: Sequence[LinePlan | None],
        wanted: Bools,
        parsed: _Parsed,
    ) -> None:
        """Find all rows of one rule, in line order, shape by shape."""
        found_rows: list[tuple[LinePlan, NumberRows]] = []
        for lines, plan in zip(lines_of, plans, strict=True):
            if plan is None or plan.rule is not rule:
                continue
            found = numerals.rows(lines, plan.numbers, plan.whole, plan.mantissas)
            if not found.good.all():
                wanted[lines[~found.good]] = False
                parsed.refused.append((lines[~found.good], _NUMBERS))
                found = found.usable()
            found_rows.append((plan, found))
        rows = int(wanted.sum())
        if not rows:
            return
        place = np.cumsum(wanted) - 1
        batches = [
            (plan, found, place[found.lines] if len(found_rows) > 1 else slice(None))
            for plan, found in found_rows
        ]
        cells = cells_of(rule, batches, rows, self._builders[rule.table])
        parsed.rows.append((rule, np.flatnonzero(wanted), cells))

    def _add(self, rule: LineRule, cells: dict[str, Cells], numbers: IntArray) -> None:
        """Put rows into the table of a rule."""
        rows = len(numbers)
        builder = self._builders[rule.table]
        cells["stream_id"] = Cells(repeated(narrow(np.array([self._stream_id]))[0], rows))
        cells["line"] = Cells(numbers + 1)
        bound = self._bounds.get(rule.table)
        if bound is None:
            builder.add(rows, cells)
            return
        anchors = self._anchors(rule, numbers + 1)
        builder.add(rows, {**cells, ANCHOR: Cells(anchors)})
        bound.added(builder, cells, anchors)

    def _set_aside(
        self, refused: Sequence[tuple[IntArray, Rejected]], text: bytes, numbers: IntArray
    ) -> None:
        """Count lines that are no records; keep the first ones, as many as may be kept as examples."""
        if not refused:
            return
        lines = Lines(text, 0)
        found = []
        for places, why in refused:
            self.aside.count += len(places)
            found += [(place, why.expected) for place in places[: self.aside.room].tolist()]
        for place, expected in sorted(found)[: self.aside.room]:
            example = Unparsed(
                self._stream_id, int(numbers[place]) + 1, lines.text(place), expected
            )
            self.aside.examples.append(example)

    # ---- lines below others -----------------------------------------------------------------------

    def _anchors(self, rule: LineRule, lines: IntArray) -> Anchors:
        """The anchors of rows: their own line, or that of the head (SCHED line) above them."""
        anchors = anchors_of(self._stream_id, lines)
        if rule.keeping.below is None:
            heads = self._heads.get((rule.table, self._stream_id), anchors[:0])
            self._heads[rule.table, self._stream_id] = np.append(heads[-1:], anchors)
            return anchors
        heads, above = self._above(rule, anchors)
        return np.where(above < 0, anchors, heads[above] if len(heads) else anchors)

    def _above(self, rule: LineRule, anchors: Anchors) -> tuple[Anchors, IntArray]:
        """The heads of the stream, and for each line the index of the head above it; -1 for none."""
        heads = self._heads.get((rule.keeping.below or "", self._stream_id), anchors[:0])
        ends = [0, *np.searchsorted(anchors, heads, side="right").tolist(), len(anchors)]
        return heads, np.repeat(np.arange(-1, len(heads)), np.diff(ends))

    def _stay(self, numbers: IntArray) -> Bools:
        """Which of the lines below others need to be kept."""
        detail = self._details[0]
        bound = self._bounds.get(detail.table)
        if bound is None or not bound.is_sampling:
            return np.ones(len(numbers), np.bool_)
        anchors = anchors_of(self._stream_id, numbers + 1)
        heads, above = self._above(detail, anchors)
        stays = np.append(bound.rows_to_keep(heads), False)[above]
        stays[above < 0] = bound.rows_to_keep(anchors[above < 0])
        return stays

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
            plan = self._plans.of(numerals, 0)
            good = isinstance(plan, LinePlan) and plan.rule in self._details and b"0.0" not in form
            self._forms[form] = plan.rule if isinstance(plan, LinePlan) and good else None
        return self._forms[form]

    def _learn(self, text: bytes) -> None:
        """Remember lines that occur in a text more than once."""
        texts = Counter(text.split(b"\n")[:-1])
        often = [t for t, count in texts.items() if count > 1 and len(t) <= _LONGEST_KNOWN]
        self.known.make_room(len(often))
        parsed = self._parsed(b"".join(line + b"\n" for line in often))
        for rule, lines, cells in parsed.rows:
            self.known.learn(rule, [often[line] for line in lines.tolist()], cells)
