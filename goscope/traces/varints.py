"""Unsigned LEB128 numbers of at most ten bytes, one by one and a million at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from goscope.traces.arrays import Bytes, Int32, Ints


class DamagedTrace(Exception):
    """The bytes are no trace from here on; the message says why, in a few words."""


#: What Go writes for "none": a thread, a P.
NONE = (1 << 64) - 1
#: The same in a column of 32 bits.
NONE_32 = (1 << 32) - 1
_LONGEST = 10


def varint(data: bytes | bytearray | memoryview, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it.

    Raises:
        IndexError: the data end before the number does.
        Broken: it is longer than a number can be.
    """
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    if value > NONE or shift > 63:
        raise DamagedTrace("a number is too large")
    return value, at


def ends_of(data: Bytes) -> Int32:
    """Where the numbers end: the places of all bytes that are the last of one."""
    return np.flatnonzero(data < 0x80).astype(np.int32)


def values_at(data: Bytes, ends: Int32, which: Ints) -> npt.NDArray[Any]:
    """The numbers with these positions among all numbers (not the first), as 32 or 64 bits.

    In 32 bits :data:`NONE` is :data:`NONE_32`, which no other number is.

    Raises:
        Broken: one is longer than a number can be.
    """
    last = ends.take(which)
    size = last - ends.take(which - 1)
    longest = int(size.max(initial=1))
    if longest > _LONGEST:
        raise DamagedTrace("a number is too large")
    value: npt.NDArray[Any] = data.take(last).astype(np.uint32 if longest < 5 else np.uint64)
    rest: Ints | None = None
    for back in range(1, longest):
        rest = np.flatnonzero(size > back) if rest is None else rest[size[rest] > back]
        low = data.take(last[rest] - back) & 0x7F
        if back == _LONGEST - 1 and (value[rest] >= 1 << 57).any():
            raise DamagedTrace("a number is too large")
        value[rest] = (value[rest] << value.dtype.type(7)) | low
    if longest < 5:
        return value
    wide = value >= NONE_32
    if (value[wide] == np.uint64(NONE)).all():
        return value.astype(np.uint32)
    return value


def all_values(data: Bytes) -> npt.NDArray[np.uint64]:
    """All numbers of data that hold nothing else.

    Raises:
        Broken: they are cut, or one is longer than a number can be.
    """
    if not len(data):
        return np.zeros(0, np.uint64)
    if data[-1] >= 0x80:
        raise DamagedTrace("a number is cut off")
    ends = ends_of(data)
    first, _ = varint(data[: ends[0] + 1].tobytes(), 0)
    values = np.empty(len(ends), np.uint64)
    values[0] = first
    found = values_at(data, ends, np.arange(1, len(ends)))
    values[1:] = widened(found)
    return values


def widened(values: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Numbers of :func:`values_at` in 64 bits."""
    wide = values.astype(np.uint64)
    if values.dtype == np.uint32:
        wide[values == NONE_32] = NONE
    return wide
