"""Goroutines counted by what their stacks have in common over restarts, pods and forms of dumps.

A signature is the functions of a stack and who started it: no ids, no addresses, no arguments, and no line
numbers, which shift with every edit. Profiles hide the runtime's frames and do not say who started a
goroutine, so these are left out where one of two sides is a profile.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from goscope.analysis.goroutines.dumps import Stack, snapshots_of, stacks_of
from goscope.analysis.goroutines.profiles import goroutine_profiles_of, visible
from goscope.capture.capture import Capture
from goscope.goruntime.function_names import is_runtime
from goscope.tables.table import Table


@dataclass(frozen=True, slots=True)
class Signature:
    """The functions of a stack, innermost first, and the function that started the goroutine."""

    functions: tuple[str, ...]
    creator: str | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """The goroutines of one moment: how many of each signature, an example of its stack, and the source.

    ``creators`` says whether it is known who started them. ``reasons`` holds the most frequent wait
    reason of each signature, as far as it is known.
    """

    source: str
    creators: bool
    counts: dict[Signature, int] = field(default_factory=dict)
    stacks: dict[Signature, Stack] = field(default_factory=dict)
    reasons: dict[Signature, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def without_creators(self) -> Gathered:
        """The same, as a profile would tell it."""
        found = Gathered(self.source, False)
        for signature, count in sorted(self.counts.items(), key=lambda item: -item[1]):
            bare = Signature(signature.functions, None)
            found.counts[bare] = found.counts.get(bare, 0) + count
            found.stacks.setdefault(bare, self.stacks[signature])
            if signature in self.reasons:
                found.reasons.setdefault(bare, self.reasons[signature])
        return found


def first_and_last(capture: Capture) -> dict[int, tuple[Gathered, Gathered]]:
    """The goroutines of each process at its first and its last dump, or profile if it has no dump."""
    found: dict[int, tuple[Gathered, Gathered]] = {}
    for process, dumps in snapshots_of(capture):
        ends = [_of_dump(capture, dumps[place].rows, dumps[place].source) for place in (0, -1)]
        found[process] = (ends[0], ends[1])
    for process, profiles in goroutine_profiles_of(capture, "goroutine"):
        if process in found:
            continue
        pair = []
        for profile in (profiles[0], profiles[-1]):
            gathered = Gathered(profile.source, False)
            for group in profile.groups:
                _add(gathered, group.stack, group.count, group.reason, None)
            pair.append(gathered)
        found[process] = (pair[0], pair[1])
    return found


def gathered_of(capture: Capture) -> Gathered | None:
    """The goroutines of all processes together, each at its last dump or profile; None without any."""
    latest = [last for _, last in first_and_last(capture).values()]
    if not latest:
        return None
    if not all(one.creators for one in latest):
        latest = [one.without_creators() for one in latest]
    source = latest[0].source if len(latest) == 1 else f"{len(latest)} processes"
    total = Gathered(source, latest[0].creators)
    for one in latest:
        for signature, count in one.counts.items():
            total.counts[signature] = total.counts.get(signature, 0) + count
            total.stacks.setdefault(signature, one.stacks[signature])
            if signature in one.reasons:
                total.reasons.setdefault(signature, one.reasons[signature])
    return total


def _of_dump(capture: Capture, rows: Table, source: str) -> Gathered:
    stacks = stacks_of(capture)
    gathered = Gathered(source, True)
    numbers = rows["stack_id"]
    words = [*rows.categories("wait_reason"), ""]
    for number in np.unique(numbers).tolist():
        stack = stacks[number]
        mine = rows["wait_reason"][numbers == number].tolist()
        reason = words[Counter(mine).most_common(1)[0][0]]
        creator = stack.created_by.function if stack.created_by else None
        _add(gathered, visible(stack), len(mine), reason, creator)
    return gathered


def _add(gathered: Gathered, stack: Stack, count: int, reason: str, creator: str | None) -> None:
    functions = [frame.function or "?" for frame in stack.frames]
    while len(functions) > 1 and is_runtime(functions[-1]):  # runtime.main, runtime.goexit
        functions.pop()
    signature = Signature(tuple(functions), creator)
    gathered.counts[signature] = gathered.counts.get(signature, 0) + count
    gathered.stacks.setdefault(signature, stack)
    if reason:
        gathered.reasons.setdefault(signature, reason)
