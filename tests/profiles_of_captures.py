"""Profiles of the captures, as plain values that both forms of them can be compared by."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, TypeAlias

import goscope
from goscope.capture.capture import Capture
from goscope.formats.profiles.columns import VALUES
from tests.conftest import CAPTURES, rows_of

Frame: TypeAlias = tuple[str | None, str | None, int | None, bool]
Key: TypeAlias = tuple[tuple[Frame, ...], str | None]

#: Programs that wrote all profiles, and programs that wrote the goroutine profile.
ALL_PROFILES = sorted(path.parent for path in CAPTURES.glob("*/profiles/heap.txt"))
DUMPED = sorted(path.parent for path in CAPTURES.glob("*/*/dump-debug1.txt*"))

#: Those that stand still while one form is written after the other.
STEADY = ("generics", "labels")

#: Pairs of the text and the protobuf form of one moment.
PAIRS = [
    *((path, path.with_suffix(".pb.gz")) for run in ALL_PROFILES for path in sorted(run.glob("*[a-z13].txt")) if "dump" not in path.name),
    *((next(run.glob("dump-debug1.txt*")), run / "dump-debug0.pb.gz") for run in DUMPED if run.name in STEADY),
]  # fmt: skip


def name_of(path: Path) -> str:
    """A capture's name for the list of tests."""
    return "/".join(path.parts[-3:])


def frames_of(capture: Capture) -> dict[int, list[Frame]]:
    """The frames of every stack, without the runtime's at the top, which the text form hides."""
    found: dict[int, list[Frame]] = defaultdict(list)
    for row in rows_of(capture.table("frames")):
        frame = (row["function"], row["file"], row["line"], row["inlined"])
        hidden = str(row["function"]).startswith(("runtime.", "internal/runtime/"))
        if found[row["stack_id"]] or not hidden:
            found[row["stack_id"]].append(frame)
    return found


def counts_of(path: Path) -> dict[Key, dict[str, int]]:
    """What a profile says: the sums of its values by stack and labels, zeros left out."""
    capture = goscope.read(path)
    frames = frames_of(capture)
    found: dict[Key, dict[str, int]] = {}
    for row in rows_of(capture.table("profile")):
        key = (tuple(frames.get(row["stack_id"], ())), row["labels"])
        sums = found.setdefault(key, defaultdict(int))
        for column in VALUES:
            sums[column.name] += row[column.name] or 0
    plain = {key: {n: v for n, v in sums.items() if v} for key, sums in found.items()}
    return {key: sums for key, sums in plain.items() if sums.keys() - {"object_bytes"}}


def profile_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of the profile table."""
    return rows_of(goscope.read(path).table("profile"))
