"""How a Go program can end, in the words of the runtime: from the text of a panic to its kind.

Sources: ``runtime/error.go`` and ``runtime/panic.go`` (runtime errors), ``runtime/chan.go``,
``internal/runtime/maps``, ``sync``, ``runtime/proc.go`` (checkdead), ``runtime/mheap.go`` and
``runtime/malloc.go`` (memory), ``runtime/signal_unix.go``, ``testing/testing.go`` (startAlarm).
"""

from __future__ import annotations

import re

#: All words; ``fatal`` is what has no word of its own.
KINDS = (
    "panic", "nil_dereference", "divide_by_zero", "index_out_of_range", "slice_bounds",
    "nil_map_write", "type_assertion", "close_of_nil_channel", "close_of_closed_channel",
    "send_on_closed_channel", "negative_waitgroup", "deadlock", "concurrent_map_writes",
    "unlock_of_unlocked_mutex", "out_of_memory", "stack_overflow", "fault_address",
    "thread_exhaustion", "sigquit", "sigabrt", "sigsegv", "cgo_sigabrt", "cgo_sigsegv",
    "test_timeout", "test_exit", "recovered_http_panic", "recovered_logged_stack", "data_race",
    "goleak", "crash_tail", "fatal",
)  # fmt: skip

#: The program went on.
RECOVERED = frozenset({"recovered_http_panic", "recovered_logged_stack"})
#: What a goroutine does itself, and is running then.
PANICS = frozenset(KINDS[: KINDS.index("deadlock")])
#: Dumps that somebody asked for with a signal, or may have; no goroutine is to blame for them.
ASKED = frozenset({"sigquit", "sigabrt", "sigsegv", "crash_tail"})

# What a panic's value starts with. A runtime error that was wrapped is another error.
_PANICS = (
    (r"runtime error: invalid memory address or nil pointer dereference", "nil_dereference"),
    (r"runtime error: integer divide by zero", "divide_by_zero"),
    (r"runtime error: index out of range", "index_out_of_range"),
    (r"runtime error: slice bounds out of range", "slice_bounds"),
    (r"runtime error: cannot convert slice with length", "slice_bounds"),
    (r"(?:runtime error: )?assignment to entry in nil map", "nil_map_write"),
    (r"(?:runtime error: )?interface conversion: ", "type_assertion"),
    (r"(?:runtime error: )?close of nil channel", "close_of_nil_channel"),
    (r"(?:runtime error: )?close of closed channel", "close_of_closed_channel"),
    (r"(?:runtime error: )?send on closed channel", "send_on_closed_channel"),
    (r"sync: negative WaitGroup counter", "negative_waitgroup"),
    (r"sync: unlock of unlocked mutex", "unlock_of_unlocked_mutex"),
    (r"test timed out after ", "test_timeout"),
    (r"deadlock: (?:all goroutines in bubble|main bubble goroutine)", "deadlock"),
)
# What the text of a fatal error holds.
_FATALS = (
    (r"- deadlock!", "deadlock"),
    (r"concurrent map ", "concurrent_map_writes"),
    (r"sync: (?:unlock|Unlock|RUnlock) of unlocked ", "unlock_of_unlocked_mutex"),
    (r"stack overflow", "stack_overflow"),
    (r"thread exhaustion|newosproc", "thread_exhaustion"),
    (r"out of memory|cannot allocate (?:memory|heap|new)|cannot map pages", "out_of_memory"),
    (r"^fault$", "fault_address"),
)
_PANIC_PATTERNS = tuple((re.compile(pattern), kind) for pattern, kind in _PANICS)
_FATAL_PATTERNS = tuple((re.compile(pattern), kind) for pattern, kind in _FATALS)

#: Signals that end a Go program with a dump (``runtime/sigtab_linux_generic.go``, _SigThrow).
SIGNALS = (
    "SIGQUIT", "SIGABRT", "SIGSEGV", "SIGILL", "SIGTRAP", "SIGBUS", "SIGFPE", "SIGSYS",
    "SIGSTKFLT", "SIGEMT", "SIGXCPU", "SIGXFSZ",
)  # fmt: skip


#: Signals by which the CPU or the kernel answers to what a thread just did, unless somebody sent them.
FAULTS = frozenset(
    ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS", "SIGEMT", "SIGSTKFLT")
)

#: Up to Go 1.7 only numbers were printed (runtime/panic.go: printpanics); these mean the same on all systems.
_NUMBERED = {
    "0x3": "SIGQUIT", "0x4": "SIGILL", "0x5": "SIGTRAP", "0x6": "SIGABRT", "0x8": "SIGFPE", "0xb": "SIGSEGV",
}  # fmt: skip


def name_of_signal(text: str) -> str:
    """The name of a signal that may be printed as a number; one whose number tells nothing stays so."""
    return _NUMBERED.get(text, text)


_SI_DIGITS = 20  # of an unsigned 64-bit number


def was_sent(sigcode: str | None) -> bool:
    """Whether a process sent a signal with this code, by kill or tgkill.

    SI_USER is 0, SI_QUEUE, SI_TKILL and their like are negative, which the runtime prints as unsigned; what
    the kernel raises itself is positive (siginfo.h).
    """
    return sigcode is not None and (sigcode == "0" or int(sigcode[:_SI_DIGITS]) >= 1 << 63)


def kind_of_panic(value: str) -> str:
    """The kind of a panic with this value; ``panic`` for a value of the program's own."""
    return next((kind for pattern, kind in _PANIC_PATTERNS if pattern.match(value)), "panic")


def kind_of_fatal(text: str) -> str:
    """The kind of a fatal error with this text; ``fatal`` for what has no word."""
    return next((kind for pattern, kind in _FATAL_PATTERNS if pattern.search(text)), "fatal")


def kind_of_signal(name: str, in_cgo: bool) -> str:
    """The kind of a dump that a signal made, in Go code or in C code that Go called."""
    word = name.lower()
    known = ("sigabrt", "sigsegv") if in_cgo else ("sigquit", "sigabrt", "sigsegv")
    if word not in known:
        return "fatal"
    return f"cgo_{word}" if in_cgo else word
