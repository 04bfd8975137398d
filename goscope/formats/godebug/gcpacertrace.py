"""GODEBUG=gcpacertrace=1: how the pacer reckons when a GC cycle must start and who marks, Go 1.5 to 1.27.

Four lines, each with a table of its own: at the start of a cycle (``pacer_assist``), at its end
(``pacer``, up to Go 1.17 ``pacer_ratios``), and when sweeping is done (``pacer_sweep``).
"""

from __future__ import annotations

from functools import partial

from goscope.formats.format import PLACE, Format
from goscope.formats.godebug.short_lines import short_line
from goscope.parsing.grammars import Grammar
from goscope.tables.columns import flag, number
from goscope.tables.table import Kind

_GRAMMAR = Grammar("gcpacertrace", ("pacer_assist", "pacer", "pacer_ratios", "pacer_sweep"))


_bytes = partial(number, unit="bytes")
_ratio = partial(number, kind=Kind.FLOAT)

ASSIST = (
    *PLACE,
    _ratio("assist_ratio", "bytes that a goroutine must scan for each byte that it allocates"),
    number("scan_mb", "heap that holds pointers, when the cycle started", "MiB"),
    number("heap_start_mb", "heap when the cycle started", "MiB"),
    number("heap_goal_mb", "heap size that the cycle aims at", "MiB"),
    number("workers", "Ps that do nothing but mark", "Ps"),
    _ratio("fractional_workers", "share of a P that marks besides; up to 1.9 a count of workers"),
)

CYCLE = (
    *PLACE,
    number("cpu_percent", "CPU that marking took, assists included", "%"),
    number("cpu_goal_percent", "CPU that it should take", "%"),
    _bytes("heap_work_bytes", "heap that was scanned"),
    _bytes("stack_work_bytes", "stacks that were scanned"),
    _bytes("globals_work_bytes", "global variables that were scanned"),
    _bytes("expected_work_bytes", "what was expected to be scanned, of all three"),
    _bytes("trigger_bytes", "heap at which the cycle started"),
    _bytes("live_bytes", "heap at its end"),
    _bytes("over_goal_bytes", "how much larger than its goal the heap was at the end"),
    _ratio("cons_mark", "rate of allocation against rate of marking, as expected for this cycle"),
    flag("controller_reset", "the controller began anew; 1.19"),
)

RATIOS = (
    *PLACE,
    _bytes("h_m_prev", "heap that the cycle before left marked"),
    _ratio("h_t", "growth at which the cycle should start"),
    _bytes("h_upper_t", "H_T: heap size at which it should start"),
    _ratio("h_a", "growth that there was"),
    _bytes("h_upper_a", "H_a: heap size that there was"),
    _ratio("h_g", "growth that was the goal (GOGC)"),
    _bytes("h_upper_g", "H_g: heap size that was the goal"),
    _ratio("u_a", "share of CPU that marking took"),
    _ratio("u_g", "share of CPU that it should take"),
    _bytes("w_a", "bytes that were scanned"),
    _ratio("goal_delta", "h_g less h_t"),
    _ratio("actual_delta", "h_a less h_t"),
    _ratio("u_a_per_u_g", "u_a divided by u_g"),
)

SWEEP = (
    *PLACE,
    number("heap_mb", "heap when sweeping was done", "MiB"),
    number("allocated_mb", "allocated meanwhile; up to 1.8 counted in spans", "MiB"),
    number("swept_pages", "pages of 8 KiB that were swept", "pages"),
    _ratio("pages_per_byte", "pages to sweep for each byte that is allocated; not in 1.5"),
)


_CUT_FLOAT = rb"(?!)"  # digits may be missing at the end
_ANY = b""  # a log line that tore one apart may end in a digit as well

FORMAT = Format(
    name="gcpacertrace",
    tables={
        "pacer_assist": ASSIST,
        "pacer": CYCLE,
        "pacer_ratios": RATIOS,
        "pacer_sweep": SWEEP,
    },
    rules=(
        short_line(
            _GRAMMAR,
            "pacer_assist",
            ASSIST,
            b"pacer: assist ratio=",
            sign=rb"pacer: assist ratio=",
            complete=_CUT_FLOAT,
            last=_ANY,
        ),
        short_line(
            _GRAMMAR,
            "pacer",
            CYCLE,
            b"pacer: #",
            b"pacer: -",
            sign=rb"pacer: -?[0-9]+% CPU \(",
            complete=rb"[0-9fN]\)(?:\[controller reset\])?$",
            last=b")]",
        ),
        short_line(
            _GRAMMAR,
            "pacer_ratios",
            RATIOS,
            b"pacer: H_m_prev=",
            sign=rb"pacer: H_m_prev=",
            complete=_CUT_FLOAT,
            last=_ANY,
        ),
        short_line(
            _GRAMMAR,
            "pacer_sweep",
            SWEEP,
            b"pacer: sweep done",
            sign=rb"pacer: sweep done at heap size ",
            complete=rb" pages/byte$",
            last=b"es",
        ),
    ),
    example="pacer: 26% CPU (25 exp.) for 2553464+3456+158090 B work (158090 B exp.) in 4038656 B -> "
    "4580608 B (∆goal 386304, cons/mark +1.632927e+000)",
)
