"""A goroutine dump is cut off.

What it detects: an input that ends in the middle of a dump: in a line, or behind a header without any frame.

Why it matters: the goroutines behind the cut are missing, so every count is a lower bound, and a
leak may be behind it.

Evidence and threshold: one is enough. pprof gives up at 64 MiB (runtime/pprof:
writeGoroutineStacks), net/http at 64 KiB for the stack of a handler, Kubernetes keeps 4 KiB of a
termination message, and shippers cut long entries.

Example: a dump of 67108864 bytes whose last line is ``goroutine 912441 [chan rec``

What to do: take the dump in its compact form, which counts equal stacks: /debug/pprof/goroutine
(debug=0 or 1); or save it to a file instead of a log.

False positives: a dump that somebody cut on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.capture.capture import Capture, Input
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.rule import Family, Rule, Settings

#: Where pprof's debug=2 stops (runtime/pprof: writeGoroutineStacks).
PPROF_LIMIT = 64 << 20


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per input that ends inside a dump."""
    snapshots = capture.table("snapshots")
    names = snapshots.texts("input")
    last = {name: row for row, name in enumerate(names)}
    for found in capture.inputs:
        row = last.get(found.name)
        if row is None:
            continue
        truncated = bool(snapshots.flags("truncated")[row])
        if not truncated and not _breaks_off(found) and not _ends_with_header(capture, row):
            continue
        count = int(snapshots["goroutines"][row])
        line = int(snapshots["last_line"][row])
        at_limit = truncated and found.size >= PPROF_LIMIT
        why = "pprof gives up at 64 MiB" if at_limit else "the input ends inside a goroutine"
        yield Finding(
            rule="input-truncated",
            severity=Severity.INFO,
            confidence=Confidence.HIGH,
            title=f"The dump is cut off after {count} goroutine{'s' * (count != 1)}",
            detail=f"{why}; what stood behind is missing, so counts are lower bounds.",
            evidence=(
                Evidence("read", count, "goroutines", f"{found.name}:{line}"),
                Evidence("size of the input", found.size, "bytes"),
            ),
            advice="Save the dump to a file, or take /debug/pprof/goroutine?debug=1, which counts "
            "equal stacks.",
            process=int(snapshots["process"][row]),
        )


def _breaks_off(found: Input) -> bool:
    """Whether it ends within a line, and the source said so, or that line was to be a header."""
    if not found.cut:
        return False
    last = (one.text for one in found.unparsed if one.line == found.lines)
    return found.problem is not None or any(text.startswith(b"goroutine ") for text in last)


def _ends_with_header(capture: Capture, snapshot: int) -> bool:
    """Whether the last goroutine of a dump has nothing below its header, and is not running."""
    goroutines, stacks = capture.table("goroutines"), capture.table("stacks")
    rows = (goroutines["snapshot_id"] == snapshot).nonzero()[0]
    row = int(rows[-1])
    stack = int(goroutines["stack_id"][row])
    bare = int(stacks["depth"][stack]) == 0 and stacks.text("creator", stack) is None
    return bare and goroutines.text("state", row) != "running"


RULE = Rule("input-truncated", ("snapshots",), find, family=Family.INPUTS, verdict=None)
