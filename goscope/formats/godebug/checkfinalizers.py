"""GODEBUG=checkfinalizers=1: how many finalizers and cleanups wait, a line per GC cycle, Go 1.25 to 1.27.

A queue that grows says that finalizers are created faster than the one goroutine that runs them keeps
up with, or that one of them blocks (runtime/mgc.go: gcMarkTermination).
"""

from __future__ import annotations

import re

from goscope.formats.format import PLACE, Format
from goscope.framing.records import LineKind
from goscope.parsing.grammars import Grammar
from goscope.parsing.line_plans import LineRule
from goscope.tables.table import Column, Kind

COLUMNS = (
    *PLACE,
    Column("queued_finalizers", Kind.INT, "finalizers", "finalizers that wait to run"),
    Column("queued_cleanups", Kind.INT, "cleanups", "cleanups (runtime.AddCleanup) that wait"),
)

FORMAT = Format(
    name="checkfinalizers",
    tables={"finalizers": COLUMNS},
    rules=(
        LineRule(
            grammar=Grammar("checkfinalizers", ("finalizers",)),
            kind=LineKind(
                name="finalizers",
                openings=(b"checkfinalizers: queue:",),
                sign=re.compile(rb"checkfinalizers: queue: "),
                complete=re.compile(rb" cleanups$"),
                last=b"s",
            ),
            table="finalizers",
            columns=COLUMNS,
        ),
    ),
    example="checkfinalizers: queue: 50 finalizers + 0 cleanups",
)
