"""GODEBUG=inittrace=1: a line per package that has work to do at start, Go 1.16 to 1.27.

Packages come in the order of their initialization (runtime/proc.go: doInit1), one after the other,
before ``main.main``: the sum of the clock times is what they add to the start of the program.
"""

from __future__ import annotations

from goscope.formats.format import PLACE, Format
from goscope.formats.godebug.short_lines import short_line
from goscope.parsing.grammars import Grammar
from goscope.tables.columns import number, text
from goscope.tables.table import Column, Kind

COLUMNS = (
    *PLACE,
    text("package", "import path"),
    Column("start_ms", Kind.FLOAT, "ms", "when it began, since the runtime started"),
    Column("clock_ms", Kind.FLOAT, "ms", "wall time that it took"),
    number("bytes", "heap that it allocated", "bytes"),
    number("allocs", "in so many pieces", "allocations"),
)

FORMAT = Format(
    name="inittrace",
    tables={"inittrace": COLUMNS},
    rules=(
        short_line(
            Grammar("inittrace", ("inittrace",)),
            "inittrace",
            COLUMNS,
            b"init ",
            sign=rb"init [^ ]+ @[0-9.]+ ms,",
            complete=rb" allocs$",
            last=b"s",
        ),
    ),
    example="init net/http @1.2 ms, 0.17 ms clock, 13104 bytes, 145 allocs",
)
