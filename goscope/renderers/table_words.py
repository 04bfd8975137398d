"""How many of what was read, in words."""

from __future__ import annotations

from collections.abc import Mapping

from goscope.renderers.quantities import plural

_NOUNS = {
    "sched": "SCHED line",
    "procs": "P line",
    "threads": "M line",
    "sched_goroutines": "G line",
    "gc": "gc line",
    "scav": "scav line",
    "scvg": "scvg line",
    "pacer": "pacer line",
    "pacer_ratios": "pacer line",
    "inittrace": "init line",
    "finalizers": "checkfinalizers line",
    "goroutines": "goroutine",
    "snapshots": "dump",
    "traces": "execution trace",
    "crashes": "crash report",
    "races": "data race report",
    "profiles": "profile",
    "profile": "record",
}


def counted(records: Mapping[str, int]) -> list[str]:
    """``59 SCHED lines``, ``1 dump``: the rows of each table that people know by a name."""
    return [plural(records[table], noun) for table, noun in _NOUNS.items() if records.get(table)]
