"""Counts, lengths of time and sizes as text."""

from __future__ import annotations

_TIMES = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"))
_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def duration(ns: int) -> str:
    """Nanoseconds with three figures: 698 ms, 1.39 s, 640 ns."""
    for size, unit in _TIMES:
        if ns >= size:
            value = ns / size
            return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    return f"{ns} ns"


def weight(value: int, column: str) -> str:
    """A figure of a profile, in the unit that the name of its column ends with: 4.6 MiB, 12.3 ms, 1,204."""
    if column.endswith("_bytes"):
        units, smallest = _SIZES, "B"
    elif column.endswith("_ns"):
        units, smallest = _TIMES, "ns"
    else:
        return f"{value:,}"
    found = next((one for one in units if abs(value) >= one[0]), None)
    return f"{value} {smallest}" if found is None else f"{value / found[0]:.1f} {found[1]}"


def plural(count: int, noun: str) -> str:
    """A count with its noun: 1 goroutine, 2 goroutines, 3 more processes, 4 entries."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith(("s", "x", "ch")):
        return f"{count:,} {noun}es"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("try") else f"{count:,} {noun}s"
