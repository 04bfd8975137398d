"""A few captures that show every shape of line that all captures show.

::

    python -m tests.capture_cover          # writes tests/capture_cover.txt anew

The shape of a line is its text without what varies: numbers, names of functions and files, labels. Tests that
take real captures read those of the list; with ``--full`` they read all of them. ``tests/test_capture_cover.py``
holds the list to the captures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import CAPTURES, COVER, capture_name, capture_texts, content

_NUMBER = re.compile(rb"0x[0-9a-f]+|[0-9]+(?:\.[0-9]+)?")
_TRACE_LINE = re.compile(rb"SCHED |gc 0 |  [PMG]0: ")
_NUMBERS = re.compile(rb"\[ ?0(?: 0)* ?\]")
_LABELS = re.compile(rb"labels:\{.*\}|\{.*\}")
_PLACE = re.compile(rb"\t.*?(:0(?: \+0)?(?: fp=.*)?)")
_CREATED = re.compile(rb"created by .*?( in goroutine 0)?")
_CALL = re.compile(rb"[^\s\[(].*\((.*)\)")
_CRASH = re.compile(
    rb"(\t?panic: |fatal error: |\[signal |SIG[A-Z]+: |PC=|-----|runtime stack:|exit status"
    rb"|\.\.\.[a-z0-9]|\[originating|r\w+ +0$|[cfg]s +0$).*"
)


def shape_of(line: bytes) -> bytes | None:
    """The shape of a line whose numbers are zeros; None if Go's runtime does not print such lines."""
    if _TRACE_LINE.match(line):
        return _NUMBERS.sub(b"[0]", line)
    if line.startswith(b"goroutine 0"):
        return _LABELS.sub(b"{}", line)
    for pattern, form in (
        (_PLACE, b"\tfile%b"),
        (_CREATED, b"created by function%b"),
        (_CRASH, b"%b"),
    ):
        if match := pattern.fullmatch(line):
            return form % (match[1] or b"")
    if match := _CALL.fullmatch(line):
        return b"function(%b)" % (match[1] if match[1] in (b"", b"...") else b"arguments")
    return None


def shapes_of(text: bytes) -> set[bytes]:
    """The shapes of the lines of a text."""
    lines = set(_NUMBER.sub(b"0", text).split(b"\n"))
    return {shape for shape in map(shape_of, lines) if shape is not None}


def cover_of(shapes: Mapping[str, set[bytes]], size: Mapping[str, int]) -> list[str]:
    """Names that have all shapes together: again and again the one with most new shapes, of those the smallest."""
    left, chosen = set().union(*shapes.values()), []
    while left:
        best = max(sorted(shapes), key=lambda name: (len(shapes[name] & left), -size[name]))
        chosen.append(best)
        left -= shapes[best]
    return sorted(chosen)


def covering(paths: list[Path]) -> list[str]:
    """The names of captures that show all that these captures show."""
    texts = {capture_name(path): content(path) for path in paths}
    return cover_of(
        {name: shapes_of(text) for name, text in texts.items()},
        {name: len(text) for name, text in texts.items()},
    )


if __name__ == "__main__":
    names = covering(capture_texts())
    COVER.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    size = sum(len(content(CAPTURES / name)) for name in names)
    print(f"{len(names)} captures, {size:,} bytes")
