"""The tables of crashes and data races."""

from __future__ import annotations

from goscope.formats.format import PLACE
from goscope.tables.table import Column, Kind

CRASHES = (
    *PLACE,
    Column("kind", Kind.TEXT, "", "how it ended, in the words of the JSON contract"),
    Column("message", Kind.TEXT, "", "the value of the panic or the text of the fatal error"),
    Column("goroutine", Kind.INT, "", "id of the goroutine to blame"),
    Column("function", Kind.TEXT, "", "innermost function of the program itself on its stack"),
    Column("file", Kind.TEXT, "", "source file of that frame"),
    Column("file_line", Kind.INT, "", "source line of that frame"),
    Column("origin", Kind.TEXT, "", "where it panicked first, if a deferred call panicked again"),
    Column("wait_reason", Kind.TEXT, "", "what the blamed goroutine waits for, in Go's words"),
    Column("stack_id", Kind.INT, "", "the row of the stacks table"),
    Column(
        "snapshot_id", Kind.INT, "", "the row of the snapshots table: the goroutines that it shows"
    ),
    Column("signal", Kind.TEXT, "", "the signal that came with it"),
    Column("address", Kind.TEXT, "", "the address that could not be accessed"),
    Column("sent", Kind.BOOL, "", "a process sent the signal (kill, tgkill)", default=False),
    Column("exit", Kind.TEXT, "", "how the process or the test ended, as the lines below say"),
    Column("running_tests", Kind.TEXT, "", "tests that were running at a timeout, as a JSON list"),
    Column(
        "slow_suite",
        Kind.BOOL,
        "",
        "the test that ran had run for a part of the time only",
        default=False,
    ),
)

#: What the head of a crash says; :mod:`goscope.capture.linking.crashes` makes rows of the crashes table
#: of them.
CRASH_HEADS = (
    *PLACE,
    Column("height", Kind.INT, "lines", "how many lines the head has"),
    Column("sort", Kind.TEXT, "", "panic, fatal, signal or http"),
    Column("kind", Kind.TEXT, "", "how it ended, as far as the head says"),
    Column("message", Kind.TEXT, "", "the value of the panic or the text of the fatal error"),
    Column("signal", Kind.TEXT, "", "the signal that came with it"),
    Column("sigcode", Kind.TEXT, "", "who sent it: 0 and negative numbers mean another process"),
    Column("address", Kind.TEXT, "", "the address that could not be accessed"),
    Column("in_cgo", Kind.BOOL, "", "C code was running", default=False),
    Column("dying", Kind.BOOL, "", "the process was dying of the head before", default=False),
    Column("separated", Kind.BOOL, "", "a rule of dashes stands above", default=False),
    Column("running_tests", Kind.TEXT, "", "tests that were running, as a JSON list"),
)

RACES = (
    *PLACE,
    Column("access", Kind.TEXT, "", "read or write"),
    Column("address", Kind.TEXT, "", "the address that both access"),
    Column("by", Kind.INT, "", "the race detector's own number of the goroutine; not its id"),
    Column("function", Kind.TEXT, "", "innermost function of the program itself"),
    Column("file", Kind.TEXT, "", "source file"),
    Column("file_line", Kind.INT, "", "source line"),
    Column("created_by", Kind.TEXT, "", "who started the goroutine"),
    Column("created_file", Kind.TEXT, "", "file of the go statement"),
    Column("created_line", Kind.INT, "", "line of the go statement"),
    Column("previous_access", Kind.TEXT, "", "the same of the access before it"),
    Column("previous_address", Kind.TEXT, "", "the address of the access before it"),
    Column("previous_by", Kind.INT, "", "the race detector's number of the other goroutine"),
    Column("previous_function", Kind.TEXT, "", "innermost function of the program itself"),
    Column("previous_file", Kind.TEXT, "", "source file"),
    Column("previous_file_line", Kind.INT, "", "source line"),
    Column("previous_created_by", Kind.TEXT, "", "who started the other goroutine"),
    Column("previous_created_file", Kind.TEXT, "", "file of the go statement"),
    Column("previous_created_line", Kind.INT, "", "line of the go statement"),
)
