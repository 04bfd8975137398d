"""Turns the batches of events of a generation into columns.

An event is the byte of its type followed by varints: the time since the previous event, and the arguments
of the type. A byte below 128 ends a varint, and a type is such a byte, so a batch is a sequence of tokens,
and the type says how many tokens the next event is away. Many batches are followed at the same time, one
lane each. A batch whose last event does not end with the batch is read byte by byte: it is damaged, or
holds events of experiments, whose types are above 127.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from goscope.traces.arrays import Bytes, Int32, Int64, Ints
from goscope.traces.event_table import FIRST_EXPERIMENTAL, MOST_ARGUMENTS, MOST_BATCH, ByType
from goscope.traces.generations import Batch
from goscope.traces.varints import NONE, NONE_32, DamagedTrace, ends_of, values_at, varint

#: Batches that are read at the same time: few enough for their bytes to stay in the cache.
LANES = 64
#: An event is two bytes at least.
_MOST_EVENTS = MOST_BATCH // 2
_LOOK_EVERY = 128
#: 19 hours between two events of a batch, in ticks of 64 ns.
_LONGEST_TICKS = 1 << 40
#: In nanoseconds: a century is less.
_LATEST = 1 << 61


@dataclass(slots=True)
class Events:
    """The events of batches, in their order.

    ``time`` is in nanoseconds; each difference is truncated, as in ``go tool trace``. ``arguments`` are the
    first three, as columns of 32 bits, or of 64 where a number needs it; where an event has fewer, the value
    is undefined. ``counts`` are the events of each batch. ``fourth`` holds the fourth arguments of the events
    at the positions ``with_fourth``.
    """

    type: Bytes
    time: Int64
    arguments: tuple[npt.NDArray[Any], ...]
    with_fourth: Int64
    fourth: npt.NDArray[Any]
    counts: Int64

    def __len__(self) -> int:
        return len(self.type)

    def fourth_of(self, positions: Ints) -> npt.NDArray[Any]:
        """The fourth argument of events that have one."""
        return self.fourth[np.searchsorted(self.with_fourth, positions)]


def decode(data: Bytes, batches: Sequence[Batch], arities: ByType, scale: float) -> Events:
    """The events of these batches, in this order; ``scale`` are the nanoseconds of a tick.

    Raises:
        Broken: a batch holds something else.
    """
    if max((batch.ticks for batch in batches), default=0) * scale > _LATEST:
        raise DamagedTrace("a time that cannot be")
    out = _EventColumns(sum(batch.size for batch in batches))
    for first in range(0, len(batches), LANES):
        lanes = batches[first : first + LANES]
        decoded = _lockstep(data, lanes, arities, scale, out)
        if decoded:
            continue
        for lane in lanes:  # which of them is odd?
            if not _lockstep(data, [lane], arities, scale, out):
                _plain(data, lane, arities, scale, out)
    return out.events()


class _EventColumns:
    """Columns that grow. Reserved rows take no memory until they are written."""

    def __init__(self, size: int):
        most = size // 2 + 1
        self._rows = 0
        self._type = np.empty(most, np.uint8)
        self._time = np.empty(most, np.int64)
        self._arguments: list[npt.NDArray[Any]] = [np.empty(most, np.uint32) for _ in range(3)]
        self._with_fourth: list[Int64] = []
        self._fourth: list[npt.NDArray[Any]] = []
        self._counts: list[Int64] = []

    def begin(self, types: Bytes, times: Ints, counts: Int64) -> None:
        """Append events; ``counts`` are those of each batch."""
        end = self._rows + len(types)
        self._type[self._rows : end] = types
        self._time[self._rows : end] = times
        self._counts.append(counts)
        self._rows = end

    def argument(self, number: int, at: Ints, of: int, values: npt.NDArray[Any]) -> None:
        """An argument of the events at these positions among the last ``of``."""
        begin = self._rows - of
        if number >= len(self._arguments):
            self._with_fourth.append(at.astype(np.int64) + begin)
            self._fourth.append(values)
            return
        column = self._arguments[number]
        if values.dtype == np.uint64 and column.dtype == np.uint32:
            column = self._arguments[number] = _widened(column, begin)
        elif values.dtype == np.uint32 and column.dtype == np.uint64:
            values = _widened(values, len(values))
        column[begin : self._rows][at] = values

    def events(self) -> Events:
        rows = self._rows
        nothing = np.zeros(0, np.int64)
        return Events(
            self._type[:rows],
            self._time[:rows],
            tuple(column[:rows] for column in self._arguments),
            np.concatenate([nothing, *self._with_fourth]),
            np.concatenate([part.astype(np.uint64) for part in self._fourth])
            if self._fourth
            else np.zeros(0, np.uint64),
            np.concatenate([nothing, *self._counts]),
        )


def _widened(column: npt.NDArray[Any], rows: int) -> npt.NDArray[np.uint64]:
    wide = np.empty(len(column), np.uint64)
    wide[:rows] = column[:rows]
    wide[:rows][column[:rows] == NONE_32] = NONE
    return wide


def _lockstep(
    data: Bytes,
    batches: Sequence[Batch],
    arities: ByType,
    scale: float,
    out: _EventColumns,
) -> bool:
    """Read batches, one lane each; False, and nothing is read, if the events of one do not fill it."""
    bytes_ = np.concatenate([data[b.start : b.start + b.size] for b in batches])
    sizes = np.array([batch.size for batch in batches])
    ends = ends_of(bytes_)
    if not len(ends):
        return False
    behind = np.cumsum(sizes)
    if (bytes_[behind - 1] >= FIRST_EXPERIMENTAL).any():
        return False
    lane_ends = np.searchsorted(ends, behind - 1).astype(np.int32) + 1
    lane_begins = np.concatenate([[0], lane_ends[:-1]]).astype(np.int32)
    last = bytes_.take(ends)
    jump = np.arange(1, len(ends) + 1, dtype=np.int32)
    jump += arities[last]
    heads, counts = _heads(jump, lane_begins, lane_ends)
    types = last.take(heads)
    if not (arities[types] > 0).all():
        return False
    # A type is a token of one byte; that of an experiment is the beginning of a longer one.
    places = ends.take(heads)
    if (bytes_.take(places[places > 0] - 1) >= FIRST_EXPERIMENTAL).any():
        return False
    final = heads[np.cumsum(counts) - 1]
    if not (jump.take(final) == lane_ends).all():
        return False
    try:
        ticks = values_at(bytes_, ends, heads + 1)
        if int(ticks.max(initial=0)) >= min(
            _LONGEST_TICKS, NONE_32 if ticks.itemsize == 4 else NONE
        ):
            return False
        arguments = []
        for number in range(MOST_ARGUMENTS):
            at = np.flatnonzero(arities[types] > number + 1)
            if len(at):
                arguments.append(
                    (number, at, values_at(bytes_, ends, heads.take(at) + (number + 2)))
                )
    except DamagedTrace:
        return False
    out.begin(types, _times(ticks, counts, batches, scale), counts)
    for number, at, values in arguments:
        out.argument(number, at, len(types), values)
    return True


def _heads(jump: Int32, begins: Int32, ends: Int32) -> tuple[Int32, Int64]:
    """The first token of each event, lane after lane, and how many each lane has.

    The lanes take four events at a time, and the three between are filled in afterwards: a step of all lanes
    takes microseconds, however few lanes there are.
    """
    two = jump.take(jump, mode="clip")
    four = two.take(two, mode="clip")
    most = (min(_MOST_EVENTS, int((ends - begins).max())) + 1) // 4 + 1
    path = np.empty((most, len(begins)), np.int32)
    path[0] = begins
    step = 1
    while step < most:
        until = min(step + _LOOK_EVERY, most)
        for row in range(step, until):
            four.take(path[row - 1], out=path[row], mode="clip")
        step = until
        if (path[step - 1] >= ends).all():
            break
    paths = np.empty((len(begins), step, 4), np.int32)
    paths[:, :, 0] = path[:step].T
    paths[:, :, 2] = two.take(paths[:, :, 0], mode="clip")
    paths[:, :, 1::2] = jump.take(paths[:, :, ::2], mode="clip")
    flat = paths.reshape(len(begins), -1)
    inside = flat < ends[:, None]
    return flat[inside], inside.sum(axis=1)


def _times(ticks: npt.NDArray[Any], counts: Ints, batches: Sequence[Batch], scale: float) -> Int64:
    """The time of each event: that of its batch and all differences until then."""
    whole = scale == int(scale)
    steps = ticks.astype(np.int64) * int(scale) if whole else (ticks * scale).astype(np.int64)
    times = np.cumsum(steps)
    begins = np.cumsum(counts) - counts
    before = times[begins] - steps[begins]
    bases = np.array([base_time(batch, scale) for batch in batches])
    return np.asarray(times + np.repeat(bases - before, counts))


def base_time(batch: Batch, scale: float) -> int:
    """The time that a batch starts at, in nanoseconds."""
    return int(batch.ticks * scale)


def _plain(data: Bytes, batch: Batch, arities: ByType, scale: float, out: _EventColumns) -> None:
    """Read one batch number by number, over events of experiments."""
    bytes_ = data[batch.start : batch.start + batch.size].tobytes()
    arity_of = arities.table.tolist()
    time = base_time(batch, scale)
    types: list[int] = []
    times: list[int] = []
    arguments: list[list[int]] = [[] for _ in range(MOST_ARGUMENTS)]
    positions: list[list[int]] = [[] for _ in range(MOST_ARGUMENTS)]
    at = 0
    try:
        while at < len(bytes_):
            kind = bytes_[at]
            if not arity_of[kind]:
                raise DamagedTrace(f"an event of type {kind}")
            ticks, at = varint(bytes_, at + 1)
            if ticks > _LONGEST_TICKS:
                raise DamagedTrace("a time that cannot be")
            time += int(ticks * scale)
            for number in range(arity_of[kind] - 1):
                value, at = varint(bytes_, at)
                if kind < FIRST_EXPERIMENTAL:
                    arguments[number].append(value)
                    positions[number].append(len(types))
            if kind < FIRST_EXPERIMENTAL:
                types.append(kind)
                times.append(time)
    except IndexError:
        raise DamagedTrace("an event is cut off") from None
    out.begin(np.array(types, np.uint8), np.array(times, np.int64), np.array([len(types)]))
    for number, values in enumerate(arguments):
        if values:
            column = np.array(values, np.uint64)
            out.argument(number, np.array(positions[number]), len(types), column)
