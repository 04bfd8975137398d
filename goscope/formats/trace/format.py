"""Execution traces: what ``runtime/trace.Start``, ``/debug/pprof/trace`` and a flight recorder write.

The formats 1.22, 1.23, 1.25 and 1.26, which Go 1.22 to 1.27 write. What reads them is large, and loaded
when there is one.
"""

from __future__ import annotations

import re

from goscope.formats.format import Content, ContentReader, Format
from goscope.formats.trace.schema import TABLES


def _reader(spans: bool) -> ContentReader:
    from goscope.formats.trace.reader import TraceReader

    return TraceReader(spans)


FORMAT = Format(
    name="execution_trace",
    tables=TABLES,
    content=Content(sign=re.compile(rb"go 1\.[0-9]{1,3} trace\x00"), reader=_reader),
)
