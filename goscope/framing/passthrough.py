"""Parts a live stream into what the application wrote and what the runtime wrote, line by line.

For people who pipe a program through goscope: the application's lines go on unchanged and at once, the
runtime's are taken out. Only a line that is a whole record is taken out; one that the application has
torn apart goes on as it is, because part of it is the application's. So does the head of a crash: it is
the program's last word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from goscope.framing.record_finder import RecordFinder

_NUMBERS = re.compile(rb"[0-9]+")
_MOST_SHAPES = 10_000
#: The beginning of a line that is longer than this goes on before its end has come.
LONGEST_HELD = 1 << 16


class Sieve:
    """Feed it what arrives, pass on what comes out; :meth:`rest` when nothing has come for a while."""

    def __init__(self, finder: RecordFinder):
        self._finder = finder
        block_kinds = [kind for kind in finder.block_kinds if not kind.told]
        self._announced = _any_of(kind.header.pattern for kind in block_kinds if kind.header)
        self._expects_announced = False
        lone = [opening for kind in block_kinds for opening in kind.lone]
        self._lone = re.compile(b"|".join(_pattern(opening) for opening in lone) or b"(?!)")
        self._known: dict[bytes, bool] = {}  # whether lines of a shape are whole records
        self._partial = b""
        self._held = b""  # a line inside a block, which is the block's if the next one is indented
        self._in_block = False
        self._passing = False  # the beginning of the present line has gone on already

    def feed(self, data: bytes) -> bytes:
        """What of the stream the application wrote, as far as it is known."""
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        out = []
        for line in lines:
            if self._passing:
                self._passing = False
                out.append(line + b"\n")
            else:
                out.append(self._sift(line))
        if len(self._partial) > LONGEST_HELD:
            out.append(self.rest())
        return b"".join(out)

    def rest(self) -> bytes:
        """What was held back and may go on now: time has passed, or the input has ended."""
        out, self._held = self._held, b""
        if out:
            self._in_block = False
        if self._partial and (self._passing or not self._may_be_record(self._partial)):
            out += self._partial
            self._partial, self._passing = b"", True
        return out

    def end(self) -> bytes:
        """All that is left at the end of the stream."""
        out = self._held
        if self._partial:
            line, self._partial = self._partial, b""
            out += line if self._passing else self._sift(line).removesuffix(b"\n")
            out += self._held if out != self._held else b""
        self._held = b""
        return out

    def _sift(self, line: bytes) -> bytes:
        """A line if it is the application's, nothing if it is the runtime's; held lines before it."""
        bare = line.removesuffix(b"\r")
        if self._in_block:
            held, self._held = self._held, b""
            if bare[:1] in (b"\t", b" "):
                return b""  # and the held line was the call above
            if held:  # nothing indented came below it: the block was over
                self._in_block = False
                return held + self._sift(line)
            if self._lone.match(bare):
                return b""
            if not bare:  # what parts two goroutines
                self._in_block = False
                return b""
            if not self._opens_block(bare) and not self._is_record(bare):
                self._held = line + b"\n"
                return b""
        self._in_block = self._opens_block(bare)
        return b"" if self._in_block or self._is_record(bare) else line + b"\n"

    def _opens_block(self, line: bytes) -> bool:
        """Whether a block starts; some kinds only after their first one (numbers, in a profile)."""
        kind = self._finder.block_kind(line)
        if kind is not None and not kind.told:
            self._expects_announced |= kind.header is not None
            return True
        return self._expects_announced and self._announced.match(line) is not None

    def _is_record(self, line: bytes) -> bool:
        if self._finder.line_kind(line) is None:
            return False
        shape = _NUMBERS.sub(b"0", line)
        if shape not in self._known:
            if len(self._known) >= _MOST_SHAPES:
                self._known.clear()
            self._known[shape] = self._finder.accepts(line)
        return self._known[shape]

    def _may_be_record(self, partial: bytes) -> bool:
        """Whether the beginning of a line may become a record of the runtime."""
        return self._in_block or self._finder.may_open(partial, passed_on=False)


def _pattern(opening: bytes) -> bytes:
    return re.escape(opening[:1]) + re.escape(opening[1:]).replace(rb"\#", rb"[0-9]")


def _any_of(patterns: Iterable[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(b"(?:%s)" % pattern for pattern in patterns) or b"(?!)")
