"""The goroutines of all inputs, as the search for the one to blame looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from goscope.goruntime.function_names import is_user_code
from goscope.parsing.numbers import IntArray
from goscope.tables.table import Table


@dataclass(frozen=True, slots=True)
class Frame:
    """A call on a stack."""

    function: str
    file: str | None
    line: int | None

    @property
    def own(self) -> bool:
        """Whether it is the program's own: not Go's but for its tests, nor the main function of those."""
        file = self.file or ""
        tests = file.endswith("_test.go") and not self.function.startswith("testing.")
        own = tests or is_user_code(self.function)
        return own and not file.endswith("_testmain.go")

    @property
    def place(self) -> str:
        """Function, file and line as text."""
        return self.function if self.file is None else f"{self.function} {self.file}:{self.line}"


class Dumped:
    """The rows of the goroutines table as arrays, and their frames.

    ``snapshot`` may be changed, and rows be ``dropped`` (they were printed twice, or are part of a
    panic's value) or ``taken`` (they belong to the head of a crash).
    """

    def __init__(self, tables: Mapping[str, Table], streams: int):
        self.table = tables["goroutines"]
        self.stream_of: IntArray = self.table["stream_id"]
        self.lines: IntArray = self.table["line"]
        self.ids: IntArray = self.table["id"]
        self.stacks: IntArray = self.table["stack_id"]
        self.snapshot: IntArray = self.table["snapshot_id"].astype(np.int64)
        self.headless = ~self.table.present("id")
        self.running = self.table.says("state", "running")
        self.in_syscall = self.table.says("state", "syscall")
        self.dropped = np.zeros(len(self.table), np.bool_)
        self.taken = np.zeros(len(self.table), np.bool_)
        self._begins = np.searchsorted(self.stream_of, np.arange(streams + 1)).tolist()
        frames = tables["frames"]
        own = frames.select(frames["ancestor"] == 0)
        self._frame_bounds = np.searchsorted(
            own["stack_id"], np.arange(len(tables["stacks"]) + 1)
        ).tolist()
        self._functions, self._files = own.texts("function"), own.texts("file")
        self._frame_lines, self._placed = own["line"].tolist(), own.present("line").tolist()
        self._known: dict[int, tuple[Frame, ...]] = {}

    def rows_of(self, stream_id: int) -> tuple[int, int]:
        """The first row of a stream, and the row behind its last."""
        return self._begins[stream_id], self._begins[stream_id + 1]

    def frames(self, row: int) -> tuple[Frame, ...]:
        """The stack of a goroutine, innermost first, without its ancestors."""
        stack = int(self.stacks[row])
        if stack not in self._known:
            self._known[stack] = tuple(
                Frame(
                    self._functions[at] or "",
                    self._files[at],
                    self._frame_lines[at] if self._placed[at] else None,
                )
                for at in range(self._frame_bounds[stack], self._frame_bounds[stack + 1])
            )
        return self._known[stack]

    def own_frame(self, row: int) -> Frame | None:
        """The innermost frame of the program itself."""
        return next((frame for frame in self.frames(row) if frame.own), None)

    def end_of_dump(self, first: int, stop: int) -> int:
        """The row behind the dump that a row belongs to, at most ``stop``."""
        same = self.snapshot[first:stop] == self.snapshot[first]
        return stop if same.all() else first + int(np.argmin(same))
