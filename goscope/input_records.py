"""How much was read of each input: of thousands of inputs at once, which one by one takes long."""

from __future__ import annotations

import numpy as np

from goscope.capture import Capture


def records_of_inputs(capture: Capture) -> dict[str, dict[str, int]]:
    """How many rows each table has of each input, by the name of the input."""
    found: dict[str, dict[str, int]] = {one.name: {} for one in capture.inputs}
    for name in capture.table_names:
        table = capture.table(name)
        if "input" not in table:
            continue
        words, codes = table.categories("input"), table["input"]
        counts = np.bincount(codes[codes >= 0], minlength=len(words)).tolist()
        rows = dict(zip(words, counts, strict=True))
        for one, records in found.items():
            records[name] = rows.get(one, 0)
    return found
