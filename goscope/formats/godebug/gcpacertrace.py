"""GODEBUG=gcpacertrace=1: how the pacer reckons when a GC cycle must start and who marks, Go 1.5 to 1.27.

Four lines, each with a table of its own: at the start of a cycle (``pacer_assist``), at its end
(``pacer``, up to Go 1.17 ``pacer_ratios``), and when sweeping is done (``pacer_sweep``).
"""

from __future__ import annotations

import re

from goscope.formats.format import PLACE, Format
from goscope.framing.records import LineKind
from goscope.parsing.grammars import Grammar
from goscope.parsing.line_plans import LineRule
from goscope.tables.table import Column, Kind

_GRAMMAR = Grammar("gcpacertrace", ("pacer_assist", "pacer", "pacer_ratios", "pacer_sweep"))


def _bytes(name: str, meaning: str) -> Column:
    return Column(name, Kind.INT, "bytes", meaning)


def _ratio(name: str, meaning: str) -> Column:
    return Column(name, Kind.FLOAT, "", meaning)


ASSIST = (
    *PLACE,
    _ratio("assist_ratio", "bytes that a goroutine must scan for each byte that it allocates"),
    Column("scan_mb", Kind.INT, "MiB", "heap that holds pointers, when the cycle started"),
    Column("heap_start_mb", Kind.INT, "MiB", "heap when the cycle started"),
    Column("heap_goal_mb", Kind.INT, "MiB", "heap size that the cycle aims at"),
    Column("workers", Kind.INT, "Ps", "Ps that do nothing but mark"),
    _ratio("fractional_workers", "share of a P that marks besides; up to 1.9 a count of workers"),
)

CYCLE = (
    *PLACE,
    Column("cpu_percent", Kind.INT, "%", "CPU that marking took, assists included"),
    Column("cpu_goal_percent", Kind.INT, "%", "CPU that it should take"),
    _bytes("heap_work_bytes", "heap that was scanned"),
    _bytes("stack_work_bytes", "stacks that were scanned"),
    _bytes("globals_work_bytes", "global variables that were scanned"),
    _bytes("expected_work_bytes", "what was expected to be scanned, of all three"),
    _bytes("trigger_bytes", "heap at which the cycle started"),
    _bytes("live_bytes", "heap at its end"),
    _bytes("over_goal_bytes", "how much larger than its goal the heap was at the end"),
    _ratio("cons_mark", "rate of allocation against rate of marking, as expected for this cycle"),
    Column("controller_reset", Kind.BOOL, "", "the controller began anew; 1.19", default=False),
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
    Column("heap_mb", Kind.INT, "MiB", "heap when sweeping was done"),
    Column("allocated_mb", Kind.INT, "MiB", "allocated meanwhile; up to 1.8 counted in spans"),
    Column("swept_pages", Kind.INT, "pages", "pages of 8 KiB that were swept"),
    _ratio("pages_per_byte", "pages to sweep for each byte that is allocated; not in 1.5"),
)


def _rule(
    name: str,
    columns: tuple[Column, ...],
    openings: tuple[bytes, ...],
    sign: bytes,
    complete: bytes,
    last: bytes,
) -> LineRule:
    kind = LineKind(
        name=name,
        openings=openings,
        sign=re.compile(sign),
        complete=re.compile(complete),
        last=last,
    )
    return LineRule(grammar=_GRAMMAR, kind=kind, table=name, columns=columns)


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
        _rule(
            "pacer_assist",
            ASSIST,
            (b"pacer: assist ratio=",),
            rb"pacer: assist ratio=",
            _CUT_FLOAT,
            _ANY,
        ),
        _rule(
            "pacer",
            CYCLE,
            (b"pacer: #", b"pacer: -"),
            rb"pacer: -?[0-9]+% CPU \(",
            rb"[0-9fN]\)(?:\[controller reset\])?$",
            b")]",
        ),
        _rule(
            "pacer_ratios",
            RATIOS,
            (b"pacer: H_m_prev=",),
            rb"pacer: H_m_prev=",
            _CUT_FLOAT,
            _ANY,
        ),
        _rule(
            "pacer_sweep",
            SWEEP,
            (b"pacer: sweep done",),
            rb"pacer: sweep done at heap size ",
            rb" pages/byte$",
            b"es",
        ),
    ),
    example="pacer: 26% CPU (25 exp.) for 2553464+3456+158090 B work (158090 B exp.) in 4038656 B -> "
    "4580608 B (∆goal 386304, cons/mark +1.632927e+000)",
)
