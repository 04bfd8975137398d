"""What the scavenger gives back to the system: scavtrace=1 (1.14 to 1.27), and gctrace=1 up to 1.13.

A ``scav`` line comes at the end of each sweep and says what was given back since the one before
(runtime/mgcscavenge.go: printScavTrace). ``scvg`` lines came every 2.5 minutes or so
(runtime/mheap.go: scavenge) and give the sizes of the heap besides.
"""

from __future__ import annotations

import re

from goscope.formats.format import PLACE, Format
from goscope.framing.records import LineKind
from goscope.parsing.grammars import Grammar
from goscope.parsing.line_plans import LineRule
from goscope.tables.table import Column, Kind

_GRAMMAR = Grammar("scavtrace", ("scav", "scvg"))


def _kib(name: str, meaning: str) -> Column:
    return Column(name, Kind.INT, "KiB", meaning)


def _mb(name: str, meaning: str) -> Column:
    return Column(name, Kind.INT, "MiB", meaning)


SCAV = (
    *PLACE,
    Column("generation", Kind.INT, "", "number of the sweep; 1.15 to 1.18"),
    _kib("work_kib", "given back since the line before; up to 1.20"),
    _kib("background_kib", "given back in the background since the line before; 1.21 and newer"),
    _kib("eager_kib", "given back by allocations near the memory limit; 1.21 and newer"),
    _kib("released_kib", "heap that is given back at this moment"),
    Column("util_percent", Kind.INT, "%", "share of the heap's memory that is in use"),
    Column("forced", Kind.BOOL, "", "asked for by debug.FreeOSMemory", default=False),
    Column(
        "controller_reset", Kind.BOOL, "", "the pace was set anew, having failed", default=False
    ),
)

SCVG = (
    *PLACE,
    Column("round", Kind.INT, "", "number of the round; -1 if asked for; up to 1.12"),
    _mb("released_now_mb", "given back in this round; on a line of its own"),
    _mb("inuse_mb", "heap in use"),
    _mb("idle_mb", "heap that is idle, given back or not"),
    _mb("sys_mb", "heap that was taken from the system"),
    _mb("released_mb", "heap that is given back at this moment"),
    _mb("consumed_mb", "heap less what is given back"),
)

FORMAT = Format(
    name="scavtrace",
    tables={"scav": SCAV, "scvg": SCVG},
    rules=(
        LineRule(
            grammar=_GRAMMAR,
            kind=LineKind(
                name="scav",
                openings=(b"scav #",),
                sign=re.compile(rb"scav [0-9]+ (?:[0-9]+ )?KiB work"),
                complete=re.compile(rb"% util(?: \(forced\)| \[controller reset\])?$"),
                last=b"l)]",
            ),
            table="scav",
            columns=SCAV,
        ),
        LineRule(
            grammar=_GRAMMAR,
            kind=LineKind(
                name="scvg",
                openings=(b"scvg#", b"scvg-", b"scvg:"),
                sign=re.compile(rb"scvg(?:-?[0-9]+)?: (?:[0-9]+ MB|inuse: [0-9])"),
                complete=re.compile(rb"released$|\(MB\)$"),
                last=b"d)",
            ),
            table="scvg",
            columns=SCVG,
        ),
    ),
    example="scav 0 KiB work (bg), 5240 KiB work (eager), 9904 KiB now, 62% util",
)
