"""What ``goscope.read`` takes, and how it fails."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import goscope
from goscope.errors import GoscopeError, InputError
from goscope.reading.inputs import read_sources
from goscope.sources.files.named_inputs import Source
from tests.rules.dumps import dump, goroutine

TEXT = dump(goroutine(42, "chan send"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "dump.txt"
    found.write_text(TEXT)
    return found


def zipped(path: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(path, "dump.txt")
    return packed.getvalue()


GIVEN: dict[str, Callable[[Path], Any]] = {
    "a path": lambda path: path,
    "the name of a path": str,
    "a text": lambda path: path.read_text(),
    "bytes": lambda path: path.read_bytes(),
    "a text without a last line end": lambda path: path.read_text().rstrip("\n"),
    "an open text": lambda path: io.StringIO(path.read_text()),
    "open bytes": lambda path: io.BytesIO(path.read_bytes()),
    "packed bytes": lambda path: gzip.compress(path.read_bytes()),
    "bytes without a last line end": lambda path: bytearray(path.read_bytes().rstrip(b"\n")),
    "open packed bytes": lambda path: io.BytesIO(gzip.compress(path.read_bytes())),
    "bytes of UTF-16": lambda path: path.read_text().encode("utf-16"),
    "an archive": zipped,
    "a directory": lambda path: path.parent,
    "a pattern": lambda path: str(path.parent / "*.txt"),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_all_kinds_of_input_read_alike(kind: str, path: Path) -> None:
    capture = goscope.read(GIVEN[kind](path))
    assert capture.goroutines["id"].tolist() == [1, 42]
    assert capture.goroutines["wait_reason"].tolist() == ["select (no cases)", "chan send"]
    assert [(i.lines, i.unparsed_count) for i in capture.inputs] == [(9, 0)]


def test_names_of_inputs(path: Path) -> None:
    with path.open("rb") as file:
        capture = goscope.read(TEXT, path, file, io.StringIO(TEXT))
    assert [i.name for i in capture.inputs] == [
        "text 1",
        str(path),
        f"{path} (2)",
        "stream 4",
    ]


def test_inputs_are_read_in_their_order(path: Path) -> None:
    capture = goscope.read(dump(), path, dump())
    assert capture.goroutines.groupby("snapshot_id").size().tolist() == [1, 2, 1]


def test_nothing_is_an_empty_capture() -> None:
    capture = goscope.read()
    assert not capture.recognised
    assert goscope.diagnose(capture).status == "unknown"


@pytest.mark.parametrize("name", ["missing.txt", "", "x" * 300, "a\0b"])
def test_what_is_not_there_is_an_input_error(name: str) -> None:
    with pytest.raises(InputError):
        goscope.read(name)


def test_a_binary_is_an_error_if_it_was_named_and_none_in_a_directory(path: Path) -> None:
    binary = path.with_name("app")
    binary.write_bytes(b"\x7fELF" + bytes(100))
    with pytest.raises(InputError, match="an ELF binary"):
        goscope.read(binary)
    assert len(goscope.read(path.parent).goroutines) == 2


@pytest.mark.parametrize("given", [None, ["dump.txt"], 3])
def test_what_is_no_input_is_a_type_error(given: Any) -> None:
    with pytest.raises(TypeError, match=f"no {type(given).__name__}"):
        goscope.read(given)


def test_bytes_and_open_files_of_another_kind_are_an_error() -> None:
    binary = b"\x7fELF" + bytes(100)
    for given in (binary, io.BytesIO(binary)):
        with pytest.raises(InputError, match="an ELF binary"):
            goscope.read(given)


@pytest.mark.parametrize("odd", ["\udcff", "\ud800", "\x00", "\ufffd"])
def test_a_text_with_characters_that_are_none(odd: str) -> None:
    """``errors="surrogateescape"`` makes them of bytes that are no UTF-8."""
    text = TEXT.replace("main.leak1.func1", f"main.l{odd}k")
    for given in (text, io.StringIO(text)):
        assert goscope.read(given).goroutines["id"].tolist() == [1, 42]


def test_what_was_read_before_a_failure_is_kept(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.gz"
    good.write_text(TEXT)
    packed = gzip.compress((TEXT * 20_000).encode())
    bad.write_bytes(packed[: len(packed) * 9 // 10])
    capture, failed = read_sources([Source("bad", bad), Source("good", good)])
    assert [str(error).partition(":")[0] for error in failed] == ["bad"]
    first, second = capture.inputs
    assert first.problem is not None
    assert "damaged" in first.problem
    assert second.problem is None
    assert capture.records("good")["goroutines"] == 2
    assert capture.records("bad")["goroutines"] > 2


def test_every_expected_failure_has_its_exit_code() -> None:
    codes = {kind.__name__: kind.exit_code for kind in GoscopeError.__subclasses__()}
    assert codes == {"UsageError": 2, "NothingRecognised": 3, "InputError": 4}


def test_every_table_can_be_had_as_a_frame() -> None:
    capture = goscope.read(
        "scav 0 KiB work (bg), 8 KiB work (eager), 9 KiB now, 62% util (forced)\n"
    )
    assert capture.frame("scav")[["eager_kib", "forced"]].values.tolist() == [[8, True]]
    assert [len(capture.frame(name)) for name in capture.table_names if name != "scav"] == [0] * (
        len(capture.table_names) - 1
    )
