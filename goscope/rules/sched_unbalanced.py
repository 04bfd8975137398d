"""Some Ps always work while others always idle.

What it detects: at least one P busy in (nearly) every sample, while the same share of Ps stays idle; or
work piled up in one run queue while other Ps idle.

Why it matters: the program cannot use the CPU that it has; it is as slow as its serial part.

Evidence and threshold: at random load some samples would find every P idle; here less than 3 % do, and
at least 70 % find some idle, over 5 samples and more.

Example: ``idleprocs=3`` of 4 in every line.

What to do: split the serial work, or accept it and give the program fewer Ps.

False positives: one goroutine that is meant to be busy, such as a poller.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.capture import Capture
from goscope.findings import Finding, Severity
from goscope.rules.rule import Rule, Settings
from goscope.rules.scheduler_shape import findings_in_state
from goscope.scheduling import bars_of

_ADVICE = (
    "Take a CPU profile to find the serial part, and split it over several goroutines; "
    "if it cannot be split, the program needs no more Ps than it uses."
)


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per process whose scheduler verdict is unbalanced."""
    yield from findings_in_state(
        capture,
        bars_of(settings),
        "unbalanced",
        "sched-unbalanced",
        Severity.WARNING,
        "Work does not spread over the Ps",
        _ADVICE,
    )


RULE = Rule("sched-unbalanced", ("sched",), find, __doc__)
