"""Says how many rows of a table were judged, where a large input was thinned out while it was read."""

from __future__ import annotations

from goscope.capture.capture import Capture

#: What the lines of a table are called.
_LINES = {"sched": "SCHED lines", "gc": "gc lines"}


def share_judged(capture: Capture, table: str) -> str:
    """How many rows of a table were judged, of which there is a selection."""
    return (
        f"judged on {len(capture.table(table)):,} of {capture.selected[table]:,} "
        f"{_LINES.get(table, f'rows of {table}')}"
    )
