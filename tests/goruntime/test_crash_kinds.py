"""The words of the runtime, and the kinds that they mean."""

from __future__ import annotations

import pytest

from goscope.goruntime.crash_kinds import (
    KINDS,
    kind_of_fatal,
    kind_of_panic,
    kind_of_signal,
)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("boom", "panic"),
        ("runtime error: index out of range [5] with length 3", "index_out_of_range"),
        ("runtime error: index out of range", "index_out_of_range"),  # up to Go 1.12
        ("runtime error: slice bounds out of range [:7] with capacity 5", "slice_bounds"),
        ("runtime error: makeslice: len out of range", "panic"),
        ("assignment to entry in nil map", "nil_map_write"),
        ("interface conversion: interface {} is nil, not string", "type_assertion"),
        ("runtime error: invalid memory address or nil pointer dereference", "nil_dereference"),
        ("runtime error: integer divide by zero", "divide_by_zero"),
        ("all goroutines are asleep - deadlock!", "panic"),  # the program's own words
        ("handler: runtime error: integer divide by zero", "panic"),  # wrapped: another error
        ("deadlock: all goroutines in bubble are blocked", "deadlock"),
        ("sync: WaitGroup is reused before previous Wait has returned", "panic"),
        ("test timed out after 10m0s", "test_timeout"),
        ("", "panic"),
    ],
)
def test_panics(value: str, kind: str) -> None:
    assert kind_of_panic(value) == kind
    assert kind in KINDS


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("all goroutines are asleep - deadlock!", "deadlock"),
        ("no goroutines (main called runtime.Goexit) - deadlock!", "deadlock"),
        ("concurrent map iteration and map write", "concurrent_map_writes"),
        ("sync: Unlock of unlocked RWMutex", "unlock_of_unlocked_mutex"),
        ("out of memory allocating heap arena metadata", "out_of_memory"),
        ("runtime: cannot allocate memory", "out_of_memory"),
        ("runtime.newosproc", "thread_exhaustion"),
        ("fault", "fault_address"),
        ("default", "fatal"),
        ("found bad pointer in Go heap (incorrect use of unsafe or cgo?)", "fatal"),
        ("checkptr: converted pointer straddles multiple allocations", "fatal"),
    ],
)
def test_fatal_errors(text: str, kind: str) -> None:
    assert kind_of_fatal(text) == kind
    assert kind in KINDS


def test_signals() -> None:
    assert kind_of_signal("SIGQUIT", in_cgo=False) == "sigquit"
    assert kind_of_signal("SIGABRT", in_cgo=True) == "cgo_sigabrt"
    assert kind_of_signal("SIGQUIT", in_cgo=True) == "fatal"
    assert kind_of_signal("SIGBUS", in_cgo=False) == "fatal"
