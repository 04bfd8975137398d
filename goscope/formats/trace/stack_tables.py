"""The stacks of traces and their frames, which all traces of a capture share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from goscope.formats.trace.schema import TABLES
from goscope.goruntime.function_names import bare_name, package_of, receiver_of
from goscope.tables.table import Cells, Table, narrow, text_cells
from goscope.traces.generation_tables import TraceStacks


def stack_table(found: TraceStacks) -> Table:
    """A row per distinct stack."""
    stacks, frames = found.stacks, found.frames
    depths = np.array([len(stack) for stack in stacks], np.int64)
    cells = {
        "stack_id": Cells(narrow(np.arange(len(stacks)))),
        "depth": Cells(narrow(depths)),
        "function": text_cells(frames[stack[0]][0] for stack in stacks),
        "root": text_cells(found.names.texts[root] for root in found.roots),
    }
    return Table("trace_stacks", TABLES["trace_stacks"], cells, len(stacks))


def frame_table(found: TraceStacks) -> Table:
    """A row per frame of each."""
    stacks, frames = found.stacks, found.frames
    sizes = np.array([len(stack) for stack in stacks], np.int64)
    which = np.concatenate([np.zeros(0, np.int32), *stacks])
    begins = np.repeat(np.cumsum(sizes) - sizes, sizes)

    def text(of: Callable[[tuple[str, str, int]], str | None]) -> Cells:
        cells = text_cells(of(frame) or None for frame in frames)
        return Cells(cells.values[which], None, cells.categories)

    lines = np.array([line for _, _, line in frames], np.int64)
    cells: dict[str, Cells | Callable[[], Cells]] = {
        "stack_id": Cells(narrow(np.repeat(np.arange(len(stacks)), sizes))),
        "depth": Cells(narrow(np.arange(len(which)) - begins)),
        "function": partial(text, lambda frame: frame[0]),
        "package": partial(text, lambda frame: package_of(frame[0])),
        "receiver": partial(text, lambda frame: receiver_of(frame[0])),
        "name": partial(text, lambda frame: bare_name(frame[0])),
        "file": partial(text, lambda frame: frame[1]),
        "line": Cells(narrow(lines[which])),
    }
    return Table("trace_frames", TABLES["trace_frames"], cells, len(which))
