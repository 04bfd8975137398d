"""Says what a verdict does not rest on: rows that a large input lost, records that were not understood."""

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


def not_understood(capture: Capture) -> str:
    """How many records were not understood, for the end of a sentence; "" if all were.

    Beside them no verdict that all is well is sure: what it looked for may stand in one of them.
    """
    count = sum(one.unparsed_count for one in capture.inputs)
    if not count:
        return ""
    return f", but {count:,} record{'s' * (count != 1)} {'were' if count != 1 else 'was'} not understood"
