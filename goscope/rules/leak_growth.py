"""Goroutines of one origin that become more in every dump while the old ones stay.

What it detects: two or more dumps of one process in which the number of goroutines started at one
place rises every time, and (nearly) all that were there before are still there.

Why it matters: this is what a leak is. It ends with the memory, the threads or the scheduler.

Evidence and threshold: the same id later is the same goroutine, so births and deaths are counted, not
guessed. At least 3 more than in the first dump; of those in each dump at least 90 % are in the next
(numbers chosen on labelled programs: none is published).
Where only two more come over three dumps, senders and lock waiters of more than a minute are suspected.
Three dumps make it sure, two leave it a suspicion. Growth alone also happens when a pool warms up or
connections build up: known long waiters do not count, and neither do goroutines that run or are
runnable (an overload, not a leak). Some kinds of growth are only mentioned: workers that were given
something between dumps (then not in the chan receive that they wait in otherwise; somebody feeds them), a
queue of which those that came first have ended, a number that is that of the dump before, handlers of
connections, with what they started, that read from a peer who is still there (or wait in a select while a
goroutine of theirs reads), and sleeps of more than a second, after which all may end. Where the last step is
less than a tenth of the largest it may be a pool that fills up: a warning. Critical is only what other
goroutines alone could end. Peers and
child processes may yet end what waits for them, loops of short sleeps may end, and requests whose clients
still wait may be a backlog: these are warnings.
Goroutine profiles (debug=0 and debug=1) have no ids: of them it takes
three in which one stack rises each time, by half in all, and the confidence is medium.

Example: 28, then 48, then 68 goroutines of ``main.leak1.func1``, all in ``chan send``.

What to do: look at where they block, and at the go statement that starts them.

False positives: a set of subscriptions that still fills up while the dumps are taken; connections to others,
or child processes, of which a growing load needs more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from goscope.analysis.goroutines.columns import dumped_goroutines_of
from goscope.analysis.goroutines.dumps import (
    SYSCALL,
    Blocked,
    Snapshot,
    StackTable,
    blocked_groups,
    same_stack,
    snapshots_of,
    stacks_of,
    syscall_groups,
)
from goscope.analysis.goroutines.grouping import group_by
from goscope.analysis.waits.benign_growth import BenignGrowth, doubt_about
from goscope.analysis.waits.connections import Connections
from goscope.analysis.waits.wakeup_graph import Dump, dumps_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.goruntime.long_waiters import waits_for_child
from goscope.goruntime.wait_reasons import can_leak
from goscope.rules.findings.leak import leak_finding, place_of
from goscope.rules.profile_growth import growth_in_profiles
from goscope.rules.rule import Family, Rule, Settings

#: The go statement. The first function is no part of it: signal dumps show wrappers that others hide.
_Origin = tuple[str | None, str | None, int | None]


@dataclass(frozen=True, slots=True)
class _Births:
    """The goroutines of one origin: their ids in each dump."""

    ids: tuple[frozenset[int], ...]

    @property
    def counts(self) -> tuple[int, ...]:
        return tuple(len(ids) for ids in self.ids)

    def grows(self, least: int) -> bool:
        """Never fewer, and more every time; of three intervals and more one may stand still."""
        steps = np.diff(self.counts)
        still = int((steps == 0).sum())
        rises = bool((steps >= 0).all()) and still <= (len(steps) > 2)
        return rises and self.counts[-1] - self.counts[0] >= least

    @property
    def survival(self) -> float:
        """The smallest share of a dump's goroutines that is still there in the next dump."""
        shares = [
            len(before & after) / len(before)
            for before, after in zip(self.ids, self.ids[1:], strict=False)
            if before
        ]
        return min(shares, default=1.0)


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_growth: int = 3,
    least_slow_growth: int = 2,
    least_survival_share: float = 0.9,
    most_runnable_share: float = 0.5,
) -> Iterator[Finding]:
    """One finding per origin, with the stack that most of its goroutines wait in."""
    stacks = stacks_of(capture)
    judged = frozenset(process for process, dumps in snapshots_of(capture) if len(dumps) > 1)
    yield from growth_in_profiles(RULE.name, capture, judged, least_growth)
    related = dict(dumps_of(capture))
    for process, dumps in snapshots_of(capture):
        if len(dumps) < 2:
            continue
        origins = [_origins(dump, stacks) for dump in dumps]
        groups = [*blocked_groups(capture, dumps[-1]), *syscall_groups(capture, dumps[-1])]
        connections = Connections(capture, dumps[-1])
        for origin in sorted(origins[-1], key=str):
            births = _Births(tuple(found.get(origin, frozenset()) for found in origins))
            slow = not births.grows(least_growth)
            grows = births.grows(least_slow_growth) and (len(dumps) > 2 or not slow)
            if grows and births.survival >= least_survival_share:
                blocked = _stuck(births, groups, 1 - most_runnable_share)
                if blocked is None or (slow and not _old_senders(births, blocked)):
                    continue
                parts = _parts(births, groups, related[process], least_growth)
                for part, where in parts if len(parts) > 1 else [(births, blocked)]:
                    doubt = doubt_about(capture, dumps, part.ids, where, connections)
                    counts = _counts(capture, process, where)
                    found = _finding(process, dumps, part, where, counts, doubt)
                    yield _suspected(found) if slow else found


def _counts(capture: Capture, process: int, blocked: Blocked) -> tuple[int, ...]:
    """How many are in that stack and state in each dump, as every list of goroutines counts them."""
    columns = next(one for one in dumped_goroutines_of(capture) if one.process == process)
    grouping = group_by(same_stack(capture)[columns.stack], columns.state)
    last = int(np.searchsorted(columns.dump, len(columns.sources) - 1))
    mine = grouping.group == grouping.group[last + int(blocked.rows[0])]
    counts: list[int] = np.bincount(columns.dump[mine], minlength=len(columns.sources)).tolist()
    return tuple(counts)


def _origins(dump: Snapshot, stacks: StackTable) -> dict[_Origin, frozenset[int]]:
    """The goroutine ids of a dump by where they were started, known long waiters left out.

    But for those who wait for a child process: each needs a thread as long as it runs.
    """
    found: dict[_Origin, set[int]] = {}
    numbers = dump.rows["stack_id"]
    origin_of: dict[int, _Origin | None] = {}
    for number in np.unique(numbers).tolist():
        stack = stacks[number]
        created = stack.created_by
        origin_of[number] = (
            None
            if created is None
            or (stack.normal is not None and not waits_for_child(stack.functions))
            else (created.function, created.file, created.line)
        )
    for number, goroutine in zip(numbers.tolist(), dump.rows["id"].tolist(), strict=True):
        origin = origin_of[number]
        if origin is not None:
            found.setdefault(origin, set()).add(goroutine)
    return {origin: frozenset(ids) for origin, ids in found.items()}


def _stuck(births: _Births, groups: list[Blocked], least_share: float) -> Blocked | None:
    """Where most of the last dump's goroutines wait, if enough of them do."""
    ids = births.ids[-1]
    waiting: Counter[int] = Counter()
    for place, group in enumerate(groups):
        if can_leak(group.reason) or group.reason == SYSCALL:
            rows = group.snapshot.rows
            waiting[place] = len(ids.intersection(rows.at("id", group.rows).tolist()))
    stuck = sum(waiting.values())
    if not stuck or stuck < least_share * len(ids):
        return None
    return groups[waiting.most_common(1)[0][0]]


def _old_senders(births: _Births, blocked: Blocked) -> bool:
    """Whether they wait where nobody rests, all but the last ones for minutes, as the runtime says."""
    rows = blocked.snapshot.rows
    ids, minutes = rows.at("id", blocked.rows), rows.numbers("wait_minutes")[blocked.rows]
    old = np.isin(ids, list(births.ids[-2]))
    no_rest = blocked.primitive == "lock" or blocked.reason.startswith("chan send")
    return no_rest and int(old.sum()) == len(births.ids[-2]) and bool((minutes[old] >= 1).all())


def _suspected(found: Finding) -> Finding:
    """A leak of so few that more dumps have to tell."""
    severity = min(found.severity, Severity.WARNING, key=lambda s: s.rank)
    return replace(found, severity=severity, confidence=Confidence.LOW)


def _parts(
    births: _Births, groups: list[Blocked], dumps: tuple[Dump, ...], least: int
) -> list[tuple[_Births, Blocked]]:
    """The goroutines of one origin by where they wait for good, if they become more there as well.

    A request may get stuck in two places: these are two leaks. Places that all of them pass are none.
    """
    before, after = dumps[-2:]
    found = []
    for group in groups:
        rows = dict(
            zip(group.snapshot.rows.at("id", group.rows).tolist(), group.rows.tolist(), strict=True)
        )
        part = _Births(tuple(ids & rows.keys() for ids in births.ids))
        if part.grows(least) and all(
            after.same(rows[goroutine], before, before.row_of[goroutine])
            for goroutine in part.ids[-2]
        ):
            found.append((part, group))
    return found


_BENIGN_GROWTH = {
    BenignGrowth.CONNECTED: (
        "Each belongs to an accepted connection whose peer keeps it open: connections build up."
    ),
    BenignGrowth.FED: "But the old ones are given work between the dumps: a pool that still grows.",
    BenignGrowth.SERVED: (
        "But those that came first have ended since: a queue that is served, only not fast enough."
    ),
    BenignGrowth.SETTLED: "But no more have come since the dump before: a pool that has reached its size, or "
    "a leak whose cause pauses.",
    BenignGrowth.STOPPED: "But no more have come since the dump before: what brings them there pauses, or "
    "has stopped.",
    BenignGrowth.SETTLING: "Few came since the dump before: a pool that reaches its size, or dumps that were "
    "taken one soon after the other.",
    BenignGrowth.NAPPING: "But a sleep ends by itself, and these are longer than dumps usually are apart.",
    BenignGrowth.PATIENT: (
        "Their clients are still connected: it may be a backlog, which a slower load would end."
    ),
    BenignGrowth.PEER: "Their peers may end it yet, and more work may have come than usual.",
    BenignGrowth.CHILD: (
        "They go on when their child processes end; each keeps a thread until then."
    ),
    BenignGrowth.LOOPING: "They sleep again and again; that their loops end is not to be seen.",
}
_ADVICE = {
    BenignGrowth.CONNECTED: "Compare with the load. Peers that should not stay need timeouts (ReadTimeout "
    "and IdleTimeout of http.Server, SetReadDeadline), and a limit on how many are accepted.",
    BenignGrowth.SERVED: "Bound how many wait, with a worker pool or a semaphore, and turn away what is "
    "more; or serve them faster.",
    BenignGrowth.SETTLED: "Take more dumps under load: a pool stays as large as it is.",
    BenignGrowth.SETTLING: "Take more dumps under load: a pool stays as large as it is.",
    BenignGrowth.NAPPING: "Take dumps further apart than the sleeps are long: who is still there then loops.",
    BenignGrowth.CHILD: "See why the child processes do not end: start them with exec.CommandContext and a "
    "timeout, set Cmd.WaitDelay, and bound how many run at once.",
}


def _finding(
    process: int,
    dumps: tuple[Snapshot, ...],
    births: _Births,
    blocked: Blocked,
    counts: tuple[int, ...],
    doubt: BenignGrowth | None,
) -> Finding:
    stay = "all old ones" if births.survival == 1 else f"{births.survival:.0%} of the old ones"
    severity, confidence = Severity.WARNING, Confidence.MEDIUM
    stopped = doubt in (BenignGrowth.SETTLED, BenignGrowth.STOPPED)
    more = "became more" if stopped else "become more in every dump"
    detail = f"They {more}, {stay} stay, and most wait in {blocked.reason}."
    if births.counts != counts:
        detail += f" With those in other places there are {_over_dumps(births.counts)} of this go statement."
    if doubt is not None:
        detail += f" {_BENIGN_GROWTH[doubt]}"
        if doubt.harmless:
            severity, confidence = Severity.INFO, Confidence.LOW
    elif len(dumps) > 2:
        severity, confidence = Severity.CRITICAL, Confidence.HIGH
    found = leak_finding(
        "leak-growth",
        severity,
        confidence,
        blocked,
        process=process,
        title=f"{_over_dumps(counts)} goroutines at {place_of(blocked.stack.user_frame)}",
        detail=detail,
        evidence=(
            *(
                Evidence(f"dump {n}", count, "goroutines", dump.source)
                for n, (dump, count) in enumerate(zip(dumps, counts, strict=True), 1)
            ),
            Evidence("still there in the next dump", round(births.survival * 100), "%"),
        ),
    )
    return replace(found, advice=_ADVICE[doubt]) if doubt in _ADVICE else found


def _over_dumps(counts: tuple[int, ...]) -> str:
    return " -> ".join(map(str, counts))


RULE = Rule(
    "leak-growth",
    ("goroutines",),
    find,
    instead=("profile",),
    family=Family.LEAKS,
    verdict="goroutines",
    state="leak",
    strength=60,
    explains=dict.fromkeys(("lock", "strong"), "asks whether they become more"),
)
