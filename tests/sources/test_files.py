"""Where bytes come from: files, directories, patterns, packed and in other encodings."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.errors import InputError, UsageError
from goscope.sources import files
from goscope.sources.files import Source, sources_of


def content(path: Path) -> bytes:
    return b"".join(Source(path.name, path).chunks())


def names(*arguments: Path | str) -> list[str]:
    found, missing = sources_of([str(argument) for argument in arguments])
    assert not missing
    return [Path(source.name).name for source in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("dump-10.txt", "dump-2.txt", "dump-1.txt", "deep/er/log.txt", ".git/x", ".hidden"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")
    return tmp_path


def test_a_directory_stands_for_what_is_in_it_in_the_order_of_numbers(folder: Path) -> None:
    assert names(folder) == ["log.txt", "dump-1.txt", "dump-2.txt", "dump-10.txt"]
    found, _ = sources_of([str(folder)])
    assert not any(source.named for source in found)


def test_a_pattern_stands_for_what_it_matches(folder: Path) -> None:
    assert names(folder / "dump-*.txt") == ["dump-1.txt", "dump-2.txt", "dump-10.txt"]
    assert names(folder / "**" / "log.txt") == ["log.txt"]
    assert names(folder / "dump-[12].txt") == ["dump-1.txt", "dump-2.txt"]


def test_a_name_that_looks_like_a_pattern_is_a_name_if_it_exists(folder: Path) -> None:
    (folder / "dump-[12].txt").write_text("y\n")
    assert names(folder / "dump-[12].txt") == ["dump-[12].txt"]


def test_the_order_of_the_arguments_stays(folder: Path) -> None:
    assert names(folder / "dump-2.txt", folder / "dump-1.txt") == ["dump-2.txt", "dump-1.txt"]


def test_what_is_missing_does_not_stop_the_others(folder: Path) -> None:
    found, missing = sources_of([str(folder / "no.txt"), str(folder / "dump-1.txt"), ""])
    assert [source.name for source in found] == [str(folder / "dump-1.txt")]
    assert [str(error).rpartition(": ")[2] for error in missing] == [
        "no such file or directory"
    ] * 2


def test_standard_input_only_once() -> None:
    assert sources_of(["-"])[0] == [Source("stdin", None)]
    with pytest.raises(UsageError):
        sources_of(["-", "-"])


# ---- packed and encoded ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, files.CHUNK - 1, files.CHUNK, 2 * files.CHUNK + 5])
def test_files_and_packed_files_give_what_they_hold(tmp_path: Path, size: int) -> None:
    data = (b"a line of text\n" * (size // 15 + 1))[:size]
    (tmp_path / "plain").write_bytes(data)
    (tmp_path / "packed").write_bytes(gzip.compress(data))
    assert content(tmp_path / "plain") == data
    assert content(tmp_path / "packed") == data


def test_several_packed_parts_in_one_file(tmp_path: Path) -> None:
    """What ``cat a.gz b.gz`` and log rotation make."""
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    assert content(tmp_path / "log.gz") == b"one\ntwo\n"


def test_a_packed_binary_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "core.gz").write_bytes(gzip.compress(b"\x7fELF" + bytes(100)))
    with pytest.raises(InputError, match="an ELF binary or core file"):
        content(tmp_path / "core.gz")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (lzma.compress(b"x"), "xz -d"),
        (bz2.compress(b"x"), "bzip2 -d"),
        (b"\x28\xb5\x2f\xfd" + bytes(20), "zstd -d"),
        (b"PK\x03\x04" + bytes(20), "unpack it"),
        (b"go 1.22 trace\x00\x00\x00" + bytes(20), "go tool trace"),
        (bytes(range(256)) * 8, "binary data"),
    ],
)
def test_what_is_no_text_says_what_to_do(tmp_path: Path, data: bytes, what: str) -> None:
    (tmp_path / "input").write_bytes(data)
    with pytest.raises(InputError, match=what):
        content(tmp_path / "input")


def test_a_log_that_was_truncated_in_place_starts_with_zeros(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(bytes(5000) + b"SCHED 1ms: gomaxprocs=2\n")
    assert content(tmp_path / "log").endswith(b"SCHED 1ms: gomaxprocs=2\n")


def test_colours_in_a_log_are_text(tmp_path: Path) -> None:
    data = b"\x1b[32mINFO\x1b[0m served\n" * 50
    (tmp_path / "log").write_bytes(data)
    assert content(tmp_path / "log") == data


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_across_chunks(
    tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK", 17)
    text = "SCHED 1ms: gomaxprocs=2 ö ☃ 😀\n" * 20
    bom = codecs.BOM_UTF16_LE if encoding.endswith("le") else codecs.BOM_UTF16_BE
    (tmp_path / "log").write_bytes(bom + text.encode(encoding))
    assert content(tmp_path / "log").decode() == text


@pytest.mark.parametrize("damage", [0.1, 0.5, 0.99])
def test_a_damaged_archive_gives_what_is_whole(tmp_path: Path, damage: float) -> None:
    packed = gzip.compress(bytes(n * n % 251 % 90 + 32 for n in range(3_000_000)), 1)
    (tmp_path / "log.gz").write_bytes(packed[: int(len(packed) * damage)])
    with pytest.raises(InputError, match=r"log\.gz: the compressed data ends early or is damaged"):
        content(tmp_path / "log.gz")


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for packed in (
        data,
        b"\x1f\x8b" + data,
        b"\x1f\x8b\x08\x00" + data,
        codecs.BOM_UTF16_BE + data,
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
            try:
                for chunk in Source("stdin", None).chunks():
                    assert isinstance(chunk, bytes)
            except InputError as error:
                assert str(error).startswith("stdin: ")
