"""Typed columns and tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.tables.builder import TableBuilder
from goscope.tables.table import Cells, Column, Kind, Table, int_cells, narrow, rows_by, table_from

SCHEMA = (
    Column("word", Kind.TEXT, "", "a word"),
    Column("count", Kind.INT, "", "a number"),
    Column("time", Kind.FLOAT, "ms", "a time"),
    Column("flag", Kind.BOOL, "", "a flag that may be missing"),
    Column("mark", Kind.BOOL, "", "a flag that is false where its word is absent", default=False),
    Column("queue", Kind.INTS, "", "a number per P"),
)


def table() -> Table:
    """Three rows in two batches; the second has no word, count, time, flag."""
    builder = TableBuilder("things", SCHEMA)
    builder.add(
        2,
        {
            "word": Cells(np.array([builder.code("word", w) for w in ("b", "a")], np.int32)),
            "count": Cells(np.array([7, 300]), np.array([True, True])),
            "time": Cells(np.array([0.5, np.nan])),
            "flag": Cells(np.array([1, 0], np.int8)),
            "mark": Cells(np.array([0, 1], np.int8)),
            "queue": Cells(np.array([1, 2, 40_000]), counts=np.array([2, 1])),
        },
    )
    builder.add(1, {"queue": Cells(np.zeros(0, np.int64), counts=np.array([0]))})
    return builder.build()


def test_numbers_are_floats_with_nan_for_missing() -> None:
    things = table()
    for column, wanted in (
        ("count", [7.0, 300.0, np.nan]),
        ("time", [0.5, np.nan, np.nan]),
        ("flag", [1.0, 0.0, np.nan]),
    ):
        np.testing.assert_array_equal(things.numbers(column), wanted)


def test_texts_and_flags() -> None:
    things = table()
    assert things.texts("word") == ["b", "a", None]
    assert [things.text("word", row) for row in range(3)] == ["b", "a", None]
    assert things.flags("flag").tolist() == [True, False, False]
    assert things.flags("mark").tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("column", "there"),
    [
        ("word", [True, True, False]),
        ("count", [True, True, False]),
        ("time", [True, False, False]),
        ("flag", [True, True, False]),
        ("mark", [True, True, True]),
    ],
)
def test_present_where_a_value_is(column: str, there: list[bool]) -> None:
    assert table().present(column).tolist() == there


@pytest.mark.parametrize("rows", [np.array([True, False, True]), np.array([0, 2])])
def test_select_takes_rows_with_their_lists(rows: np.ndarray) -> None:
    chosen = table().select(rows)
    assert len(chosen) == 2
    assert chosen.texts("word") == ["b", None]
    assert chosen["queue"].tolist() == [1, 2]
    assert chosen.counts("queue").tolist() == [2, 0]
    assert chosen.present("count").tolist() == [True, False]


def test_select_keeps_the_order_asked_for() -> None:
    chosen = table().select(np.array([1, 0]))
    assert chosen.texts("word") == ["a", "b"]
    assert chosen["queue"].tolist() == [40_000, 1, 2]
    assert chosen.counts("queue").tolist() == [1, 2]


def test_replaced_changes_one_column_of_the_copy() -> None:
    things = table()
    other = things.replaced("count", int_cells([1, None, 3]))
    np.testing.assert_array_equal(other.numbers("count"), [1.0, np.nan, 3.0])
    np.testing.assert_array_equal(things.numbers("count"), [7.0, 300.0, np.nan])
    assert other.texts("word") == things.texts("word")


DTYPES = {
    "word": "category",
    "count": "Int64",
    "time": "float64",
    "flag": "boolean",
    "mark": "boolean",
    "queue": "object",
}


@pytest.mark.parametrize(
    "empty",
    [
        TableBuilder("things", SCHEMA).build(),
        table().select(np.zeros(3, np.bool_)),
    ],
    ids=["built", "selected"],
)
def test_frame_of_an_empty_table_has_the_dtypes(empty: Table) -> None:
    frame = empty.frame()
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES
    assert len(frame) == len(empty) == 0
    assert empty.numbers("count").tolist() == []
    assert empty.texts("word") == []


def test_frame_holds_the_values() -> None:
    frame = table().frame()
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES
    assert frame["queue"].tolist() == [[1, 2], [40_000], []]
    assert frame["count"].tolist() == [7, 300, pd.NA]
    assert frame["flag"].tolist() == [True, False, pd.NA]
    assert frame["mark"].tolist() == [False, True, False]
    assert frame["word"].tolist()[:2] == ["b", "a"]
    assert frame["word"].isna().tolist() == [False, False, True]


def test_a_list_column_of_rows_without_lists() -> None:
    builder = TableBuilder("things", SCHEMA)
    builder.add(2, {})
    things = builder.build()
    assert things.counts("queue").tolist() == [0, 0]
    assert things.frame()["queue"].tolist() == [[], []]


@given(st.lists(st.integers(-(2**62), 2**62 - 1), min_size=1, max_size=5))
def test_narrow_keeps_the_values(values: list[int]) -> None:
    assert narrow(np.array(values, np.int64)).tolist() == values


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=5))
def test_arithmetic_on_stored_columns_does_not_overflow(values: list[int]) -> None:
    builder = TableBuilder("things", SCHEMA)
    builder.add(
        len(values),
        {
            "count": Cells(np.array(values)),
            "queue": Cells(np.array(values), counts=np.ones(len(values), np.int64)),
        },
    )
    things = builder.build()
    for column in ("count", "queue"):
        assert (things[column] * 1000 + things[column]).tolist() == [v * 1001 for v in values]


@given(st.lists(st.integers(1, 300), min_size=1, max_size=5))
def test_counts_of_lists_add_up(sizes: list[int]) -> None:
    """A builder stores counts narrow; sums of them over many rows must not wrap."""
    builder = TableBuilder("things", SCHEMA)
    rows = 400
    total = rows * sum(sizes)
    for size in sizes:
        counts = np.full(rows, size)
        builder.add(rows, {"queue": Cells(np.arange(rows * size), counts=counts)})
    things = builder.build()
    assert int(things.counts("queue").sum()) == total
    last = things.select(np.array([len(things) - 1]))
    assert last["queue"].tolist() == list(range((rows - 1) * sizes[-1], rows * sizes[-1]))


def test_table_from_rows() -> None:
    things = table_from(
        "things", SCHEMA[:5], [{"word": "a", "count": 3}, {"time": 1.5, "flag": True, "mark": True}]
    )
    assert things.texts("word") == ["a", None]
    np.testing.assert_array_equal(things.numbers("count"), [3.0, np.nan])
    np.testing.assert_array_equal(things.numbers("time"), [np.nan, 1.5])
    assert things.present("flag").tolist() == [False, True]
    assert things.flags("mark").tolist() == [False, True]


@given(st.lists(st.integers(-3, 300), max_size=60))
def test_the_rows_of_each_value(values: list[int]) -> None:
    found = rows_by(np.array(values, np.int16))
    assert {value: rows.tolist() for value, rows in found.items()} == {
        value: [row for row, other in enumerate(values) if other == value]
        for value in sorted(set(values))
    }
