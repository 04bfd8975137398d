"""Goroutines that the runtime itself has proven to wait for ever.

What it detects: a goroutineleak profile that is not empty, and ``(leaked)`` in the header of a dump. Go
1.26 and newer mark a goroutine so when a leak-finding GC (which that profile runs) could not reach what
it waits for from anything that runs.

Why it matters: the goroutine, its stack and all that it points to stay in memory until the program ends.

Evidence and threshold: one is enough; the runtime's proof has no false positives (runtime/mgc.go:
findGoroutineLeaks). It misses what stays reachable from globals or running goroutines.

Example: ``goroutine 60 [chan send (leaked)]:``

What to do: fix the blocking site as the advice says; the mark is certain.

False positives: none known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from goscope.analysis.goroutines.dumps import Snapshot, blocked_groups, snapshots_of
from goscope.analysis.goroutines.profiles import goroutine_profiles_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity, Site
from goscope.rules.findings.leak import leak_finding, place_of
from goscope.rules.rule import Family, Rule, Settings


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per stack and wait reason, from the last dump of each process that has the mark.

    What the last goroutineleak profile has besides comes after it.
    """
    seen: set[tuple[int, Site | None]] = set()
    for finding in _marked(capture):
        seen.add((finding.process, finding.site))
        yield finding
    for finding in _profiled(capture):
        if (finding.process, finding.site) not in seen:
            yield finding


def _marked(capture: Capture) -> Iterator[Finding]:
    for process, dumps in snapshots_of(capture):
        marked = [dump for dump in dumps if dump.rows.flags("leaked").any()]
        if not marked:
            continue
        dump = marked[-1]
        leaked = Snapshot(dump.number, dump.source, dump.rows.select(dump.rows.flags("leaked")))
        for blocked in blocked_groups(capture, leaked):
            count = len(np.unique(leaked.rows.at("id", blocked.rows)))
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


def _profiled(capture: Capture) -> Iterator[Finding]:
    dumps = dict(snapshots_of(capture))
    for process, profiles in goroutine_profiles_of(capture, "goroutineleak"):
        profile = profiles[-1]
        told = _reasons(capture, dumps[process][-1]) if process in dumps else {}
        for counted in profile.groups:
            if not counted.count:
                continue
            reason = told.get(counted.stack.user_frame, counted.reason)
            group = replace(counted, reason=reason)
            waits = f" from {group.reason}" if group.reason else ""
            yield leak_finding(
                "leak-proven",
                Severity.CRITICAL,
                Confidence.CERTAIN,
                group,
                process=process,
                title=f"{group.count} leaked at {place_of(group.stack.user_frame)}",
                detail=f"The runtime proved that nothing can wake them{waits}.",
                evidence=(
                    Evidence(
                        "in the goroutineleak profile", group.count, "goroutines", group.source
                    ),
                ),
            )


def _reasons(capture: Capture, dump: Snapshot) -> dict[Site | None, str]:
    """Where all that wait at one place of a dump wait in the same: that reason. A profile has none."""
    found: dict[Site | None, set[str]] = {}
    for blocked in blocked_groups(capture, dump):
        found.setdefault(blocked.stack.user_frame, set()).add(blocked.reason)
    return {site: reasons.pop() for site, reasons in found.items() if len(reasons) == 1}


RULE = Rule(
    "leak-proven",
    ("goroutines",),
    find,
    instead=("profile",),
    family=Family.LEAKS,
    verdict="goroutines",
    state="leak",
    strength=80,
)
