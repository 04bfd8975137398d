"""Profiles as rules and pages look at them: goroutines counted by stack, and the largest stacks.

A goroutine profile has no ids and no states: what it knows is how many goroutines have which stack. The
text form hides the runtime's frames at the top of a stack, so both forms are compared without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from goscope.analysis.goroutines.dumps import Stack, same_stack, stacks_of
from goscope.analysis.goroutines.grouping import group_some
from goscope.capture.analyses import once_per_capture
from goscope.capture.capture import Capture
from goscope.findings.findings import Group, Site
from goscope.goruntime.function_names import is_runtime
from goscope.goruntime.parked_frames import CHANNEL_OPERATION
from goscope.goruntime.wait_reasons import primitive_of

_NO_STACK = Stack((), None)
_SHOWN = 5

#: What the stacks of a profile are ordered by; every other kind counts something.
_WEIGHT = {
    "heap": ("inuse_bytes", "inuse_objects"),
    "allocs": ("alloc_bytes", "alloc_objects"),
    "mutex": ("delay_ns", "contentions"),
    "block": ("delay_ns", "contentions"),
    "contention": ("delay_ns", "contentions"),
    "cpu": ("cpu_ns", "count"),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """Goroutines of a profile that have one stack and, as far as it tells, one wait reason.

    It is for profiles what :class:`goscope.analysis.goroutines.dumps.Blocked` is for dumps.
    """

    stack: Stack
    reason: str
    count: int
    source: str

    @property
    def primitive(self) -> str | None:
        """What they wait on."""
        return "channel" if self.reason == CHANNEL_OPERATION else primitive_of(self.reason)

    def group(self) -> Group:
        """How many; a profile has no ids."""
        return Group(self.count, ())

    def parent(self) -> int | None:
        """The goroutine that started them: a profile does not say."""
        return None

    def line_source(self) -> str:
        """Input and line of the first of them."""
        return self.source


@dataclass(frozen=True, slots=True)
class GoroutineProfile:
    """A goroutine or goroutineleak profile, its stacks without the runtime's frames at the top."""

    form: str
    source: str
    total: int
    truncated: bool
    groups: tuple[Counted, ...]


@dataclass(frozen=True, slots=True)
class Heaviest:
    """A stack of a profile: where, how much, how often, and what it waits for if that is known."""

    site: Site | None
    weight: int
    count: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ProfileSummary:
    """A profile in short: its weight in ``column`` and the stacks that make most of it."""

    kind: str
    source: str
    column: str
    weight: int
    stacks: int
    heaviest: tuple[Heaviest, ...]
    truncated: bool


@once_per_capture
def goroutine_profiles_of(
    capture: Capture, kind: str
) -> tuple[tuple[int, tuple[GoroutineProfile, ...]], ...]:
    """The profiles of a kind (goroutine or goroutineleak) of each process, in the order of reading."""
    found: dict[int, list[GoroutineProfile]] = {}
    for row, rows in all_profiles(capture):
        profiles = capture.table("profiles")
        if profiles.text("kind", row) != kind:
            continue
        groups = _grouped(capture, row, rows)
        total = int(profiles["total"][row]) if profiles.present("total")[row] else 0
        profile = GoroutineProfile(
            form=profiles.text("form", row) or "",
            source=source_of(capture, row),
            total=total,
            truncated=bool(profiles.flags("truncated")[row]),
            groups=groups,
        )
        found.setdefault(int(profiles["process"][row]), []).append(profile)
    return tuple((process, tuple(all_of)) for process, all_of in sorted(found.items()))


def summaries_of(capture: Capture) -> tuple[ProfileSummary, ...]:
    """The last profile of each kind of each process, in short."""
    profiles = capture.table("profiles")
    last: dict[tuple[int, str], ProfileSummary] = {}
    for row, rows in all_profiles(capture):
        kind = profiles.text("kind", row) or ""
        summary = _summary(capture, row, rows, kind)
        last.pop((int(profiles["process"][row]), kind), None)
        last[int(profiles["process"][row]), kind] = summary
    return tuple(last.values())


def visible(stack: Stack) -> Stack:
    """The stack as the text form shows it: without the runtime's frames at the top."""
    frames = stack.frames
    own = next((i for i, f in enumerate(frames) if not _hidden(f.function or "")), 0)
    return Stack(frames[own:], stack.created_by) if own else stack


def _hidden(function: str) -> bool:
    return function != "panic" and is_runtime(function)


def all_profiles(capture: Capture) -> list[tuple[int, list[int]]]:
    """Each profile's row and the rows of its records, in the order in which the inputs were read."""
    owners = capture.table("profile")["profile"]
    order = np.argsort(owners, kind="stable")
    bounds = np.searchsorted(owners[order], np.arange(len(capture.table("profiles")) + 1))
    turn = {found.name: place for place, found in enumerate(capture.inputs)}
    names = capture.table("profiles").texts("input")
    rows = sorted(range(len(names)), key=lambda row: turn.get(names[row] or "", 0))
    return [(row, order[bounds[row] : bounds[row + 1]].tolist()) for row in rows]


def source_of(capture: Capture, row: int, table: str = "profiles") -> str:
    """The input, and the line if it is text."""
    rows = capture.table(table)
    return rows.place(row) if rows.present("line")[row] else rows.text("input", row) or ""


def _stack(capture: Capture, row: int) -> Stack:
    records = capture.table("profile")
    if not records.present("stack_id")[row]:
        return _NO_STACK
    return visible(stacks_of(capture)[int(records["stack_id"][row])])


def _grouped(capture: Capture, row: int, rows: Sequence[int]) -> tuple[Counted, ...]:
    """The records of a profile, those with one stack together, whatever their labels; larger ones first."""
    records, mine = capture.table("profile"), np.array(rows, np.int64)
    counts, reasons = records["count"], records["wait_reason"]
    same = same_stack(capture)[np.where(records.present("stack_id"), records["stack_id"], -1)]
    found = [
        Counted(
            Stack(_stack(capture, int(group[0])).frames, None),
            records.text("wait_reason", int(group[0])) or "",
            int(counts[group].sum()),
            source_of(capture, int(group[0]), "profile"),
        )
        for group in group_some(mine, same, reasons)
    ]
    return tuple(sorted(found, key=lambda g: -g.count))


def _summary(capture: Capture, row: int, rows: Sequence[int], kind: str) -> ProfileSummary:
    records = capture.table("profile")
    column, second = _WEIGHT.get(kind, ("count", ""))
    weights = records[column]
    present = records.present("stack_id")
    together: dict[tuple[Site | None, str | None], list[int]] = {}
    stacks = set()
    for record in rows:
        stack = _stack(capture, record)
        key = (stack.user_frame, records.text("wait_reason", record))
        together.setdefault(key, []).append(record)
        stacks.add(int(records["stack_id"][record]) if present[record] else -1)
    heaviest = [
        Heaviest(
            site,
            int(weights[mine].sum()),
            int(records[second][mine].sum()) if second else None,
            reason,
        )
        for (site, reason), mine in together.items()
    ]
    heaviest.sort(key=lambda h: -h.weight)
    return ProfileSummary(
        kind=kind,
        source=source_of(capture, row),
        column=column,
        weight=sum(h.weight for h in heaviest),
        stacks=len(stacks),
        heaviest=tuple(h for h in heaviest[:_SHOWN] if h.weight),
        truncated=bool(capture.table("profiles").flags("truncated")[row]),
    )
