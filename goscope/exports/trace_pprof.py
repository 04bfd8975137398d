"""Writes the profiles of execution traces in the form of ``go tool pprof``."""

from __future__ import annotations

import gzip
from typing import Any

from goscope.capture.capture import Capture
from goscope.formats.profiles.schema import new_profile

#: The profiles of traces, by their kind in the ``trace_profiles`` table, and what their values are.
_TYPES = {
    **dict.fromkeys(
        ("network", "sync", "syscall", "sched"),
        (("contentions", "count"), ("delay", "nanoseconds")),
    ),
    "cpu": (("samples", "count"),),
}

KINDS = tuple(_TYPES)


def pprof_of_trace(capture: Capture, kind: str, trace: int = 0) -> bytes:
    """A profile of a trace (its row in the ``traces`` table), as gzipped protobuf.

    ``kind`` is network, sync, syscall, sched or cpu. What ``go tool trace -pprof`` writes has the same
    values: waits and nanoseconds by stack; of cpu, samples only.

    Raises:
        KeyError: there is no such kind.
    """
    types = _TYPES[kind]
    profile = new_profile()
    writer = _Writer(profile)
    for name, unit in types:
        profile.sample_type.add(type=writer.text(name), unit=writer.text(unit))
    profile.period_type.type, profile.period_type.unit = writer.text("trace"), writer.text("count")
    profile.period = 1
    traces, table = capture.table("traces"), capture.table("trace_profiles")
    profile.duration_nanos = int(traces["duration_ns"][trace])
    if traces.present("wall_start_ns")[trace]:
        profile.time_nanos = int(traces["wall_start_ns"][trace])
    stacks = _LocationIds(capture, writer)
    rows = (table["trace"] == trace).nonzero()[0].tolist()
    counts, times, numbers = (table[name].tolist() for name in ("count", "ns", "stack_id"))
    known = table.present("stack_id").tolist()
    for row in rows:
        if table.text("kind", row) == kind:
            values = (counts[row], times[row])[: len(types)]
            locations = stacks.locations(numbers[row]) if known[row] else []
            profile.sample.add(location_id=locations, value=values)
    return gzip.compress(profile.SerializeToString(), mtime=0)


class _Writer:
    """The strings, functions and locations of a profile, each once."""

    def __init__(self, profile: Any):
        self._profile = profile
        self._texts: dict[str, int] = {}
        self._functions: dict[tuple[str, str], int] = {}
        self._locations: dict[tuple[str, str, int], int] = {}
        self.text("")

    def text(self, text: str) -> int:
        """The number of a string."""
        if text not in self._texts:
            self._texts[text] = len(self._texts)
            self._profile.string_table.append(text.encode())
        return self._texts[text]

    def location(self, function: str, file: str, line: int) -> int:
        """The id of a frame."""
        key = (function, file, line)
        if key not in self._locations:
            number = self._locations[key] = len(self._locations) + 1
            location = self._profile.location.add(id=number)
            location.line.add(function_id=self._function(function, file), line=line)
        return self._locations[key]

    def _function(self, name: str, file: str) -> int:
        if (name, file) not in self._functions:
            number = self._functions[name, file] = len(self._functions) + 1
            text = self.text(name)
            self._profile.function.add(
                id=number, name=text, system_name=text, filename=self.text(file)
            )
        return self._functions[name, file]


class _LocationIds:
    """The frames of the ``trace_stacks``."""

    def __init__(self, capture: Capture, writer: _Writer):
        frames = capture.table("trace_frames")
        self._writer = writer
        self._begins = frames["stack_id"].searchsorted(
            range(len(capture.table("trace_stacks")) + 1)
        )
        self._functions, self._files = frames.texts("function"), frames.texts("file")
        self._lines = frames["line"].tolist()

    def locations(self, stack: int) -> list[int]:
        """The locations of a stack, the leaf first."""
        begin, end = self._begins[stack : stack + 2].tolist()
        return [
            self._writer.location(self._functions[at] or "", self._files[at] or "", self._lines[at])
            for at in range(begin, end)
        ]
