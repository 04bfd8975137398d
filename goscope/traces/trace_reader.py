"""Reads one execution trace, generation by generation, into sums that do not grow with its length."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from goscope.traces.annotations import Annotations
from goscope.traces.arrays import Int64
from goscope.traces.blocking_profiles import BlockingProfiles
from goscope.traces.bounded_rows import BoundedRows
from goscope.traces.decoded_generations import DecodedGeneration, decoded
from goscope.traces.event_columns import Events
from goscope.traces.event_table import FORMATS, NUMBER
from goscope.traces.generation_tables import (
    SAMPLE_STACK,
    TABLE_TYPES,
    GenerationTables,
    TextTable,
    TraceStacks,
)
from goscope.traces.generations import HEADER, Batch, GenerationReader
from goscope.traces.goroutine_summaries import GoroutineSummaries
from goscope.traces.histories import histories
from goscope.traces.latency_distributions import LatencyDistributions
from goscope.traces.live_goroutines import LiveGoroutines
from goscope.traces.longest_spans import LongestSpans
from goscope.traces.overview import Overview
from goscope.traces.proc_spans import CHANGE, closed_spans, open_spans, proc_changes, states_after
from goscope.traces.ranges import KINDS, Ranges
from goscope.traces.single_spans import SingleSpans
from goscope.traces.spans import spans_of
from goscope.traces.system_calls import OpenCall, find_calls
from goscope.traces.thread_contexts import ThreadState, follow

_HEADER = re.compile(rb"go 1\.([0-9]{1,3}) trace\x00{1,4}")


class UnsupportedTrace(Exception):
    """The trace is of a format that is not read; the message says which, and what to do."""


class Trace:
    """One trace."""

    def __init__(
        self, stream_id: int, stacks: TraceStacks, words: TextTable, *, spans: bool = False
    ):
        self.stream_id = stream_id  # the number of its input, for whoever reads several
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
        self.blocking = BlockingProfiles()
        self.latencies = LatencyDistributions()
        self.longest = LongestSpans()
        self.summaries = GoroutineSummaries(words.number("forever"), all_rows=spans)
        self.annotations = Annotations(words, self.latencies, all_rows=spans)
        self.overview = Overview(stacks, all_rows=spans)
        self.ranges = Ranges(words, self.overview.step_range, all_rows=spans)
        self.spans = SingleSpans() if spans else None
        self.proc_spans = BoundedRows()
        self.goroutines = LiveGoroutines()
        self.procs = np.zeros(0, CHANGE)
        self.held: dict[int, ThreadState] = {}
        self.gomaxprocs = 0
        self._stacks = stacks
        self._words = words
        self._calls: dict[int, OpenCall] = {}

    def read(self, chunks: Iterable[bytes]) -> str | None:
        """Read the trace to its end; why not all of it could be used.

        Raises:
            Unreadable: its format is not known.
            InputError: the chunks raised it; what was read before stays.
        """
        left = iter(chunks)
        self.format, rest = _header(left)
        batches = GenerationReader(
            itertools.chain((rest,), left), self.format, TABLE_TYPES[self.format]
        )
        try:
            for found in decoded(batches, self.format, self._stacks):
                self._take(found)
        finally:
            self.dropped, self.dropped_why = batches.left, batches.why
            self._finish()
        return self.dropped_why

    def _take(self, found: DecodedGeneration) -> None:
        """Take a generation."""
        dictionary, events = found.dictionary, found.events
        if self.start is None:
            self.start = found.start
        self._note_clock(dictionary)
        self.generations += 1
        self.events += len(events)
        self.samples += len(dictionary.samples)
        self.blocking.add_samples(dictionary.stacks(dictionary.samples[:, SAMPLE_STACK]))
        np.subtract(events.time, self.start, out=events.time)
        np.maximum(events.time, 0, out=events.time)
        _after_previous(events.time, self.end)
        if len(events):
            self._follow(events, found.batches, dictionary, max(found.start - self.start, 0))

    def _follow(
        self, events: Events, batches: Sequence[Batch], dictionary: GenerationTables, start: int
    ) -> None:
        """Take the events of a generation that began at ``start``."""
        threads = follow(events, batches, self.held)
        calls = find_calls(events, threads, self._calls)
        history = histories(
            events, threads, dictionary, self.goroutines, self._stacks, self._words, start
        )
        self.anomalies += history.anomalies
        self.goroutines.number(history.goroutines)
        before = history.goroutines.copy()
        spans = spans_of(history, events, threads, calls)
        self.end = max(self.end, int(events.time.max()))
        self.overview.reach(self.end)
        changes = proc_changes(events, threads, self.procs, start)
        self.procs = states_after(self.procs, changes)
        self.overview.add(events, threads, spans, changes, before)
        self.ranges.add(events, threads, dictionary, spans.goroutines, start)
        self.blocking.add(spans)
        self.latencies.add_spans(spans)
        self.longest.add(spans)
        self.summaries.add(spans)
        self.annotations.add(events, threads, dictionary, spans, before)
        if self.spans is not None:
            self.spans.add(spans, threads, before)
            self.proc_spans.add(closed_spans(changes))
        procs = events.arguments[0][events.type == NUMBER["ProcsChange"]]
        self.gomaxprocs = max(self.gomaxprocs, int(procs.max(initial=0)))
        self.summaries.end(self.goroutines.put(spans.goroutines))

    def _note_clock(self, dictionary: GenerationTables) -> None:
        if self.wall_start is None and dictionary.snapshot is not None and self.start is not None:
            ticks, wall = dictionary.snapshot
            self.wall_start = wall - (int(ticks * dictionary.scale) - self.start)

    def _finish(self) -> None:
        """Count what is still open at the end of the trace up to that moment."""
        live = self.goroutines.live
        self.longest.finish(live, self.end)
        if self.spans is not None:
            self.spans.finish(live, self.end)
            self.proc_spans.add(open_spans(self.procs, self.end))
        for kind, opened in self.ranges.still_open():
            if KINDS[kind] != "gc":
                mine = live["id"] == opened.g
                live[KINDS[kind]][mine] += max(self.end - opened.start, 0)
        self.summaries.finish(live, self.end)
        self.annotations.finish(live)


def _after_previous(times: Int64, end: int) -> None:
    """Move events that are earlier than the end of the previous generation right after it.

    A thread may write its first event of a generation before another writes its last one of the previous
    generation; like ``go tool trace``, goscope lets time never decrease from one generation to the next.
    """
    early = np.flatnonzero(times <= end) if end else np.zeros(0, np.int64)
    early = early[np.argsort(times[early], kind="stable")]
    times[early] = end + 1 + np.arange(len(early))


def _header(chunks: Iterator[bytes]) -> tuple[int, bytes]:
    """The version of the format, and what came along behind the header."""
    head = b""
    while len(head) < HEADER and (chunk := next(chunks, b"")):
        head += chunk
    found = _HEADER.match(head)
    if found is None or len(head) < HEADER:
        raise UnsupportedTrace(
            "this is the beginning of a Go execution trace, cut in its header; take it again"
        )
    version = int(found[1])
    if version in FORMATS:
        return version, head[HEADER:]
    if version < min(FORMATS):
        raise UnsupportedTrace(
            f"this is a Go execution trace in the format 1.{version} of Go 1.21 or older, and goscope reads "
            "those of Go 1.22 and newer; open it with go tool trace"
        )
    raise UnsupportedTrace(
        f"this is a Go execution trace in the format 1.{version}, which is newer than goscope knows (1.26); "
        "look for a newer goscope, or open it with go tool trace"
    )
