"""Damaged, cut and foreign protobuf: one clear line, whatever the bytes are."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.errors import InputError
from goscope.formats import HEAD, is_known_binary
from goscope.formats.profiles import protobuf as module
from goscope.formats.profiles.schema import parse_profile
from goscope.reading.capture_builder import CaptureBuilder
from tests.conftest import CAPTURES, Read, capture_texts, content

PACKED = sorted(CAPTURES.glob("*/profiles/*.pb.gz")) + sorted(CAPTURES.glob("*/labels/*.pb.gz"))
WHOLE = [gzip.decompress(path.read_bytes()) for path in PACKED]
SMALL = [data for data in WHOLE if len(data) < 3000]


def read(data: bytes) -> Read:
    builder = CaptureBuilder()
    found = builder.read("input", [data])
    return Read(builder.build(), found)


def outcome(data: bytes) -> Read | str:
    """What was read, or the message of the error; any other exception fails the test."""
    try:
        return read(data)
    except InputError as error:
        assert "\n" not in str(error)
        return str(error)


def test_all_captures_are_recognised_and_no_text_is() -> None:
    assert len(PACKED) > 40
    assert all(is_known_binary(data[:HEAD]) for data in WHOLE)
    assert not any(is_known_binary(content(path)[:HEAD]) for path in capture_texts())


@pytest.mark.parametrize("data", SMALL[::9], ids=str)
@pytest.mark.sampled(4)
def test_a_cut_profile_is_an_error_or_nothing(data: bytes) -> None:
    """Go writes the table of strings last, so nothing that is cut can be read."""
    for cut in range(HEAD, len(data)):
        found = outcome(data[:cut])
        assert isinstance(found, str), cut
        assert found.startswith("input: looks like a pprof profile, but is damaged or cut (")


@given(st.sampled_from(SMALL), st.data())
def test_no_byte_that_changes_raises_anything_else(data: bytes, more: st.DataObject) -> None:
    changed = bytearray(data)
    for _ in range(more.draw(st.integers(1, 4))):
        changed[more.draw(st.integers(0, len(changed) - 1))] = more.draw(st.integers(0, 255))
    found = outcome(bytes(changed))
    if isinstance(found, Read):
        for name in found.capture.table_names:
            found.rows(name)


@given(st.sampled_from([data[:12] for data in SMALL]), st.binary(max_size=300))
def test_garbage_behind_a_good_beginning(head: bytes, rest: bytes) -> None:
    outcome(head + rest)


def message(**parts: Any) -> bytes:
    """A goroutine profile in which something is replaced."""
    profile = parse_profile(
        next(d for p, d in zip(PACKED, WHOLE, strict=True) if "goroutine-1" in p.name)
    )
    for name, value in parts.items():
        del getattr(profile, name)[:]
        getattr(profile, name).extend(value)
    done: bytes = profile.SerializeToString()
    return done


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: p.sample[0].location_id.append(999), "a frame is missing"),
        (lambda p: p.location[0].line[0].ClearField("function_id"), "a function is missing"),
        (lambda p: p.sample[0].value.append(3), "a record has not as many values"),
        (lambda p: p.string_table.__delitem__(slice(0, 1)), "its table of strings is missing"),
        (lambda p: p.string_table.__delitem__(slice(3, 99)), "a string is missing"),
        (lambda p: p.sample[0].label.add(key=-4), "a string is missing"),
        (lambda p: p.sample_type.__delitem__(slice(0, 9)), "it does not say what it measures"),
        (lambda p: p.sample[0].location_id.extend([1] * 30_000), "deeper than Go's"),
    ],
)  # fmt: skip
def test_contradictions(change: Callable[[Any], object], expected: str) -> None:
    profile = parse_profile(message())
    change(profile)
    with pytest.raises(InputError, match=expected):
        module.ProtobufReader().read(0, "input", [profile.SerializeToString()])


def test_a_few_bytes_cannot_become_endless_frames() -> None:
    """A location with many inlined calls, in many stacks."""
    profile = parse_profile(message())
    line = profile.location[0].line[0]
    profile.location[0].line.extend([line] * 19_000)
    names = [location.id for location in profile.location]
    for number in range(400):
        profile.sample.add(
            location_id=[1, names[number % len(names)], *[2] * (number // 9)], value=[1]
        )
    with pytest.raises(InputError, match="deeper than Go's"):
        read(profile.SerializeToString())


def test_a_profile_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def bomb() -> Any:
        nonlocal asked
        yield WHOLE[0]
        while True:
            asked += 1
            yield b"\x00" * (1 << 20)

    with pytest.raises(InputError, match=r"larger than 32 MiB unpacked; .*go tool pprof"):
        CaptureBuilder().read("bomb.pb.gz", bomb())
    assert asked <= module.MOST_BYTES >> 20


@pytest.mark.parametrize(
    "field", [b"\x12", b"\x22", b"\x2a"], ids=["sample", "location", "function"]
)
def test_millions_of_empty_records_are_refused(field: bytes) -> None:
    with pytest.raises(InputError, match="more than 1,000,000 records"):
        read(message() + (field + b"\x00") * 1_000_001)


def test_profiles_of_other_makers_are_named() -> None:
    profile = parse_profile(message())
    profile.string_table.extend([b"wall", b"microseconds"])
    profile.sample_type[0].type = len(profile.string_table) - 2
    profile.sample_type[0].unit = len(profile.string_table) - 1
    with pytest.raises(InputError, match=r"a pprof profile of wall/microseconds.*go tool pprof"):
        read(profile.SerializeToString())


def test_a_cpu_profile_is_read() -> None:
    profile = parse_profile(message())
    profile.string_table.extend([b"samples", b"cpu", b"nanoseconds"])
    strings = list(profile.string_table)
    profile.sample_type[0].type = strings.index(b"samples")
    profile.sample_type.add(type=strings.index(b"cpu"), unit=strings.index(b"nanoseconds"))
    for sample in profile.sample:
        sample.value.append(10_000_000)
    found = read(profile.SerializeToString())
    assert {row["kind"] for row in found.rows("profiles")} == {"cpu"}
    assert {row["cpu_ns"] for row in found.rows("profile")} == {10_000_000}


def test_numbers_of_any_size_do_no_harm() -> None:
    profile = parse_profile(message())
    for sample in profile.sample:
        sample.value[0] = (1 << 63) - 1
    profile.time_nanos = profile.period = -(1 << 63)
    profile.location[0].line[0].line = -1
    found = read(profile.SerializeToString())
    assert {row["total"] for row in found.rows("profile")} == {(1 << 63) - 1}


def test_labels_that_are_no_utf8_are_read() -> None:
    profile = parse_profile(message())
    profile.string_table.extend([b"key", b"a\xffb"])
    end = len(profile.string_table)
    profile.sample[0].label.add(key=end - 2, str=end - 1)
    profile.sample[0].label.add(key=end - 1, num=7)
    assert (
        read(profile.SerializeToString()).rows("profile")[0]["labels"]
        == '{"a\ufffdb": 7, "key": "a\ufffdb"}'
    )


def test_the_limits_are_above_what_go_writes() -> None:
    assert max(map(len, WHOLE)) * 1000 < module.MOST_BYTES
    assert module.MOST_FRAMES_OF_A_STACK > 1024  # GODEBUG=profstackdepth at its largest
