"""A capture in the making: what the passes of :mod:`goscope.capture.linking.passes` take and give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from goscope.capture.linking.clocks import Mixed
from goscope.capture.linking.origins import Origin
from goscope.tables.table import Table


@dataclass(frozen=True, slots=True)
class Draft:
    """All tables of what was read, and what is known of the processes so far.

    ``origins`` holds the stream of each number in the ``stream_id`` columns. ``selected`` says how many rows
    were read of tables that hold only a selection. ``labels`` and ``mixed`` are those of
    :class:`goscope.capture.capture.Capture`.
    """

    tables: Mapping[str, Table]
    origins: Sequence[Origin]
    selected: Mapping[str, int] = field(default_factory=dict)
    processes: int = 1
    labels: Mapping[int, str] = field(default_factory=dict)
    mixed: Mapping[str, Mixed] = field(default_factory=dict)

    def with_tables(self, tables: Mapping[str, Table]) -> Draft:
        """The same with some tables replaced or added."""
        return replace(self, tables={**self.tables, **tables})
