"""Finds stretches in which every line is a record of its own, and most are word for word as before.

Where nothing is torn, wrapped, quoted or part of a block, lines need no framing. That holds for a line
that was such a record before, so only those that are new are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress

import numpy as np

from goscope.framing.block_framer import BlockFramer
from goscope.framing.framed import Ids, RepeatedRecords
from goscope.framing.line_framer import LineFramer
from goscope.framing.lines import Lines
from goscope.framing.record_finder import RecordFinder

#: In a shorter stretch the usual way is as quick.
LEAST = 1 << 14
#: So much of a stretch tells whether it is worth a try.
_SAMPLE = 1 << 12
#: After a try that failed so many stretches are not tried, twice as many after the next one.
_PAUSES = (1, 2, 4, 8, 16)


class FramedLineMemo:
    """``ids_of`` gives the numbers of lines that were such records before, -1 of others."""

    def __init__(
        self,
        finder: RecordFinder,
        lines: LineFramer,
        blocks: BlockFramer,
        ids_of: Callable[[Sequence[bytes]], Ids],
    ):
        inner = [kind for kind in finder.line_kinds if kind.inner]
        self._inner = tuple({o.rstrip(b"#") for kind in inner for o in kind.openings})
        self._lines = lines
        self._blocks = blocks
        self._ids_of = ids_of
        self._failed = 0
        self._pause = 0

    def find(self, data: bytes, first: int) -> RepeatedRecords | None:
        """All lines but the last one, which may go on; None if they have to be looked at in the usual way.

        ``first`` is the number of the first line.
        """
        if len(data) < LEAST or not self._likely(data):
            return None
        if self._pause:
            self._pause -= 1
            return None
        texts = data.split(b"\n")[:-1]
        known = self._ids_of(texts)
        is_fresh = known < 0
        fresh = b"".join([text + b"\n" for text in compress(texts, is_fresh.tolist())])
        lines, numbers = Lines(fresh, 0), first + np.arange(len(texts))
        if self._blocks.begin_in(lines) or not self._lines.stand_alone(lines, numbers[is_fresh]):
            self._pause = _PAUSES[min(self._failed, len(_PAUSES) - 1)]
            self._failed += 1
            return None
        self._failed = 0
        if is_fresh[-1]:
            fresh = fresh[: -len(texts[-1]) - 1]
        return RepeatedRecords(known[:-1], fresh, numbers[:-1])

    def _likely(self, data: bytes) -> bool:
        """Whether most lines at the beginning stand below others."""
        sample = data[:_SAMPLE].split(b"\n")
        return 2 * sum(line.startswith(self._inner) for line in sample) > len(sample)
