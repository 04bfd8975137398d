"""The layers around a line: a prefix, a JSON object, a quoted value, in any nesting.

    2026-11-23T22:00:00Z stderr F {"level":"info","msg":"SCHED 0ms: ..."}
    {"log":"I1123 22:00:00.000000  17 main.go:3] gc 1 @0.1s ...\\n","stream":"stderr","time":"2026-..."}
    time=2026-11-23T22:00:00Z level=INFO msg="goroutine 18 [select]:\\nmain.main()\\n\\t/app/main.go:3 +0x1d"

A :class:`Recipe` is learned from one line in which a record stands behind them. The outer layer
must be there; inner ones need not, because other lines of the same stream lack them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from goscope.framing.record_finder import RecordFinder, without_colour_at_end
from goscope.log_wrappers import line_prefix as prefix_shape
from goscope.log_wrappers.line_prefix import IN_NEXT, NO_LINE_END, Peeled
from goscope.log_wrappers.timestamps import Stamp

_DEEPEST = 4
#: Keys whose value is the line with its line end, if a line end or these keys beside it say so; a
#: value without one goes on in the next object (docker's json-file cuts at 16 KiB, go test -json at 4
#: KiB).
_WITH_LINE_ENDS = {"log": ("stream", "time"), "Output": ("Action",)}
_MESSAGES = frozenset(
    {"log", "msg", "message", "MESSAGE", "Output", "text", "line", "body", "event", "textPayload"}
)
_TIMES = (
    *("time", "timestamp", "@timestamp", "ts", "__REALTIME_TIMESTAMP", "Time", "eventTime"),
    *("datetime", "date", "t"),
)
#: What tells one program's lines from another's. A test's name does not: a package's tests are one
#: process.
_LABELS = (
    *("_HOSTNAME", "hostname", "host", "container_name", "container", "container_id", "namespace"),
    *("pod", "pod_name", "service", "service_name", "app", "unit", "_SYSTEMD_UNIT"),
    *("SYSLOG_IDENTIFIER", "_PID", "SYSLOG_PID", "pid", "Package", "ImportPath"),
)
_NESTED = ("kubernetes", "docker", "container", "attrs", "resource", "labels", "fields")
_NESTED_LABELS = ("namespace_name", "pod_name", "container_name", "name", "id")
_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}
_ESCAPED = re.compile(rb"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.))")
_QUOTED = re.compile(rb'(?:[^"\\]+|\\.)*')
#: A field of logfmt whose value is quoted, up to the quotation mark.
_VALUE = re.compile(rb'(?<=[ \w])="')
_FIELDS = b'\t{"'  # zap's console encoder puts the fields behind the message

_DECODE = json.JSONDecoder().raw_decode


class Layer(Protocol):
    """One layer around a line."""

    def peel(self, text: bytes) -> Peeled | None:
        """What is inside; None if the line has no such layer."""


@dataclass(frozen=True, slots=True)
class Prefixed:
    """A prefix; ``fields`` says that a JSON object may follow behind a tab."""

    shape: prefix_shape.PrefixShape
    fields: bool = False

    def peel(self, text: bytes) -> Peeled | None:
        found = self.shape.peel(text)
        if found is not None and self.fields and found[0] is not None and _FIELDS in found[0]:
            return (found[0].partition(_FIELDS)[0], *found[1:])
        return found


@dataclass(frozen=True, slots=True)
class Quoted:
    """The value of a logfmt field in quotation marks, with Go's escapes (strconv.Quote)."""

    def peel(self, text: bytes) -> Peeled | None:
        found = _QUOTED.match(text)
        value = found[0] if found is not None else text
        if b"\\" in value:
            value = _ESCAPED.sub(_unescaped, value)
        return value, (), b"", None, 0


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON object on a line, with the text under ``path``."""

    path: tuple[str, ...]
    with_line_ends: bool

    def peel(self, text: bytes) -> Peeled | None:
        if not text.startswith(b"{"):
            return None
        document = _object(text)
        if document is None:
            return None
        value: Any = document
        for key in self.path:
            value = value.get(key) if isinstance(value, dict) else None
        content = _content(value)
        if content is None:
            return None, (), b"", None, 0
        beside = _beside(tuple(document))
        if (
            "_p" in document
        ):  # Fluent Bit's parser of CRI: P for a part of a line, F for the last one
            goes_on = IN_NEXT if document["_p"] == "P" else 0
        else:
            goes_on = NO_LINE_END if self.with_line_ends and not content.endswith(b"\n") else 0
        return (
            content.removesuffix(b"\n"),
            _label(document, beside),
            _output(document),
            _stamp(document, beside.stamps),
            goes_on,
        )


@dataclass(frozen=True, slots=True)
class _Beside:
    """Those of an object's keys that name its program, or say when."""

    labels: tuple[str, ...]
    nested: tuple[str, ...]
    stamps: tuple[str, ...]


@lru_cache(maxsize=256)
def _beside(keys: tuple[str, ...]) -> _Beside:
    known = [tuple(key for key in words if key in keys) for words in (_LABELS, _NESTED, _TIMES)]
    return _Beside(*known)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The layers from the outside in."""

    layers: tuple[Layer, ...]
    length: int  # of what stood before the record, to try the longest first

    def peel(self, text: bytes) -> Peeled | None:
        """The text inside all layers that the line has; None if it lacks the outer one."""
        found = self.layers[0].peel(text)
        if found is None or len(self.layers) == 1:
            return found
        content, label, output, stamp, goes_on = found
        if content is None:
            return found
        lines = content.split(b"\n")
        for layer in self.layers[1:]:
            inner: list[bytes] = []
            for line in lines:
                peeled = layer.peel(line)
                if peeled is None:
                    inner.append(line)
                    continue
                if peeled[0] is not None:
                    inner += peeled[0].split(b"\n")
                label = (*label, *peeled[1]) if peeled[1] else label
                output, stamp = output or peeled[2], stamp if stamp is not None else peeled[3]
                goes_on = goes_on or peeled[4]
            lines = inner
        return b"\n".join(lines), label, output, stamp, goes_on


def learn(text: bytes, finder: RecordFinder) -> tuple[Recipe, bool] | None:
    """The layers around a record that stands in a line, and whether one line proves them."""
    text = without_colour_at_end(text)
    found = _learn(text, finder, 0)
    if found is None:
        return None
    layers, sure = found
    return Recipe(tuple(layers), max(finder.find(text), 0)), sure


def _learn(text: bytes, finder: RecordFinder, depth: int) -> tuple[list[Layer], bool] | None:
    """None if the text is no wrapped record; no layers at all if it starts with one."""
    if depth > _DEEPEST:
        return None
    brace = text.find(b"{")
    if brace >= 0 and text.rstrip().endswith(b"}"):
        document = _object(text[brace:])
        if document is not None:
            outer: list[Layer] = []
            if brace:
                shape = prefix_shape.learn(text[:brace])
                if shape is None:
                    return None
                outer.append(Prefixed(shape))
            for path, value in _texts(document, ()):
                if outer and path[-1] not in _MESSAGES:
                    continue  # of an object behind something else anything may be said
                for line in value.split(b"\n"):
                    inner = _inner(line, finder, depth + 1)
                    if inner is not None:
                        return [
                            *outer,
                            Json(path, _keeps_ends(document, path, value)),
                            *inner,
                        ], True
            return None
    at = finder.find(text)
    quoted = _quoted_value(text, finder, depth)
    if quoted is not None:
        return quoted
    if at <= 0 or text.startswith(b"{"):
        return None
    prefix = text[:at]
    shape = prefix_shape.learn(prefix)
    if shape is None:
        return None
    return [Prefixed(shape, prefix.count(b"\t") > 1 and _FIELDS in text[at:])], shape.sure


def _before_quote(shape: prefix_shape.PrefixShape) -> prefix_shape.PrefixShape:
    return replace(shape, pattern=re.compile(shape.pattern.pattern + rb'"'))


def _unescaped(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes([int(found[1], 16)])
    if found[2]:
        return chr(int(found[2], 16)).encode("utf-8", "replace")
    return _ESCAPES.get(found[3], found[3])


def _quoted_value(text: bytes, finder: RecordFinder, depth: int) -> tuple[list[Layer], bool] | None:
    """The layers of a line of ``key="value"`` fields with a record in one of the values."""
    if not finder.opens_value(text) or text.startswith(b"{"):
        return None
    quote = Quoted()
    for found in _VALUE.finditer(text):
        shape = prefix_shape.learn(text[: found.start() + 1])
        peeled = quote.peel(text[found.end() :])
        if shape is None or peeled is None or peeled[0] is None:
            continue
        if any(_inner(line, finder, depth + 1) == [] for line in peeled[0].split(b"\n")):
            return [Prefixed(_before_quote(shape)), quote], True
    return None


def _inner(line: bytes, finder: RecordFinder, depth: int) -> list[Layer] | None:
    """The layers around a record in a line of a value, of which any may be the first of a record."""
    if finder.opens(line):
        return []
    if finder.find(line) <= 0 and not finder.opens_value(line):
        return None
    found = _learn(line, finder, depth)
    return None if found is None or not found[1] else found[0]


# ---- JSON -----------------------------------------------------------------------------------------


def _object(text: bytes) -> dict[str, Any] | None:
    """A line as a JSON object. Bytes that are no UTF-8 stay what they are."""
    try:
        line = text.decode("utf-8", "surrogateescape")
        value, end = _DECODE(line)
    except (ValueError, RecursionError):
        return None
    whole = end == len(line) or not line[end:].strip()
    return value if whole and isinstance(value, dict) else None


def _content(value: object) -> bytes | None:
    """The text of a value; journald writes what is no UTF-8 as a list of bytes."""
    if isinstance(value, str):
        try:
            return value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return value.encode("utf-8", "replace")
    if (
        isinstance(value, list)
        and value
        and all(isinstance(v, int) and 0 <= v < 256 for v in value)
    ):
        return bytes(value)
    return None


def _texts(
    document: dict[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """All texts of an object, with the keys that lead to them."""
    for key, value in document.items():
        if isinstance(value, dict):
            if len(path) < _DEEPEST:
                yield from _texts(value, (*path, key))
        elif (text := _content(value)) is not None:
            yield (*path, key), text


def _keeps_ends(document: dict[str, Any], path: tuple[str, ...], value: bytes) -> bool:
    beside = _WITH_LINE_ENDS.get(path[-1])
    if beside is None:
        return False
    return value.endswith(b"\n") or (len(path) == 1 and all(key in document for key in beside))


def _label(document: dict[str, Any], beside: _Beside) -> tuple[bytes, ...]:
    if not beside.labels and not beside.nested:
        return ()
    words = [document[key] for key in beside.labels]
    for key in beside.nested:
        inner = document[key]
        if isinstance(inner, dict):
            words += [inner[k] for k in _NESTED_LABELS if k in inner]
    return tuple(
        [str(w).encode("utf-8", "replace") for w in words if isinstance(w, str) or type(w) is int]
    )


def _output(document: dict[str, Any]) -> bytes:
    stream = document.get("stream")
    return stream.encode() if stream in ("stdout", "stderr") else b""


def _stamp(document: dict[str, Any], keys: tuple[str, ...]) -> Stamp:
    for key in keys:
        stamp = document[key]
        if isinstance(stamp, str):
            return stamp.encode("ascii", "replace")
        if isinstance(stamp, int | float):
            return stamp
    return None
