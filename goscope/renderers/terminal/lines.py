"""Lines on a terminal: wrapped between words, indented, without spaces at their ends.

A word that is longer than a line is a path or a name mostly, and is parted after a slash or a dot.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_LEAST_WIDTH = 20
_WORD = re.compile(r"\S+(?: %)?\s*")
_JOINTS = "/\\.,:;=&?)"


def put(console: Console, text: Text | str, indent: int = 0, hang: int = 0) -> None:
    """Print a text; ``hang`` indents its further lines more than the first."""
    put_lines(console, wrapped(text, console.width, indent, hang))


def put_lines(console: Console, lines: list[Text]) -> None:
    """Print lines that are wrapped already."""
    for line in lines:
        console.print(line, soft_wrap=True)


def wrapped(text: Text | str, width: int, indent: int = 0, hang: int = 0) -> list[Text]:
    """The lines of a text, no wider than ``width``."""
    from rich.text import Text

    whole = Text(text) if isinstance(text, str) else text
    found = []
    for line in whole.split("\n", allow_blank=True):
        cuts = _cuts(line.plain, width - indent, hang)
        for number, piece in enumerate(line.divide(cuts)):
            piece.rstrip()
            shown = Text(" " * (indent + hang * (number > 0) if piece else 0))
            found.append(shown.append_text(piece))
    return found


def _cuts(line: str, width: int, hang: int) -> list[int]:
    """Where a line is cut: before a word, or inside one that is longer than the line."""
    from rich.cells import cell_len

    cuts: list[int] = []
    begin, first = 0, max(width, _LEAST_WIDTH)
    room = first
    further = max(width - hang, _LEAST_WIDTH)
    for word in _WORD.finditer(line):
        end = word.start() + len(word.group().rstrip())
        if word.start() > begin and cell_len(line[begin:end]) > room:
            begin, room = word.start(), further
            cuts.append(begin)
        while cell_len(line[begin:end]) > room:
            begin, room = _joint(line, begin, end, room), further
            cuts.append(begin)
    return cuts


def _joint(line: str, begin: int, end: int, room: int) -> int:
    """Where to part a word that begins at ``begin``: after the last joint that fits, or where it is full."""
    from rich.cells import get_character_cell_size

    used, at = 0, begin
    while at < end and used + get_character_cell_size(line[at]) <= room:
        used += get_character_cell_size(line[at])
        at += 1
    at = max(at, begin + 1)
    return next((i for i in range(at, begin + 1, -1) if line[i - 1] in _JOINTS), at)
