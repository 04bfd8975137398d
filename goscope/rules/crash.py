"""A crash: a panic, a fatal error, a fatal signal, or a stack that a program logged itself.

What it detects: ``panic:``, ``fatal error:``, ``SIGQUIT: quit`` and their like with the goroutines below, of
all Go versions and levels of GOTRACEBACK; ``http: panic serving``; stacks that debug.PrintStack wrote; a
test binary that ended without a word. One event is one finding, however often its text repeats itself.

Why it matters: the process is gone, or a request, and what it had begun is not finished.

Evidence and threshold: one is enough; the runtime printed it (runtime/panic.go: printpanics, fatalthrow;
runtime/signal_unix.go: sighandler). Equal ones at one place are counted together.

Example: ``panic: runtime error: index out of range [5] with length 3``

What to do: look at the top user frame of the blamed goroutine, and at the advice for the kind of crash.

False positives: a program that prints ``panic:`` at the start of a line itself. Dumps that somebody asked for
with SIGQUIT are information, recovered panics a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.capture.capture import Capture
from goscope.findings.findings import Finding
from goscope.rules.findings.crash import crash_findings
from goscope.rules.rule import Family, Rule, Settings

#: Kinds that have a rule of their own.
_OTHERS = ("test_timeout", "goleak", "data_race")


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per kind and place."""
    yield from crash_findings(capture, "crash", (), but=_OTHERS)


RULE = Rule(
    "crash",
    ("crashes",),
    find,
    instead=("goroutines",),
    family=Family.CRASHES,
    verdict="crash",
)
