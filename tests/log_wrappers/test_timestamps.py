"""Time stamps of wrappers as nanoseconds since 1970."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.log_wrappers.timestamps import NEVER, Stamp, nanoseconds, one

DAY = 1_795_392_000  # 2026-11-23T00:00:00Z


@pytest.mark.parametrize(
    ("stamp", "seconds", "rest"),
    [
        (b"2026-11-23T22:00:01.000000123Z", 79_201, 123),
        (b"2026-11-23T22:00:01.2Z", 79_201, 200_000_000),
        (b"2026-11-23T22:00:01+0200", 72_001, 0),
        (b"2026-11-23 22:00:01,500 -03:30", 91_801, 500_000_000),
        (b"2026/11/23 22:00:01.123456", 79_201, 123_456_000),
        (b"2026-11-23 22:00:01 UTC", 79_201, 0),
        (b"1795471201.25", 79_201, 250_000_000),
        (b"1795471201250000", 79_201, 250_000_000),
        (1795471201.25, 79_201, 250_000_000),
        (1795471201250, 79_201, 250_000_000),
    ],
)
def test_forms(stamp: Stamp, seconds: int, rest: int) -> None:
    assert one(stamp) == (DAY + seconds) * 10**9 + rest


@pytest.mark.parametrize(
    "stamp",
    [
        None,
        b"",
        b"Nov 23 22:00:00",
        b"22:00:00",
        b"2026-02-30T22:00:00Z",
        b"2026-11-23T29:00:00Z",
        True,
        12,
        float("nan"),
        float("inf"),
        1e300,
        10**400,
        b"9" * 19,
    ],
)  # fmt: skip
def test_what_is_no_time(stamp: Stamp) -> None:
    assert one(stamp) == NEVER


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.integers(0, 9),
    st.lists(st.integers(0, 86_399_999_999), min_size=1, max_size=40),
)
def test_many_at_once_are_as_one_by_one(
    day: datetime, zone: int, digits: int, micros: list[int]
) -> None:
    """Equal or not in length, on one day or two."""
    stamps: list[Stamp] = []
    for micro in micros:
        time = day + timedelta(microseconds=micro)
        fraction = f".{time.microsecond * 1000:09}"[: digits + 1] if digits else ""
        sign = "-" if zone < 0 else "+"
        text = f"{time:%Y-%m-%dT%H:%M:%S}{fraction}{sign}{abs(zone) // 60:02}:{abs(zone) % 60:02}"
        stamps.append(text.encode())
        whole = time.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=zone)))
        expected = int(whole.timestamp()) * 10**9 + (
            int(fraction[1:].ljust(9, "0")) if digits else 0
        )
        assert one(stamps[-1]) == expected
    assert nanoseconds(stamps).tolist() == [one(stamp) for stamp in stamps]


@given(st.lists(st.none() | st.binary(max_size=30) | st.integers() | st.floats(), max_size=20))
def test_anything_is_a_time_or_none(stamps: list[Stamp]) -> None:
    assert nanoseconds(stamps).tolist() == [one(stamp) for stamp in stamps]
