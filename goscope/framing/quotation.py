"""The constant prefix that a quotation puts before every line: ``# ``, ``> ``, an indentation.

The first line that holds a record under one of the known prefixes decides for the whole input.
"""

from __future__ import annotations

import numpy as np

from goscope.framing.lines import Lines
from goscope.framing.record_finder import RecordFinder

PREFIXES = (b"# ", b"#", b"// ", b"> ", b"| ", b"\t", b"  ", b"    ", b"      ", b"        ")

_SPECIAL = np.zeros(256, np.bool_)  # what they start with
_SPECIAL[[prefix[0] for prefix in PREFIXES]] = True


class Prefix:
    """Learns the prefix of an input and takes it away."""

    def __init__(self, finder: RecordFinder):
        self._finder = finder
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
        best = self._finder.first_behind(lines, b"")
        if best < len(lines):
            self._known = b""
        special = np.flatnonzero(_SPECIAL[lines.heads])
        for prefix in PREFIXES:
            special = special[special < best]
            if not len(special):
                break
            found = self._finder.first_behind(lines, prefix, special)
            if found < best:
                best, self._known = found, prefix
        return best
