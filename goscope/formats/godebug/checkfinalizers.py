"""GODEBUG=checkfinalizers=1: how many finalizers and cleanups wait, a line per GC cycle, Go 1.25 to 1.27.

A queue that grows says that finalizers are created faster than the one goroutine that runs them keeps
up with, or that one of them blocks (runtime/mgc.go: gcMarkTermination).
"""

from __future__ import annotations

from goscope.formats.format import PLACE, Format
from goscope.formats.godebug.short_lines import short_line
from goscope.parsing.grammars import Grammar
from goscope.tables.columns import number

COLUMNS = (
    *PLACE,
    number("queued_finalizers", "finalizers that wait to run", "finalizers"),
    number("queued_cleanups", "cleanups (runtime.AddCleanup) that wait", "cleanups"),
)

FORMAT = Format(
    name="checkfinalizers",
    tables={"finalizers": COLUMNS},
    rules=(
        short_line(
            Grammar("checkfinalizers", ("finalizers",)),
            "finalizers",
            COLUMNS,
            b"checkfinalizers: queue:",
            sign=rb"checkfinalizers: queue: ",
            complete=rb" cleanups$",
            last=b"s",
        ),
    ),
    example="checkfinalizers: queue: 50 finalizers + 0 cleanups",
)
