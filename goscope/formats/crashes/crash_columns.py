"""The tables of crashes and data races."""

from __future__ import annotations

from goscope.formats.format import PLACE
from goscope.tables.columns import flag, number, text

CRASHES = (
    *PLACE,
    text("kind", "how it ended, in the words of the JSON contract"),
    text("message", "the value of the panic or the text of the fatal error"),
    number("goroutine", "id of the goroutine to blame"),
    text("function", "innermost function of the program itself on its stack"),
    text("file", "source file of that frame"),
    number("file_line", "source line of that frame"),
    text("origin", "where it panicked first, if a deferred call panicked again"),
    text("wait_reason", "what the blamed goroutine waits for, in Go's words"),
    number("stack_id", "the row of the stacks table"),
    number("snapshot_id", "the row of the snapshots table: the goroutines that it shows"),
    text("signal", "the signal that came with it"),
    text("address", "the address that could not be accessed"),
    flag("sent", "a process sent the signal (kill, tgkill)"),
    text("exit", "how the process or the test ended, as the lines below say"),
    text("running_tests", "tests that were running at a timeout, as a JSON list"),
    flag("slow_suite", "the test that ran had run for a part of the time only"),
)

#: What the head of a crash says; :mod:`goscope.capture.linking.crash_linking` makes rows of the crashes table
#: of them.
CRASH_HEADS = (
    *PLACE,
    number("height", "how many lines the head has", "lines"),
    text("sort", "panic, fatal, signal or http"),
    text("kind", "how it ended, as far as the head says"),
    text("message", "the value of the panic or the text of the fatal error"),
    text("signal", "the signal that came with it"),
    text("sigcode", "who sent it: 0 and negative numbers mean another process"),
    text("address", "the address that could not be accessed"),
    flag("in_cgo", "C code was running"),
    flag("dying", "the process was dying of the head before"),
    flag("separated", "a rule of dashes stands above"),
    text("running_tests", "tests that were running, as a JSON list"),
)

RACES = (
    *PLACE,
    text("access", "read or write"),
    text("address", "the address that both access"),
    number("by", "the race detector's own number of the goroutine; not its id"),
    text("function", "innermost function of the program itself"),
    text("file", "source file"),
    number("file_line", "source line"),
    text("created_by", "who started the goroutine"),
    text("created_file", "file of the go statement"),
    number("created_line", "line of the go statement"),
    text("previous_access", "the same of the access before it"),
    text("previous_address", "the address of the access before it"),
    number("previous_by", "the race detector's number of the other goroutine"),
    text("previous_function", "innermost function of the program itself"),
    text("previous_file", "source file"),
    number("previous_file_line", "source line"),
    text("previous_created_by", "who started the other goroutine"),
    text("previous_created_file", "file of the go statement"),
    number("previous_created_line", "line of the go statement"),
)
