"""GODEBUG=schedtrace=X,scheddetail=1: the P, M and G lines below a SCHED line, Go 1.5 to 1.27.

"None" is printed as -1 up to 1.19 and as nil from 1.20; both are missing values here. The reason of
a G line is its *last* wait reason: it is current only where status is 4 (waiting) or 10 (leaked).
"""

from __future__ import annotations

import re
from functools import partial

from goscope.formats.format import PLACE, Format
from goscope.framing.records import LineKind
from goscope.parsing.grammars import Grammar
from goscope.parsing.line_plans import LineRule
from goscope.tables.row_selection import Keeping
from goscope.tables.table import Column, Kind

_GRAMMAR = Grammar("scheddetail", ("processor", "thread", "goroutine"))
_int = partial(Column, kind=Kind.INT)
_SAMPLE = _int("sample", unit="", meaning="the row of the sched table that the line belongs to")

PROCS = (
    *PLACE,
    _SAMPLE,
    _int("p", unit="", meaning="number of the P", printed="PN:"),
    _int("status", unit="", meaning="0 idle, 1 running, 2 syscall (up to 1.25), 3 gcstop, 4 dead"),
    _int("schedtick", unit="ticks", meaning="scheduler calls on this P, modulo 2**32; while it runs "
         "and the tick stands still, one goroutine keeps the P"),
    _int("syscalltick", unit="ticks", meaning="system calls on this P, modulo 2**32"),
    _int("on_m", unit="", meaning="the thread that has the P; none if idle", printed="m="),
    _int("runqsize", unit="goroutines", meaning="runnable goroutines in its queue, at most 256"),
    _int("gfreecnt", unit="goroutines", meaning="dead goroutines kept for reuse"),
    _int("timerslen", unit="timers", meaning="timers on the heap of this P", since=(1, 14)),
)  # fmt: skip

THREADS = (
    *PLACE,
    _SAMPLE,
    _int("m", unit="", meaning="number of the thread; 0 is the main thread", printed="MN:"),
    _int("on_p", unit="", meaning="the P that it has; none if it is idle, blocked or in a system "
         "call", printed="p="),
    _int("curg", unit="", meaning="the goroutine that it runs, or that is in a system call on it"),
    _int("mallocing", unit="", meaning="not 0 while it is inside the memory allocator"),
    _int("throwing", unit="", meaning="0 no, 1 a fatal error of the program, 2 of the runtime (1.19+)"),
    Column("preemptoff", Kind.TEXT, "", "if not empty, why its goroutine must not be preempted, as "
           "'gcing'"),
    _int("locks", unit="locks", meaning="runtime locks that it holds; it is not preempted while there "
         "are any"),
    _int("dying", unit="", meaning="0 no, 1 panicking, 2 panic during panic, 3 not even a stack trace"),
    _int("helpgc", unit="", meaning="helper number in a parallel GC phase", until=(1, 11)),
    Column("spinning", Kind.BOOL, "", "looks for work"),
    Column("blocked", Kind.BOOL, "", "asleep on a note: parked, or waiting for a thread; wrong in 1.5 "
           "and 1.6"),
    _int("lockedg", unit="", meaning="the goroutine that locked itself to this thread "
         "(runtime.LockOSThread)"),
    _int("runqsize", unit="goroutines", meaning="queue length, in shortened forms only"),
    _int("gfreecnt", unit="goroutines", meaning="dead goroutines, in shortened forms only"),
    Column("note", Kind.TEXT, "", "a remark such as idle, in shortened forms only"),
)  # fmt: skip

GOROUTINES = (
    *PLACE,
    _SAMPLE,
    _int("g", unit="", meaning="id of the goroutine; 1 is the main goroutine", printed="GN:"),
    _int("status", unit="", meaning="0 idle, 1 runnable, 2 running, 3 syscall, 4 waiting, 6 dead, "
         "8 copystack, 9 preempted, 10 leaked, 11 deadextra; 4096 more while its stack is scanned"),
    Column("reason", Kind.TEXT, "", "the last wait reason; current only in status 4 and 10; empty if "
           "it never waited", printed="(...)"),
    _int("on_m", unit="", meaning="the thread that it runs on; waiting with a thread means that it "
         "really runs code of the runtime", printed="m="),
    _int("lockedm", unit="", meaning="the thread that it is locked to"),
)  # fmt: skip


def _rule(
    start: str,
    letter: str,
    field: str,
    table: str,
    columns: tuple[Column, ...],
    references: set[str],
    complete: bytes,
    rest: bytes,
) -> LineRule:
    # Go indents these lines; one that is not was typed by a person, and no program was cut off.
    return LineRule(
        grammar=_GRAMMAR,
        kind=LineKind(
            name=start,
            openings=tuple(indent + letter.encode() + b"#" for indent in (b"  ", b"")),
            sign=re.compile(rf" *{letter}[0-9]+: (?:{field})=".encode()),
            complete=re.compile(rb"^[PMG]|" + complete),
            last=b"0123456789le)",
            continuation=re.compile(rb"[ \t]*+(?:%b)=" % rest),
            inner=True,
        ),
        table=table,
        columns=columns,
        references=frozenset(references),
        trims={"reason": (1, 1), "preemptoff": (len("preemptoff="), 0)},
        keeping=Keeping(below="sched"),
    )


FORMAT = Format(
    name="scheddetail",
    tables={"procs": PROCS, "threads": THREADS, "sched_goroutines": GOROUTINES},
    rules=(
        _rule(
            "processor",
            "P",
            "status|runq|runqsize|schedtick|m",
            "procs",
            PROCS,
            {"on_m"},
            rb"(?!)",  # ends in a number, of which digits may be missing
            rb"status|schedtick|syscalltick|m|runqsize|runq|gfreecnt|timerslen",
        ),
        _rule(
            "thread",
            "M",
            "p|curg",
            "threads",
            THREADS,
            {"on_p", "curg", "lockedg"},
            rb"(?: lockedg=nil|\))$",
            rb"(?:[a-z ]{1,40} )?(?:p|curg|mallocing|throwing|preemptoff|locks|dying|helpgc|spinning|blocked"
            rb"|lockedg)",
        ),
        _rule(
            "goroutine",
            "G",
            "status",
            "sched_goroutines",
            GOROUTINES,
            {"on_m", "lockedm"},
            rb" lockedm=nil$",
            rb"(?:[A-Za-z.() ]{0,60}\) )?(?:m|lockedm)",
        ),
    ),
    example="  G21: status=4(chan receive) m=nil lockedm=nil",
)
