"""Verdicts, severities and states in words for those who do not know the Go runtime."""

from __future__ import annotations

from goscope.findings import Verdict

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
LEVELS = {
    **dict.fromkeys(("ok", "healthy", "idle", "none"), "ok"),
    **dict.fromkeys(("unbalanced", "suspected_leak", "pressure", "high", "sigquit"), "warning"),
    **dict.fromkeys(
        ("recovered_http_panic", "recovered_logged_stack", "sigabrt", "info"), "warning"
    ),
    "unknown": "unknown",
}

_SENTENCES = {
    ("scheduler", "healthy"): "The work is spread over the processors and hardly has to wait.",
    ("scheduler", "idle"): "The program has little to do; its processors rest most of the time.",
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
    ("crash", "sigquit"): "Somebody asked the program for its stacks, which ends it.",
    ("crash", "data_race"): "Two tasks used the same memory at once without agreeing on it.",
    ("crash", "out_of_memory"): "The program ran out of memory.",
    ("crash", "deadlock"): "All tasks were waiting for each other, so Go ended the program.",
}


def level(state: str) -> str:
    """ok, warning, critical or unknown; a word that is not known counts as critical, as crashes do."""
    return LEVELS.get(state, "critical")


def sentence(name: str, verdict: Verdict) -> str:
    """A verdict as a sentence for everybody."""
    if verdict.state == "unknown":
        return "Not judged: " + verdict.reason + "."
    if (name, verdict.state) in _SENTENCES:
        return _SENTENCES[name, verdict.state]
    if name == "crash":
        return "The program crashed: " + verdict.state.replace("_", " ") + "."
    return ""
