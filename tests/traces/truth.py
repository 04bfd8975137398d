"""The stored traces, what ``go tool trace`` of Go 1.27 says about them, and what goscope reads."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path
from typing import Any

from goscope.capture.capture import Capture
from goscope.reading.capture_builder import CaptureBuilder
from tests.conftest import CAPTURES, content, rows_of

TRUTHS = sorted(CAPTURES.glob("*/trace_*/truth.json*"))
NAMES = ["/".join(path.parts[-3:-1]) for path in TRUTHS]
#: Without goroutines that live more than once, of which the tool knows only the last life.
SINGLE = [name for name in NAMES if not name.endswith("trace_cgo")]

Rows = list[dict[str, Any]]


def trace_path(name: str) -> Path:
    """The trace of a capture, packed or not."""
    (path,) = (CAPTURES / name).glob("trace.out*")
    return path


@functools.cache
def truth(name: str) -> dict[str, Any]:
    """What the tool says."""
    (path,) = (CAPTURES / name).glob("truth.json*")
    packed = path.suffix == ".gz"
    found = json.loads(gzip.decompress(path.read_bytes()) if packed else path.read_bytes())
    assert isinstance(found, dict)
    return found


@functools.cache
def capture(name: str, *, spans: bool = True) -> Capture:
    """What goscope reads."""
    builder = CaptureBuilder(spans=spans)
    builder.read(name, [content(trace_path(name))])
    return builder.build()


@functools.cache
def rows(name: str, table: str) -> Rows:
    """The rows of a table."""
    return rows_of(capture(name).table(table))


@functools.cache
def stack_texts(name: str) -> tuple[tuple[str, ...], ...]:
    """The stacks as goscope has them: ``function file:line``, the leaf first."""
    found: list[list[str]] = [[] for _ in range(len(capture(name).table("trace_stacks")))]
    for frame in rows(name, "trace_frames"):
        place = f"{frame['file'] or ''}:{frame['line']}"
        found[frame["stack_id"]].append(f"{frame['function'] or ''} {place}")
    return tuple(map(tuple, found))


def stack_text(name: str, stack: int | None) -> tuple[str, ...]:
    """One stack; none is an empty one."""
    return () if stack is None else stack_texts(name)[stack]


def true_stacks(name: str) -> list[tuple[str, ...]]:
    """The stacks of the truth by number."""
    known = truth(name)
    return [tuple(known["frames"][place] for place in stack) for stack in known["stacks"]]
