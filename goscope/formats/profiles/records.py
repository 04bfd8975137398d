"""Collects what profiles say, in either form, and makes the tables of it.

Records may be many (a heap profile has thousands, a hostile one millions), so a record is one tuple
and a stack is stored once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from goscope.formats.goroutines.columns import FRAMES, STACKS
from goscope.formats.profiles.columns import MEMSTATS, PROFILE, PROFILES, VALUES
from goscope.goruntime.function_names import bare_name, package_of, receiver_of
from goscope.tables.table import Cells, Kind, Table, int_cells, narrow, table_from, text_cells

Row: TypeAlias = dict[str, object]

TABLES = {
    "profiles": PROFILES,
    "profile": PROFILE,
    "memstats": MEMSTATS,
    "stacks": STACKS,
    "frames": FRAMES,
}
_VALUE_NAMES = tuple(column.name for column in VALUES)


@dataclass(frozen=True, slots=True)
class Record:
    """A stack with its values; what the form does not say is None."""

    line: int | None
    profile: int
    stack: int | None
    labels: str | None
    wait_reason: str | None
    values: tuple[int | None, ...]  # in the order of VALUES


def values(**known: int | None) -> tuple[int | None, ...]:
    """The values of a record, those that are not named missing."""
    return tuple(known.get(name) for name in _VALUE_NAMES)


def frame_row(function: str | None, file: str | None, line: int | None) -> Row:
    """A frame as the frames table has it."""
    if function is None:
        return {"file": file, "line": line}
    return {
        "function": function,
        "package": package_of(function) or None,
        "receiver": receiver_of(function) or None,
        "name": bare_name(function),
        "file": file,
        "line": line,
    }


class ProfileRecords:
    """The profiles, records and stacks of all inputs of a capture."""

    def __init__(self) -> None:
        self.profiles: list[Row] = []
        self.memstats: list[Row] = []
        self._records: list[Record] = []
        self._stacks: list[Sequence[Row]] = []

    def begin(self, stream_id: int, line: int | None, kind: str, form: str, **facts: Any) -> int:
        """A profile starts; its number."""
        number = len(self.profiles)
        place = {"stream_id": stream_id, "line": line, "profile": number}
        self.profiles.append({**place, "kind": kind, "form": form, "records": 0, **facts})
        return number

    def add(self, record: Record) -> None:
        """A record of a profile that was begun."""
        self._records.append(record)
        profile = self.profiles[record.profile]
        profile["records"] = len_of(profile) + 1

    def add_stack(self, frames: Sequence[Row]) -> int:
        """A stack that was not seen before, innermost frame first; its number."""
        self._stacks.append(frames)
        return len(self._stacks) - 1

    def tables(self) -> Mapping[str, Table]:
        """The profiles, profile, memstats, stacks and frames tables."""
        self._compare_totals()
        return {
            "profiles": table_from("profiles", PROFILES, self.profiles),
            "profile": self._profile_table(),
            "memstats": table_from("memstats", MEMSTATS, self.memstats),
            "stacks": self._stacks_table(),
            "frames": self._frames_table(),
        }

    def _compare_totals(self) -> None:
        """A profile that was cut counts less than its header says."""
        counted = [0] * len(self.profiles)
        for record in self._records:
            counted[record.profile] += record.values[0] or 0
        for profile, count in zip(self.profiles, counted, strict=True):
            total = profile.get("total")
            if isinstance(total, int) and count < total:
                profile["truncated"] = True

    def _profile_table(self) -> Table:
        records = self._records
        owners = np.array([r.profile for r in records], np.int64)

        def per_profile(cells: Cells) -> Cells:
            valid = None if cells.valid is None else cells.valid[owners]
            return Cells(cells.values[owners], valid, cells.categories)

        def of_profiles(name: str) -> list[Any]:
            return [profile.get(name) for profile in self.profiles]

        cells = {
            "stream_id": per_profile(int_cells(of_profiles("stream_id"))),
            "line": int_cells([r.line for r in records]),
            "profile": Cells(narrow(owners)),
            "kind": per_profile(text_cells(of_profiles("kind"))),
            "labels": text_cells(r.labels for r in records),
            "wait_reason": text_cells(r.wait_reason for r in records),
            "stack_id": int_cells([r.stack for r in records]),
            "total": per_profile(int_cells(of_profiles("total"))),
        }
        for place, name in enumerate(_VALUE_NAMES):
            cells[name] = int_cells([r.values[place] for r in records])
        return Table("profile", PROFILE, cells, len(records))

    def _stacks_table(self) -> Table:
        depth = [len(stack) for stack in self._stacks]
        top = [stack[0].get("function") if stack else None for stack in self._stacks]
        none: list[None] = [None] * len(depth)
        cells = {
            "stack_id": Cells(narrow(np.arange(len(depth)))),
            "depth": int_cells(depth),
            "elided": int_cells([0] * len(depth)),
            "function": text_cells(name if isinstance(name, str) else None for name in top),
            "creator": text_cells(none),
            "creator_file": text_cells(none),
            "creator_line": int_cells(none),
        }
        return Table("stacks", STACKS, cells, len(depth))

    def _frames_table(self) -> Table:
        sizes = [len(stack) for stack in self._stacks]
        count = sum(sizes)
        frames = [frame for stack in self._stacks for frame in stack]
        cells: dict[str, Cells] = {}
        for column in FRAMES:
            given: list[Any] = [frame.get(column.name) for frame in frames]
            if column.name == "stack_id":
                cells["stack_id"] = Cells(narrow(np.repeat(np.arange(len(sizes)), sizes)))
            elif column.name == "ancestor":
                cells["ancestor"] = Cells(np.zeros(count, np.int16))
            elif column.name == "depth":
                depths = [place for size in sizes for place in range(size)]
                cells["depth"] = int_cells(depths)
            elif column.kind is Kind.TEXT:
                cells[column.name] = text_cells(given)
            elif column.kind is Kind.BOOL:
                cells[column.name] = Cells(np.array([bool(v) for v in given], np.int8))
            else:
                cells[column.name] = int_cells(given)
        return Table("frames", FRAMES, cells, count)


def len_of(profile: Row) -> int:
    """How many records of a profile were read so far."""
    records = profile["records"]
    assert isinstance(records, int)
    return records
