"""A goroutine deep in a recursion.

What it detects: a stack of at least 1,000 frames, most of which are one function or a few that call
each other.

Why it matters: at 1 GB of stack (250 MB on 32 bit) the runtime ends the program with ``stack overflow``;
long before that stacks are copied each time they double, and the garbage collector scans them.

Evidence and threshold: Go prints the first and the last 50 frames and how many it left out (``...N
frames elided...``, 1.21 and newer; runtime/traceback.go). Calls in ordinary programs end below 200 frames,
so 1,000 are a recursion over the data. Above 100,000 it is a warning. Older versions print a hundred frames
and no number: there nothing is said.

Example: ``...9900 frames elided...`` in a stack of ``main.(*node).walk``.

What to do: see that the recursion ends (a cycle in the data, a missing case), or turn it into a loop with
a stack of its own.

False positives: a recursion that is as deep as its data and ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from goscope.analysis.goroutines.dumps import Snapshot, Stack, snapshots_of, stacks_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Group, Severity
from goscope.rules.findings.leak import place_of
from goscope.rules.goroutines_many import stacks_mb
from goscope.rules.rule import Family, Rule, Settings

#: A recursion may go over a few functions in turn.
MOST_IN_TURN = 4


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_frames: int = 1000,
    warn_above_frames: int = 100_000,
    least_repeated_share: float = 0.5,
) -> Iterator[Finding]:
    """One finding per recursion and process, from the last dump."""
    table = capture.table("stacks")
    frames = table["depth"] + table.numbers("elided", 0)
    for process, dumps in snapshots_of(capture):
        last = dumps[-1]
        told: set[str] = set()
        numbers = np.unique(last.rows["stack_id"])
        for number in sorted(numbers.tolist(), key=lambda n: -frames[n]):
            if frames[number] < least_frames:
                break
            stack = stacks_of(capture)[number]
            function = _recursion(stack, least_repeated_share)
            if function is not None and function not in told:
                told.add(function)
                total = int(frames[number])
                yield _finding(capture, process, last, number, function, total, warn_above_frames)


def _recursion(stack: Stack, least_repeated_share: float) -> str | None:
    """The function that comes again and again, if it and a few others make up most of the stack."""
    counts = Counter(stack.functions).most_common(MOST_IN_TURN)
    repeated = [(function, count) for function, count in counts if count > 2]
    if (
        sum(count for _, count in repeated) < least_repeated_share * len(stack.frames)
        or not repeated
    ):
        return None
    return repeated[0][0]


def _finding(
    capture: Capture,
    process: int,
    dump: Snapshot,
    number: int,
    function: str,
    frames: int,
    warn_above_frames: int,
) -> Finding:
    stack = stacks_of(capture)[number]
    rows = np.flatnonzero(dump.rows["stack_id"] == number)
    site = next(frame for frame in stack.frames if frame.function == function)
    real = stacks_mb(capture, process)
    memory = () if real is None else (Evidence("stacks in the last gc line", real, "MiB"),)
    source = dump.rows.place(int(rows[0]))
    too_deep = frames > warn_above_frames
    return Finding(
        rule="goroutines-deep-stack",
        severity=Severity.WARNING if too_deep else Severity.INFO,
        confidence=Confidence.MEDIUM if too_deep else Confidence.LOW,
        title=f"{frames} frames deep in {place_of(site)}",
        detail=f"{function} and what it calls come again and again in this stack.",
        evidence=(Evidence("frames", frames, "", source), *memory),
        advice="See that the recursion ends (a cycle in the data, a missing case), or turn it into a "
        "loop with a stack of its own.",
        process=process,
        site=site,
        stack=stack.frames[:50],
        created_by=stack.created_by,
        goroutines=Group(len(rows), tuple(sorted(dump.rows["id"][rows].tolist())[:20])),
    )


RULE = Rule(
    "goroutines-deep-stack",
    ("goroutines",),
    find,
    family=Family.GOROUTINES,
    verdict="goroutines",
)
