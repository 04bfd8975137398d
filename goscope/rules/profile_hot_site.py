"""Very many goroutines blocked at one line, told by goroutine profiles: all that a crowd can bear to give.

LeakProf, which the bar is from, reads such profiles too.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.goroutines.profiles import goroutine_profiles_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.findings.leak import leak_finding, place_of
from goscope.rules.profile_growth import needs_others, series_of


def hot_sites_in_profiles(
    rule: str,
    capture: Capture,
    judged: frozenset[int],
    least_goroutines: int,
    least_unmoved_share: float,
) -> Iterator[Finding]:
    """One finding of a rule per stack of the last profile.

    ``judged`` are the processes that have dumps, which say more. A queue that moves has fewer goroutines
    than in the profile before; ids would show it better.
    """
    for process, profiles in goroutine_profiles_of(capture, "goroutine"):
        series = series_of(profiles)
        if process in judged or not series:
            continue
        last = series[-1]
        before = {(g.stack.frames, g.reason): g.count for p in series[-2:-1] for g in p.groups}
        for group in last.groups:
            if group.count < least_goroutines:
                break  # larger groups come first
            if not needs_others(group.reason) or group.stack.normal is not None:
                continue
            had = before.get((group.stack.frames, group.reason), 0)
            if group.count >= least_unmoved_share * had:
                yield leak_finding(
                    rule,
                    Severity.WARNING,
                    Confidence.MEDIUM,
                    group,
                    process=process,
                    title=f"{group.count} blocked at {place_of(group.stack.user_frame)}",
                    detail=f"{group.count / last.total:.0%} of all goroutines wait there in "
                    f"{group.reason}; a profile does not tell for how long.",
                    evidence=(
                        Evidence("blocked there", group.count, "goroutines", group.line_source()),
                        Evidence("of all goroutines", round(100 * group.count / last.total), "%"),
                    ),
                )
