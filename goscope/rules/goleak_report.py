"""A goleak report: goroutines that outlived a test.

What it detects: ``found unexpected goroutines:`` of go.uber.org/goleak, in a test failure or at the end of a
test run, with or without labels of Go 1.27.

Why it matters: what starts in a test and does not end is often a leak of the program, too.

Evidence and threshold: one is enough; goleak has waited for them to end before it reports them.

Example: ``found unexpected goroutines:``

What to do: cancel their context or close their channel before the test ends, and wait for them.

False positives: goroutines of libraries that are meant to stay; goleak.IgnoreTopFunction names them.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.capture.capture import Capture
from goscope.findings.findings import Finding
from goscope.rules.findings.crash import crash_findings
from goscope.rules.rule import Family, Rule, Settings


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per place of the first goroutine."""
    yield from crash_findings(capture, "goleak-report", ("goleak",))


RULE = Rule("goleak-report", ("crashes",), find, family=Family.CRASHES, verdict="crash")
