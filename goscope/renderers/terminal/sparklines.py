"""Small pictures of a series, a character per value."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = " ▁▂▃▄▅▆▇█"
_ASCII_BARS = " .:-=+*#@"


def sparkline(values: Sequence[float], ascii_only: bool = False) -> str:
    """Values as bars from 0 to the largest of them; what is not 0 is seen."""
    bars = _ASCII_BARS if ascii_only else _BARS
    most = max(values, default=0)
    if most <= 0:
        return bars[1] * len(values)
    return "".join(bars[max(1, round(value / most * (len(bars) - 1)))] for value in values)
