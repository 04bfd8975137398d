"""GODEBUG=schedtrace=X,scheddetail=1: the P, M and G lines below a SCHED line, Go 1.5 to 1.27.

"None" is printed as -1 up to 1.19 and as nil from 1.20; both are missing values here. The reason of
a G line is its *last* wait reason: it is current only where status is 4 (waiting) or 10 (leaked).
"""

from __future__ import annotations

import re

from goscope.formats.format import PLACE, Format
from goscope.framing.records import LineKind
from goscope.parsing.grammars import Grammar
from goscope.parsing.line_plans import LineRule
from goscope.tables.row_selection import Keeping
from goscope.tables.table import Column, Kind

_GRAMMAR = Grammar("scheddetail", ("processor", "thread", "goroutine"))
_SAMPLE = Column("sample", Kind.INT, "", "the row of the sched table that the line belongs to")

PROCS = (
    *PLACE,
    _SAMPLE,
    Column("p", Kind.INT, "", "the P"),
    Column("status", Kind.INT, "", "0 idle, 1 running, 2 syscall (up to 1.25), 3 gcstop, 4 dead"),
    Column("schedtick", Kind.INT, "ticks", "scheduler calls on this P"),
    Column("syscalltick", Kind.INT, "ticks", "system calls on this P"),
    Column("on_m", Kind.INT, "", "the M that runs it"),
    Column("runqsize", Kind.INT, "goroutines", "length of its run queue"),
    Column("gfreecnt", Kind.INT, "goroutines", "dead Gs kept for reuse"),
    Column("timerslen", Kind.INT, "timers", "timers; 1.14 and newer"),
)

THREADS = (
    *PLACE,
    _SAMPLE,
    Column("m", Kind.INT, "", "the M"),
    Column("on_p", Kind.INT, "", "the P that it holds"),
    Column("curg", Kind.INT, "", "the goroutine that it runs"),
    Column("mallocing", Kind.INT, "", "inside the allocator"),
    Column("throwing", Kind.INT, "", "0 no, 1 user fatal error, 2 runtime throw"),
    Column("preemptoff", Kind.TEXT, "", "why it must not be preempted"),
    Column("locks", Kind.INT, "locks", "runtime locks that it holds"),
    Column("dying", Kind.INT, "", "0 to 3: how far a crash is"),
    Column("helpgc", Kind.INT, "", "GC helper; up to 1.11"),
    Column("spinning", Kind.BOOL, "", "looks for work"),
    Column("blocked", Kind.BOOL, "", "sleeps on a note"),
    Column("lockedg", Kind.INT, "", "the goroutine that is locked to it"),
    Column("runqsize", Kind.INT, "goroutines", "queue length, in shortened forms only"),
    Column("gfreecnt", Kind.INT, "goroutines", "dead Gs, in shortened forms only"),
    Column("note", Kind.TEXT, "", "a remark such as idle, in shortened forms only"),
)

GOROUTINES = (
    *PLACE,
    _SAMPLE,
    Column("g", Kind.INT, "", "the goroutine id"),
    Column("status", Kind.INT, "", "G status number; 4096 more while its stack is scanned"),
    Column("reason", Kind.TEXT, "", "last wait reason; current only in status 4 and 10"),
    Column("on_m", Kind.INT, "", "the M that runs it"),
    Column("lockedm", Kind.INT, "", "the M that it is locked to"),
)


def _rule(
    start: str,
    letter: str,
    field: str,
    table: str,
    columns: tuple[Column, ...],
    references: set[str],
    complete: bytes,
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
        ),
        _rule(
            "thread",
            "M",
            "p|curg",
            "threads",
            THREADS,
            {"on_p", "curg", "lockedg"},
            rb"(?: lockedg=nil|\))$",
        ),
        _rule(
            "goroutine",
            "G",
            "status",
            "sched_goroutines",
            GOROUTINES,
            {"on_m", "lockedm"},
            rb" lockedm=nil$",
        ),
    ),
    example="  G21: status=4(chan receive) m=nil lockedm=nil",
)
