"""Curves with fewer points: the extremes stay, nothing is made up."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from goscope.tables.downsampling import curve, grid

VALUES = st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(float("nan"))), min_size=0, max_size=400)


@given(VALUES, st.integers(4, 60))
def test_extremes_and_ends_stay(values: list[float], points: int) -> None:
    y = np.array(values)
    x = np.arange(len(y), dtype=float)
    made = curve(x, y, points=points)
    known = ~np.isnan(y)
    assert made.samples == known.sum()
    assert len(made.x) <= points
    if not known.any():
        assert len(made.x) == 0
        return
    assert made.y.min() == y[known].min()
    assert made.y.max() == y[known].max()
    assert (made.x[0], made.x[-1]) == (x[known][0], x[known][-1])
    assert (np.diff(made.x) > 0).all()
    # Every point that is left is a sample.
    assert (y[made.x.astype(int)] == made.y).all()
    assert made.reduced == (known.sum() > points)


def test_a_single_peak_of_a_million_stays() -> None:
    y = np.zeros(1_000_000)
    y[654_321] = 7
    made = curve(np.arange(1_000_000.0), y, points=1000)
    assert 654_321 in made.x.tolist()
    assert len(made.x) <= 1000


@given(
    st.lists(
        st.tuples(st.integers(0, 49), st.integers(0, 9), st.integers(0, 99)),
        min_size=1,
        max_size=80,
    ),
    st.integers(1, 60),
    st.integers(1, 12),
)
def test_a_grid_holds_the_largest_of_each_stretch(
    cells: list[tuple[int, int, int]], columns: int, rows: int
) -> None:
    sample, row, value = (np.array(part) for part in zip(*cells, strict=True))
    made = grid(sample, row, value, samples=50, rows=rows, columns=columns)
    assert made.values.shape[1] == min(50, columns)
    assert made.values.shape[0] <= rows
    bounds = [*made.first_sample.tolist(), 50]
    for (r, c), found in np.ndenumerate(made.values):
        inside = [
            v
            for s, p, v in cells
            if bounds[c] <= s < bounds[c + 1] and p // made.rows_together == r
        ]
        assert found == max(inside, default=-1)
