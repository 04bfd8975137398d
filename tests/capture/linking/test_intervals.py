"""The share of the CPU of each GC cycle, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

import goscope
from tests.rules.traces import cycle


def shares(text: str) -> list[float]:
    found: list[float] = goscope.read(text).table("gc").numbers("interval_cpu_percent").tolist()
    return found


def test_the_cpu_of_a_cycle_against_the_time_to_the_next() -> None:
    """0.050 + 10 + 29.938 + 0.012 = 40 ms of 4 Ps for 100 ms are 10 %; idle marking is left out."""
    text = cycle(1, 1.0, assist=10, background=29.9, idle=300) + cycle(2, 1.1)
    first, last = shares(text)
    assert first == pytest.approx(39.962 / 400 * 100)
    assert np.isnan(last)


def test_a_new_process_has_no_part_in_the_one_before() -> None:
    text = cycle(1, 1.0) + cycle(2, 2.0) + cycle(1, 0.5) + cycle(2, 1.5)
    found = shares(text)
    assert [np.isnan(share) for share in found] == [False, True, False, True]


def test_two_cycles_at_once_are_no_division_by_zero() -> None:
    assert np.isnan(shares(cycle(1, 1.0) + cycle(2, 1.0))[0])
    assert np.isnan(shares(cycle(1, 1.0))[0])
