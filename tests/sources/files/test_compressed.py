"""gzip, zstd, xz and bzip2: one part or several, layers, damage, and what unpacks without end."""

from __future__ import annotations

import base64
import bz2
import gzip
import lzma
import random
import resource
import shutil
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from goscope.errors import InputError
from goscope.sources.files import compressed
from goscope.sources.files.compressed import (
    CHUNK,
    UnpackLimit,
    UnreadableData,
    decompressor_for,
    unpacked,
)
from tests.sources.unpacking import read_all

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 1),
    "zst": lambda data: zstandard.ZstdCompressor().compress(data),
    "xz": lambda data: lzma.compress(data, preset=0),
    "bz2": lambda data: bz2.compress(data, 1),
}
#: Text that does not pack to nothing.
TEXT = base64.b64encode(random.Random(7).randbytes(2_400_000))


def expand(data: bytes, step: int = CHUNK) -> bytes:
    make = decompressor_for(data)
    assert make is not None
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    return b"".join(unpacked(pieces, make, UnpackLimit()))


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, 2 * CHUNK + 5])
def test_it_gives_what_was_packed(kind: str, size: int, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(PACK[kind](TEXT[:size]))
    texts, failed, skipped = read_all(tmp_path / "log")
    assert b"".join(texts.values()) == TEXT[:size]
    assert not failed + skipped


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_where_a_chunk_ends_makes_no_difference(kind: str, step: int) -> None:
    data = TEXT[:5000]
    assert expand(PACK[kind](data) + PACK[kind](b"two\n"), step) == data + b"two\n"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("tool", ["gzip", "zstd", "xz", "bzip2"])
def test_what_the_tools_write(tool: str, tmp_path: Path) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    packed = subprocess.run([tool, "-c"], input=TEXT, capture_output=True, check=True).stdout
    assert expand(packed + packed) == TEXT * 2


@pytest.mark.parametrize("kind", PACK)
def test_zeros_between_parts_are_padding(kind: str) -> None:
    part = PACK[kind](b"one\n")
    assert expand(part + bytes(512) + part + bytes(40)) == b"one\none\n"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("kind", PACK)
def test_a_million_empty_parts_take_time_in_proportion(kind: str) -> None:
    data = PACK[kind](b"")
    count = (4 << 20) // len(data)
    begin = time.process_time()
    assert expand(data * count + PACK[kind](b"x\n")) == b"x\n"
    assert time.process_time() - begin < 20


def test_a_frame_that_zstd_skips() -> None:
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    assert expand(skippable + PACK["zst"](b"x\n")) == b"x\n"


@pytest.mark.parametrize("outer", PACK)
@pytest.mark.parametrize("inner", PACK)
def test_packed_twice(outer: str, inner: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(PACK[outer](PACK[inner](b"x\n")))
    assert read_all(tmp_path / "log") == ({"log": b"x\n"}, [], [])


def test_packed_without_end(tmp_path: Path) -> None:
    data = b"x\n"
    for _ in range(20):
        data = gzip.compress(data)
    (tmp_path / "log").write_bytes(data)
    assert read_all(tmp_path / "log") == (
        {},
        ["log: packed more than 4 times; unpack it first"],
        [],
    )


@pytest.mark.sampled(5)
@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("share", [0.0001, 0.1, 0.5, 0.999])
def test_what_stands_before_the_end_of_a_cut_file_is_read(
    kind: str, share: float, tmp_path: Path
) -> None:
    packed = PACK[kind](TEXT)
    size = max(12, int(len(packed) * share))
    (tmp_path / "log").write_bytes(packed[:size])
    texts, failed, _ = read_all(tmp_path / "log")
    got = texts.get("log", b"")
    assert TEXT.startswith(got)
    if share >= 0.5:
        # A block of bzip2 or zstd has to be whole.
        assert len(got) > len(TEXT) * share - CHUNK
    assert failed == ["log: the compressed data ends early or is damaged (its end is missing)"]


@pytest.mark.parametrize("kind", PACK)
def test_rubbish_behind_the_end_is_told_and_the_rest_is_read(kind: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(PACK[kind](b"x\n") + b"rubbish that is no part at all")
    texts, failed, _ = read_all(tmp_path / "log")
    assert texts == {"log": b"x\n"}
    assert len(failed) == 1
    assert "ends early or is damaged" in failed[0]


@given(
    kind=st.sampled_from(list(PACK)),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=4),
    cut=st.floats(0, 1),
    tail=st.binary(max_size=20),
    step=st.integers(1, 3000),
)
def test_damage_is_nothing_but_unreadable(
    kind: str, flips: list[tuple[float, int]], cut: float, tail: bytes, step: int
) -> None:
    data = bytearray(PACK[kind](TEXT[:3000]))
    for place, mask in flips:
        data[int(place * (len(data) - 1))] ^= mask
    packed = bytes(data[: int(cut * len(data))]) + tail
    make = decompressor_for(packed)
    if make is None:
        return
    pieces = (packed[at : at + step] for at in range(0, len(packed), step))
    try:
        for piece in unpacked(pieces, make, UnpackLimit(10 << 20)):
            assert piece
    except UnreadableData as error:
        assert "\n" not in str(error)


# ---- what unpacks to too much -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", PACK)
def test_there_is_a_limit(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "MOST_UNPACKED", 2 * CHUNK)
    (tmp_path / "log").write_bytes(PACK[kind](TEXT))
    texts, failed, _ = read_all(tmp_path / "log")
    assert 0 < len(texts["log"]) <= 2 * CHUNK
    assert failed == [
        f"log: it unpacks to more than {2 * CHUNK} bytes; unpack it and give the part that matters"
    ]


BOMB = 1 << 28


COMPRESSORS: dict[str, Callable[[], Any]] = {
    "gz": lambda: zlib.compressobj(1, wbits=31),
    "zst": lambda: zstandard.ZstdCompressor().compressobj(),
    "xz": lambda: lzma.LZMACompressor(preset=0),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", COMPRESSORS)
def test_a_bomb_takes_no_memory(kind: str) -> None:
    """Much of nothing is a few kilobytes packed."""
    compressor = COMPRESSORS[kind]()
    zeros = bytes(1 << 24)
    data = b"".join(compressor.compress(zeros) for _ in range(BOMB >> 24)) + compressor.flush()
    make = decompressor_for(data)
    assert make is not None
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = longest = 0
    for piece in unpacked([data], make, UnpackLimit()):
        size += len(piece)
        longest = max(longest, len(piece))
    assert size == BOMB
    assert longest <= 16 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KiB


def test_a_window_that_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "_LARGEST_WINDOW", 1 << 20)
    with pytest.raises(UnreadableData, match=r"[Mm]emory"):
        expand(lzma.compress(b"x\n", preset=6))  # asks for 8 MiB


def test_an_error_of_reading_is_no_damage(tmp_path: Path) -> None:
    from goscope.sources.files.input_streams import InputStream

    def failing() -> Iterator[bytes]:
        yield b"x"
        raise OSError(5, "Input/output error")

    with pytest.raises(InputError, match="log: cannot be read: input/output error"):
        list(InputStream("log", None, True, lambda _: failing()).chunks())
