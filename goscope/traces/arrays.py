"""The arrays that traces are made of."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Bytes: TypeAlias = npt.NDArray[np.uint8]
Int32: TypeAlias = npt.NDArray[np.int32]
Int64: TypeAlias = npt.NDArray[np.int64]
#: Of any width, signed or not.
Ints: TypeAlias = npt.NDArray[np.integer[Any]]
Mask: TypeAlias = npt.NDArray[np.bool_]


def among(values: Ints, known: Ints) -> Mask:
    """Which of the values are among the known ones; ``np.isin``, which loads masked arrays for it."""
    if not len(known):
        return np.zeros(len(values), np.bool_)
    in_order = np.sort(known)
    place = np.minimum(np.searchsorted(in_order, values), len(in_order) - 1)
    return np.asarray(in_order[place] == values)


def numbered(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Int64, Int64]:
    """The distinct values in order, where each is first, and the place of each value among them.

    ``np.unique``, which loads masked arrays for it.
    """
    order = np.argsort(values, kind="stable")
    in_order = values[order]
    new = np.ones(len(values), np.bool_)
    np.not_equal(in_order[1:], in_order[:-1], out=new[1:])
    turn = np.empty(len(values), np.int64)
    turn[order] = np.cumsum(new) - 1
    return in_order[new], order[new], turn
