"""Lines on a terminal: wrapped between words, indented, without spaces at their ends.

A word that is longer than the line stays whole: a path that is cut can neither be read nor clicked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_LEAST_WIDTH = 20
_WORD = re.compile(r"\S+\s*")


def put(console: Console, text: Text | str, indent: int = 0, hang: int = 0) -> None:
    """Print a text; ``hang`` indents its further lines more than the first."""
    from rich.text import Text

    whole = Text(text) if isinstance(text, str) else text
    for line in whole.split("\n", allow_blank=True):
        pieces = line.divide(_breaks(line.plain, console.width - indent, hang))
        for number, piece in enumerate(pieces):
            piece.rstrip()
            shown = Text(" " * (indent + hang * (number > 0) if piece else 0))
            console.print(shown.append_text(piece), soft_wrap=True)


def _breaks(line: str, width: int, hang: int) -> list[int]:
    """Where a line is cut, always before a word."""
    from rich.cells import cell_len

    found: list[int] = []
    begin, left = 0, max(width, _LEAST_WIDTH)
    for word in _WORD.finditer(line):
        if word.start() > begin and cell_len(line[begin : word.end()].rstrip()) > left:
            begin = word.start()
            found.append(begin)
            left = max(width - hang, _LEAST_WIDTH)
    return found
