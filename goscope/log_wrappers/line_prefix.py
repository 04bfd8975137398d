"""What a wrapper puts before every line, learned from one line that holds a record behind it.

    app-1  | SCHED 0ms: gomaxprocs=...          2026-11-23T22:00:00.000000123Z stderr F goroutine 18 [select]:
    [pod/app-6c9f7d5b8-x2x7k/app] gc 1 @...     Nov 23 22:00:00 web-1 app[4711]: SCHED 0ms: ...

The text in front is reduced to its shape: stamps, numbers and levels vary from line to line; words vary
from one program to the next (a service, a pod, a unit with its process id) and are the *label* of the
stream that the line belongs to; the rest is the same on every line. No vendor is listed, so a prefix
that nobody has seen yet is read alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from goscope.framing.record_finder import COLOUR, without_colour_at_end
from goscope.log_wrappers.timestamps import ISO, Stamp

LONGEST_PREFIX = 512
_QUOTES = (b'"', b"'", b"`", b"(")  # what follows is said about the runtime
_COLOUR = rb"(?:\x1b\[[0-9;]*[mK])*"
_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = rb"[0-9]{1,2}:[0-5][0-9]:[0-6][0-9](?:[.,][0-9]{1,9})?"
_DATE = (
    rb"(?:"
    + _DAY
    + rb",? )?"
    + _MONTH
    + rb" [ 0-3]?[0-9] "
    + _CLOCK
    + rb"(?: (?:UTC|GMT))?(?: [12][0-9]{3}(?= ))?"
)
_WORD = rb"A-Za-z0-9_./@%+~\x80-\xff-"
_LEVEL = (
    rb"(?:trace|debug|dbg|info|inf|information|notice|warn|warning|wrn|error|err|eror|fatal|ftl|panic|dpanic"
    rb"|critical|crit|alert|emerg|T|D|I|W|E|F)(?![" + _WORD + rb"])"
)
_TOKEN = re.compile(
    rb"(?P<colour>(?:\x1b\[[0-9;]*[mK])+)"
    rb"|(?P<iso>" + ISO + rb")"
    rb"|(?P<date>" + _DATE + rb")"
    rb"|(?P<day>" + _DAY + rb"(?= ))"
    rb"|(?P<klog>[IWEF][01][0-9][0-3][0-9](?= [0-9]{2}:))"
    rb"|(?P<clock>" + _CLOCK + rb")"
    rb"|(?P<cri>(?:stdout|stderr) [FP](?::[^ ]*)?(?= ))"
    rb"|(?P<std>(?:stdout|stderr)(?![" + _WORD + rb"]))"
    rb"|(?P<gitlab>0[0-9][OE][+ ])"
    rb"|(?P<caller>[" + _WORD + rb"]+\.go:[0-9]+)"
    rb"|(?P<epoch>[0-9]{9,10}\.[0-9]{3,9})"
    rb"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:ns|us|\xc2\xb5s|ms|s)?(?![" + _WORD + rb"]))"
    rb"|(?P<level>(?i:" + _LEVEL + rb"))"
    rb"|(?P<word>[" + _WORD + rb"]+)"
    rb"|(?P<space> +)"
    rb"|(?P<other>[^\n])"
)
_STAMPED = frozenset({"iso", "date", "klog", "clock", "cri", "epoch"})
_ENDS = frozenset(b"|:]>)}#*-\t\0")  # what a prefix ends with that is more than words
_MARKER = rb"(?:##\[[a-z]+\])?"  # GitHub Actions: groups, and lines marked as errors


@dataclass(frozen=True, slots=True)
class PrefixShape:
    """The shape of a prefix. ``sure`` is False for mere words: only a second line proves such a prefix."""

    pattern: re.Pattern[bytes]
    labels: tuple[int, ...]  # the groups that make the label
    stamp: int  # the group of the stamp, 0 for none
    output: int  # the group of "stdout F" and the like, 0 for none
    coloured: bool
    length: int
    sure: bool

    def all_of(self, block: bytes, lines: int) -> Columns | None:
        """The same for all lines of a block at once; None if one of them has another prefix.

        ``block`` ends without a line end.
        """
        if self.coloured:
            return None
        found = _over_lines(self.pattern).findall(block)
        if len(found) != lines:
            return None
        columns = list(zip(*found, strict=True)) if self.pattern.groups else [found]
        return Columns(
            columns[-1],
            [columns[group - 1] for group in self.labels],
            columns[self.output - 1] if self.output else (),
            columns[self.stamp - 1] if self.stamp else (),
        )

    def peel(self, text: bytes) -> Peeled | None:
        """The line without the prefix, and what the prefix says; None if it has another prefix."""
        found = self.pattern.match(text)
        if found is None:
            return None
        content = text[found.end() :]
        if self.coloured and content.endswith((b"m", b"K")):
            content = without_colour_at_end(content)
        output = found[self.output] if self.output else b""
        return (
            content,
            tuple([found[group] for group in self.labels]) if self.labels else (),
            output[:6],
            found[self.stamp] if self.stamp else None,
            IN_NEXT if output[7:8] == b"P" else 0,
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """What stands in all lines of a block: the text inside, the words of the labels, the outputs, the stamps.
    The last two are empty where no line has them."""

    contents: Sequence[bytes]
    labels: Sequence[Sequence[bytes]]
    outputs: Sequence[bytes]
    stamps: Sequence[bytes]


@lru_cache(maxsize=16)
def _over_lines(pattern: re.Pattern[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"^" + pattern.pattern + b"(.*)$", re.MULTILINE)


#: What a layer makes of a line: the text inside, None if there is none; the label's words; stdout or stderr
#: where it is said; the stamp; whether the text goes on in the next line of the same stream (``IN_NEXT``), or
#: only lacks the line end that others have (``NO_LINE_END``).
Peeled = tuple[bytes | None, tuple[bytes, ...], bytes, Stamp, int]
IN_NEXT, NO_LINE_END = 1, 2


def learn(prefix: bytes) -> PrefixShape | None:
    """The shape of what stands before a record; None if it cannot be a wrapper's."""
    if not prefix or len(prefix) > LONGEST_PREFIX or prefix.endswith(_QUOTES) or b"\n" in prefix:
        return None
    if not COLOUR.sub(b"", prefix):
        return _nothing_but_colour()
    if not COLOUR.sub(b"", prefix).strip(b" \t\0"):
        return None if prefix.strip(b"\0") else _nothing_but_nul()
    tokens = [(found.lastgroup or "other", found[0]) for found in _TOKEN.finditer(prefix)]
    coloured = any(kind == "colour" for kind, _ in tokens)
    tokens = [token for token in tokens if token[0] != "colour"]
    trail = tokens.pop()[1] if tokens[-1][0] == "space" else b""
    if not tokens:
        return None
    if prefix.startswith(b"\t") and not any(kind in _STAMPED for kind, _ in tokens):
        return None  # a further line of a panic's value (runtime/error.go: printindented)
    last = tokens[-1]
    if not trail and last[0] in ("word", "level", "number", "epoch") and not coloured:
        return None  # it stands in the middle of a word
    sure = any(kind in _STAMPED for kind, _ in tokens) or (
        last[0] in ("other", "gitlab") and last[1][-1] in _ENDS
    )
    builder = _Builder(_COLOUR if coloured else b"", literal=not sure)
    if prefix.count(b"\t") >= 2:
        builder.columns(prefix, trail)
    else:
        for index, (kind, text) in enumerate(tokens):
            builder.add(kind, text, tokens, index)
    sure = any(kind in _STAMPED for kind, _ in tokens) or (
        last[0] in ("other", "gitlab") and last[1][-1] in _ENDS
    )
    end = rb"(?:" + re.escape(trail) + rb"|$)" if trail else b""
    if trail and last[0] in ("iso", "gitlab"):
        end += _MARKER
    pattern = b"".join(builder.parts) + builder.between + end + builder.between
    return PrefixShape(
        re.compile(pattern), tuple(builder.labels), builder.stamp, builder.output, coloured, len(prefix), sure
    )  # fmt: skip


def _nothing_but_nul() -> PrefixShape:
    """A log that was truncated in place while the program wrote starts with NUL bytes."""
    return PrefixShape(re.compile(rb"\0+"), (), 0, 0, False, 1, True)


def _nothing_but_colour() -> PrefixShape:
    """A console that paints all of stderr, line by line."""
    return PrefixShape(re.compile(_COLOUR), (), 0, 0, True, 1, True)


class _Builder:
    """Puts the pattern together, token by token."""

    def __init__(self, between: bytes, *, literal: bool):
        self.between = between
        self.literal = literal  # mere words must be these words: any others may be anything
        self.parts: list[bytes] = []
        self.labels: list[int] = []
        self.stamp = 0
        self.output = 0
        self._groups = 0

    def add(self, kind: str, text: bytes, tokens: list[tuple[str, bytes]], index: int) -> None:
        self.parts.append(self.between + self._one(kind, text, tokens, index))

    def columns(self, prefix: bytes, trail: bytes) -> None:
        """Fields between tabs: those of several words, like the name of a step, vary as a whole."""
        body = COLOUR.sub(b"", prefix)
        body = body[: len(body) - len(trail)]
        for number, cell in enumerate(body.split(b"\t")):
            if number:
                self.parts.append(self.between + rb"\t")
            tokens = [(found.lastgroup or "other", found[0]) for found in _TOKEN.finditer(cell)]
            words = sum(kind in ("word", "number", "level") for kind, _ in tokens)
            if words > 1 and not any(kind in _STAMPED or kind == "caller" for kind, _ in tokens):
                self.parts.append(self.between + self._label(rb"[^\t\n]*"))
                continue
            for index, (kind, text) in enumerate(tokens):
                self.add(kind, text, tokens, index)

    def _group(self, pattern: bytes) -> bytes:
        self._groups += 1
        return b"(" + pattern + b")"

    def _label(self, pattern: bytes) -> bytes:
        grouped = self._group(pattern)
        self.labels.append(self._groups)
        return grouped

    def _one(self, kind: str, text: bytes, tokens: list[tuple[str, bytes]], index: int) -> bytes:
        if kind in ("iso", "epoch"):
            pattern = ISO if kind == "iso" else rb"[0-9]{9,10}\.[0-9]{3,9}"
            if self.stamp:
                return pattern
            grouped = self._group(pattern)
            self.stamp = self._groups
            return grouped
        if kind in ("cri", "std"):
            more = rb" [FP](?::[^ ]*)?" if kind == "cri" else b""
            if self.output:
                return rb"(?:stdout|stderr)" + more
            grouped = self._group(rb"(?:stdout|stderr)" + more)
            self.output = self._groups
            return grouped
        if kind == "word" and (index + 1 == len(tokens) or tokens[index + 1][1] != b"="):
            return self._label(re.escape(text) if self.literal else rb"[" + _WORD + rb"]+")
        if kind == "number" and _names_a_process(tokens, index):
            return self._label(rb"[0-9]+")
        return _FIXED.get(kind) or re.escape(text)


_FIXED = {
    "date": _DATE,
    "day": _DAY,
    "klog": rb"[IWEF][01][0-9][0-3][0-9]",
    "clock": _CLOCK,
    "gitlab": rb"0[0-9][OE][+ ]",
    "caller": rb"[" + _WORD + rb"]+:[0-9]+",
    "number": rb"[0-9]+(?:\.[0-9]+)?(?:ns|us|\xc2\xb5s|ms|s)?",
    "level": rb"[A-Za-z]+",
    "space": rb" +",
}


def _names_a_process(tokens: list[tuple[str, bytes]], index: int) -> bool:
    """``app[4711]``, ``pid=4711``, ``0|app``: such a number does not change while the process lives."""
    before = [text for _, text in tokens[max(0, index - 2) : index]]
    after = tokens[index + 1][1] if index + 1 < len(tokens) else b""
    if len(before) == 2 and before[1] in (b"[", b"(") and tokens[index - 2][0] in ("word", "level"):
        return True
    if len(before) == 2 and before[0].lower().endswith(b"pid"):
        return True
    return after == b"|"
