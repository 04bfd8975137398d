"""Where text of the Go runtime stands in any input, by a few patterns that know nothing of goscope.

What is found here must be in a record, or be counted (:mod:`tests.conservation`). A pattern matches what
nobody but Go prints, whatever a shipper or an author put in front of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COLOUR = re.compile(rb"\x1b\[[0-9;]*[mK]")
#: What may stand right before a word that Go prints at the start of a line.
_EDGE = rb"(?:^|(?<=[\s|>#:*`\"+;/\]-]))"
_WORD = rb"(?:nil|-?[0-9]+)"

#: What the lines hold that stand for themselves.
_SIGNS = {
    "goroutine": rb"goroutine [0-9]+ (?:gp=0x[0-9a-f]+ m=[^\[\n]{1,40} )?\[[a-z][^\]\n]*\](?: \{.*\})?:",
    "sched": _EDGE + rb"SCHED [0-9]+ms: gomaxprocs=[0-9]",
    "detail": _EDGE + rb"(?:P[0-9]+: status=[0-9] schedtick=[0-9]+ syscalltick=[0-9]+ m=%b"
    rb"|M[0-9]+: p=%b curg=%b mallocing=[0-9]|G[0-9]+: status=[0-9]\([^)]*\) m=%b lockedm=%b(?!\w))"
    % ((_WORD,) * 5),
    "gc": _EDGE + rb"gc [0-9]+ @[0-9.]+s [0-9]+%: [0-9]",
    "scvg": _EDGE + rb"scvg[0-9]*: (?:inuse|[0-9]+ MB released)",
    "race": _EDGE + rb"WARNING: DATA RACE\b",
    "profile": _EDGE + rb"goroutine profile: total [0-9]+(?![\w-])",
    "goleak": rb"\[?Goroutine [0-9]+ in state [a-z][^,\n]*, with \S+ on top of the stack:",
}
#: Lines that applications and tests write as well: only at the start, behind what all lines have in front.
_STARTS = {
    "panic": rb"panic: \S",
    "fatal error": rb"fatal error: \S",
    "signal": rb"\[signal (?:SIG[A-Z]+|0x[0-9a-f]+)[: ]",
    "failed test": rb"--- FAIL: \S",
    "profile frame": rb"#\t0x[0-9a-f]+\t[^\t]+\+0x[0-9a-f]+\t",
    "created by": rb"created by [\w.~%/-]+\.[^\s]+ in goroutine [0-9]+$",
}
_LINE = re.compile(b"|".join(b"(%b)" % sign for sign in _SIGNS.values()))
_START = re.compile(b"|".join(b"(%b)" % sign for sign in _STARTS.values()))
_NAMES = tuple(_SIGNS)
_START_NAMES = tuple(_STARTS)
_CALL = re.compile(rb"[^\s(]+\(.*\)$|created by \S+")
_PLACE = re.compile(
    rb"[ \t]+(?:[^\s:]|[A-Z]:[\\/])[^:\n]*\.(?:go|s):[0-9]+( \+0x[0-9a-f]+)?(?: fp=.*)?$"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A line, from 1, and what stands there."""

    line: int
    what: str


def go_text(data: bytes, front: bytes = b"") -> list[Place]:
    """The places of a text at which Go text stands; ``front`` is what stands before all its lines."""
    found = []
    above = b""
    for number, raw in enumerate(data.split(b"\n"), 1):
        line = _COLOUR.sub(b"", raw).rstrip(b"\r").removeprefix(front)
        if b"# labels: {" in line:
            continue  # of a profile's record: anything may be in it
        sign = _LINE.search(line)
        if sign is not None and sign.lastindex is not None:
            found.append(Place(number, _NAMES[sign.lastindex - 1]))
        start = _START.match(line)
        if start is not None and start.lastindex is not None:
            found.append(Place(number, _START_NAMES[start.lastindex - 1]))
        place = _PLACE.match(line)
        if place and _CALL.match(above) and (place[1] or above.endswith(b"(...)")):
            found.append(Place(number, "frame"))
        above = line
    return found
