"""The columns of lines that were parsed: what their plans say is taken out of all numbers at once."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from goscope.parsing.line_plans import LinePlan, LineRule, Lists, decoded
from goscope.parsing.numbers import IntArray, NumberRows
from goscope.tables.builder import TableBuilder
from goscope.tables.table import Cells, Column, Kind

#: Rows of one shape each, and where among the rows of their table they go.
Batches: TypeAlias = list[tuple[LinePlan, NumberRows, IntArray | slice]]


def cells_of(
    rule: LineRule, batches: Batches, rows: int, builder: TableBuilder
) -> dict[str, Cells]:
    """The columns that lines of one rule fill, by name; texts in the codes of the builder."""
    cells: dict[str, Cells] = {}
    for column in rule.columns:
        if any(column.name in plan.slots for plan, _, _ in batches):
            cells[column.name] = _column(column, batches, rows, builder)
    lists = {name: _lists(name, batches, rows) for name in rule.lists}
    cells.update({name: Cells(found.values, counts=found.counts) for name, found in lists.items()})
    if rule.derive is not None:
        cells.update(rule.derive(lists))
    for name, parts in rule.sums.items():
        known = [np.nan_to_num(cells[part].values) for part in parts if part in cells]
        cells[name] = Cells(np.sum(known, axis=0))
    return cells


def _column(column: Column, batches: Batches, rows: int, builder: TableBuilder) -> Cells:
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


def _lists(name: str, batches: Batches, rows: int) -> Lists:
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
