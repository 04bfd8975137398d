"""Excerpts of real captures that together show every shape of line that a layout may change.

::

    python -m tests.log_wrappers.layout_captures      # writes tests/log_wrappers/layout_captures.txt anew
"""

from __future__ import annotations

from pathlib import Path

from tests.capture_cover import cover_of, shapes_of
from tests.conftest import CAPTURES, capture_name, capture_texts, content

LIST = Path(__file__).with_suffix(".txt")
#: Reports whose lines have no shape of their own there.
ALWAYS = (
    "go1.22/labels/dump-debug1.txt",
    "go1.24/crashes/race_heap.log",
    "go1.27/crashes/several_lines.log",
    "go1.27/crashes/test_hang.log",
)
#: A layout changes a pasted text, and nobody pastes more lines.
_MOST = 200
_LEAST = 150


def excerpt(text: bytes) -> bytes:
    """The first lines of a text, cut between two records if it is long."""
    lines = text.split(b"\n")
    if len(lines) <= _MOST:
        return text
    ends = (n for n in range(_LEAST, len(lines)) if lines[n][:6] in (b"", b"SCHED "))
    return b"\n".join(lines[: next(ends, len(lines))]) + b"\n"


def candidates() -> list[Path]:
    """All captures that are text, smallest Go version first."""
    return [*capture_texts(), *sorted(CAPTURES.glob("*/crashes/*.log*"))]


def covering() -> list[str]:
    """The names of captures whose excerpts show all that the excerpts of all show."""
    texts = {capture_name(path): excerpt(content(path)) for path in candidates()}
    shapes = {name: shapes_of(text) for name, text in texts.items()}
    size = {name: len(text) for name, text in texts.items()}
    return sorted({*cover_of(shapes, size), *ALWAYS})


def listed() -> list[str]:
    """The names of the list."""
    return LIST.read_text(encoding="utf-8").split()


if __name__ == "__main__":
    LIST.write_text("".join(f"{name}\n" for name in covering()), encoding="utf-8")
