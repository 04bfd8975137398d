"""Goroutines that the runtime itself has proven to wait for ever.

What it detects: ``(leaked)`` in the header of a dump. Go 1.26 and newer mark a goroutine so when a
leak-finding GC (the goroutineleak profile) could not reach what it waits for from anything that runs.

Why it matters: the goroutine, its stack and all that it points to stay in memory until the program ends.

Evidence and threshold: one is enough; the runtime's proof has no false positives (runtime/mgc.go:
findGoroutineLeaks). It misses what stays reachable from globals or running goroutines.

Example: ``goroutine 60 [chan send (leaked)]:``

What to do: fix the blocking site as the advice says; the mark is certain.

False positives: none known.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from goscope.capture import Capture
from goscope.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.leak_shape import leak_finding, place_of
from goscope.rules.rule import Rule, Settings
from goscope.stacks import Snapshot, blocked_groups, snapshots_of


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per stack and wait reason, from the last dump of each process that has the mark."""
    for process, dumps in snapshots_of(capture):
        marked = [dump for dump in dumps if dump.rows.flags("leaked").any()]
        if not marked:
            continue
        dump = marked[-1]
        leaked = Snapshot(dump.number, dump.source, dump.rows.select(dump.rows.flags("leaked")))
        for blocked in blocked_groups(capture, leaked):
            count = len(np.unique(leaked.rows["id"][blocked.rows]))
            site = place_of(blocked.stack.user_frame)
            yield leak_finding(
                "leak-proven",
                Severity.CRITICAL,
                Confidence.CERTAIN,
                blocked,
                process=process,
                title=f"{count} leaked at {site}",
                detail=f"The runtime proved that nothing can wake them from {blocked.reason}.",
                evidence=(Evidence("marked (leaked)", count, "goroutines", blocked.line_source()),),
            )


RULE = Rule("leak-proven", ("goroutines",), find, __doc__)
