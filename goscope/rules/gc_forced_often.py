"""The program asks for garbage collections all the time.

What it detects: many cycles marked ``(forced)``: calls of runtime.GC or debug.FreeOSMemory.

Why it matters: each is a full cycle, and its caller waits for it; the collector would have run when it
was needed.

Evidence and threshold: at least 10 of them, and 12 a minute. A warning if they take 5 % of the CPU, else a
note. The cycles of leak checks are left out, and the one that the runtime starts after two minutes without
any is not marked.

Example: ``gc 17 @4.9s 1%: ... 24->24->24 MB, 48 MB goal, 0 MB stacks, 0 MB globals, 4 P (forced)``

What to do: look for runtime.GC and debug.FreeOSMemory in the program and its libraries, and take them out.

False positives: a benchmark or a test that wants a clean heap between its runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.gc.cycles import collections_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Look for calls of runtime.GC and debug.FreeOSMemory, in libraries as well, and take them out; to bound "
    "the memory, set GOMEMLIMIT instead."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_count: int = 10,
    least_per_minute: float = 12.0,
    warning_cpu_share: float = 0.05,
) -> Iterator[Finding]:
    """One finding per process."""
    for c in collections_of(capture):
        count = c.forced_cycles
        seconds = max(c.until_s - float(c.t_s[0]), 1.0)
        per_minute = count * 60 / seconds
        if count < least_count or per_minute < least_per_minute:
            continue
        share = c.forced_cpu_s / seconds
        yield Finding(
            rule="gc-forced-often",
            severity=Severity.WARNING if share >= warning_cpu_share else Severity.INFO,
            confidence=Confidence.CERTAIN,
            title=f"The program forces {per_minute:.0f} garbage collections a minute",
            detail=f"{count} of {c.cycles} cycles were asked for, in {seconds:.0f} s.",
            evidence=(
                Evidence("forced", count, "cycles", c.source),
                Evidence("their share of the CPU", round(share * 100, 1), "%"),
            ),
            advice=_ADVICE,
            process=c.process,
        )


RULE = Rule("gc-forced-often", ("gc",), find, family=Family.GC, verdict="gc")
