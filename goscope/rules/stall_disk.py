"""A goroutine that does not come back from writing to a file.

What it detects: writes, syncs, locks and opens of files that stay in the kernel, and writes to a pipe
that nobody empties.

Why it matters: a disk, a network file system or a full pipe holds up whoever writes, and all that wait
for it. A log or journal that many hand their work to stops the whole program, however few goroutines show
it.

Evidence and threshold: the goroutine has been in the call for a minute, as the runtime says: a warning,
and critical if others are held up. Or it is in the same call, with the same arguments, in each of three
dumps, and others are held up. These are the main goroutine, or at least 3 that wait for others, share a
type, a pointer or a parent with it and do not move either, or at least 3 and half of all requests that
were in the same call in one dump and the next (numbers chosen on real programs whose disk was stopped).
Reads are left out: standard input and pipes are read for ever.

Example: ``goroutine 34 [syscall, 4 minutes]`` in ``syscall.Fdatasync`` below ``wal.(*WAL).sync``.

What to do: look at the disk or at who reads the pipe; keep slow writes out of loops that others wait for.

False positives: a lock on a file (flock) that another process rightly holds.
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
    "Look at the disk (iostat, dmesg, the state of the mount), or at who should read the pipe. Keep such "
    "writes out of a loop that others wait for, or bound how much may wait for it."
)


def find(capture: Capture, settings: Settings, *, least_kin: int = 3) -> Iterator[Finding]:
    """One finding per place that calls."""
    for wait in outside_waits_of(capture):
        if wait.kind is not Outside.FILE or not wait.hung:
            continue
        requests = wait.requests_still >= max(least_kin, wait.requests / 2)
        held = wait.main or wait.kin >= least_kin or requests
        if wait.minutes:
            severity = Severity.CRITICAL if held else Severity.WARNING
            yield stall_finding(RULE.name, severity, Confidence.HIGH, wait, _ADVICE)
        elif held and wait.seen > 2:
            yield stall_finding(RULE.name, Severity.WARNING, Confidence.MEDIUM, wait, _ADVICE)


RULE = Rule(
    "stall-disk",
    ("goroutines",),
    find,
    family=Family.STALLS,
    verdict="goroutines",
    state="stalled",
    strength=46,
    any_creator=True,
)
