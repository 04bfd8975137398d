"""More goroutines than programs of nearly any kind have.

What it detects: more than 10,000 goroutines in a dump or a profile; a warning above 100,000.

Why it matters: each costs at least about 2.6 KB, time of the garbage collector for its stack, and time of
the scheduler. Numbers like these come from work that is started without a limit.

Evidence and threshold: to 100 a command-line tool, to 1,000 a web server, to 10,000 a loaded server, to
100,000 special work that needs a limit. The estimate is 2 KB for the smallest stack (runtime/stack.go:
stackMin), about 400 bytes for the ``g`` and some 150 around it; gctrace prints the real size of
all stacks (1.18 and newer), which is taken if it is there.

Example: 250,000 goroutines, at least 640 MB.

What to do: limit what runs at a time: a worker pool, or a semaphore (a buffered channel) around the go
statement.

False positives: a server that holds a goroutine or two for each of very many connections.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from goscope.analysis.goroutines.dumps import Snapshot, Stack, snapshots_of, stacks_of
from goscope.analysis.goroutines.profiles import GoroutineProfile, goroutine_profiles_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Group, Severity
from goscope.rules.rule import Family, Rule, Settings

STACK_BYTES = 2048
G_BYTES = 400
AROUND_BYTES = 150


def find(
    capture: Capture,
    settings: Settings,
    *,
    above_goroutines: int = 10_000,
    warn_above_goroutines: int = 100_000,
) -> Iterator[Finding]:
    """One finding per process, about its last dump, or its last profile if it has none."""
    dumped = set()
    for process, dumps in snapshots_of(capture):
        dumped.add(process)
        if len(dumps[-1].rows) > above_goroutines:
            yield _of_dump(capture, process, dumps[-1], warn_above_goroutines)
    for process, profiles in goroutine_profiles_of(capture, "goroutine"):
        last = profiles[-1]
        if process not in dumped and last.groups and last.total > above_goroutines:
            yield _of_profile(capture, process, last, warn_above_goroutines)


def estimated_mb(goroutines: int) -> float:
    """The least memory of so many goroutines, in MiB."""
    return goroutines * (STACK_BYTES + G_BYTES + AROUND_BYTES) / 2**20


def stacks_mb(capture: Capture, process: int) -> int | None:
    """The stacks of a process in the last gc line that tells them, in MiB."""
    gc = capture.table("gc")
    told = np.flatnonzero(gc.present("stacks_mb") & (gc["process"] == process))
    return int(gc["stacks_mb"][told[-1]]) if len(told) else None


def _of_dump(capture: Capture, process: int, dump: Snapshot, warn_above: int) -> Finding:
    numbers, sizes = np.unique(dump.rows["stack_id"], return_counts=True)
    largest = int(np.argmax(sizes))
    stack = stacks_of(capture)[int(numbers[largest])]
    ids = dump.rows["id"][dump.rows["stack_id"] == numbers[largest]]
    group = Group(int(sizes[largest]), tuple(sorted(ids.tolist())[:20]))
    count = len(dump.rows)
    found = _finding(
        capture, process, count, dump.source, stack, len(sizes), group, count > warn_above
    )
    cut = capture.table("snapshots").flags("truncated")[dump.number]
    return replace(found, title=f"at least {found.title}") if cut else found


def _of_profile(
    capture: Capture, process: int, profile: GoroutineProfile, warn_above: int
) -> Finding:
    largest, count = profile.groups[0], profile.total
    stacks = len(profile.groups)
    return _finding(
        capture, process, count, profile.source, largest.stack, stacks, largest.group(),
        count > warn_above,
    )  # fmt: skip


def _finding(
    capture: Capture,
    process: int,
    count: int,
    source: str,
    stack: Stack,
    stacks: int,
    group: Group,
    too_many: bool,
) -> Finding:
    real = stacks_mb(capture, process)
    memory = (
        Evidence("memory, at least", round(estimated_mb(count)), "MiB")
        if real is None
        else Evidence("stacks in the last gc line", real, "MiB")
    )
    return Finding(
        rule="goroutines-many",
        severity=Severity.WARNING if too_many else Severity.INFO,
        confidence=Confidence.MEDIUM if too_many else Confidence.LOW,
        title=f"{count} goroutines",
        detail=f"{group.count} of them have one stack, and there are {stacks} different stacks.",
        evidence=(Evidence("goroutines", count, "", source), memory),
        advice="Limit what runs at a time: a worker pool, or a semaphore (a buffered channel) around "
        "the go statement.",
        process=process,
        site=stack.user_frame,
        stack=stack.frames,
        created_by=stack.created_by,
        goroutines=group,
    )


RULE = Rule(
    "goroutines-many",
    ("goroutines",),
    find,
    instead=("profile",),
    family=Family.GOROUTINES,
    verdict="goroutines",
)
