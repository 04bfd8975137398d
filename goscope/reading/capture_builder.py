"""Reads inputs into a capture: the way from bytes to tables."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from goscope.capture.capture import Capture, Input
from goscope.capture.linking.draft import Draft
from goscope.capture.linking.origins import Origin
from goscope.capture.linking.passes import linked
from goscope.capture.linking.table_links import together
from goscope.errors import InputError
from goscope.framing.passthrough import Sieve
from goscope.framing.record_finder import RecordFinder
from goscope.reading.input_reading import InputReading, Rest
from goscope.reading.limits import Limits, Thinning
from goscope.reading.record_readers import RecordReaders
from goscope.tables.row_selection import shift_of


class CaptureBuilder:
    """Reads inputs, one after the other, into the tables of a capture.

    ``spans`` asks for the tables that hold each single span of an execution trace; without it they stay
    empty, and what a trace takes in memory does not grow with its length. ``most_rows`` is how many rows a
    table of trace lines may have; of more, a selection is kept.
    """

    def __init__(self, *, spans: bool = False, most_rows: int | None = None) -> None:
        #: Makes an empty one that keeps as much.
        self.another = functools.partial(CaptureBuilder, spans=spans, most_rows=most_rows)
        self._readers = RecordReaders(spans=spans, most_rows=most_rows)
        self._inputs: list[Input] = []
        self._names: dict[str, int] = {}  # of inputs, and how often each was read
        self._origins: list[Origin] = []
        #: What may be done while another process is still reading.
        self.meanwhile: Callable[[], None] = lambda: None
        self._reading: InputReading | None = None

    def read(
        self,
        name: str,
        chunks: Iterable[bytes],
        rest: Callable[[], Rest | None] = lambda: None,
        *,
        program: str | None = None,
    ) -> Input:
        """Read one input to its end; ``program`` names the live program that it was taken from.

        ``rest`` is asked at the end of the chunks for what another process read of the same input
        from there on. An input that was read before gets a name of its own. When the source fails, what
        was read before stays in the capture, the failure is noted as the input's problem, and raised
        again.
        """
        own = name
        while own in self._names:
            self._names[name] += 1
            own = f"{name} ({self._names[name]})"
        self._names[own] = 1
        self._reading = reading = InputReading(self._readers, self._origins, own, program=program)
        try:
            reading.feed_all(chunks)
        except InputError as error:
            self._inputs.append(reading.finish(str(error)))
            raise
        self._inputs.append(reading.finish(None, rest()))
        return self._inputs[-1]

    def thin(self, limits: Limits) -> None:
        """Let go of what is too old or too much, so that a stream may be read for weeks."""
        self._readers.lines.flush()
        builders = self._readers.builders
        blocks = self._readers.blocks
        limits.apply(builders, blocks.values())
        if self._reading is not None:
            thinning = {kind: r for kind, r in blocks.items() if isinstance(r, Thinning)}
            lines = [b.lines() for b in builders.values()]
            lines += [reader.lines() for reader in thinning.values()]
            needed = np.unique(np.concatenate(lines)) - 1
            self._reading.forget(needed, frozenset(thinning))

    def sieve(self) -> Sieve:
        """Parts a live stream that is read into the application's lines and the runtime's."""
        return Sieve(self.finder)

    def explain(self, problem: str) -> None:
        """Note why nothing was found in the input that was read last."""
        self._inputs[-1] = replace(self._inputs[-1], problem=problem)

    @property
    def openings(self) -> tuple[bytes, ...]:
        """What the lines of the present input start with at which another process may go on.

        Nothing of what stands above such a line belongs to what stands below. None are known while no
        record was found, or if records have something in front.
        """
        return self._reading.openings if self._reading is not None else ()

    @property
    def finder(self) -> RecordFinder:
        """Knows the records of all kinds."""
        return self._readers.finder

    def counts(self) -> dict[str, dict[int, int]]:
        """For each bound, how many rows would stay at which level; of those that were reached or may be."""
        return {
            table: bound.counts()
            for table, bound in self._readers.bounds.items()
            if 2 * sum(b.rows for b in bound.builders) > bound.most
        }

    @property
    def stream(self) -> int:
        """The number of the present input, for :meth:`rest`."""
        return self._reading.stream_id if self._reading is not None else 0

    @property
    def input_name(self) -> str:
        """The name that the present input goes by."""
        return self._reading.name if self._reading is not None else ""

    def rest(
        self,
        name: str,
        chunks: Iterable[bytes],
        *,
        stream: int = 0,
        lines_above: Callable[[], int] = lambda: 0,
        counts_above: Callable[[], Mapping[str, Mapping[int, int]]] = dict,
    ) -> Rest:
        """Read the rest of an input, from one of the :attr:`openings` on, for another process.

        ``stream`` is the number of the input there; so many lines stand above. ``counts_above`` is asked
        at the end for what :meth:`counts` says there, so that no more is handed over than can stay.
        """
        for bound in self._readers.bounds.values():
            bound.missing = functools.cache(lambda: shift_of(stream, lines_above()))
        reading = InputReading(self._readers, self._origins, name, rest=True)
        for chunk in chunks:
            reading.feed(chunk)
        found = reading.finish(None)
        for table, counts in counts_above().items():
            self._readers.bounds[table].make_room(counts)
        return reading.rest(found, {n: bound.state for n, bound in self._readers.bounds.items()})

    def build(self) -> Capture:
        """The capture of what was read so far; an input that is still being read is in it."""
        readers, reading = self._readers, self._reading
        readers.lines.flush()
        for bound in readers.bounds.values():
            bound.enforce_limit()
        inputs = list(self._inputs)
        if reading is not None and not reading.finished:
            inputs.append(reading.found(None))
        tables = {name: builder.build() for name, builder in readers.builders.items()}
        tables |= {name: bound.marked(tables[name]) for name, bound in readers.bounds.items()}
        tables |= together(
            [
                *(reader.tables() for reader in readers.blocks.values()),
                *(reader.tables() for reader in readers.contents.values()),
            ]
        )
        tables |= readers.missing(tables)
        selected = {n: b.total for n, b in readers.builders.items() if b.rows < b.total}
        found = linked(Draft(tables, tuple(self._origins), selected))
        return Capture(found.tables, inputs, found.processes, found.labels, found.mixed, selected)
