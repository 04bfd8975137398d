"""A data race that the race detector reported.

What it detects: ``WARNING: DATA RACE`` of a program built with ``-race``, with both accesses.

Why it matters: the Go memory model gives such a program no promise; the race detector reports only what
really happened.

Evidence and threshold: one is enough; the detector has no false positives (runtime/race). Equal ones at one
place are counted together.

Example: ``WARNING: DATA RACE``

What to do: guard both accesses with the same mutex, or hand the value over a channel.

False positives: none known. The report's goroutine numbers are the detector's own, not goroutine ids.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.capture.capture import Capture
from goscope.findings.findings import Finding
from goscope.rules.findings.crash import crash_findings
from goscope.rules.rule import Family, Rule, Settings


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per place of the first access."""
    yield from crash_findings(capture, "data-race", ("data_race",))


RULE = Rule("data-race", ("races",), find, family=Family.CRASHES, verdict="crash")
