"""GODEBUG=inittrace=1: a line per package that has work to do at start, Go 1.16 to 1.27.

Packages come in the order of their initialization (runtime/proc.go: doInit1), one after the other,
before ``main.main``: the sum of the clock times is what they add to the start of the program.
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
    Column("package", Kind.TEXT, "", "import path"),
    Column("start_ms", Kind.FLOAT, "ms", "when it began, since the runtime started"),
    Column("clock_ms", Kind.FLOAT, "ms", "wall time that it took"),
    Column("bytes", Kind.INT, "bytes", "heap that it allocated"),
    Column("allocs", Kind.INT, "allocations", "in so many pieces"),
)

FORMAT = Format(
    name="inittrace",
    tables={"inittrace": COLUMNS},
    rules=(
        LineRule(
            grammar=Grammar("inittrace", ("inittrace",)),
            kind=LineKind(
                name="inittrace",
                openings=(b"init ",),
                sign=re.compile(rb"init [^ ]+ @[0-9.]+ ms,"),
                complete=re.compile(rb" allocs$"),
                last=b"s",
            ),
            table="inittrace",
            columns=COLUMNS,
        ),
    ),
    example="init net/http @1.2 ms, 0.17 ms clock, 13104 bytes, 145 allocs",
)
