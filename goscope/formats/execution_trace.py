"""Execution traces: what ``runtime/trace.Start``, ``/debug/pprof/trace`` and a flight recorder write.

The formats 1.22, 1.23, 1.25 and 1.26, which Go 1.22 to 1.27 write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from goscope.errors import ForeignInput
from goscope.formats.format import Content, Format
from goscope.formats.trace_columns import TABLES
from goscope.tables import Table, table_from


class TraceReader:
    """Reads execution traces, generation by generation."""

    def __init__(self, spans: bool):
        self._spans = spans
        self.inputs: list[str] = []

    def read(self, input_name: str, chunks: Iterable[bytes]) -> str | None:
        """Take an input.

        Raises:
            ForeignInput: its format is not known.
        """
        raise ForeignInput(
            f"{input_name}: this is a Go execution trace; open it with go tool trace"
        )

    def tables(self) -> Mapping[str, Table]:
        """The tables of all traces."""
        return {name: table_from(name, schema, []) for name, schema in TABLES.items()}


FORMAT = Format(
    name="execution_trace",
    tables=TABLES,
    content=Content(sign=re.compile(rb"go 1\.[0-9]{1,3} trace\x00"), reader=TraceReader),
)
