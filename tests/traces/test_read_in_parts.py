"""The parts that traces are read with, each held against a plain and slow way to do the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.traces.bounded_rows import BoundedRows
from goscope.traces.curves import SLICES, Curves, Peaks
from goscope.traces.event_columns import Events, decode
from goscope.traces.event_table import EVENTS, arities
from goscope.traces.generation_tables import IdLookup, TextTable, TraceStacks
from goscope.traces.generations import Batch
from goscope.traces.latency_distributions import (
    SCHED,
    SCHED_LATER,
    LatencyDistributions,
    bucket_of,
    least_of,
)
from goscope.traces.tally import Tally
from goscope.traces.varints import DamagedTrace, all_values, varint
from tests.traces.written import number, numbers

LARGEST = (1 << 64) - 1
IDS = st.one_of(
    st.integers(0, 300), st.integers(0, LARGEST), st.sampled_from([LARGEST, 1 << 32, (1 << 32) - 1])
)


@given(st.lists(IDS, max_size=60))
def test_varints_all_at_once_are_those_one_by_one(values: list[int]) -> None:
    data = numbers(*values)
    assert all_values(np.frombuffer(data, np.uint8)).tolist() == values
    at, found = 0, []
    while at < len(data):
        value, at = varint(data, at)
        found.append(value)
    assert found == values


@pytest.mark.parametrize("data", [b"\x80" * 10 + b"\x01", b"\xff" * 9 + b"\x02"])
def test_varints_that_are_too_large(data: bytes) -> None:
    with pytest.raises(DamagedTrace, match="too large"):
        varint(data, 0)
    with pytest.raises(DamagedTrace, match="too large"):
        all_values(np.frombuffer(b"\x01" + data, np.uint8))
    with pytest.raises(DamagedTrace, match="cut off"):
        all_values(np.frombuffer(b"\x01\x80", np.uint8))


PLAIN = [event for event in EVENTS if event.number < 128]


@st.composite
def written(
    draw: st.DrawFn, *, experiments: bool
) -> tuple[list[bytes], list[list[tuple[int, ...]]]]:
    """Batches, and the events in each: type, ticks, arguments. Those of experiments are not in the latter."""
    batches, expected = [], []
    for _ in range(draw(st.integers(1, 4))):
        content, events = b"", []
        for _ in range(draw(st.integers(1, 12))):
            event = draw(st.sampled_from(EVENTS if experiments else PLAIN))
            ticks = draw(st.integers(0, 1 << 30))
            arguments = [draw(IDS) for _ in event.arguments]
            content += bytes([event.number]) + numbers(ticks, *arguments)
            events.append((event.number, ticks, *arguments))
        batches.append(content)
        expected.append(events)
    return batches, expected


def decoded(batches: list[bytes], scale: float) -> Events:
    places, at = [], 0
    for content in batches:
        places.append(Batch(at, len(content), 1, 1000))
        at += len(content)
    return decode(np.frombuffer(b"".join(batches), np.uint8), places, arities(26), scale)


@given(
    st.booleans().flatmap(lambda some: written(experiments=some)), st.sampled_from([64.0, 1.0, 0.3])
)
def test_events_are_those_that_were_written(
    given_: tuple[list[bytes], list[list[tuple[int, ...]]]], scale: float
) -> None:
    batches, expected = given_
    events = decoded(batches, scale)
    rows = []
    for content in expected:
        time = int(1000 * scale)
        for kind, ticks, *arguments in content:
            time += int(ticks * scale)
            if kind < 128:
                rows.append((kind, time, arguments))
    assert events.type.tolist() == [kind for kind, _, _ in rows]
    assert events.time.tolist() == [time for _, time, _ in rows]
    kept = [sum(kind < 128 for kind, *_ in content) for content in expected]
    assert events.counts.tolist() == kept
    for column in range(3):
        for at, (_, _, arguments) in enumerate(rows):
            if len(arguments) > column:
                value = int(events.arguments[column][at])
                none = int(np.iinfo(events.arguments[column].dtype).max)
                assert (LARGEST if value == none else value) == arguments[column]
    fourth = {at: arguments[3] for at, (_, _, arguments) in enumerate(rows) if len(arguments) > 3}
    found = events.fourth_of(np.array([*fourth], np.int64)).tolist()
    large = {0xFFFFFFFF: LARGEST}
    assert [
        large.get(v, v) if fourth[at] == LARGEST else v for at, v in zip(fourth, found, strict=True)
    ] == [*fourth.values()]


@given(
    st.lists(
        st.tuples(st.integers(-1, 5), st.integers(-1, 1 << 40), st.integers(0, 10**12)), max_size=80
    )
)
def test_a_tally_counts_adds_and_finds_the_longest(rows: list[tuple[int, int, int]]) -> None:
    tally = Tally("a", "b")
    for part in (rows[:30], rows[30:]):
        table = np.array(part, np.int64).reshape(-1, 3)
        tally.add((table[:, 0], table[:, 1]), table[:, 2])
    found = tally.result()
    expected = defaultdict(list)
    for a, b, ns in rows:
        expected[a, b].append(ns)
    keys = zip(found["a"].tolist(), found["b"].tolist(), strict=True)
    sums = zip(*(found[name].tolist() for name in ("count", "ns", "max_ns")), strict=True)
    assert dict(zip(keys, sums, strict=True)) == {
        key: (len(ns), sum(ns), max(ns)) for key, ns in expected.items()
    }


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 10**8), st.integers(0, 10**7)), max_size=40
    ),
    st.integers(1, 10**8),
)
def test_curves_are_the_areas_below_the_levels(
    spans: list[tuple[int, int, int]], more: int
) -> None:
    curves = Curves(3)
    end = 1
    for curve, start, duration in sorted(spans, key=lambda span: span[1]):
        end = max(end, start + duration)
        curves.reach(end)
        at = np.array([start]), np.array([start + duration])
        if at[0] >> curves.shift == at[1] >> curves.shift:
            curves.spend(np.array([curve]), at[0], np.array([duration]))
        else:
            curves.step(np.array([curve]), at[0], 1)
            curves.step(curve, at[1], -1)
    end += more
    curves.reach(end)
    areas = curves.areas(end)
    width = 1 << curves.shift
    assert areas.shape[1] <= SLICES
    for curve in range(3):
        for place, area in enumerate(areas[curve].tolist()):
            begin = place * width
            inside = [
                max(0, min(start + duration, begin + width, end) - max(start, begin))
                for which, start, duration in spans
                if which == curve
            ]
            assert area == sum(inside)


def test_levels_that_stay_up_last_to_the_end() -> None:
    curves = Curves(3)
    curves.reach(10_000)
    curves.step(1, np.array([1_000]), 1)
    assert curves.areas(10_000).sum(axis=1).tolist() == [0, 9_000, 0]


@pytest.mark.parametrize(("last", "choose"), [(False, max), (True, lambda values: values[-1])])
def test_peaks(last: bool, choose: Callable[[list[int]], int]) -> None:
    peaks = Peaks(last=last)
    times = [5, 70_000_000, 10, 4_000, 90_000_000, 89_000_000]
    for time in times:
        peaks.reach(max(times))
        peaks.add(np.array([time]), np.array([time // 3]))
    found = peaks.values(100_000_000)
    slices: dict[int, list[int]] = defaultdict(list)
    for time in times:
        slices[time >> peaks.shift].append(time // 3)
    assert {at: v for at, v in enumerate(found.tolist()) if v >= 0} == {
        at: choose(values) for at, values in slices.items()
    }


@given(st.lists(st.integers(0, 1 << 53), min_size=1))
def test_times_are_in_their_buckets(times: list[int]) -> None:
    for time, bucket in zip(times, bucket_of(np.array(times)).tolist(), strict=True):
        least, next_one = least_of(bucket), least_of(bucket + 1)
        assert least <= max(time, 1) < next_one
        assert next_one / least <= 1 + 1 / 64


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=300))
def test_percentiles(times: list[int]) -> None:
    latencies = LatencyDistributions()
    latencies.add(SCHED_LATER, np.zeros(len(times), np.int64), np.array(times))
    rows = latencies.distributions()
    assert [row["kind"] for row in rows] == [SCHED, SCHED_LATER]
    times.sort()
    for row in rows:
        assert (row["count"], row["total_ns"], row["max_ns"]) == (len(times), sum(times), times[-1])
        for percent in (50, 90, 99):
            true = times[-(-len(times) * percent // 100) - 1]
            assert row[f"p{percent}_ns"] == pytest.approx(true, rel=1 / 64, abs=1)
    counts = Counter(row["kind"] for row in latencies.histograms() for _ in range(row["count"]))
    assert counts == {SCHED: len(times), SCHED_LATER: len(times)}


@given(
    st.dictionaries(st.integers(1, LARGEST), st.integers(0, 1000)),
    st.lists(st.integers(0, LARGEST)),
)
def test_lookups(table: dict[int, int], more: list[int]) -> None:
    lookup = IdLookup(np.array([*table], np.uint64), np.array([*table.values()], np.int64))
    ids = np.array([*table, *more, 0], np.uint64)
    assert lookup(ids).tolist() == [table.get(int(i), -1) for i in ids.tolist()]
    assert lookup.lacks(ids) == any(i and i not in table for i in more)


def test_words_and_stacks_are_numbered_once() -> None:
    words = TextTable()
    assert [words.number(text) for text in ("a", "", "b", "a")] == [1, 0, 2, 1]
    assert words.texts == ("", "a", "b")
    stacks = TraceStacks()
    frames = [
        stacks.frame("f", "f.go", 1),
        stacks.frame("g", "g.go", 2),
        stacks.frame("f", "f.go", 1),
    ]
    assert frames == [0, 1, 0]
    pairs = [np.array(pair, np.int32) for pair in ((0, 1), (1,), (0, 1))]
    assert [stacks.stack(pair, "g") for pair in pairs] == [0, 1, 0]
    assert [stack.tolist() for stack in stacks.stacks] == [[0, 1], [1]]


def test_of_too_many_rows_the_longest_stay() -> None:
    kept = BoundedRows(3, "ns")
    for begin in (0, 5, 10):
        kept.add({"ns": np.arange(begin, begin + 5), "name": np.arange(begin, begin + 5) * 10})
    assert kept.columns()["ns"].tolist() == [12, 13, 14]
    assert kept.columns()["name"].tolist() == [120, 130, 140]
    assert kept.left_out == 12
    first = BoundedRows(3)
    first.add({"ns": np.arange(9)})
    assert first.columns()["ns"].tolist() == [0, 1, 2]
    assert BoundedRows().columns() == {}


def test_numbers_are_written_as_they_are_read() -> None:
    assert number(300) == b"\xac\x02"


def test_the_type_of_an_experiment_is_not_taken_for_another_one() -> None:
    """Its byte and the first bytes of the time look like one number that ends in a known type."""
    batch = numbers(9, 0, 0, 0) + b"\x88\x0b\x00" + numbers(9, 7, 0, 0)
    events = decoded([batch], 1.0)
    assert events.type.tolist() == [9, 9]
    assert events.time.tolist() == [1000, 1000 + 11 + 7]
