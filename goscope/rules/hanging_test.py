"""A test that did not end in time.

What it detects: ``panic: test timed out after 10m0s`` of ``go test``, with the tests that were running, and
what the one that hangs waits for.

Why it matters: the run of the whole package is lost, and the first goroutine of the dump is only the alarm
that printed it.

Evidence and threshold: one is enough (testing/testing.go: startAlarm). Blamed is the first goroutine that
runs a test and does not wait for another test (testing.(*T).Run, testing.(*T).Parallel).

Example: ``panic: test timed out after 1s``

What to do: look at what the test waits for; give it a context with a deadline below ``-timeout``.

False positives: a test that is only slow, on a machine that is busy: raise ``-timeout``.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.capture.capture import Capture
from goscope.findings.findings import Finding
from goscope.rules.findings.crash import crash_findings
from goscope.rules.rule import Family, Rule, Settings


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per hanging place."""
    yield from crash_findings(capture, "test-timeout", ("test_timeout",))


RULE = Rule("test-timeout", ("crashes",), find, family=Family.CRASHES, verdict="crash")
