"""What the crash rules have in common: equal crashes as one finding, and what helps."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from goscope.analysis.crashes import CrashReport, crash_reports_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Group
from goscope.goruntime.crash_kinds import ASKED, PANICS
from goscope.rules.findings.leak import place_of

_TITLES = {
    "sigquit": "dump on request",
    "sigabrt": "ended by a signal",
    "sigsegv": "ended by a signal",
    "test_timeout": "a test ran out of time",
    "test_exit": "test binary ended by itself",
    "data_race": "data race",
    "goleak": "goroutines outlived a test",
    "crash_tail": "the end of a crash",
    "recovered_http_panic": "panic in an HTTP handler, recovered by net/http",
    "recovered_logged_stack": "stack logged by the program",
    "cgo_sigsegv": "segmentation fault in C code",
    "cgo_sigabrt": "abort in C code",
}
_FATAL = frozenset(
    (
        "fatal", "deadlock", "concurrent_map_writes", "unlock_of_unlocked_mutex", "out_of_memory",
        "stack_overflow", "fault_address", "thread_exhaustion",
    )
)  # fmt: skip

_ADVICE = {
    "panic": "The program panicked with a value of its own: read the message, and look at the top "
    "user frame for the check that failed. Recover only where the caller can go on.",
    "nil_dereference": "A nil pointer, map of structs or interface was used: see which value in "
    "that line can be nil, and check the error of the call that made it. An address just above "
    "0 is the offset of the field.",
    "divide_by_zero": "Check the divisor before dividing; it is zero for empty input more often "
    "than expected.",
    "index_out_of_range": "Compare the index in the message with the length: check the length "
    "before indexing, and mind empty input and the last element.",
    "slice_bounds": "Compare the bounds in the message: check the length or capacity before "
    "slicing.",
    "nil_map_write": "The map was never made: initialise it with make, in the constructor of its "
    "struct.",
    "type_assertion": "Use the two-value form v, ok := x.(T), or a type switch; the message names "
    "both types.",
    "close_of_nil_channel": "The channel was never made: make it before it is closed.",
    "close_of_closed_channel": "Close a channel in one place only, by the one goroutine that "
    "sends; sync.Once helps.",
    "send_on_closed_channel": "Only the sender may close: with several senders wait for all of "
    "them, with a sync.WaitGroup, before closing.",
    "negative_waitgroup": "Done was called more often than Add: call Add before the go statement, "
    "and Done once per goroutine, with defer.",
    "deadlock": "Every goroutine waits for another one: look at what each waits for in the dump, "
    "and for the lock, channel or WaitGroup that nobody can release any more.",
    "concurrent_map_writes": "A map was used by several goroutines at once: guard it with a mutex "
    "or use sync.Map. go test -race names both places.",
    "unlock_of_unlocked_mutex": "Unlock was called without Lock, or twice: lock and unlock in one "
    "function, with defer, and never copy a mutex.",
    "out_of_memory": "The machine or the container had no memory left: the blamed goroutine only "
    "asked last. Take a heap profile, set GOMEMLIMIT below the limit of the container.",
    "stack_overflow": "A recursion does not end: look for the calls that repeat on the stack, and "
    "add the missing end condition; a String or Error method that formats itself is a common "
    "one.",
    "fault_address": "Memory that does not exist was read: look at unsafe, cgo, a mapped file "
    "that shrank, or a data race. Run with -race and -gcflags=all=-d=checkptr.",
    "thread_exhaustion": "Each goroutine in a blocking system call, in cgo or locked to its "
    "thread takes one: find what most of them do, and limit how many do it at once.",
    "sigquit": "Somebody asked for this dump (kill -QUIT, Ctrl-\\). Give goscope two or three of "
    "them, some time apart, to see what grows.",
    "sigabrt": "Somebody or something ended the process with SIGABRT: a watchdog, systemd, or "
    "abort in C code. The log of the sender says why; the dump shows what the program did.",
    "sigsegv": "The signal did not come from Go code: from another process, or from a thread of C "
    "code. Look at what was linked in with cgo.",
    "cgo_sigabrt": "C code called abort, often after it found its own memory damaged: run it "
    "under valgrind or with -asan, and check what Go passes to it.",
    "cgo_sigsegv": "C code used a bad pointer: check what Go passes to it and for how long it "
    "lives; run it with -asan.",
    "test_timeout": "Look at what the named test waits for; the goroutine that printed the panic "
    "is only the alarm. Give the test a context with a deadline below -timeout.",
    "test_exit": "A test, or code that it calls, ended the process with os.Exit or log.Fatal: run "
    "with -v to see which, and return errors instead.",
    "recovered_http_panic": "net/http recovered it and closed the connection, so the client saw "
    "no answer: fix the handler at the top user frame, as any panic.",
    "recovered_logged_stack": "See in the line above the stack what the program said, in those below "
    "whether it went on, and whether what a panic interrupted (locks, half-written state) was put in order.",
    "data_race": "Guard both accesses with the same mutex, or hand the value over a channel. "
    "Whatever the program printed after a race is not to be trusted.",
    "crash_tail": "Give goscope the lines above the goroutines, too: they say which signal it was, and "
    "which goroutine it hit. SIGQUIT is a request for a dump.",
    "goleak": "Stop these goroutines before the test ends: cancel their context, close their "
    "channel, and wait for them.",
    "fatal": "The runtime found itself damaged: look at unsafe, cgo and data races first (run "
    "with -race), then for the message in the issues of Go.",
}


_ADVICE_ON_FAULT = {
    "SIGSEGV": _ADVICE["fault_address"],
    "SIGBUS": "Memory behind an address is not there: a mapped file was truncated, its disk is full, or "
    "the address is not aligned (code 1). Do not map files that others shrink.",
    "SIGILL": "The processor refused an instruction. It may lack it: the program or its assembly was built "
    "for a newer one (GOAMD64, AVX; golang.org/x/sys/cpu tells what there is). Instruction bytes 0xf 0xb "
    "are UD2, a trap where code must never come; others may be no code at all.",
    "SIGTRAP": "A breakpoint was hit: runtime.Breakpoint, an int3 in assembly, or one that a debugger "
    "left behind.",
    "SIGFPE": "Assembly or C code divided by zero or overflowed; Go code panics instead.",
    "SIGSYS": "The system forbids this call, mostly a seccomp profile of the container: allow it there, "
    "or avoid it.",
}
#: Plan 9 calls a signal a note: ``sys: trap: fault read``.
_NOTE_OF_FAULT = "sys: trap: fault"
_ADVICE_ON_SENT = (
    "Another process sent this signal (kill, tgkill): look for a watchdog, a script or the container "
    "runtime. No goroutine is the cause; the dump shows what the program was doing."
)
_ADVICE_ON_HANGING = (
    "A deferred call must not wait for what the function that panics holds or was to do: unlock before code "
    "that may panic can call others, and let deferred calls take no lock that may be held."
)
_ADVICE_ON_LOOSE_STACK = (
    "This may be a stack that the program logged, or the rest of a crash: see what stands above it in the "
    "whole log."
)
_ADVICE_ON_SLOW = (
    "The test that ran when the time was up had begun late, so the tests before it used up the time: "
    "look for slow ones with -v or -json, raise -timeout, or run packages apart."
)
_ADVICE_ON_FEW_THREADS = (
    "The system refused a thread although the program has few: a limit of the system is reached, of all "
    "processes together: ulimit -u, pids.max of the cgroup, kernel.threads-max. Raise it, or find who "
    "uses it up."
)
_ADVICE_ON_LITTLE_MEMORY = (
    "The system refused memory although the program has little: not the limit of a container, at which the "
    "kernel ends the process, but one of the address space: ulimit -v, a 32-bit system, "
    "vm.overcommit_memory=2 or vm.max_map_count. Raise it, or see what the machine has left."
)
_IN_USE = re.compile(r"cannot allocate [0-9]+-byte block \(([0-9]{1,18}) in use\)")
#: A program that has less has not used up a machine of today.
_LITTLE_MEMORY = 1 << 30
_ADVICE_ON_REFUSED_THREADS = (
    "The system refused to make a thread in this way, which is no limit: an emulator of another processor "
    "does (an image that was built for it), or a seccomp profile that is older than the system."
)
#: Below so many threads a program has not used them up itself.
_FEW_THREADS = 1_000
_THREADS = re.compile(
    r"failed to create new OS thread \(have ([0-9]{1,9}) already; errno=([0-9]{1,3})\)"
)
#: EPERM, EINVAL and ENOSYS of Linux; the errors of a limit are EAGAIN and ENOMEM.
_REFUSED = frozenset(("1", "22", "38"))


#: What is said of a crash without a goroutine: by whether none is shown, or those are of something else, or
#: lines were not understood.
_NO_GOROUTINE = (
    "No goroutines are shown: run it with GOTRACEBACK=all to see where it happened.",
    "None of the goroutines in this text is surely of this crash.",
    "No goroutine of it was read, and some lines of this text were not understood.",
)


def _advice(report: CrashReport) -> str:
    """One or two sentences that help with this crash."""
    if report.hangs:
        return _ADVICE_ON_HANGING
    if report.sent and report.kind != "sigquit":
        return _ADVICE_ON_SENT
    if report.slow_suite:
        return _ADVICE_ON_SLOW
    if report.kind == "recovered_logged_stack" and report.confidence is Confidence.LOW:
        return _ADVICE_ON_LOOSE_STACK
    threads = _THREADS.search(report.message)
    if threads is not None and threads[2] in _REFUSED:
        return _ADVICE_ON_REFUSED_THREADS
    if threads is not None and int(threads[1]) < _FEW_THREADS:
        return _ADVICE_ON_FEW_THREADS
    in_use = _IN_USE.search(report.message)
    if in_use is not None and int(in_use[1]) < _LITTLE_MEMORY:
        return _ADVICE_ON_LITTLE_MEMORY
    if report.kind == "fault_address" and report.signal == "SIGBUS":
        return _ADVICE_ON_FAULT["SIGBUS"]
    if report.goroutine is not None and report.kind in ("sigsegv", "fatal"):
        signal = report.signal or ""
        signal = "SIGSEGV" if signal.startswith(_NOTE_OF_FAULT) else signal
        on_fault = _ADVICE_ON_FAULT.get(signal)
        if on_fault is not None:
            return on_fault
    return _ADVICE.get(report.kind, _ADVICE["fatal"])


def _title(report: CrashReport) -> str:
    """What a crash is called; panics and fatal errors speak for themselves."""
    if report.slow_suite:
        return "a slow test suite ran out of time"
    if report.sent and report.kind == "fatal":
        return "ended by a signal that was sent"
    return _TITLES.get(report.kind, "fatal error" if report.kind in _FATAL else "panic")


def crash_findings(
    capture: Capture, rule: str, kinds: Collection[str], *, but: Collection[str] = ()
) -> Iterator[Finding]:
    """One finding per kind and place; without ``kinds``, of all kinds but some."""
    groups: dict[tuple[object, ...], list[CrashReport]] = {}
    for report in crash_reports_of(capture):
        if report.kind in kinds or (not kinds and report.kind not in but):
            place = report.site or (report.input, report.line)
            groups.setdefault((report.kind, report.severity, place), []).append(report)
    shown = frozenset(capture.table("snapshots").texts("input"))
    unread = frozenset(one.name for one in capture.inputs if one.unparsed_count)
    for reports in groups.values():
        yield _finding(rule, reports, shown, unread)


def _finding(
    rule: str, reports: list[CrashReport], shown: Collection[str | None], unread: Collection[str]
) -> Finding:
    first = reports[0]
    times = f"{len(reports)} times " if len(reports) > 1 else ""
    message, *more = first.message.split("\n")
    title = f"{times}{_title(first)}"
    if message and message != title:
        title += f": {message}"
    ids = tuple(dict.fromkeys(r.goroutine for r in reports if r.goroutine is not None))
    return Finding(
        rule=rule,
        severity=first.severity,
        confidence=first.confidence,
        title=title,
        detail=_detail(first, more, shown, unread),
        evidence=tuple(_evidence(reports)),
        advice=_advice(first),
        process=first.process,
        site=first.site,
        stack=first.stack.frames if first.stack is not None else (),
        blocked_on=first.waits_for,
        created_by=first.stack.created_by if first.stack is not None else None,
        goroutines=Group(len(ids), ids[:20]) if ids else None,
        kind=first.kind,
    )


def _detail(
    report: CrashReport, more: list[str], shown: Collection[str | None], unread: Collection[str]
) -> str:
    """Where it happened, in one or two sentences.

    ``shown`` are the inputs that show goroutines, ``unread`` those in which something was not understood.
    """
    said = [*(line.strip() for line in more if line.strip())][:3]
    parts = ["; ".join(said) + "."] if said else []
    who = "" if report.goroutine is None else f"Goroutine {report.goroutine}"
    if report.running_tests:
        parts.append(f"Running: {', '.join(report.running_tests[:5])}.")
    if who and report.waits_for and report.site is not None:
        parts.append(f"{who} waits for {report.waits_for} in {place_of(report.site)}.")
    elif who and report.site is not None:
        parts.append(f"{who} in {place_of(report.site)}.")
    elif report.site is not None:
        parts.append(f"In {place_of(report.site)}.")
    elif who:
        parts.append(f"{who}; none of its frames is the program's own.")
    elif report.only_head:
        parts.append(
            "Other lines follow it, and no goroutine: the program may have logged a panic that it recovered, "
            "or the rest was left out. See in the whole log whether it went on."
        )
    elif report.kind == "crash_tail":
        parts.append("The goroutine that the signal hit is not known.")
    elif not report.shows_goroutines and report.kind not in ("test_exit", "data_race"):
        parts.append(_NO_GOROUTINE[(report.input in shown) or 2 * (report.input in unread)])
    elif report.kind == "test_timeout" and not report.slow_suite:
        parts.append("The goroutine of a test that hangs is not in this text.")
    elif report.kind in PANICS:
        parts.append("The goroutine that panicked is not in this text, so nobody is blamed.")
    if report.origin is not None:
        parts.append(f"It panicked first in {report.origin}.")
    nobody = (
        "Nobody is to blame." if report.kind in ASKED else "Which goroutine it was is not told."
    )
    return " ".join(parts) or nobody


def _evidence(reports: list[CrashReport]) -> Iterator[Evidence]:
    first = reports[0]
    count = len(reports)
    yield Evidence(
        "shown" if first.hangs else "printed",
        count,
        "time" if count == 1 else "times",
        first.source,
    )
    if first.signal is not None:
        yield Evidence("signal", first.signal)
    if first.address is not None:
        yield Evidence("address", first.address)
    if first.exit is not None:
        yield Evidence("ended with", first.exit)
