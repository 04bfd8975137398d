"""The constant prefix that a quotation puts before every line: ``# ``, ``> ``, an indentation.

The first line that holds a record under one of the known prefixes decides for the whole input.
A tab counts only before a one-line record: since Go 1.23 the value of a panic is indented by a tab,
and it may hold a whole dump.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from goscope.framing.lines import Lines, Positions
from goscope.framing.records import BlockKind, LineKind

PREFIXES = (b"# ", b"#", b"// ", b"> ", b"| ", b"\t", b"  ", b"    ", b"      ", b"        ")

_SPECIAL = np.zeros(256, np.bool_)  # what they start with
_SPECIAL[[prefix[0] for prefix in PREFIXES]] = True


class Prefix:
    """Learns the prefix of an input and takes it away."""

    def __init__(self, kinds: Sequence[LineKind | BlockKind]):
        self._openings = [opening for kind in kinds for opening in kind.openings]
        self._signs = [kind.sign for kind in kinds]
        self._line_signs = [kind.sign for kind in kinds if isinstance(kind, LineKind)]
        self._known: bytes | None = None
        self._since = 0  # the line of the record that taught it

    @property
    def absent(self) -> bool:
        """Whether records are known to have nothing in front."""
        return self._known == b""

    def strip(self, lines: Lines) -> Lines:
        """The same lines without the prefix; the number of lines stays."""
        if self._known is None:
            self._since = lines.first + self._learn(lines)
        if not self._known:
            return lines
        start = max(0, self._since - lines.first)  # lines above may be held back and come again
        prefix = self._known
        bare = prefix.rstrip()
        texts = lines.data.split(b"\n")
        for i in range(start, len(texts)):
            text = texts[i]
            if text.startswith(prefix):
                texts[i] = text[len(prefix) :]
            elif bare and text == bare:
                texts[i] = b""
        return Lines(b"\n".join(texts), lines.first)

    def _learn(self, lines: Lines) -> int:
        """Find the first record under any prefix; returns its line."""
        best = self._first(lines, b"", lines.opening_with(self._openings))
        if best < len(lines):
            self._known = b""
        special = np.flatnonzero(_SPECIAL[lines.heads])
        for prefix in PREFIXES:
            special = special[special < best]
            if not len(special):
                break
            found = self._first(lines, prefix, lines.opening_with(self._openings, prefix, special))
            if found < best:
                best, self._known = found, prefix
        return best

    def _first(self, lines: Lines, prefix: bytes, candidates: Positions) -> int:
        """The first of the candidates that is a record once the prefix is gone."""
        signs = self._line_signs if prefix == b"\t" else self._signs
        for line in candidates.tolist():
            text = lines.text(line)[len(prefix) :]
            if any(sign.match(text) for sign in signs):
                return int(line)
        return len(lines)
