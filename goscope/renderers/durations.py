"""How a length of time is written."""

from __future__ import annotations


def duration(ns: int) -> str:
    """Nanoseconds in the unit that fits, with three figures: 698 ms, 1.39 s, 640 ns."""
    for size, unit in ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")):
        if ns >= size:
            value = ns / size
            return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    return f"{ns} ns"
