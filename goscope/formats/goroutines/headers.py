"""What the header of a goroutine block says: its state, how long it waits, its labels."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from goscope.goruntime.goroutine_states import status_of_header
from goscope.goruntime.lock_frames import TELLING
from goscope.goruntime.wait_reasons import reason
from goscope.parsing.text_shapes import TextPart

#: What may vary in a header without changing its shape: words are Go's own, except in labels.
HEADER_SLOTS = re.compile(
    rb'("(?:[^"\\\n]|\\.)*")'
    rb"|((?<=: )[A-Za-z0-9./_]+(?=[,}])|(?<=[{ ])[A-Za-z0-9./_]+(?=: ))"
    rb"|(0x[0-9a-f]+)|([0-9]+)"
)
MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says besides ids and addresses."""

    state: str
    wait_reason: str | None
    wait_minutes: int | None
    locked: bool
    flags: frozenset[str]
    bubble: int | None
    labels: str | None
    attributes: str | None
    tells: bool  # a frame may tell the address of what it waits for


#: Of a goroutine whose header is not in the text.
UNKNOWN = Header("unknown", None, None, False, frozenset(), None, None, None, False)


def header_of(parts: tuple[TextPart, ...]) -> Header:
    """The facts of a parsed header."""
    texts = {part.name: part.text for part in parts if part.words}
    state = texts["state"]
    flags = frozenset(part.text for part in parts if part.name == "flag")
    status = status_of_header(state)
    durable = f"{state} (durable)"
    if "durable" in flags and reason(durable) is not None and reason(durable) != reason(state):
        state = durable  # a wait reason of its own since 1.25
    bubble = next((number(part.words[1][1]) for part in parts if part.name == "bubble"), None)
    waits = status is None
    return Header(
        state=("leaked" if "leaked" in flags else "waiting") if waits else state,
        wait_reason=state if waits else None,
        wait_minutes=number(texts.get("wait_minutes")),
        locked=any(part.name == "locked" for part in parts),
        flags=flags,
        bubble=bubble,
        labels=_labels(parts),
        attributes=", ".join(part.text for part in parts if part.name == "attribute") or None,
        tells=waits and state in TELLING,
    )


def _labels(parts: tuple[TextPart, ...]) -> str | None:
    """The pprof labels as a JSON object; an empty key or value is printed as nothing."""
    labels: dict[str, str] = {}
    key, value, inside = "", "", False
    for part in parts:
        if part.name == "label":
            if inside:
                labels[key] = value
            key, value, inside = "", "", True
        elif part.name == "key":
            key = _unquoted(part.text)
        elif part.name == "value":
            value = _unquoted(part.text)
    if inside:
        labels[key] = value
    return json.dumps(labels, ensure_ascii=False) if labels else None


_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}


def _unquoted(text: str) -> str:
    """A label's text as the program set it (runtime/print.go: printquoted)."""
    if not text.startswith('"'):
        return text

    def plain(match: re.Match[str]) -> str:
        digits = match[1] or match[2] or match[3]
        if digits:
            code = int(digits, 16)
            return chr(code) if code < 0x110000 else "\ufffd"
        return _CONTROL.get(match[4], match[4])

    return _ESCAPE.sub(plain, text[1:-1])


def number(digits: str | None) -> int | None:
    """A number of at most 18 digits; None if there is none, or a longer one."""
    return int(digits) if digits is not None and len(digits) <= MOST_DIGITS else None
