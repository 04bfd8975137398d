"""Growth told by goroutine profiles, for processes of which there are not two dumps.

A profile has no ids, so nobody knows whether the old ones stay: a busy program's numbers go up and down,
and by chance up twice in a row. Hence three profiles at least, a rise in each, and by half in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from goscope.analysis.goroutines.profiles import Counted, GoroutineProfile, goroutine_profiles_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity, Site
from goscope.goruntime.parked_frames import CHANNEL_OPERATION
from goscope.goruntime.wait_reasons import reason
from goscope.rules.findings.leak import leak_finding, place_of

LEAST_PROFILES = 3
LEAST_SHARE = 1.5

_Key = tuple[tuple[Site, ...], str]


def growth_in_profiles(
    rule: str, capture: Capture, judged: frozenset[int], least_growth: int
) -> Iterator[Finding]:
    """One finding of a rule per stack that more goroutines block in from profile to profile.

    ``judged`` are the processes whose dumps tell more.
    """
    for process, profiles in goroutine_profiles_of(capture, "goroutine"):
        if process in judged:
            continue
        series = series_of(profiles)
        if len(series) < LEAST_PROFILES:
            continue
        counts = [{(g.stack.frames, g.reason): g.count for g in p.groups} for p in series]
        for group in series[-1].groups:
            if not needs_others(group.reason) or group.stack.normal is not None:
                continue
            numbers = [found.get((group.stack.frames, group.reason), 0) for found in counts]
            if _grows(numbers, least_growth):
                yield _finding(rule, process, series, group, numbers)


def series_of(profiles: Sequence[GoroutineProfile]) -> list[GoroutineProfile]:
    """The whole profiles of one form: text and protobuf of the same moments are no two moments."""
    whole = [p for p in profiles if not p.truncated]
    forms = {p.form: [q for q in whole if q.form == p.form] for p in whole}
    return max(forms.values(), key=len, default=[])


def needs_others(name: str) -> bool:
    """Whether only another goroutine can end the wait; connections and tickers come and go."""
    found = reason(name)
    return name == CHANNEL_OPERATION or (found is not None and found.leak_weight == "strong")


def _grows(numbers: Sequence[int], least: int) -> bool:
    rises = all(before < after for before, after in pairwise(numbers))
    return rises and numbers[-1] - numbers[0] >= least and numbers[-1] >= LEAST_SHARE * numbers[0]


def _finding(
    rule: str,
    process: int,
    series: Sequence[GoroutineProfile],
    group: Counted,
    numbers: Sequence[int],
) -> Finding:
    return leak_finding(
        rule,
        Severity.WARNING,
        Confidence.MEDIUM,
        group,
        process=process,
        title=f"{' -> '.join(map(str, numbers))} goroutines at {place_of(group.stack.user_frame)}",
        detail=f"They become more in every profile, and wait in {group.reason}; a profile has no ids, "
        "so whether the old ones stay is not known.",
        evidence=tuple(
            Evidence(f"profile {n}", count, "goroutines", profile.source)
            for n, (profile, count) in enumerate(zip(series, numbers, strict=True), 1)
        ),
    )
