"""Writes traces byte by byte, for what no real program does."""

from __future__ import annotations

from collections.abc import Iterable

from goscope.capture.capture import Capture
from goscope.reading.capture_builder import CaptureBuilder
from goscope.traces.event_table import NUMBER
from tests.conftest import rows_of

FREQUENCY = 15_625_000  # of Linux: a tick is 64 ns
NO_THREAD = (1 << 64) - 1


def number(value: int) -> bytes:
    """A varint."""
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def numbers(*values: int) -> bytes:
    return b"".join(map(number, values))


def event(name: str, *arguments: int, dt: int = 1) -> bytes:
    """An event so many ticks after the one before."""
    return bytes([NUMBER[name]]) + numbers(dt, *arguments)


def batch(content: bytes, *, generation: int = 1, m: int = 1, ticks: int = 1000) -> bytes:
    """A batch with its header."""
    return b"\x01" + numbers(generation, m, ticks, len(content)) + content


def clock(*, generation: int = 1, frequency: int = FREQUENCY) -> bytes:
    """The clock as format 1.26 has it: 2001-09-09 01:46:40 UTC at tick 1000."""
    content = b"\x32\x08" + number(frequency) + b"\x33" + numbers(0, 5, 10**9, 7)
    return batch(content, generation=generation, m=NO_THREAD)


def strings(*texts: str, generation: int = 1) -> bytes:
    """A table of strings, numbered from 1."""
    content = b"\x04"
    for place, text in enumerate(texts, 1):
        content += b"\x05" + numbers(place, len(text)) + text.encode()
    return batch(content, generation=generation, m=NO_THREAD)


def stacks(*frames: Iterable[tuple[int, int, int, int]], generation: int = 1) -> bytes:
    """A table of stacks, numbered from 1; a frame is pc, function, file, line."""
    content = b"\x02"
    for place, stack in enumerate(frames, 1):
        rows = list(stack)
        content += b"\x03" + numbers(place, len(rows), *(value for row in rows for value in row))
    return batch(content, generation=generation, m=NO_THREAD)


def trace(*parts: bytes, version: int = 26, end: bytes = b"\x34") -> bytes:
    """A trace of one generation, ended if the format wants it."""
    return f"go 1.{version} trace\0\0\0".encode() + b"".join(parts) + end


#: M 1 takes P 0, a goroutine starts on it, and ends.
STORY = (
    event("ProcStatus", 0, 1)
    + event("GoStatus", 7, 1, 2)
    + event("GoCreate", 8, 1, 0)
    + event("GoBlock", 1, 1)
    + event("GoStart", 8, 1)
    + event("GoDestroy")
)
TABLES = (
    clock()
    + strings("chan receive", "main.worker", "main.go")
    + stacks([(1, 2, 3, 10), (2, 2, 3, 20)])
)
WHOLE = trace(batch(STORY), TABLES)


def read(data: bytes, *, spans: bool = True) -> Capture:
    """The capture of one trace, every table of it looked at."""
    builder = CaptureBuilder(spans=spans)
    builder.read("t", [data])
    capture = builder.build()
    for name in capture.table_names:
        if name.startswith("trace"):
            rows_of(capture.table(name))
    return capture
