"""Very many goroutines blocked at one line, told by goroutine profiles: all that these show is a share.

LeakProf, which the bar of 10,000 is from, reads such profiles too.
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
    least_in_profile: int,
    least_share_of_profile: float,
) -> Iterator[Finding]:
    """One finding of a rule per stack of the last profile.

    ``judged`` are the processes that have dumps, which say more. A queue that moves has fewer goroutines
    than in the profile before; ids would show it better.
    Below ``least_goroutines`` a large share is only mentioned.
    """
    for process, profiles in goroutine_profiles_of(capture, "goroutine"):
        series = series_of(profiles) or list(profiles)
        if process in judged or not series:
            continue
        last = series[-1]
        before = {(g.stack.frames, g.reason): g.count for p in series[-2:-1] for g in p.groups}
        shown = sum(group.count for group in last.groups)
        for group in last.groups:
            many = group.count >= least_goroutines
            if not many and (
                group.count < least_in_profile or group.count < least_share_of_profile * last.total
            ):
                break  # larger groups come first
            if not (needs_others(group.reason) or (not many and not group.reason)):
                continue
            if group.stack.normal is not None:
                continue
            had = before.get((group.stack.frames, group.reason), 0)
            if group.count >= least_unmoved_share * had:
                how = "blocked" if group.reason else "waiting or running"
                waits = f"wait there in {group.reason}" if group.reason else "are there"
                detail = (
                    f"{group.count / last.total:.0%} of all goroutines {waits}; a profile does not tell "
                    "for how long."
                )
                if shown < last.total:
                    detail += (
                        f" Its records add up to {shown:,} of {last.total:,}: the rest is not here."
                    )
                yield leak_finding(
                    rule,
                    Severity.WARNING if many else Severity.INFO,
                    Confidence.MEDIUM if many else Confidence.LOW,
                    group,
                    process=process,
                    title=f"{group.count} {how} at {place_of(group.stack.user_frame)}",
                    detail=detail,
                    evidence=(
                        Evidence("blocked there", group.count, "goroutines", group.line_source()),
                        Evidence("of all goroutines", round(100 * group.count / last.total), "%"),
                    ),
                )
