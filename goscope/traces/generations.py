"""Cuts the bytes of a trace into generations of batches, one generation in memory at a time.

A batch is what one thread (M) wrote: a header and at most 64 KiB. A generation is about a second;
strings and stacks hold within theirs only. From format 26 on a byte ends a generation; before, the first
batch of the next one does, or the end of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from goscope.errors import InputError
from goscope.traces.arrays import Bytes
from goscope.traces.event_table import (
    END_OF_GENERATION,
    EVENT_BATCH,
    EXPERIMENTAL_BATCH,
    MOST_BATCH,
)
from goscope.traces.varints import DamagedTrace, varint

#: What a trace starts with: ``go 1.26 trace`` and NULs.
HEADER = 16
#: A batch header: type, experiment, four numbers.
_MOST_HEADER = 2 + 4 * 10
#: More than a machine with hundreds of busy cores writes in the second that a generation takes.
MOST_GENERATION = 1 << 30
MOST_BATCHES = 1 << 20
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Batch:
    """Where the content of a batch lies, the thread that wrote it, and the ticks that its times start at."""

    start: int
    size: int
    m: int
    ticks: int


@dataclass(slots=True)
class Generation:
    """The batches of a generation: those of events, and those of tables by their first byte.

    ``closed`` says that it is known to be whole. ``size`` counts its bytes, headers included.
    """

    number: int
    data: Bytes = field(default_factory=lambda: np.zeros(0, np.uint8))
    events: list[Batch] = field(default_factory=list)
    tables: list[Batch] = field(default_factory=list)
    closed: bool = False
    size: int = 0

    @property
    def first_ticks(self) -> int:
        """The earliest time of a batch, which ``go tool trace`` takes as the generation's start."""
        return min(batch.ticks for batch in (*self.events, *self.tables))


class GenerationReader:
    """The generations of a trace whose header was taken off.

    After the last generation ``size`` is the number of bytes that were read, ``left`` the number of bytes
    that are part of no generation, and ``why`` the reason for these.
    """

    def __init__(self, chunks: Iterable[bytes], format_version: int, table_types: frozenset[int]):
        self._chunks = iter(chunks)
        self._ends_are_marked = format_version >= 26
        self._knows_experiments = format_version >= 23
        self._table_types = table_types
        self._buffer = bytearray()
        self._at = 0
        self.size = 0
        self.left = 0
        self.why: str | None = None

    def generations(self) -> Iterator[Generation]:
        """The generations in order. The last one need not be whole.

        Raises:
            InputError: the chunks raised it.
        """
        found: Generation | None = None
        begin = 0
        try:
            while self._available(1):
                begin = self._at
                if self._buffer[begin] == END_OF_GENERATION and self._ends_are_marked:
                    self._at += 1
                    if found is not None:
                        yield self._finished(found, closed=True)
                    found = None
                    continue
                number, kind, batch = self._batch()
                if found is None:
                    found = Generation(number)
                elif number == found.number + 1 and not self._ends_are_marked:
                    next_one = self._finished(found, closed=True, until=begin)
                    begin, batch = 0, Batch(batch.start - begin, batch.size, batch.m, batch.ticks)
                    yield next_one
                    found = Generation(number)
                elif number != found.number:
                    raise DamagedTrace(f"generation {number} follows on {found.number}")
                if kind == EVENT_BATCH and batch.size:
                    table = self._buffer[batch.start] in self._table_types
                    (found.tables if table else found.events).append(batch)
                if len(found.events) + len(found.tables) > MOST_BATCHES:
                    raise DamagedTrace(f"a generation has more than {MOST_BATCHES:,} batches")
                if self._at > MOST_GENERATION:
                    raise DamagedTrace(f"a generation is larger than {MOST_GENERATION >> 20} MiB")
        except DamagedTrace as error:
            self.why = str(error)
            self._at = begin
        except IndexError:
            self.why = "it is cut off"
            self._at = begin
        except InputError:
            self.why = "the rest cannot be read"
            self.left += len(self._buffer)
            raise
        if found is not None and self._ends_are_marked:
            self.why = self.why or "it is cut off"
            found = None
            self._at = 0
        if found is not None:
            yield self._finished(found, closed=False)
        self.drop(0)

    def drop(self, size: int, why: str | None = None) -> None:
        """Count ``size`` bytes, and all that follow, as not usable."""
        self.why = why or self.why
        self.left += size + len(self._buffer) - self._at
        self._buffer, self._at = bytearray(), 0
        for chunk in self._chunks:
            self.size += len(chunk)
            self.left += len(chunk)

    def _finished(self, found: Generation, *, closed: bool, until: int | None = None) -> Generation:
        """The generation with its bytes, which are removed from the buffer."""
        whole, end = self._buffer, self._at if until is None else until
        self._buffer = whole[end:]
        self._at -= end
        found.data = np.frombuffer(whole, np.uint8)[:end]
        found.closed = closed
        found.size = end
        return found

    def _batch(self) -> tuple[int, int, Batch]:
        """Skip the next batch; returns its generation, its type and where it is."""
        self._available(_MOST_HEADER)
        buffer, at = self._buffer, self._at
        kind = buffer[at]
        at += 1
        if kind == EXPERIMENTAL_BATCH and self._knows_experiments:
            at += 1
        elif kind != EVENT_BATCH:
            raise DamagedTrace(f"a batch of type {kind}")
        number, at = varint(buffer, at)
        m, at = varint(buffer, at)
        ticks, at = varint(buffer, at)
        size, at = varint(buffer, at)
        if not number or size > MOST_BATCH or ticks > _LARGEST:
            raise DamagedTrace("a batch header that cannot be")
        self._at = at
        if not self._available(size):
            raise IndexError
        self._at += size
        return number, kind, Batch(at, size, m, ticks)

    def _available(self, size: int) -> bool:
        """Read until ``size`` bytes are in the buffer; False if the trace ends before."""
        while len(self._buffer) - self._at < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self.size += len(chunk)
            self._buffer += chunk
        return True
