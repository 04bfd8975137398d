"""The goroutines of one moment, counted by stack and wait reason.

Moments of different processes, pods and builds are compared by signatures: the functions of a stack with
their lines, and the go statement. Profiles do not say who started a goroutine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from goscope.analysis.goroutines.dumps import Signature, Snapshot, blocked_among, snapshots_of
from goscope.analysis.goroutines.profiles import Counted, goroutine_profiles_of
from goscope.capture.capture import Capture
from goscope.goruntime.function_names import is_runtime


@dataclass(frozen=True, slots=True)
class Moment:
    """Goroutines in groups of one stack and one wait reason, "" without one, larger ones first.

    ``creators`` says whether it is known who started them.
    """

    source: str
    creators: bool
    groups: tuple[Counted, ...]

    @property
    def total(self) -> int:
        return sum(group.count for group in self.groups)

    def counts(self) -> Counter[tuple[Signature, str]]:
        """How many goroutines there are by signature and wait reason."""
        counts: Counter[tuple[Signature, str]] = Counter()
        for group in self.groups:
            counts[group.stack.signature, group.reason] += group.count
        return counts


def functions_of(group: Counted, *, creator: bool) -> tuple[str | None, ...]:
    """What stays the same of a stack when lines shift: its functions, and that of the go statement.

    Without the ``creator``, as a profile tells it: also without the runtime's frames at both ends, which
    the text form hides.
    """
    stack = group.stack
    functions = [frame.function or "?" for frame in stack.shown_frames]
    while len(functions) > 1 and is_runtime(functions[-1]):  # runtime.main, runtime.goexit
        functions.pop()
    while len(functions) > 1 and is_runtime(functions[0]) and functions[0] != "panic":
        functions.pop(0)
    if not creator:
        return tuple(functions)
    return (*functions, stack.created_by.function if stack.created_by else None)


def first_and_last(capture: Capture) -> dict[int, tuple[Moment, Moment]]:
    """The goroutines of each process at its first and its last dump, or profile if it has no dump."""
    found: dict[int, tuple[Moment, Moment]] = {}
    for process, dumps in snapshots_of(capture):
        first, last = (_of_dump(capture, dumps[place]) for place in (0, -1))
        found[process] = (first, last)
    for process, profiles in goroutine_profiles_of(capture, "goroutine"):
        first, last = (Moment(p.source, False, p.groups) for p in (profiles[0], profiles[-1]))
        found.setdefault(process, (first, last))
    return found


def moment_of(capture: Capture) -> Moment | None:
    """The goroutines of all processes together, each at its last dump or profile; None without any."""
    latest = [last for _, last in first_and_last(capture).values()]
    if not latest:
        return None
    source = latest[0].source if len(latest) == 1 else f"{len(latest)} processes"
    return Moment(source, all(one.creators for one in latest), _together(latest))


def _together(moments: Iterable[Moment]) -> tuple[Counted, ...]:
    found: dict[tuple[Signature, str], Counted] = {}
    for moment in moments:
        for group in moment.groups:
            key = (group.stack.signature, group.reason)
            before = found.get(key)
            found[key] = (
                group if before is None else replace(before, count=before.count + group.count)
            )
    return tuple(sorted(found.values(), key=lambda group: -group.count))


def _of_dump(capture: Capture, dump: Snapshot) -> Moment:
    rows = dump.rows
    waiting = rows["wait_reason"] >= 0
    groups = [
        Counted(
            one.stack, one.reason * bool(waiting[one.rows[0]]), len(one.rows), one.line_source()
        )
        for one in blocked_among(capture, dump, np.arange(len(rows)))
    ]
    return Moment(dump.source, True, tuple(groups))
