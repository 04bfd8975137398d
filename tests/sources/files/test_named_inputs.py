"""Where bytes come from: files, directories, patterns, packed and in other encodings."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import socket
import sys
from contextlib import chdir, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goscope.errors import ForeignInput, InputError, UsageError
from goscope.sources.files import input_streams
from goscope.sources.files.named_inputs import CHUNK, Source, sources_of


def content(path: Path) -> bytes:
    return b"".join(
        chunk for stream in Source(path.name, path).streams() for chunk in stream.chunks()
    )


def read(found: list[Source]) -> dict[str, bytes]:
    """What can be read of sources, by name."""
    texts: dict[str, bytes] = {}
    for source in found:
        for stream in source.streams():
            with suppress(ForeignInput):
                texts[stream.name] = b"".join(stream.chunks())
    return texts


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
    assert names(folder) == ["dump-1.txt", "dump-2.txt", "dump-10.txt", "log.txt"]
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


def refusals(found: list[Source]) -> dict[str, str]:
    return {Path(s.name).name: s.refusal for s in found if s.refusal is not None}


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with socket.socket(socket.AF_UNIX) as server, chdir(tmp_path):
        server.bind("socket")
    for argument in (tmp_path, tmp_path / "*"):
        found, missing = sources_of([str(argument)])
        assert not missing
        why = refusals(found)
        assert why["pipe"] == "a named pipe"
        assert why["socket"] == "a socket"
        assert "no such file" in why["gone"]
        assert "too many levels" in why["circle"]
        assert read(found) == {}


def test_links_to_folders_do_not_lead_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "log.txt").write_text("x\n")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert names(tmp_path) == ["log.txt"]


def test_names_that_are_no_text_are_shown_with_escapes(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xe9 \xc3\xa9.txt"
    try:
        Path(os.fsdecode(name)).write_text("x\n")
    except (OSError, UnicodeError):
        pytest.skip("needs file names of any bytes")
    for argument in (str(tmp_path), f"{tmp_path}/*.txt", os.fsdecode(name)):
        found, _ = sources_of([argument])
        assert [Path(source.name).name for source in found] == ["\\xff\\xe9 é.txt"]
        assert list(read(found).values()) == [b"x\n"]


def test_a_tree_of_folders_that_is_too_deep_is_told_in_short(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("needs names that lie deeper than a path may be long")
    (tmp_path / "top.txt").write_text("x\n")
    with chdir(tmp_path):
        for _ in range(2_500):  # more than Python calls may lie in one another
            Path("d").mkdir()
            os.chdir("d")
        found, wrong = sources_of([str(tmp_path)])
        for _ in range(2_500):  # what clears temporary folders would call itself too
            os.chdir("..")
            Path("d").rmdir()
    assert [Path(source.name).name for source in found] == ["top.txt"]
    (error,) = wrong
    assert str(error).endswith("/d/d/d: cannot be read: file name too long")
    assert len(str(error)) < 200


def test_a_folder_may_be_named_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "log.txt").write_text("x\n")
    (tmp_path / "link").symlink_to("a")
    assert names(tmp_path / "link") == ["log.txt"]


def test_a_pattern_that_matches_folders_stands_for_what_is_in_them(tmp_path: Path) -> None:
    for run in ("run-10", "run-9"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "dump.txt").write_text(f"{run}\n")
    found, _ = sources_of([str(tmp_path / "run-*")])
    assert [Path(s.name).parent.name for s in found] == ["run-9", "run-10"]


@pytest.mark.parametrize("other", ["./{}", "{}/../{}", "link", "hard"])
def test_a_file_counts_once_whatever_it_is_called(tmp_path: Path, other: str) -> None:
    (tmp_path / "dump.txt").write_text("x\n")
    (tmp_path / "link").symlink_to("dump.txt")
    (tmp_path / "hard").hardlink_to(tmp_path / "dump.txt")
    with chdir(tmp_path.parent):
        again = {
            "./{}": f"./{tmp_path.name}/dump.txt",
            "{}/../{}": f"{tmp_path.name}/../{tmp_path.name}/dump.txt",
        }
        first = f"{tmp_path.name}/dump.txt"
        found, _ = sources_of([first, again.get(other, f"{tmp_path.name}/{other}"), first])
        assert [s.refusal for s in found] == [
            None,
            *[f"the same file as {first}; it counts once"] * 2,
        ]
        assert read(found) == {first: b"x\n"}


def test_empty_files_are_not_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    assert not refusals(sources_of([str(tmp_path / "a"), str(tmp_path / "b")])[0])


def test_a_text_as_an_argument_is_cut_short() -> None:
    text = "goroutine 1 [running]:\nmain.main()\n" + "x" * 5000
    for argument in (text, "y" * 5000):
        _, (error,) = sources_of([argument])
        assert len(str(error)) < 200
    assert "a text, not the name of a file" in str(sources_of([text])[1][0])


def test_a_file_that_grows_ends_where_it_ended_when_it_was_opened(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * (CHUNK + 5))
    texts = Source("log", path).streams()
    chunks = next(texts).chunks()
    first = next(chunks)
    with path.open("ab") as file:
        file.write(b"y" * 100)
    assert first + b"".join(chunks) == b"x" * (CHUNK + 5)


def test_a_file_that_is_truncated_meanwhile_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 3 * CHUNK)
    texts = Source("log", path).streams()
    chunks = next(texts).chunks()
    first = next(chunks)
    path.write_bytes(b"")
    assert first + b"".join(chunks) == b"x" * CHUNK


# ---- packed and encoded ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, 2 * CHUNK + 5])
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
    with pytest.raises(InputError, match="an ELF binary"):
        content(tmp_path / "core.gz")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"go1.7 heap dump\n" + bytes(20), "WriteHeapDump"),
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
    monkeypatch.setattr(input_streams, "CHUNK", 17)
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
                for chunk in (c for s in Source("stdin", None).streams() for c in s.chunks()):
                    assert isinstance(chunk, bytes)
            except InputError as error:
                assert str(error).startswith("stdin: ")


def test_a_folder_that_may_not_be_looked_into_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def denied(path: str) -> object:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", denied)
    found, (error,) = sources_of([str(folder)])
    assert str(error).endswith("deep: cannot be read: permission denied")
    assert [Path(source.name).name for source in found] == [
        "dump-1.txt",
        "dump-2.txt",
        "dump-10.txt",
    ]
