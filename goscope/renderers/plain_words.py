"""What reports are headed with, and verdicts and crashes as one sentence each."""

from __future__ import annotations

from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Confidence, Verdict

#: What a report is headed with where no finding is.
HEADLINES = {
    "critical": "Needs attention now",
    "warning": "Needs a look",
    "info": "Nothing urgent was found in what was read",
    "ok": "No problem was found in what was read",
    "unknown": "What was read does not tell how the program is",
}

TITLES = {
    "scheduler": "Scheduler",
    "gc": "GC",
    "goroutines": "Goroutines",
    "threads": "Threads",
    "crash": "Crash",
}

#: How bad a verdict is; picks its colour and its shape.
_LEVELS = {
    **{severity: severity for severity in ("info", "warning", "critical")},
    **dict.fromkeys(("ok", "healthy", "idle", "none"), "ok"),
    **dict.fromkeys(("unbalanced", "suspected_leak", "pressure", "heap_growth", "high"), "warning"),
    "recovered_http_panic": "warning",
    **dict.fromkeys(("sigquit", "recovered_logged_stack", "crash_tail"), "info"),
    "unknown": "unknown",
}

_RANKS = ("ok", "info", "warning", "critical")

_SENTENCES = {
    ("scheduler", "healthy"): "Runnable goroutines are spread over the Ps and hardly wait.",
    ("scheduler", "idle"): "The Ps are idle most of the time.",
    (
        "scheduler",
        "stalled",
    ): "A stop of the world, or a goroutine that keeps its P, holds up all others.",
    ("scheduler", "starving"): "More goroutines are runnable than Ps: they wait in run queues.",
    ("scheduler", "throttled"): "The program is held back by a limit on its CPU.",
    ("scheduler", "blocked"): "Goroutines are blocked while Ps are idle.",
    ("scheduler", "unbalanced"): "Some Ps have goroutines queued while others are idle.",
    ("gc", "ok"): "No GC problem was found.",
    ("gc", "pressure"): "The GC takes a noticeable share of the CPU.",
    ("gc", "thrash"): "The GC takes so much CPU that little is left for the program.",
    ("gc", "heap_growth"): "The live heap keeps growing.",
    ("goroutines", "ok"): "No goroutine looks leaked in what was read.",
    ("goroutines", "suspected_leak"): "Some goroutines may be leaked; more input would tell.",
    (
        "goroutines",
        "leak",
    ): "Goroutines leak: each keeps its stack, and what it refers to, in memory.",
    (
        "goroutines",
        "stalled",
    ): "Goroutines wait for a peer, a disk or a client that does not do its part.",
    ("goroutines", "deadlock"): "Goroutines are blocked for good: none can wake another.",
    ("threads", "ok"): "The number of threads is normal.",
    ("threads", "high"): "The program has many threads.",
    ("threads", "leak"): "Threads are created and do not exit.",
    ("crash", "none"): "No crash was read.",
}

#: Kinds of crashes, each as a sentence.
CRASHES = {
    "panic": "The program panicked.",
    "nil_dereference": "A nil pointer was dereferenced.",
    "divide_by_zero": "An integer was divided by zero.",
    "index_out_of_range": "An index was out of range.",
    "slice_bounds": "A slice expression was out of range.",
    "nil_map_write": "An entry was assigned in a nil map.",
    "type_assertion": "A type assertion failed.",
    "close_of_nil_channel": "A nil channel was closed.",
    "close_of_closed_channel": "A channel was closed twice.",
    "send_on_closed_channel": "A value was sent on a closed channel.",
    "negative_waitgroup": "Done was called more often on a WaitGroup than Add had announced.",
    "deadlock": "All goroutines were asleep, so the runtime ended the program.",
    "concurrent_map_writes": "Several goroutines used one map at the same time, and one of them wrote.",
    "unlock_of_unlocked_mutex": "A mutex was unlocked that nobody held.",
    "out_of_memory": "The program ran out of memory.",
    "stack_overflow": "A stack grew beyond its limit, most often by endless recursion.",
    "fault_address": "The program accessed memory that is not mapped.",
    "thread_exhaustion": "The operating system allowed no more threads.",
    "sigquit": "Somebody asked for the stacks with SIGQUIT, which ends the program.",
    "sigabrt": "SIGABRT ended the program.",
    "sigsegv": "A memory fault (SIGSEGV) ended the program.",
    "cgo_sigabrt": "C code in the program aborted.",
    "cgo_sigsegv": "C code in the program caused a memory fault.",
    "test_timeout": "A test ran longer than the test timeout.",
    "test_exit": "A test ended the whole test binary.",
    "recovered_http_panic": "A request handler panicked; net/http recovered.",
    "recovered_logged_stack": "A stack stands in the log; whether the program crashed there is not said.",
    "crash_tail": "The program was ended by a signal; the first lines of its report are missing.",
    "data_race": "Two goroutines accessed the same memory at once, and one of them wrote.",
    "goleak": "A test left goroutines behind.",
    "fatal": "The Go runtime ended the program with a fatal error.",
}


def level(state: str, status: str = "critical") -> str:
    """ok, info, warning, critical or unknown; a word that is not known is critical, as crashes are.

    No verdict is shown as worse than the status of the whole: a leak may be no more than a warning.
    """
    found = _LEVELS.get(state, "critical")
    if found in _RANKS and status in _RANKS and _RANKS.index(found) > _RANKS.index(status):
        return status
    return found


def headline(diagnosis: Diagnosis) -> str:
    """The worst finding of a diagnosis, or what its status says where none is urgent."""
    urgent = diagnosis.status in ("critical", "warning") and diagnosis.findings
    return diagnosis.findings[0].title if urgent else HEADLINES[diagnosis.status] + doubt(diagnosis)


def doubt(diagnosis: Diagnosis) -> str:
    """That an all-clear is not sure, where a verdict of it has only low confidence."""
    judged = [one for one in diagnosis.verdicts.values() if one.state != "unknown"]
    unsure = diagnosis.status == "ok" and any(one.confidence is Confidence.LOW for one in judged)
    return " (low confidence)" if unsure else ""


def not_judged(diagnosis: Diagnosis) -> str:
    """Which verdicts the input did not allow: ``not judged: GC, goroutines``; "" if it allowed all."""
    names = [TITLES[name] for name in diagnosis.not_judged]
    return f"not judged: {', '.join(names)}" if names else ""


def sentence(name: str, verdict: Verdict) -> str:
    """A verdict as a sentence for everybody."""
    if verdict.state == "unknown":
        return "Not judged: " + verdict.reason + "."
    if (name, verdict.state) in _SENTENCES:
        return _SENTENCES[name, verdict.state]
    if name == "crash":
        return CRASHES.get(verdict.state, "The program crashed.")
    return ""
