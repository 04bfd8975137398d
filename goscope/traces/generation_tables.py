"""The tables of a generation (strings, stacks, clock, CPU samples), and those of the whole capture.

A trace gives strings and stacks ids that are valid within one generation. :class:`TextTable` and
:class:`TraceStacks` give equal texts and equal stacks one number in the whole capture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from goscope.traces.arrays import Int32, Ints, among, numbered
from goscope.traces.event_table import (
    CLOCK_SNAPSHOT,
    CPU_SAMPLE,
    CPU_SAMPLES,
    FREQUENCY,
    MOST_FRAMES,
    STACK,
    STACKS,
    STRING,
    STRINGS,
    SYNC,
)
from goscope.traces.generations import Batch, Generation
from goscope.traces.varints import DamagedTrace, all_values, varint

#: More strings or stacks than this in a second mean harm.
MOST_ENTRIES = 2_000_000
#: The types of batches that hold tables; the clock is its own since format 1.25.
TABLE_TYPES = {
    22: frozenset({STRINGS, STACKS, CPU_SAMPLES, FREQUENCY}),
    23: frozenset({STRINGS, STACKS, CPU_SAMPLES, FREQUENCY}),
    25: frozenset({STRINGS, STACKS, CPU_SAMPLES, SYNC}),
    26: frozenset({STRINGS, STACKS, CPU_SAMPLES, SYNC}),
}
#: The columns of :attr:`GenerationTables.samples`.
SAMPLE_TIME, SAMPLE_M, SAMPLE_P, SAMPLE_G, SAMPLE_STACK = range(5)


class TextTable:
    """Texts by number, over all traces."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {"": 0}

    def number(self, text: str) -> int:
        """The number of a text, new or known; that of the empty one is 0."""
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> tuple[str, ...]:
        """All texts, by their numbers."""
        return tuple(self._numbers)


class TraceStacks:
    """Distinct stacks by number, over all traces; a frame is a (function, file, line), the top first."""

    def __init__(self) -> None:
        self._frames: dict[tuple[str, str, int], int] = {}
        self._stacks: dict[bytes, int] = {}
        #: The root frame's function of each stack, as a number of ``names``.
        self.roots: list[int] = []
        self.names = TextTable()

    def __len__(self) -> int:
        return len(self._stacks)

    def frame(self, function: str, file: str, line: int) -> int:
        """The number of a frame, new or known."""
        return self._frames.setdefault((function, file, line), len(self._frames))

    def stack(self, frames: Int32, root: str) -> int:
        """The number of a stack of such frames, new or known."""
        key = frames.tobytes()
        number = self._stacks.get(key)
        if number is None:
            number = self._stacks[key] = len(self._stacks)
            self.roots.append(self.names.number(root))
        return number

    @property
    def frames(self) -> Sequence[tuple[str, str, int]]:
        """All frames, by their numbers."""
        return tuple(self._frames)

    @property
    def stacks(self) -> Sequence[Int32]:
        """The frames of each stack."""
        return [np.frombuffer(key, np.int32) for key in self._stacks]


class IdLookup:
    """From the ids of a generation to numbers; -1 for id 0 and for ids that are in no table."""

    def __init__(self, ids: Ints, numbers: Ints):
        order = np.argsort(ids, kind="stable")
        self._ids = ids[order].astype(np.uint64)
        self._numbers = numbers[order].astype(np.int32)
        self._dense: Int32 | None = None
        most = int(self._ids[-1]) if len(self._ids) else 0
        if most <= 4 * len(self._ids) + 1024:
            self._dense = np.full(
                most + 2, -1, np.int32
            )  # the last place is for all that is beyond
            self._dense[self._ids] = self._numbers

    def lacks(self, ids: Ints) -> bool:
        """Whether one of the ids, other than 0, is in no table."""
        named = ids[self(ids) < 0]  # also of what is in the table and leads to none
        return bool((~among(named[named > 0].astype(np.uint64), self._ids)).any())

    def __call__(self, ids: Ints) -> Int32:
        """The number of each id."""
        if self._dense is not None:
            return self._dense.take(np.minimum(ids, len(self._dense) - 1))
        place = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
        return np.where(self._ids[place] == ids, self._numbers[place], -1).astype(np.int32)


@dataclass(slots=True)
class GenerationTables:
    """The tables of one generation.

    ``scale`` is the length of a tick in nanoseconds. ``stacks`` maps ids to the numbers of a
    :class:`TraceStacks`, ``strings`` maps ids to positions in ``texts``. ``samples`` has a row per CPU
    sample. ``snapshot`` is the same moment in ticks and in nanoseconds since 1970.
    """

    scale: float = 0.0
    snapshot: tuple[int, int] | None = None
    texts: list[str] = field(default_factory=list)
    strings: IdLookup = field(default_factory=lambda: IdLookup(np.zeros(0, int), np.zeros(0, int)))
    stacks: IdLookup = field(default_factory=lambda: IdLookup(np.zeros(0, int), np.zeros(0, int)))
    samples: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros((0, 5), np.uint64))


def read_tables(generation: Generation, known: TraceStacks) -> GenerationTables:
    """The tables of a generation, its stacks made known.

    Raises:
        Broken: a table is damaged, or the clock is missing.
    """
    found = GenerationTables()
    by_type: dict[int, list[Batch]] = {}
    for batch in generation.tables:
        by_type.setdefault(int(generation.data[batch.start]), []).append(batch)
    for batch in by_type.get(SYNC, []) + by_type.get(FREQUENCY, []):
        _read_clock(found, generation, batch)
    if not found.scale:
        raise DamagedTrace("a generation has no clock")
    try:
        ids = _read_strings(found, generation, by_type.get(STRINGS, []))
        found.strings = IdLookup(np.array(ids, np.uint64), np.arange(len(ids)))
        _read_stacks(found, generation, by_type.get(STACKS, []), known)
        parts = [_samples(_numbers(generation, batch)) for batch in by_type.get(CPU_SAMPLES, [])]
        found.samples = np.concatenate([found.samples, *parts])
    except (IndexError, ValueError) as error:
        raise DamagedTrace("a damaged table of strings, stacks or samples") from error
    return found


def _numbers(generation: Generation, batch: Batch) -> npt.NDArray[np.uint64]:
    """The content of a batch behind its first byte, which holds nothing but numbers."""
    return all_values(generation.data[batch.start + 1 : batch.start + batch.size])


def _read_clock(found: GenerationTables, generation: Generation, batch: Batch) -> None:
    """``8 frequency``, and from format 1.25 on ``50`` before it and ``51 dt mono sec nsec`` behind it."""
    offset = 0 if generation.data[batch.start] == FREQUENCY else 1
    numbers = all_values(generation.data[batch.start + offset : batch.start + batch.size]).tolist()
    while numbers:
        kind, *rest = numbers
        if kind == FREQUENCY and rest and not found.scale:
            if not 0 < rest[0] < 1 << 50:
                raise DamagedTrace("a clock that cannot be")
            found.scale = 1.0 / (rest[0] / 1e9)
            numbers = rest[1:]
        elif kind == CLOCK_SNAPSHOT and len(rest) >= 4 and found.snapshot is None:
            wall = rest[2] * 10**9 + rest[3]
            found.snapshot = (batch.ticks + rest[0], wall) if wall < 1 << 63 else None
            numbers = rest[4:]
        else:
            raise DamagedTrace("a damaged clock")


def _read_strings(
    found: GenerationTables, generation: Generation, batches: Iterable[Batch]
) -> list[int]:
    """``5 id length bytes``, again and again; the ids."""
    ids: list[int] = []
    for batch in batches:
        data = generation.data[batch.start : batch.start + batch.size].tobytes()
        at = 1
        while at < len(data):
            if data[at] != STRING:
                raise DamagedTrace("a damaged table of strings")
            number, at = varint(data, at + 1)
            size, at = varint(data, at)
            if at + size > len(data):
                raise DamagedTrace("a string is cut off")
            ids.append(number)
            found.texts.append(data[at : at + size].decode("utf-8", "replace"))
            at += size
        if len(ids) > MOST_ENTRIES:
            raise DamagedTrace(f"a generation has more than {MOST_ENTRIES:,} strings")
    return ids


def _read_stacks(
    found: GenerationTables, generation: Generation, batches: Iterable[Batch], known: TraceStacks
) -> None:
    """``3 id count`` and for each frame ``pc function file line``, the top first."""
    ids: list[int] = []
    sizes: list[int] = []
    parts: list[npt.NDArray[np.uint64]] = []
    for batch in batches:
        numbers = _numbers(generation, batch)
        heads = numbers.tolist()
        at = 0
        while at < len(heads):
            count = heads[at + 2]
            if heads[at] != STACK or count > MOST_FRAMES or at + 3 + 4 * count > len(heads):
                raise DamagedTrace("a damaged table of stacks")
            ids.append(heads[at + 1])
            sizes.append(count)
            parts.append(numbers[at + 3 : at + 3 + 4 * count])
            at += 3 + 4 * count
        if len(ids) > MOST_ENTRIES:
            raise DamagedTrace(f"a generation has more than {MOST_ENTRIES:,} stacks")
    if not ids:
        return
    frames = np.concatenate(parts).reshape(-1, 4)
    numbers_of_frames = _frames(found, frames, known)
    names = [function for function, _, _ in known.frames]
    stacks = np.empty(len(ids), np.int64)
    begin = 0
    for place, size in enumerate(sizes):
        end = begin + size
        while (
            end > begin and not frames[end - 1, 0]
        ):  # no frame: go tool trace takes it as none, too
            end -= 1
        mine = numbers_of_frames[begin:end]
        stacks[place] = known.stack(mine, names[mine[-1]]) if end > begin else -1
        begin += size
    found.stacks = IdLookup(np.array(ids, np.uint64), stacks)


def _frames(found: GenerationTables, frames: npt.NDArray[np.uint64], known: TraceStacks) -> Int32:
    """The number of each frame. What a pc stands for is said again and again, so each is looked at once."""
    _, first, turn = numbered(frames[:, 0])
    texts = [*found.texts, ""]
    functions, files = (found.strings(frames[first, column]).tolist() for column in (1, 2))
    lines = np.minimum(frames[first, 3], np.uint64(np.iinfo(np.int32).max)).tolist()
    numbers = [
        known.frame(texts[function], texts[file], line)
        for function, file, line in zip(functions, files, lines, strict=True)
    ]
    return np.array(numbers, np.int32)[turn]


def _samples(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """``7 time m p g stack``, again and again."""
    rows = numbers.reshape(-1, 6)
    if (rows[:, 0] != CPU_SAMPLE).any():
        raise DamagedTrace("a damaged table of CPU samples")
    return rows[:, 1:]
