"""Cut, damaged and malicious traces: whole generations are kept, the rest is counted, nothing else happens."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.errors import ForeignInput, InputError
from goscope.reading.capture_builder import CaptureBuilder
from goscope.traces.generation_tables import TABLE_TYPES
from goscope.traces.generations import HEADER, GenerationReader
from tests.conftest import content, rows_of
from tests.traces.truth import NAMES, trace_path
from tests.traces.written import (
    STORY,
    TABLES,
    WHOLE,
    batch,
    clock,
    event,
    number,
    numbers,
    read,
    stacks,
    strings,
    trace,
)

SEVERAL = [n for n in NAMES if n.endswith(("trace_tasks", "trace_leak", "trace_flight"))]
SMALL = [data for name in NAMES if len(data := content(trace_path(name))) < 10_000]


def ends_of_generations(data: bytes) -> list[int]:
    """Where each generation of a whole trace ends, from its start."""
    version = int(data[5:7])
    batches = GenerationReader([data[HEADER:]], version, TABLE_TYPES[version])
    ends = [HEADER]
    for generation in batches.generations():
        ends.append(ends[-1] + generation.size)
    return ends[1:]


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", SEVERAL)
def test_a_cut_trace_keeps_its_whole_generations(name: str) -> None:
    data = content(trace_path(name))
    ends = ends_of_generations(data)
    assert ends[-1] == len(data)
    assert len(ends) > 1
    cuts = {*range(ends[0], len(data), len(data) // 40)}
    cuts |= {end + shift for end in ends[:-1] for shift in (0, 1, 2, 30)} | {len(data) - 1}
    for cut in sorted(cuts):
        builder = CaptureBuilder()
        found = builder.read("t", [data[:cut]])
        (row,) = rows_of(builder.build().table("traces"))
        whole = sum(end <= cut for end in ends)
        assert row["generations"] == whole, cut
        used = HEADER if not whole else ends[whole - 1]
        assert row["dropped_bytes"] == cut - used
        assert row["complete"] == (cut in ends)
        assert found.formats == ("execution_trace",)
        if cut not in ends:
            assert found.problem is not None
            assert re.match(r"it is cut off after \d+ generations; [\d,]+ bytes", found.problem)


def test_a_trace_that_is_cut_in_its_first_generation_is_an_error() -> None:
    for cut in (HEADER, HEADER + 1, len(WHOLE) - 1):
        with pytest.raises(InputError, match="without one whole generation") as told:
            read(WHOLE[:cut])
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "name", ["go1.22/trace_tasks", "go1.27/trace_tasks", "go1.25/trace_flight"]
)
def test_where_a_chunk_ends_changes_nothing(name: str, size: int) -> None:
    data = content(trace_path(name))
    builder = CaptureBuilder(spans=True)
    builder.read("t", (data[at : at + size] for at in range(0, len(data), size)))
    capture, whole = builder.build(), read(data)
    for table in whole.table_names:
        assert rows_of(capture.table(table)) == rows_of(whole.table(table)), table


def test_what_is_written_here_is_a_trace() -> None:
    capture = read(WHOLE)
    (row,) = rows_of(capture.table("traces"))
    assert (row["events"], row["anomalies"], row["complete"]) == (6, 0, True)
    assert row["clock_start_ns"] == 64_000
    assert row["wall_start_ns"] == 10**18 + 7
    goroutines = {row["g"]: row for row in rows_of(capture.table("trace_goroutines"))}
    assert goroutines[8]["name"] == "main.worker"
    assert (goroutines[8]["created_ns"], goroutines[8]["started_ns"]) == (3 * 64, 5 * 64)
    assert goroutines[8]["ended_ns"] == 6 * 64


@pytest.mark.parametrize("version", [5, 11, 19, 21])
def test_old_formats_are_refused_by_number(version: int) -> None:
    with pytest.raises(
        ForeignInput, match=rf"format 1\.{version} of Go 1\.21 or older.*go tool trace"
    ):
        read(f"go 1.{version} trace\0\0\0\0".encode() + bytes(100))


@pytest.mark.parametrize("version", [24, 27, 99])
def test_unknown_formats_are_refused_by_number(version: int) -> None:
    with pytest.raises(ForeignInput, match=rf"format 1\.{version},"):
        read(f"go 1.{version} trace\0\0\0".encode() + bytes(100))


def test_a_header_that_is_cut_is_named() -> None:
    with pytest.raises(ForeignInput, match="cut in its header"):
        read(b"go 1.26 trace\0")


LARGEST = (1 << 64) - 1
#: What stands in place of a second generation, and what is said about it.
DAMAGE = {
    "no batch": (b"\x2f", "batch of type 47"),
    "generation 0": (batch(STORY, generation=0), "cannot be"),
    "a generation is left out": (batch(STORY, generation=2) + batch(STORY, generation=4), "follows on 2"),
    "a batch that is too large": (b"\x01" + numbers(2, 1, 1000, 65537) + bytes(65537), "cannot be"),
    "a batch of 2^64 bytes": (b"\x01" + numbers(2, 1, 1000, LARGEST), "cannot be"),
    "a number of eleven bytes": (b"\x01" + b"\xff" * 10 + b"\x01" + bytes(40), "too large"),
    "a number of 70 bits": (b"\x01" + b"\xff" * 9 + b"\x7f" + bytes(40), "too large"),
    "time that overflows": (batch(STORY, generation=2, ticks=1 << 62), "cannot be"),
    "a step that overflows": (batch(event("GoStop", 1, 1, dt=LARGEST), generation=2), "cannot be"),
    "steps that add up": (batch(event("ProcStop", dt=1 << 45) * 9, generation=2), "cannot be"),
    "an unknown event": (batch(b"\x3f\x01\x01", generation=2), "event of type 63"),
    "an event of tables": (batch(event("ProcStop") + b"\x05\x01\x01a", generation=2), "event of type 5"),
    "an event of eleven bytes": (batch(b"\x0a" + b"\x80" * 11 + b"\x01\x01\x01", generation=2), "too large"),
    "half an event": (batch(STORY + b"\x0e\x01\x08", generation=2), "an event is cut off"),
    "no clock": (batch(STORY, generation=2), "no clock"),
    "two clocks": (batch(STORY, generation=2) + clock(generation=2) * 2, "damaged clock"),
    "a clock that stands still": (clock(generation=2, frequency=0), "clock that cannot be"),
    "a string that is cut": (batch(b"\x04\x05\x01\x7fabc", generation=2), "string is cut off"),
    "a string of 2^64 bytes": (batch(b"\x04\x05\x01" + number(LARGEST), generation=2), "cut off"),
    "no string": (batch(b"\x04\x06\x01\x01a", generation=2), "damaged table of strings"),
    "a stack without end": (batch(b"\x02\x03" + numbers(1, 129), generation=2), "damaged table of stacks"),
    "a stack that is cut": (batch(b"\x02\x03" + numbers(1, 2, 9, 9), generation=2), "damaged table of stacks"),
    "half a sample": (batch(b"\x06\x07\x01\x01", generation=2), "damaged table"),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_what_cannot_be_read_is_counted(what: str) -> None:
    damage, why = DAMAGE[what]
    tail = damage if "clock" in what else damage + clock(generation=2)
    data = WHOLE + tail + b"\x34"
    builder = CaptureBuilder()
    found = builder.read("t", [data])
    (row,) = rows_of(builder.build().table("traces"))
    assert row["generations"] == 1
    assert row["dropped_bytes"] == len(data) - len(WHOLE)
    assert re.search(why, row["dropped_why"]), row["dropped_why"]
    assert found.problem is not None
    assert "after 1 generations" in found.problem


@pytest.mark.parametrize(
    "events",
    [
        event("GoStart", LARGEST, LARGEST),
        event("GoStart", LARGEST - 1, 1) + event("GoBlock", LARGEST, LARGEST),
        event("GoUnblock", 1 << 63, 1 << 63, 1 << 63),
        event("GoStatus", 1 << 40, LARGEST, 200),
        event("GoStatusStack", 5, 5, 3, LARGEST),
        event("ProcStart", LARGEST, LARGEST) + event("ProcSteal", 1 << 62, 3, LARGEST),
        event("HeapAlloc", LARGEST) + event("HeapGoal", 1 << 63),
        event("GCSweepEnd", LARGEST, LARGEST),
        event("ProcsChange", LARGEST, 0),
        event("UserTaskBegin", LARGEST, LARGEST, LARGEST, LARGEST) + event("UserTaskEnd", 3, 3),
        event("UserRegionEnd", 1, LARGEST, 0) + event("UserLog", LARGEST, 9, 9, 9),
        event("GoSwitch", 5, 1) + event("GoSwitchDestroy", 5, 2),
        event("GCEnd", LARGEST) + event("GCActive", 1) + event("STWEnd") + event("GCMarkAssistEnd"),
    ],
    ids=repr,
)
def test_numbers_that_name_nothing(events: bytes) -> None:
    capture = read(trace(batch(events + STORY), TABLES))
    (row,) = rows_of(capture.table("traces"))
    assert row["events"] > 6
    assert row["complete"]


def test_changes_that_cannot_be_are_counted() -> None:
    twice = event("GoStatus", 9, 1, 4) + event("GoStart", 9, 1)
    (row,) = rows_of(read(trace(batch(twice, m=2), batch(STORY), TABLES)).table("traces"))
    assert row["anomalies"] == 1


def test_ids_of_goroutines_may_be_far_apart() -> None:
    far = event("GoStatus", 1 << 40, (1 << 64) - 1, 4) + event("GoUnblock", 1 << 40, 1, 0)
    capture = read(trace(batch(far, m=2), batch(STORY), TABLES))
    found = {row["g"]: row["state"] for row in rows_of(capture.table("trace_goroutines"))}
    assert found == {7: "waiting", 8: None, 1 << 40: "runnable"}


@pytest.mark.full
def test_many_small_things_take_no_time() -> None:
    """A hundred thousand batches, threads and strings."""
    many = b"".join(batch(event("ProcStop"), m=m) for m in range(100_000))
    begin = time.perf_counter()
    capture = read(trace(batch(STORY), many, strings(*map(str, range(5_000))), stacks(), clock()))
    assert time.perf_counter() - begin < 60
    assert rows_of(capture.table("traces"))[0]["threads"] == 100_000


def outcome(data: bytes, *, spans: bool) -> None:
    try:
        read(data, spans=spans)
    except InputError as error:
        assert "\n" not in str(error)


@given(st.sampled_from(SMALL), st.booleans(), st.data())
def test_no_byte_that_changes_raises_anything_else(
    data: bytes, spans: bool, more: st.DataObject
) -> None:
    changed = bytearray(data)
    for _ in range(more.draw(st.integers(1, 12))):
        place = more.draw(st.integers(HEADER, len(changed) - 1))
        # Numbers keep their length, so that most of the damage gets past the decoder.
        kept = changed[place] & 0x80 if more.draw(st.booleans()) else 0
        changed[place] = more.draw(st.integers(kept, kept + 127 if kept else 255))
    outcome(bytes(changed), spans=spans)


@given(st.sampled_from(SMALL), st.binary(max_size=30), st.data())
def test_no_bytes_put_in_or_taken_out_raise_anything_else(
    data: bytes, new: bytes, more: st.DataObject
) -> None:
    place = more.draw(st.integers(HEADER, len(data) - 1))
    behind = more.draw(st.integers(place, min(place + 40, len(data))))
    outcome(data[:place] + new + data[behind:], spans=True)


@given(st.binary(max_size=300))
def test_garbage_behind_a_header(rest: bytes) -> None:
    outcome(WHOLE[:HEADER] + rest, spans=False)
