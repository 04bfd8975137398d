"""One instance of several that has far more goroutines than the others.

What it detects: of at least three live programs that were asked at once, one whose goroutines, in all or at
one place, are many times those of the others.

Why it matters: instances of one program behind one load balancer should look alike. The one that does not is
where to look first: it leaks, it is stuck, or it gets the load of all.

Evidence and threshold: at least three times the median of the other instances, and at least 50 goroutines
more: both numbers are chosen, as none is published. Fewer than three instances have no median that would
say which one is odd.

Example: 9,000 goroutines on web-3, 210 on the other two.

What to do: look at what is said about that instance, and compare its load and its version with the others.

False positives: instances with different roles, a leader for instance, or different programs asked at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median

from goscope.analysis.goroutines.moments import Moment, first_and_last
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Group, Severity, Site
from goscope.rules.rule import Family, Rule, Settings


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_times: float = 3.0,
    least_more_goroutines: int = 50,
    least_instances: int = 3,
) -> Iterator[Finding]:
    """One finding per odd instance, about the place that makes most of the difference."""
    if len(capture.labels) < least_instances:
        return
    found = {p: last for p, (_, last) in first_and_last(capture).items() if p in capture.labels}
    if len(found) < least_instances:
        return
    places = {process: _places(moment) for process, moment in found.items()}
    for process, mine in places.items():
        others = [there for other, there in places.items() if other != process]
        totals = [found[other].total for other in found if other != process]
        usual = {site: median(there[site] for there in others) for site in mine}
        site = max(mine, key=lambda site: mine[site] - usual[site])
        more = mine[site] - usual[site]
        if more < least_more_goroutines or mine[site] < least_times * usual[site]:
            continue
        label = capture.labels[process]
        yield Finding(
            rule="fleet-outlier",
            severity=Severity.INFO,
            confidence=Confidence.MEDIUM,
            title=f"{label} has {mine[site]} goroutines at {site}, the other instances {usual[site]:g}",
            detail=f"It is the odd one of {len(found)} instances.",
            evidence=(
                Evidence("here", mine[site], "goroutines", found[process].source),
                Evidence("median of the other instances", usual[site], "goroutines"),
                Evidence("in all, here", found[process].total, "goroutines"),
                Evidence("in all, median of the others", median(totals), "goroutines"),
            ),
            advice="Look at what else is said about this instance; compare its load and version.",
            process=process,
            site=_example(found[process], site),
            goroutines=Group(mine[site], ()),
        )


def _places(moment: Moment) -> Counter[str]:
    """How many goroutines are at each function of the program."""
    places: Counter[str] = Counter()
    for group in moment.groups:
        frame = group.stack.user_frame
        places[(frame and frame.function) or "?"] += group.count
    return places


def _example(moment: Moment, function: str) -> Site | None:
    frames = [group.stack.user_frame for group in moment.groups]
    return next((f for f in frames if f is not None and f.function == function), None)


RULE = Rule(
    "fleet-outlier",
    ("goroutines",),
    find,
    instead=("profile",),
    family=Family.FLEET,
    verdict=None,
)
