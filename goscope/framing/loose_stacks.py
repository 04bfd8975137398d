"""Stacks without the header of their goroutine: the first one below an exception of Windows, and excerpts.

People copy from the middle, so the first stack of a text has often lost its header, and a line of dots or
dashes parts what belongs to different goroutines. Such frames are a record of their own, of an unknown
goroutine.
"""

from __future__ import annotations

import re

import numpy as np

from goscope.framing.lines import Lines, Positions
from goscope.framing.records import BlockKind
from goscope.tables.table import Bools

Pair = tuple[re.Pattern[bytes], re.Pattern[bytes]]

#: What the runtime prints above frames that are of no goroutine.
OF_NO_GOROUTINE = (b"runtime stack:", b"goroutine stack:")


def loose_stacks(
    lines: Lines, kind: BlockKind, covered: Bools, line_above: bytes, passing: bool
) -> tuple[Positions, Positions, int, int]:
    """The lines with which loose stacks start, the first lines behind them, and from where on they may go on.

    ``covered`` says which lines are of other blocks, ``line_above`` is the last text line before the stretch.
    ``passing`` says that a record that was too long may go on in the first lines; the first line behind it
    is returned too.
    A stack is a run of calls, each with its place below; one of them has the distance from the
    function's entry or was inlined, which nobody but Go writes like that.
    """
    assert kind.pair is not None
    none = np.empty(0, np.int64)
    indented = lines.indented
    calls = ~indented & ~covered
    calls[:-1] &= indented[1:]
    calls[-1:] = False
    found = np.flatnonzero(calls)
    count = len(lines)
    first, second = kind.pair
    open_from = count
    if count and not covered[-1] and first.match(lines.text(count - 1)):
        open_from = count - 1  # its place may be the next line
    if not len(found):
        return none, none, open_from, 0
    last = lines.bytes[lines.ends[found] - 1]
    created = lines.opening_with((kind.closing,), among=found)
    found = found[(last == ord(")")) | np.isin(found, created)]
    runs: list[tuple[int, int]] = []
    for line in found.tolist():
        if first.match(lines.text(line)) and second.match(lines.text(line + 1)):
            end = line + 2
            while end < len(lines) and lines.text(end).endswith(b" elided..."):
                end += 1
            start = runs.pop()[0] if runs and runs[-1][1] == line else line
            runs.append((start, end))
    passed = 0
    if passing and runs and _goes_on(lines, runs[0][0], kind.pair, line_above):
        passed = runs.pop(0)[1]
    if runs and runs[-1][1] >= open_from:
        open_from = runs[-1][0]
    kept = [run for run in runs if _is_stack(lines, *run, kind.closing, line_above)]
    starts = np.array([start for start, _ in kept], np.int64)
    return starts, np.array([end for _, end in kept], np.int64), open_from, passed


def may_be_loose(lines: Lines, kind: BlockKind) -> bool:
    """Whether a stretch may hold a loose stack, or a part of one at its end."""
    if not len(lines) or kind.pair is None:
        return False
    last = lines.text(len(lines) - 1)
    if any(pattern.match(last) for pattern in kind.pair):
        return True
    return bool(lines.indented.any()) and (b" +0x" in lines.data or b"(...)\n" in lines.data)


def _goes_on(lines: Lines, start: int, pair: Pair, line_above: bytes) -> bool:
    """Whether a run of calls is the rest of a record that was too long, and was passed by up to here."""
    first, second = pair
    if start == 0:
        return second.match(line_above) is not None
    return start == 1 and first.match(line_above) is not None and bool(second.match(lines.text(0)))


def _is_stack(lines: Lines, start: int, end: int, closing: bytes, line_above: bytes) -> bool:
    """Whether a run of calls is Go's own writing, and of a goroutine."""
    if (lines.text(start - 1) if start else line_above) in OF_NO_GOROUTINE:
        return False
    return any(
        not lines.text(line).startswith(closing)
        and (lines.text(line).endswith(b"(...)") or b" +0x" in lines.text(line + 1))
        for line in range(start, end - 1)
    )
