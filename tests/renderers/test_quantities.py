"""Lengths of time and sizes as text."""

from __future__ import annotations

import pytest

from goscope.renderers.quantities import duration, plural, weight


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"), (1, "1 ns"), (999, "999 ns"), (1_000, "1 µs"), (85_440, "85.4 µs"), (999_999, "1,000 µs"),
        (45_189_000, "45.2 ms"), (698_123_456, "698 ms"), (1_394_799_872, "1.39 s"), (3_600_000_000_000, "3,600 s"),
    ],
)  # fmt: skip
def test_times_have_three_figures(ns: int, text: str) -> None:
    assert duration(ns) == text


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (512, "inuse_bytes", "512 B"), (1536, "inuse_bytes", "1.5 KiB"), (5 << 20, "alloc_bytes", "5.0 MiB"),
        (-(3 << 30), "inuse_bytes", "-3.0 GiB"), (0, "delay_ns", "0 ns"), (12_300_000, "delay_ns", "12.3 ms"),
        (1204, "count", "1,204"),
    ],
)  # fmt: skip
def test_weights_of_profiles_have_the_unit_of_their_column(
    value: int, column: str, text: str
) -> None:
    assert weight(value, column) == text


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (1, "goroutine", "1 goroutine"), (0, "dump", "0 dumps"), (1204, "more finding", "1,204 more findings"),
        (2, "more process", "2 more processes"), (2, "entry", "2 entries"), (2, "key", "2 keys"),
    ],
)  # fmt: skip
def test_counts_agree_with_their_nouns(count: int, noun: str, text: str) -> None:
    assert plural(count, noun) == text
