"""The stacks of the goroutines take as much memory as the heap.

What it detects: stacks of 64 MB and more, that are at least as large as the live heap.

Why it matters: each cycle scans all of them, they shrink only in a cycle and only by half, and the heap
profile does not show them.

Evidence and threshold: the stacks of the last gc lines (1.18 and newer; runtime/mgc.go prints what can be
scanned). A goroutine needs 2 KB at least, so 64 MB are 30,000 of them, or fewer with deep stacks.

Example: ``... 6 MB goal, 96 MB stacks, 0 MB globals, 4 P``

What to do: take a goroutine dump: are there more than the work needs, or do they recurse deeply?

False positives: a server that holds very many connections, a goroutine each.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from goscope.analysis.gc.cycles import collections_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Take a goroutine dump and give it to goscope with this log: it tells whether there are too many "
    "goroutines, or a few with deep stacks (recursion, large arrays as local variables)."
)


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_mb: float = 64.0,
    least_share: float = 0.5,
    cycles: int = 3,
) -> Iterator[Finding]:
    """One finding per process, from its last cycles."""
    for c in collections_of(capture):
        last = slice(-max(cycles, 1), None)
        printed = c.numbers("stacks_mb", last)
        if len(printed) < cycles or np.isnan(printed).any():
            continue
        stacks, live = float(np.median(printed)), float(np.median(c.live_mb[last]))
        if stacks < least_mb or stacks < least_share * (stacks + live):
            continue
        yield Finding(
            rule="gc-stack-heavy",
            severity=Severity.INFO,
            confidence=Confidence.HIGH,
            title=f"Stacks take {stacks:.0f} MB, the live heap {live:.0f} MB",
            detail=f"Medians of the last {cycles} cycles; each cycle scans all stacks.",
            evidence=(
                Evidence("stacks", round(stacks), "MB", c.last_source),
                Evidence("live heap", round(live), "MB"),
            ),
            advice=_ADVICE,
            process=c.process,
        )


RULE = Rule("gc-stack-heavy", ("gc",), find, family=Family.GC, verdict="gc")
