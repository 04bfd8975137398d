"""Reads one execution trace, generation by generation, into sums that do not grow with its length."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from goscope.traces.batches import HEADER, Batches, Generation
from goscope.traces.blocking import Blocking
from goscope.traces.broken import Broken
from goscope.traces.decode import base_time, decode
from goscope.traces.dictionaries import SAMPLE_STACK, TABLE_TYPES, Stacks, Words, read_dictionary
from goscope.traces.event_table import FORMATS, arities
from goscope.traces.goroutines import Goroutines
from goscope.traces.histories import histories
from goscope.traces.spans import spans_of
from goscope.traces.syscalls import OpenCall, find_calls
from goscope.traces.threads import Held, by_thread, follow

_HEADER = re.compile(rb"go 1\.([0-9]{1,3}) trace\x00{1,4}")


class Unreadable(Exception):
    """The trace is of a format that is not read; the message says which, and what to do."""


class Trace:
    """One trace."""

    def __init__(self, input_name: str, stacks: Stacks, words: Words, *, spans: bool = False):
        self.input = input_name
        self.format = 0
        self.start: int | None = None
        self.end = 0
        self.generations = 0
        self.events = 0
        self.anomalies = 0
        self.samples = 0
        self.dropped = 0
        self.dropped_why: str | None = None
        self.wall_start: int | None = None
        self.blocking = Blocking()
        self.goroutines = Goroutines()
        self.held: dict[int, Held] = {}
        self._stacks = stacks
        self._words = words
        self._spans = spans
        self._calls: dict[int, OpenCall] = {}

    def read(self, chunks: Iterable[bytes]) -> str | None:
        """Read the trace to its end; why not all of it could be used.

        Raises:
            Unreadable: its format is not known.
            InputError: the chunks raised it; what was read before stays.
        """
        left = iter(chunks)
        self.format, rest = _header(left)
        batches = Batches(_chained(rest, left), self.format, TABLE_TYPES[self.format])
        for generation in batches.generations():
            try:
                self._take(generation)
            except Broken as error:
                batches.drop(generation.size, str(error))
                break
        self.dropped, self.dropped_why = batches.left, batches.why
        return self.dropped_why

    def _take(self, generation: Generation) -> None:
        dictionary = read_dictionary(generation, self._stacks)
        batches = by_thread(generation.events)
        events = decode(generation.data, batches, arities(self.format), dictionary.scale)
        start = int(generation.first_ticks * dictionary.scale)
        if self.start is None:
            self.start = start
        self.generations += 1
        self.events += len(events)
        np.subtract(events.time, self.start, out=events.time)
        start -= self.start
        _behind(events.time, self.end)
        threads = follow(events, batches, self.held)
        calls = find_calls(events, threads, self._calls)
        history = histories(
            events, threads, dictionary, self.goroutines, self._stacks, self._words, start
        )
        self.anomalies += history.anomalies
        spans = spans_of(history, events, threads, calls)
        self.blocking.add(spans)
        self.samples += len(dictionary.samples)
        self.blocking.add_samples(dictionary.stacks(dictionary.samples[:, SAMPLE_STACK]))
        self.end = max(self.end, int(events.time.max(initial=self.end)))
        self.goroutines.put(spans.goroutines)


def _behind(times: npt.NDArray[np.int64], end: int) -> None:
    """Move what is noted as earlier than the end of the generation before right behind that.

    Some threads write their first event of a generation before others write their last one of the generation
    before; ``go tool trace`` takes generations one after the other, and lets no time fall.
    """
    early = np.flatnonzero(times <= end) if end else np.zeros(0, np.int64)
    early = early[np.argsort(times[early], kind="stable")]
    times[early] = end + 1 + np.arange(len(early))


def _header(chunks: Iterator[bytes]) -> tuple[int, bytes]:
    """The version of the format, and what came along behind the header."""
    head = b""
    while len(head) < HEADER and (chunk := next(chunks, b"")):
        head += chunk
    found = _HEADER.match(head[:HEADER])
    if found is None:
        raise Unreadable(
            "this is the beginning of a Go execution trace, cut in its header; take it again"
        )
    version = int(found[1])
    if version in FORMATS:
        return version, head[HEADER:]
    if version < min(FORMATS):
        raise Unreadable(
            f"this is a Go execution trace in the format 1.{version} of Go 1.21 or older, and goscope reads "
            "those of Go 1.22 and newer; open it with go tool trace"
        )
    raise Unreadable(
        f"this is a Go execution trace in the format 1.{version}, which is newer than goscope knows (1.26); "
        "look for a newer goscope, or open it with go tool trace"
    )


def _chained(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
