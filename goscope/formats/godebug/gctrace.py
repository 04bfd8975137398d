"""GODEBUG=gctrace=1: a line at the end of each GC cycle, Go 1.5 to 1.27 (runtime/mgc.go: gcMarkTermination).

``GC forced`` stands before the line of a cycle that the runtime itself asked for, after two minutes without
one; these lines are the table ``gc_periodic``, and the column ``periodic`` marks the cycles. gctrace=2 adds
what was scanned, from Go 1.25 on (``gc_scan``).

The percentage is of all CPU since the program started, so it falls and rises slowly; the CPU
milliseconds of one cycle against the time since the one before tell the load of an interval.
"""

from __future__ import annotations

import re
from functools import partial

import numpy as np

from goscope.formats.format import PLACE, Format
from goscope.formats.godebug.short_lines import short_line
from goscope.framing.records import LineKind
from goscope.parsing.grammars import Grammar
from goscope.parsing.line_plans import LineRule
from goscope.tables.row_selection import Keeping
from goscope.tables.table import Column, Ints, Kind, Table

_ms = partial(Column, kind=Kind.FLOAT, unit="ms")
_mb = partial(Column, kind=Kind.INT, unit="MiB")
_flag = partial(Column, kind=Kind.BOOL, unit="", default=False)
COLUMNS = (
    *PLACE,
    Column("cycle", Kind.INT, "", "number of the GC cycle, from 1; a falling number starts a new "
           "process", printed="gc N"),
    Column("t_s", Kind.FLOAT, "s", "time since the runtime started", printed="@Ts"),
    Column("cpu_percent", Kind.INT, "%", "share of the CPU time since the start of the program that "
           "went to the GC, rounded down: cumulative, and high for the first cycles of any program"),
    _flag("leak_check", meaning="the cycle looked for leaked goroutines", since=(1, 26),
          printed="(checking for goroutine leaks)"),
    _ms("stw_sweep_ms", meaning="clock: the world stopped to end sweeping and to start marking"),
    _ms("scan_ms", meaning="clock: concurrent scan", until=(1, 5)),
    _ms("write_barrier_ms", meaning="clock: installing the write barrier", until=(1, 5)),
    _ms("mark_ms", meaning="clock: concurrent mark"),
    _ms("stw_mark_ms", meaning="clock: the world stopped to end marking"),
    _ms("sweep_cpu_ms", meaning="CPU: sweep termination; its clock time times the Ps stopped"),
    _ms("scan_cpu_ms", meaning="CPU: scan", until=(1, 5)),
    _ms("write_barrier_cpu_ms", meaning="CPU: installing the write barrier", until=(1, 5)),
    _ms("assist_cpu_ms", meaning="CPU: marking done by goroutines that allocate"),
    _ms("background_cpu_ms", meaning="CPU: marking by background workers, dedicated and fractional"),
    _ms("idle_cpu_ms", meaning="CPU: marking on Ps that would else be idle"),
    _ms("mark_term_cpu_ms", meaning="CPU: mark termination; its clock time times the Ps stopped"),
    _ms("clock_ms", meaning="wall time of the whole cycle: the sum of its phases"),
    _ms("load_cpu_ms", meaning="CPU that the cycle took from the program: all but idle marking"),
    _mb("heap_start_mb", meaning="heap when the cycle started, rounded down"),
    _mb("heap_end_mb", meaning="heap when marking ended, rounded down"),
    _mb("heap_live_mb", meaning="heap that was marked as live, rounded down"),
    _mb("heap_goal_mb", meaning="heap size at which the cycle was meant to end, set from the live heap "
        "that the cycle before it found; not the goal of the next one", printed="MB goal"),
    _mb("stacks_mb", meaning="goroutine stacks that were scanned", since=(1, 18),
        printed="MB stacks"),
    _mb("globals_mb", meaning="global data that can be scanned", since=(1, 18),
        printed="MB globals"),
    Column("gomaxprocs", Kind.INT, "Ps", "GOMAXPROCS; the CPU times count these, not the machine's "
           "cores", printed="N P"),
    Column("interval_cpu_percent", Kind.FLOAT, "%", "GC's share of the CPU from this cycle's start to "
           "the next one's, without idle marking"),
    _flag("forced", meaning="asked for by runtime.GC, debug.FreeOSMemory or a leak check; not the GC "
          "of every two minutes; in 1.5 to 1.8 any GC that was not concurrent", printed="(forced)"),
    _flag("periodic", meaning="forced by two minutes without a cycle: no load"),
)  # fmt: skip

_CLOCK = ("stw_sweep_ms", "scan_ms", "write_barrier_ms", "mark_ms", "stw_mark_ms")
#: Idle marking takes what nobody wants.
_LOAD = (
    "sweep_cpu_ms",
    "scan_cpu_ms",
    "write_barrier_cpu_ms",
    "assist_cpu_ms",
    "background_cpu_ms",
    "mark_term_cpu_ms",
)

#: What cycles add up to that were let go: how many, and how many of them somebody asked for; of the others
#: the wall time and the CPU of each P; of those that the program forced, how many and their CPU. Times are
#: in nanoseconds.
LET_GO = (
    "let_go",
    "let_go_asked",
    "let_go_wall",
    "let_go_cpu",
    "let_go_assist",
    "let_go_forced",
    "let_go_forced_cpu",
)


def _costs(gc: Table) -> dict[str, Ints]:
    """Whole numbers, because the sum of floats depends on the order in which they are added."""
    forced, checks = gc.flags("forced"), gc.flags("leak_check")
    free = ~(forced | checks)
    per_p = 1e6 / np.maximum(gc.numbers("gomaxprocs", 1), 1)
    cpu = np.rint(gc.numbers("load_cpu_ms", 0) * per_p).astype(np.int64)
    assist = np.rint(gc.numbers("assist_cpu_ms", 0) * per_p).astype(np.int64)
    wall = np.rint(gc.numbers("clock_ms", 0) * 1e6).astype(np.int64)
    asked = (forced & ~checks).astype(np.int64)
    return {
        "let_go": np.ones(len(gc), np.int64),
        "let_go_asked": (~free).astype(np.int64),
        "let_go_wall": wall * free,
        "let_go_cpu": cpu * free,
        "let_go_assist": assist * free,
        "let_go_forced": asked,
        "let_go_forced_cpu": cpu * asked,
    }


PERIODIC = PLACE

SCAN = (
    *PLACE,
    Column("total", Kind.BOOL, "", "the sum over all size classes", default=False),
    Column("large", Kind.BOOL, "", "objects beyond the largest size class", default=False),
    Column("class_bytes", Kind.INT, "bytes", "the size class"),
    Column("single_objects", Kind.INT, "objects", "scanned one by one; Green Tea GC only"),
    Column("sparse_span_objects", Kind.INT, "objects", "in spans of few marked objects; Green Tea"),
    Column("dense_span_objects", Kind.INT, "objects", "in spans of many; Green Tea GC only"),
    Column("objects", Kind.INT, "objects", "all objects that were scanned"),
    Column("sparse_spans", Kind.INT, "spans", "spans of few marked objects; Green Tea GC only"),
    Column("dense_spans", Kind.INT, "spans", "spans of many marked objects; Green Tea GC only"),
    Column("spans", Kind.INT, "spans", "all spans that were scanned; Green Tea GC only"),
)

_GRAMMAR = Grammar("gctrace", ("gc", "periodic", "scan"))

FORMAT = Format(
    name="gctrace",
    tables={"gc": COLUMNS, "gc_periodic": PERIODIC, "gc_scan": SCAN},
    rules=(
        LineRule(
            grammar=_GRAMMAR,
            kind=LineKind(
                name="gc",
                openings=(b"gc #",),
                sign=re.compile(rb"gc [0-9]+ @[0-9]"),  # it may be torn right behind
                complete=re.compile(rb" P(?: \(forced\))?$"),
                last=b"P)",
                rest_ends=(b" P", b"d)"),
                # It starts where a token ends, and there is no head in it.
                rest=re.compile(
                    rb"(?:[0-9][0-9.]*)?(?: ?@[0-9]|s [0-9]|%: [0-9]|[+/][0-9]| ms c|->[0-9]| MB)"
                    rb"[^:@\n]*(?:s [0-9]+%: [^:@\n]*)? MB goal, [^:@\n]*[0-9] P(?: \(forced\))?$"
                ),
                continuation=re.compile(
                    rb"[ \t]+(?:[0-9(+/]|->|ms |MB|P$|P |(?:clock|cpu|goal|stacks|globals),)"
                ),
            ),
            table="gc",
            columns=COLUMNS,
            sums={"clock_ms": _CLOCK, "load_cpu_ms": _LOAD},
            keeping=Keeping(
                clock="cycle",
                extremes=("stw_sweep_ms", "stw_mark_ms", "heap_end_mb", "heap_live_mb"),
                costs=_costs,
                sums=LET_GO,
            ),
        ),
        short_line(
            _GRAMMAR,
            "periodic",
            PERIODIC,
            b"GC forced",
            sign=rb"GC forced *$",
            complete=rb"forced$",
            last=b"d",
            table="gc_periodic",
        ),
        short_line(
            _GRAMMAR,
            "scan",
            SCAN,
            b"scan: total ",
            b"scan: class ",
            sign=rb"scan: (?:total|class (?:L|[0-9]+B)) [0-9]",
            complete=rb" spans$",
            last=b"s",
            table="gc_scan",
        ),
    ),
    example="gc 8 @2.104s 1%: 0.031+1.2+0.005 ms clock, 0.12+0.4/1.1/0+0.02 ms cpu, 4->4->1 MB, "
    "5 MB goal, 0 MB stacks, 0 MB globals, 4 P",
)
