"""GODEBUG=schedtrace=X: a SCHED line every X ms, Go 1.1 to 1.27 (runtime/proc.go: schedtrace).

The time base is the first trace of the process, so ``SCHED 0ms`` marks a new process. The numbers
are read without locks and need not add up.
"""

from __future__ import annotations

import re

import numpy as np

from goscope.formats.format import PLACE, Format
from goscope.framing.records import LineKind
from goscope.parsing.grammars import Grammar
from goscope.parsing.line_plans import LineRule, Lists
from goscope.tables.row_selection import Keeping
from goscope.tables.table import Cells, Column, Kind

COLUMNS = (
    *PLACE,
    Column("t_ms", Kind.INT, "ms", "time since the first SCHED line of the process"),
    Column("gomaxprocs", Kind.INT, "Ps", "GOMAXPROCS"),
    Column("idleprocs", Kind.INT, "Ps", "idle Ps"),
    Column("threads", Kind.INT, "Ms", "threads that exist"),
    Column("spinningthreads", Kind.INT, "Ms", "threads that look for work"),
    Column("needspinning", Kind.INT, "", "1 if a spinning thread is wanted; 1.20 and newer"),
    Column("idlethreads", Kind.INT, "Ms", "parked threads"),
    Column("runqueue", Kind.INT, "goroutines", "length of the global run queue"),
    Column("local_queues", Kind.INTS, "goroutines", "length of each P's run queue; at most 256"),
    Column("schedticks", Kind.INTS, "ticks", "each P's count of scheduler calls; 1.25 and newer"),
    Column("local_sum", Kind.INT, "goroutines", "sum of the local run queues"),
    Column("local_max", Kind.INT, "goroutines", "longest local run queue"),
    Column("gcwaiting", Kind.BOOL, "", "the GC waits to stop the world; scheddetail only"),
    Column("nmidlelocked", Kind.INT, "Ms", "locked threads that wait for work; scheddetail only"),
    Column("stopwait", Kind.INT, "Ps", "Ps that have not stopped yet; scheddetail only"),
    Column("sysmonwait", Kind.BOOL, "", "sysmon sleeps; scheddetail only"),
)


def _sums(lists: dict[str, Lists]) -> dict[str, Cells]:
    """Sum and maximum of each line's local queues; missing where the line has no brackets."""
    queues = lists["local_queues"]
    listed = queues.counts > 0
    sums = np.zeros(len(queues.counts), np.int64)
    longest = np.zeros(len(queues.counts), np.int64)
    if listed.any():
        begins = (np.cumsum(queues.counts) - queues.counts)[listed]
        sums[listed] = np.add.reduceat(queues.values, begins)
        longest[listed] = np.maximum.reduceat(queues.values, begins)
    valid = None if listed.all() else listed
    return {"local_sum": Cells(sums, valid), "local_max": Cells(longest, valid)}


FORMAT = Format(
    name="schedtrace",
    tables={"sched": COLUMNS},
    rules=(
        LineRule(
            grammar=Grammar("schedtrace", ("sched",)),
            kind=LineKind(
                name="sched",
                openings=(b"SCHED #",),
                sign=re.compile(rb"SCHED [0-9]+ms:"),
                # Where Go puts a space before the bracket, schedticks follow.
                complete=re.compile(
                    rb"[0-9]\]$|schedticks=\[[0-9 ]*\]$|sysmonwait=(?:0|1|true|false)$"
                ),
                last=b"]",
                rest_ends=(b" ]", *(b"%d]" % digit for digit in range(10))),
                rest=re.compile(
                    rb"[0-9]*(?:ms: gomaxprocs=|(?: [a-z]+)?=)[0-9][0-9a-z= ]* runqueue=[0-9]+ "
                    rb"\[[0-9 ]*\](?: schedticks=\[[0-9 ]*\])?$"
                ),
                continuation=re.compile(
                    rb"[ \t]*(?:(?:idleprocs|threads|spinningthreads|needspinning|idlethreads|runqueue"
                    rb"|gcwaiting|nmidlelocked|stopwait|sysmonwait)=|schedticks=\[|\[ ?[0-9])"
                    rb"|[ \t]+[0-9]+(?: [0-9]+)* ?\]"
                ),
            ),
            table="sched",
            columns=COLUMNS,
            lists=("local_queues", "schedticks"),
            derive=_sums,
            keeping=Keeping(clock="t_ms", extremes=("runqueue", "local_max", "threads")),
        ),
    ),
    example="SCHED 1009ms: gomaxprocs=4 idleprocs=4 threads=7 spinningthreads=0 needspinning=0 "
    "idlethreads=3 runqueue=0 [ 0 0 0 0 ] schedticks=[ 3 0 3 2 ]",
)
