"""The reader of execution traces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from goscope.errors import ForeignInput, InputError
from goscope.formats.trace.rows import TraceTables
from goscope.formats.trace.schema import TABLES
from goscope.tables.table import Table
from goscope.traces.generation_tables import TextTable, TraceStacks
from goscope.traces.trace_reader import Trace, UnsupportedTrace


class TraceReader:
    """Reads execution traces, generation by generation; ``spans`` asks for a row of each single span."""

    def __init__(self, spans: bool):
        self._spans = spans
        self._stacks = TraceStacks()
        self._words = TextTable()
        self._traces: list[Trace] = []
        self.stream_ids: list[int] = []

    def read(self, stream_id: int, input_name: str, chunks: Iterable[bytes]) -> str | None:
        """Take an input; why not all of it could be used.

        Raises:
            ForeignInput: its format is not known.
            InputError: not even its first generation is whole; or the chunks raised it.
        """
        trace = Trace(stream_id, self._stacks, self._words, spans=self._spans)
        try:
            why = trace.read(chunks)
        except UnsupportedTrace as error:
            raise ForeignInput(f"{input_name}: {error}") from None
        finally:
            if trace.generations:
                self._traces.append(trace)
                self.stream_ids.append(stream_id)
        if not trace.generations:
            why = why or "it holds no events"
            raise InputError(
                f"{input_name}: a Go execution trace without one whole generation ({why}); take it again, "
                "and let trace.Stop or the download end by itself"
            )
        if why is None:
            return None
        return (
            f"{why} after {trace.generations:,} generations; {trace.dropped:,} bytes were not used"
        )

    def tables(self) -> Mapping[str, Table]:
        """The tables of all traces."""
        if not self._traces:
            return {name: Table(name, schema, {}, 0) for name, schema in TABLES.items()}
        return TraceTables(self._traces, self._stacks, self._words).tables()
