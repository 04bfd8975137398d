"""Goroutines that wait for a child process that does not end.

What it detects: goroutines in ``(*exec.Cmd).Wait`` or ``(*os.Process).Wait`` for the same child all the
time.

Why it matters: each keeps a thread, and whoever asked for its result waits as long. A supervisor of
servers waits like this too, and rightly.

Evidence and threshold: a minute of waiting, as the runtime says, or the same child in all of the last
dumps. It is a warning where at least half of the requests that are served wait for children, and a note
otherwise: what a child is for is not to be seen.

Example: 6 of 8 requests in ``os/exec.(*Cmd).Wait`` below ``main.convert``.

What to do: start children with exec.CommandContext and a deadline, and set Cmd.WaitDelay.

False positives: requests that start something that is meant to run for long.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.waits.outside import outside_waits_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Finding, Severity
from goscope.goruntime.outside_calls import Outside
from goscope.rules.findings.stall import stall_finding
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "If these children should end: see what they wait for, start them with exec.CommandContext and a "
    "deadline, and set Cmd.WaitDelay."
)


def find(
    capture: Capture, settings: Settings, *, least_share_of_requests: float = 0.5
) -> Iterator[Finding]:
    """One finding per place that waits."""
    for wait in outside_waits_of(capture):
        if wait.kind is not Outside.CHILD or not wait.hung:
            continue
        held = wait.serving and wait.serving >= least_share_of_requests * wait.requests
        severity = Severity.WARNING if held else Severity.INFO
        confidence = Confidence.MEDIUM if held and wait.minutes else Confidence.LOW
        yield stall_finding(RULE.name, severity, confidence, wait, _ADVICE)


RULE = Rule(
    "stall-child",
    ("goroutines",),
    find,
    family=Family.STALLS,
    verdict="goroutines",
    state="stalled",
    strength=25,
    any_creator=True,
)
