"""Very many goroutines blocked at one line of source.

What it detects: 10,000 goroutines of one stack that wait for others, or, in a smaller program, at least
100 blocked senders that are half of all goroutines and were started one after the other.

Why it matters: a leak ends up as one line at which nearly everything waits; one dump is enough to see it.

Evidence and threshold: 10,000 at one location is the bar of LeakProf (Saioc et al., Unveiling and
Vanquishing Goroutine Leaks in Enterprise Microservices, CGO 2024), for services with very many
goroutines. Below it only senders count, because nobody parks workers there, and only if their ids are
spread over at least twice their number: a pool is started at once and has ids in a row. With
further dumps 9 of 10 must be at the same place in the last two: otherwise it is a queue that moves.
A goroutine profile (debug=0 and debug=1) is judged by the 10,000 alone; from 1,000 on a quarter of all
goroutines in one stack is mentioned.

Example: 300 of 420 goroutines in ``chan send`` at ``main.fetch.func1``, ids from 18 to 9000.

What to do: look at who should receive there; take further dumps to see whether more come.

False positives: a queue that is full at the moment; take a second dump.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from goscope.analysis.goroutines.dumps import Blocked, blocked_groups
from goscope.analysis.waits.orphaned import unmoved
from goscope.analysis.waits.wakeup_graph import NEEDS_OTHERS, Dump, WakeSource, dumps_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.findings.leak import leak_finding, place_of
from goscope.rules.profile_hot_site import hot_sites_in_profiles
from goscope.rules.rule import Family, Rule, Settings


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_goroutines: int = 10_000,
    least_senders: int = 100,
    least_share: float = 0.5,
    least_ids_per_goroutine: float = 2.0,
    least_unmoved_share: float = 0.9,
    least_in_profile: int = 1000,
    least_share_of_profile: float = 0.25,
) -> Iterator[Finding]:
    """One finding per stack and wait reason, from the last dump of each process, or its last profile."""
    judged = frozenset(process for process, _ in dumps_of(capture))
    yield from hot_sites_in_profiles(
        RULE.name,
        capture,
        judged,
        least_goroutines,
        least_unmoved_share,
        least_in_profile,
        least_share_of_profile,
    )
    for process, dumps in dumps_of(capture):
        after = dumps[-1]
        before = dumps[-2] if len(dumps) > 1 else None
        for blocked in blocked_groups(capture, after.snapshot):
            count = len(blocked.rows)
            if count < min(least_goroutines, least_senders):
                break  # larger groups come first
            if after.wake_sources[int(blocked.rows[0])] not in NEEDS_OTHERS:
                continue
            small = (
                blocked.reason.startswith("chan send")
                and count >= least_senders
                and count >= least_share * len(after.ids)
                and _spread(blocked) >= least_ids_per_goroutine
            )
            if (count >= least_goroutines or small) and _stays(
                before, after, blocked, least_unmoved_share
            ):
                yield _finding(process, after, blocked, least_goroutines)


def _spread(blocked: Blocked) -> float:
    """Over how many ids per goroutine the group is spread; about 1 if it was started at once."""
    ids = blocked.snapshot.rows.at("id", blocked.rows)
    return float(ids.max() - ids.min() + 1) / len(ids)


def _stays(before: Dump | None, after: Dump, blocked: Blocked, least: float) -> bool:
    if before is None:
        return True
    still = unmoved(before, after)
    return float(np.mean([row in still for row in blocked.rows.tolist()])) >= least


def _finding(process: int, dump: Dump, blocked: Blocked, least_goroutines: int) -> Finding:
    count = len(blocked.rows)
    sender = dump.wake_sources[int(blocked.rows[0])] is WakeSource.PEER
    return leak_finding(
        "leak-hot-site",
        Severity.WARNING,
        Confidence.MEDIUM if sender and count >= least_goroutines else Confidence.LOW,
        blocked,
        process=process,
        title=f"{count} blocked at {place_of(blocked.stack.user_frame)}",
        detail=f"{count / len(dump.ids):.0%} of all goroutines wait there in {blocked.reason}.",
        evidence=(
            Evidence("blocked there", count, "goroutines", blocked.line_source()),
            Evidence("of all goroutines", round(100 * count / len(dump.ids)), "%"),
            Evidence("ids per goroutine", round(_spread(blocked), 1)),
        ),
    )


RULE = Rule(
    "leak-hot-site",
    ("goroutines",),
    find,
    instead=("profile",),
    family=Family.LEAKS,
    verdict="goroutines",
    state="leak",
    strength=20,
    explains=dict.fromkeys(("lock", "strong"), "asks whether they pile up at one line"),
)
