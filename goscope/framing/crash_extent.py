"""Blocks that introduce other blocks, and claim all text up to them.

The head of a crash stands above the goroutines that it shows, and between may stand any text: the
value of a panic, which up to Go 1.22 is printed as it is, and may imitate every other record. So an
introducing block reaches to the first *credible* record of the kind that it leads to, and what looks
like such a record before it is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goscope.framing.lines import Lines, Positions
from goscope.framing.records import BlockKind

#: So many lines may stand between, not counting empty and indented ones and one-line records.
REACH = 100
#: And so many bytes.
REACH_BYTES = 1 << 18
#: No head is longer, with all that stands in it.
LONGEST_HEAD = 1 << 21
_FIRST_LINES = 3  # that tell whether a record is credible


@dataclass(frozen=True, slots=True)
class CrashExtents:
    """The introducing blocks of a stretch.

    ``ends`` is the first line behind each; ``false_ones`` are lines that only look like records of
    the other kind, ``led_to`` the records that blocks lead to. ``kept`` is the line from which on
    nothing is decided yet.
    """

    headers: Positions
    ends: Positions
    false_ones: Positions
    led_to: Positions
    kept: int


def crash_extents_of(
    lines: Lines,
    kind: BlockKind,
    headers: Positions,
    certain: Positions,
    target: BlockKind,
    targets: Positions,
    records: Positions,
    final: bool,
    cut: bool,
) -> CrashExtents:
    """What the blocks of an introducing kind reach to.

    ``certain`` are the ends of the blocks by their own lines alone, beyond the last line where the
    stretch ends inside; ``targets`` are lines that open records of the other kind, ``records`` the
    one-line records. ``final`` says that the input ends here, ``cut`` that it ends inside a line.
    """
    count = len(lines)
    none = np.empty(0, np.int64)
    if not len(headers):
        return CrashExtents(none, none, none, none, count)
    decided = count if final else count - _FIRST_LINES
    credible = _credible(lines, target, targets[targets <= decided], cut)
    longest = np.searchsorted(lines.starts, lines.starts[headers] + LONGEST_HEAD)
    certain = np.where(longest < count, np.minimum(certain, longest), certain)
    ends = np.minimum(certain, count)
    bounds = np.append(headers, count)[np.searchsorted(headers, ends)]
    limits = np.minimum(np.minimum(_reach(lines, headers, records), longest), bounds)
    goals = np.append(credible, count)[np.searchsorted(credible, headers, side="right")]
    waiting = np.append(targets, count)[np.searchsorted(targets, np.maximum(headers, decided + 1))]
    found = goals < limits
    unknown = np.zeros(len(headers), np.bool_)
    if not final:
        unknown = ~found & ((limits == count) | (certain > count) | (waiting < limits))
    ends = np.where(found, goals, ends)
    firsts = np.searchsorted(targets, headers)
    lasts = np.searchsorted(targets, np.where(found, goals, limits))
    taken: list[int] = []
    false_ones = np.zeros(len(targets) + 1, np.int64)
    kept = at = 0
    for number, (header, end) in enumerate(zip(headers.tolist(), ends.tolist(), strict=True)):
        if header < at:
            continue
        if unknown[number]:
            kept = header  # what it leads to may still come
            break
        taken.append(number)
        at = end
    else:
        kept = count
    own = np.array(taken, np.int64)
    np.add.at(false_ones, firsts[own], 1)
    np.add.at(false_ones, lasts[own], -1)
    return CrashExtents(
        headers[own],
        ends[own],
        targets[np.cumsum(false_ones)[:-1] > 0],
        goals[own][found[own]],
        kept,
    )


def _credible(lines: Lines, target: BlockKind, targets: Positions, cut: bool) -> Positions:
    """Those openings that go on as a record does, as far as the text goes."""
    if target.begins is None:
        return targets
    data, match = lines.data, target.begins.match
    stop = len(data) - cut  # the line end behind a cut line is not of the text
    starts = lines.starts[targets].tolist()
    believed = [match(data, start, stop) is not None for start in starts]
    return targets[np.array(believed, np.bool_)]


def _reach(lines: Lines, headers: Positions, records: Positions) -> Positions:
    """For each header the first line that is too far away."""
    sizes = lines.ends - lines.starts
    free = (sizes > 0) & (lines.heads != ord("\t")) & (lines.heads != ord(" "))
    free[records] = False
    weights = np.where(free, sizes, 0)
    passed = np.cumsum(free)
    passed_bytes = np.cumsum(weights)
    by_lines = np.searchsorted(passed, passed[headers] + REACH, side="right")
    by_bytes = np.searchsorted(passed_bytes, passed_bytes[headers] + REACH_BYTES, side="right")
    reached: Positions = np.minimum(by_lines, by_bytes)
    return reached
