"""Lets go of goroutine dumps of an endless stream: the first, the latest and some between stay."""

from __future__ import annotations

from array import array
from dataclasses import fields, replace
from typing import Any

import numpy as np

from goscope.formats.goroutines.rows import Rows
from goscope.framing.lines import Positions


def dumps_to_keep(number: Positions, lines: Positions, most: int) -> Positions:
    """The rows to keep of goroutines with these dump numbers and lines: three quarters of ``most``.

    Those are the first dump, the latest with half of ``most`` goroutines together, and some between, spread
    over the stream. The latest dump stays whatever its size: it may still be coming in.
    """
    dumps, starts, sizes = np.unique(number, return_index=True, return_counts=True)
    latest = np.cumsum(sizes[::-1])[::-1] <= most // 2
    latest[-1] = True
    kept = list(range(len(dumps)))
    total, between = int(sizes.sum()), kept[1 : int(np.argmax(latest))]
    while between and total > most * 3 // 4:
        gaps = [_gap(kept, d, lines[starts]) for d in between]
        least = between.pop(int(np.argmin(gaps)))
        kept.remove(least)
        total -= int(sizes[least])
    return np.flatnonzero(np.isin(number, dumps[kept]))


def thinned(rows: Rows, at: Positions) -> Rows:
    """The goroutines at these places, with all that is known of them."""
    turn = {int(old): new for new, old in enumerate(at)}

    def moved(by_row: dict[int, Any]) -> dict[int, Any]:
        return {turn[row]: what for row, what in by_row.items() if row in turn}

    changed: dict[str, Any] = {}
    for field in fields(rows):
        value = getattr(rows, field.name)
        if field.name in ("lines", "heights"):
            changed[field.name] = [np.concatenate(value)[at]]
        elif isinstance(value, array):
            changed[field.name] = array(value.typecode, np.array(value)[at].tolist())
        elif isinstance(value, dict):
            changed[field.name] = moved(value)
        elif isinstance(value, set):
            changed[field.name] = {turn[row] for row in value if row in turn}
    words = rows.arguments
    changed["arguments"] = replace(words, calls=moved(words.calls), waits_on=moved(words.waits_on))
    return replace(rows, **changed)


def _gap(kept: list[int], dump: int, lines: Positions) -> int:
    """How many lines there would be from the dump before to the one behind, without this one."""
    place = kept.index(dump)
    return int(lines[kept[place + 1]] - lines[kept[place - 1]])
