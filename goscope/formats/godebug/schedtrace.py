"""GODEBUG=schedtrace=X: a SCHED line every X ms, Go 1.1 to 1.27 (runtime/proc.go: schedtrace).

The time base is the first trace of the process, so ``SCHED 0ms`` marks a new process. The numbers
are read without locks and need not add up.
"""

from __future__ import annotations

import re
from functools import partial

import numpy as np

from goscope.formats.format import PLACE, Format
from goscope.framing.records import LineKind
from goscope.parsing.grammars import Grammar
from goscope.parsing.line_plans import LineRule, Lists
from goscope.tables.row_selection import Keeping
from goscope.tables.table import Cells, Column, Kind

_int = partial(Column, kind=Kind.INT)
_flag = partial(Column, kind=Kind.BOOL, unit="")
COLUMNS = (
    *PLACE,
    _int("t_ms", unit="ms", meaning="time since the first SCHED line of the process, not since its "
         "start; 0 marks a new process", printed="SCHED Nms"),
    _int("gomaxprocs", unit="Ps", meaning="GOMAXPROCS: how many goroutines can run at the same time"),
    _int("idleprocs", unit="Ps", meaning="Ps without work; in a system call it is idle once sysmon "
         "took it away"),
    _int("threads", unit="threads", meaning="OS threads (Ms) created minus those that exited, with "
         "idle ones"),
    _int("spinningthreads", unit="threads", meaning="threads that look for work instead of sleeping"),
    _int("needspinning", unit="", meaning="1 if a thread should start to look for work",
         since=(1, 20)),
    _int("idlethreads", unit="threads", meaning="threads that are parked because there is no work "
         "for them"),
    _int("runqueue", unit="goroutines", meaning="runnable goroutines in the global queue"),
    Column("local_queues", Kind.INTS, "goroutines", "runnable goroutines in the queue of each P, at "
           "most 256; read without a lock; not printed with scheddetail", printed="[N N ...]"),
    Column("schedticks", Kind.INTS, "ticks", "scheduler calls of each P since the start, modulo "
           "2**32; not printed with scheddetail", since=(1, 25)),
    _int("local_sum", unit="goroutines", meaning="sum of the local run queues"),
    _int("local_max", unit="goroutines", meaning="longest local run queue"),
    _flag("gcwaiting", meaning="the world is being or is stopped; scheddetail only"),
    _int("nmidlelocked", unit="threads", meaning="idle threads that are locked to a goroutine; -1 "
         "for a moment is legal; scheddetail only"),
    _int("stopwait", unit="Ps", meaning="Ps that must still stop before the world is stopped; "
         "scheddetail only"),
    _flag("sysmonwait", meaning="the monitor thread sleeps; scheddetail only"),
)  # fmt: skip


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
