"""Verdicts, severities and states in words for those who do not know the Go runtime."""

from __future__ import annotations

from goscope.findings.findings import Verdict

HEADLINES = {
    "critical": "This program needs attention now",
    "warning": "Something here should be looked at",
    "info": "Nothing urgent, a few remarks",
    "ok": "No problem was found",
    "unknown": "This input does not tell how the program is",
}

TITLES = {
    "scheduler": "Use of the processors",
    "gc": "Memory management",
    "goroutines": "Tasks (goroutines)",
    "threads": "System threads",
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
    ("scheduler", "healthy"): "The work is spread over the processors and hardly has to wait.",
    ("scheduler", "idle"): "The program has little to do; its processors rest most of the time.",
    ("scheduler", "stalled"): "All of the program waits for one part of it that does not stop.",
    ("scheduler", "starving"): "There is more work than processors: tasks wait in line to run.",
    ("scheduler", "blocked"): "Hardly anything moves: tasks wait for each other or for something "
    "outside, while processors are free.",
    ("scheduler", "unbalanced"): "Some processors have too much to do while others have nothing.",
    ("gc", "ok"): "Cleaning up memory costs little.",
    ("gc", "pressure"): "Cleaning up memory takes a noticeable part of the computing time.",
    ("gc", "thrash"): "The program is busy cleaning up memory rather than working.",
    ("gc", "heap_growth"): "The memory in use keeps growing; it is not given back.",
    ("goroutines", "ok"): "No task looks stuck.",
    ("goroutines", "suspected_leak"): "Some tasks may never end. More input would make it sure.",
    (
        "goroutines",
        "leak",
    ): "Tasks pile up that never end. Each one keeps its memory until a restart.",
    ("goroutines", "deadlock"): "Tasks wait for each other in a circle and will never go on.",
    ("threads", "ok"): "The number of system threads is normal.",
    ("threads", "high"): "The program uses many system threads.",
    ("threads", "leak"): "System threads are started and never given back.",
    ("crash", "none"): "The program did not crash.",
}

#: Kinds of crashes, each as a sentence.
CRASHES = {
    "panic": "The program ended itself with a panic.",
    "nil_dereference": "The program used a pointer that points nowhere (nil).",
    "divide_by_zero": "The program divided by zero.",
    "index_out_of_range": "The program went beyond the end of a list.",
    "slice_bounds": "The program cut a list beyond its end.",
    "nil_map_write": "The program wrote into a map that was never made.",
    "type_assertion": "A value had another type than the program asserted.",
    "close_of_nil_channel": "The program closed a channel that was never made.",
    "close_of_closed_channel": "The program closed a channel twice.",
    "send_on_closed_channel": "The program sent to a channel that was closed.",
    "negative_waitgroup": "More work was reported as done than was announced (WaitGroup).",
    "deadlock": "All tasks waited for each other, so Go ended the program.",
    "concurrent_map_writes": "Several tasks used one map at the same time.",
    "unlock_of_unlocked_mutex": "A lock was given back that nobody held.",
    "out_of_memory": "The program ran out of memory.",
    "stack_overflow": "A function called itself without end, until the stack was full.",
    "fault_address": "The program touched memory that it does not own.",
    "thread_exhaustion": "The system gave the program no more threads.",
    "sigquit": "Somebody asked the program for its stacks (SIGQUIT), which ends it.",
    "sigabrt": "The program was ended by an abort signal.",
    "sigsegv": "The program was ended by a memory fault signal.",
    "cgo_sigabrt": "C code inside the program aborted.",
    "cgo_sigsegv": "C code inside the program touched memory that it does not own.",
    "test_timeout": "A test took too long and was ended.",
    "test_exit": "A test ended the whole test run.",
    "recovered_http_panic": "A request panicked; the server caught it and went on.",
    "recovered_logged_stack": "A stack stands in the log; whether the program crashed there is not said.",
    "crash_tail": "The program was ended by a signal; the first lines of its report are missing.",
    "data_race": "Two tasks used the same memory at once without agreeing on it.",
    "goleak": "A test left tasks behind.",
    "fatal": "The Go runtime ended the program.",
}


def level(state: str, status: str = "critical") -> str:
    """ok, info, warning, critical or unknown; a word that is not known is critical, as crashes are.

    No verdict is shown as worse than the status of the whole: a leak may be no more than a warning.
    """
    found = _LEVELS.get(state, "critical")
    if found in _RANKS and status in _RANKS and _RANKS.index(found) > _RANKS.index(status):
        return status
    return found


def sentence(name: str, verdict: Verdict) -> str:
    """A verdict as a sentence for everybody."""
    if verdict.state == "unknown":
        return "Not judged: " + verdict.reason + "."
    if (name, verdict.state) in _SENTENCES:
        return _SENTENCES[name, verdict.state]
    if name == "crash":
        return CRASHES.get(verdict.state, "The program crashed.")
    return ""
