"""Profiles as protobuf (debug=0): what ``/debug/pprof/NAME`` and ``Profile.WriteTo(w, 0)`` write.

The form is that of ``go tool pprof``, gzipped by Go and unpacked by the source. It is recognised by its
first fields, whatever the file is called. Only what Go's runtime writes is read: profiles of other
makers measure other things.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from goscope.errors import InputError
from goscope.formats.format import Content, Format
from goscope.formats.profiles.facts import MOST
from goscope.formats.profiles.records import TABLES, ProfileRecords, Record, Row, frame_row, values
from goscope.formats.profiles.schema import NotAProfile, parse_profile
from goscope.goruntime.function_names import printed_name
from goscope.goruntime.parked_frames import reason_of_stack
from goscope.tables.table import Table

#: Go's own profiles have some thousand records and a thousand frames at most (profstackdepth).
MOST_RECORDS = 1_000_000
MOST_FRAMES_OF_A_STACK = 20_000
MOST_FRAMES = 4_000_000
MOST_BYTES = 32 << 20

# Sample types by the columns that they fill (runtime/pprof: writeHeapProto, printCountCycleProfile,
# profileBuilder.build). A profile with one type "NAME/count" is printCountProfile's.
_HEAP = {
    ("alloc_objects", "count"): "alloc_objects",
    ("alloc_space", "bytes"): "alloc_bytes",
    ("inuse_objects", "count"): "inuse_objects",
    ("inuse_space", "bytes"): "inuse_bytes",
}
_CONTENTION = {("contentions", "count"): "contentions", ("delay", "nanoseconds"): "delay_ns"}
_CPU = {("samples", "count"): "count", ("cpu", "nanoseconds"): "cpu_ns"}
_UNLOCKS = re.compile(r"sync\.\(\*(?:RW)?Mutex\)\.R?[uU]nlock|runtime\.(?:unlock|_LostContended)")


#: Stacks of threads are not recorded (golang.org/issue/6104): the addresses are zeros, less one.
_NO_ADDRESS = (0, (1 << 64) - 1)


class _Damaged(Exception):
    """The message contradicts itself."""


class ProtobufReader:
    """Reads profiles, each from the whole content of an input."""

    def __init__(self) -> None:
        self._records = ProfileRecords()
        self.stream_ids: list[int] = []

    def read(self, stream_id: int, input_name: str, chunks: Iterable[bytes]) -> None:
        """Take an input.

        Raises:
            InputError: it is damaged, cut or too large, or not of Go's runtime.
        """
        data = _whole(input_name, chunks)
        try:
            message = _Message(parse_profile(data))
            kind, columns = message.kind()
            if kind is None:
                names = ", ".join("/".join(pair) for pair in message.sample_types) or "nothing"
                raise InputError(
                    f"{input_name}: a pprof profile of {names[:200]}, which is none of Go's runtime; "
                    "look at it with go tool pprof"
                )
            samples = message.samples(columns)
            if kind == "contention":
                kind = message.contention_of(samples)
        except (NotAProfile, _Damaged) as error:
            raise InputError(
                f"{input_name}: looks like a pprof profile, but is damaged or cut ({error}); "
                "fetch it again"
            ) from error
        self._take(stream_id, kind, message, samples)

    def _take(
        self, stream_id: int, kind: str, message: _Message, samples: Sequence[_Sample]
    ) -> None:
        profile = message.profile
        self.stream_ids.append(stream_id)
        counts = "count" in message.columns and kind != "cpu"
        number = self._records.begin(
            stream_id,
            None,
            kind,
            "protobuf",
            total=min(sum(s.values[0] or 0 for s in samples), MOST) if counts else None,
            rate_bytes=profile.period if kind in ("heap", "allocs") else None,
            time_ns=profile.time_nanos or None,
            duration_ns=profile.duration_nanos or None,
        )
        stacks: dict[tuple[int, ...], tuple[int | None, str | None]] = {}
        for sample in samples:
            if sample.locations not in stacks:
                frames = [row for location in sample.locations for row in message.rows(location)]
                reason = reason_of_stack([str(row.get("function") or "") for row in frames[:12]])
                stack = self._records.add_stack(frames) if frames else None
                stacks[sample.locations] = (stack, reason)
            stack, reason = stacks[sample.locations]
            if kind not in ("goroutine", "goroutineleak"):
                reason = None
            self._records.add(Record(None, number, stack, sample.labels, reason, sample.values))

    def tables(self) -> Mapping[str, Table]:
        """The tables of all profiles that came as protobuf."""
        return self._records.tables()


def _whole(input_name: str, chunks: Iterable[bytes]) -> bytes:
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise InputError(
                f"{input_name}: larger than {MOST_BYTES >> 20} MiB unpacked; no profile of Go's runtime "
                "is; look at it with go tool pprof"
            )
        parts.append(chunk)
    return b"".join(parts)


class _Sample:
    """A sample whose parts were found to exist."""

    __slots__ = ("labels", "locations", "values")

    def __init__(
        self, locations: tuple[int, ...], labels: str | None, found: tuple[int | None, ...]
    ):
        self.locations = locations
        self.labels = labels
        self.values = found


class _Message:
    """A Profile message with its references resolved; asks for nothing that is not there."""

    def __init__(self, profile: Any):
        self.profile = profile
        for part in (profile.sample, profile.location, profile.function, profile.mapping):
            if len(part) > MOST_RECORDS:
                raise _Damaged(f"more than {MOST_RECORDS:,} records")
        self._strings = profile.string_table
        if not len(self._strings) or self._strings[0]:
            raise _Damaged("its table of strings is missing")
        self._texts: dict[int, str] = {}
        for mapping in profile.mapping:  # Go writes the strings last, and these last of all
            self._text(mapping.filename)
            self._text(mapping.build_id)
        self._functions = {function.id: function for function in profile.function}
        self._locations = {location.id: location for location in profile.location}
        self._rows: dict[int, list[Row]] = {}
        if not len(profile.sample_type) or len(profile.sample_type) > 64:
            raise _Damaged("it does not say what it measures")
        self.sample_types = [(self._text(t.type), self._text(t.unit)) for t in profile.sample_type]
        self.columns: tuple[str, ...] = ()

    def kind(self) -> tuple[str | None, tuple[str, ...]]:
        """What sort of profile it is, and the column of each of its values; (None, ()) if not Go's."""
        types = self.sample_types
        kind: str | None = None
        if types and all(pair in _HEAP for pair in types):
            kind = "allocs" if self._default() == "alloc_space" else "heap"
            self.columns = tuple(_HEAP[pair] for pair in types)
        elif types and all(pair in _CONTENTION for pair in types):
            kind = "contention"
            self.columns = tuple(_CONTENTION[pair] for pair in types)
        elif types == list(_CPU):
            kind = "cpu"
            self.columns = tuple(_CPU.values())
        elif len(types) == 1 and types[0][1] == "count" and types[0][0]:
            kind = types[0][0]
            self.columns = ("count",)
        return kind, self.columns

    def _default(self) -> str:
        return self._text(self.profile.default_sample_type)

    def contention_of(self, samples: Sequence[_Sample]) -> str:
        """Mutex or block: both have the same types, but only a mutex profile blames who unlocks.

        A profile without records stays ``contention``.
        """
        for sample in samples:
            rows = self.rows(sample.locations[0]) if sample.locations else []
            if rows:
                return "mutex" if _UNLOCKS.match(str(rows[0].get("function"))) else "block"
        return "contention"

    def samples(self, columns: tuple[str, ...]) -> list[_Sample]:
        """All samples, checked."""
        found = []
        frames = 0
        seen: set[tuple[int, ...]] = set()
        for sample in self.profile.sample:
            if len(sample.value) != len(columns):
                raise _Damaged("a record has not as many values as there are types")
            if len(sample.location_id) > MOST_FRAMES_OF_A_STACK:
                raise _Damaged("a stack deeper than Go's can be")
            locations = tuple(sample.location_id)
            if locations not in seen:
                seen.add(locations)
                depth = sum(len(self.rows(location)) for location in locations)
                frames += depth
                if depth > MOST_FRAMES_OF_A_STACK or frames > MOST_FRAMES:
                    raise _Damaged("stacks deeper than Go's can be")
            labels, size = self._labels(sample.label)
            numbers: dict[str, int | None] = dict(zip(columns, sample.value, strict=True))
            if size is not None:
                numbers["object_bytes"] = size
            found.append(_Sample(locations, labels, values(**numbers)))
        return found

    def rows(self, location: int) -> list[Row]:
        """The frames of a location, innermost first: all but the last are inlined calls."""
        rows = self._rows.get(location)
        if rows is not None:
            return rows
        if location not in self._locations:
            raise _Damaged("a frame is missing")
        lines = self._locations[location].line
        if len(lines) > MOST_FRAMES_OF_A_STACK:
            raise _Damaged("a stack deeper than Go's can be")
        rows = [self._row(line, place < len(lines) - 1) for place, line in enumerate(lines)]
        if not any("function" in row for row in rows):
            recorded = self._locations[location].address not in _NO_ADDRESS
            rows = [frame_row(None, None, None)] if recorded else []  # code without symbols
        self._rows[location] = rows
        return self._rows[location]

    def _row(self, line: Any, inlined: bool) -> Row:
        function = self._functions.get(line.function_id)
        if function is None:
            raise _Damaged("a function is missing")
        name = printed_name(self._text(function.name)) or None
        return {
            **frame_row(name, self._text(function.filename) or None, line.line or None),
            "inlined": inlined,
        }

    def _labels(self, labels: Any) -> tuple[str | None, int | None]:
        """The labels as JSON, and the size of the objects, which heap profiles have as a label."""
        found: dict[str, str | int] = {}
        size: int | None = None
        for label in labels:
            key = self._text(label.key)
            if label.str:
                found[key] = self._text(label.str)
            elif key == "bytes" and label.num and "alloc_bytes" in self.columns:
                size = label.num
            else:
                found[key] = label.num or ""
        if not found:
            return None, size
        return json.dumps(found, ensure_ascii=False, sort_keys=True), size

    def _text(self, index: int) -> str:
        """A string of the table; each byte that is no UTF-8 becomes a replacement, as in Go."""
        text = self._texts.get(index)
        if text is None:
            if not 0 <= index < len(self._strings):
                raise _Damaged("a string is missing")
            text = self._strings[index].decode("utf-8", "surrogateescape")
            text = self._texts[index] = _LONE.sub("\ufffd", text)
        return text


_LONE = re.compile("[\udc80-\udcff]")

FORMAT = Format(
    name="profile_protobuf",
    tables=TABLES,
    content=Content(
        # period_type or sample_type, each {type, unit}; or time_nanos and then sample_type (cpu).
        sign=re.compile(
            rb"[\x0a\x5a][\x02-\x0c]\x08[\x01-\xff]"
            rb"|\x48[\x80-\xff]{8}[\x01-\x7f]\x0a[\x02-\x0c]\x08"
        ),
        reader=lambda spans: ProtobufReader(),
    ),
)
