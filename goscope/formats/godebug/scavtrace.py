"""What the scavenger gives back to the system: scavtrace=1 (1.14 to 1.27), and gctrace=1 up to 1.13.

A ``scav`` line comes at the end of each sweep and says what was given back since the one before
(runtime/mgcscavenge.go: printScavTrace). ``scvg`` lines came every 2.5 minutes or so
(runtime/mheap.go: scavenge) and give the sizes of the heap besides.
"""

from __future__ import annotations

from functools import partial

from goscope.formats.format import PLACE, Format
from goscope.formats.godebug.short_lines import short_line
from goscope.parsing.grammars import Grammar
from goscope.tables.columns import flag, number

_GRAMMAR = Grammar("scavtrace", ("scav", "scvg"))


_kib = partial(number, unit="KiB")
_mb = partial(number, unit="MiB")
SCAV = (
    *PLACE,
    number("generation", "number of the sweep; 1.15 to 1.18"),
    _kib("work_kib", "given back since the line before; up to 1.20"),
    _kib("background_kib", "given back in the background since the line before; 1.21 and newer"),
    _kib("eager_kib", "given back by allocations near the memory limit; 1.21 and newer"),
    _kib("released_kib", "heap that is given back at this moment"),
    number("util_percent", "share of the heap's memory that is in use", "%"),
    flag("forced", "asked for by debug.FreeOSMemory"),
    flag("controller_reset", "the pace was set anew, having failed"),
)

SCVG = (
    *PLACE,
    number("round", "number of the round; -1 if asked for; up to 1.12"),
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
        short_line(
            _GRAMMAR,
            "scav",
            SCAV,
            b"scav #",
            sign=rb"scav [0-9]+ (?:[0-9]+ )?KiB work",
            complete=rb"% util(?: \(forced\)| \[controller reset\])?$",
            last=b"l)]",
        ),
        short_line(
            _GRAMMAR,
            "scvg",
            SCVG,
            b"scvg#",
            b"scvg-",
            b"scvg:",
            sign=rb"scvg(?:-?[0-9]+)?: (?:[0-9]+ MB|inuse: [0-9])",
            complete=rb"released$|\(MB\)$",
            last=b"d)",
        ),
    ),
    example="scav 0 KiB work (bg), 5240 KiB work (eager), 9904 KiB now, 62% util",
)
