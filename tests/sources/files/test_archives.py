"""zip and tar: many dumps in one file, in order, whatever happened to it; and names that mean harm."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from goscope.sources.files import archives, tar
from goscope.sources.files.compressed import UnpackLimit, UnreadableData
from tests.sources.unpacking import read_all

FILES = {
    "dump-10.txt": b"ten\n",
    "dump-1.txt": b"one\n",
    "deep/er/log.txt": b"log\n" * 3000,
    "dump-2.txt": b"two\n",
}
IN_ORDER = ["dump-1.txt", "dump-2.txt", "dump-10.txt", "deep/er/log.txt"]


def tarred(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


class _NoSeek(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation


def zipped_in_a_stream(files: dict[str, bytes]) -> bytes:
    """As Go's archive/zip writes: sizes stand behind the data."""
    data = _NoSeek()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


FORMS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "pax": tarred,
    "gnu": lambda files: tarred(files, tarfile.GNU_FORMAT),
    "ustar": lambda files: tarred(files, tarfile.USTAR_FORMAT),
    "zip": zipped,
    "stored": lambda files: zipped(files, zipfile.ZIP_STORED),
    "zip by bzip2": lambda files: zipped(files, zipfile.ZIP_BZIP2),
    "zip by lzma": lambda files: zipped(files, zipfile.ZIP_LZMA),
    "streamed zip": zipped_in_a_stream,
    "tar.gz": lambda files: gzip.compress(tarred(files)),
    "tar.xz": lambda files: lzma.compress(tarred(files)),
    "tar.bz2": lambda files: bz2.compress(tarred(files)),
    "tar.zst": lambda files: zstandard.compress(tarred(files)),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_files_are_read_in_the_order_of_snapshots(form: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(FORMS[form](FILES))
    texts, failed, skipped = read_all(tmp_path / "a")
    assert list(texts.items()) == [(f"a!{name}", FILES[name]) for name in IN_ORDER]
    assert not failed + skipped


@pytest.mark.parametrize("form", FORMS)
def test_long_names(form: str, tmp_path: Path) -> None:
    name = "/".join(["folder" * 6] * 5) + "/dump-ö.txt"
    (tmp_path / "a").write_bytes(FORMS[form]({name: b"x\n"}))
    assert read_all(tmp_path / "a")[0] == {f"a!{name}": b"x\n"}


@pytest.mark.parametrize("form", FORMS)
def test_files_may_be_packed_themselves(form: str, tmp_path: Path) -> None:
    files = {
        "1.gz": gzip.compress(b"a\n") + gzip.compress(b"b\n"),
        "2.zst": zstandard.compress(b"c\n"),
        "3.xz.gz": gzip.compress(lzma.compress(b"d\n")),
    }
    (tmp_path / "a").write_bytes(FORMS[form](files))
    assert list(read_all(tmp_path / "a")[0].values()) == [b"a\nb\n", b"c\n", b"d\n"]


@pytest.mark.parametrize("outer", ["pax", "zip", "tar.gz"])
@pytest.mark.parametrize("inner", ["pax", "zip", "tar.gz"])
def test_an_archive_in_an_archive_is_looked_into_and_no_deeper(
    outer: str, inner: str, tmp_path: Path
) -> None:
    innermost = FORMS[inner]({"never.txt": b"x\n"})
    middle = FORMS[inner]({"deep": innermost, "1.txt": b"one\n"})
    (tmp_path / "a").write_bytes(FORMS[outer]({"in": middle, "0.txt": b"zero\n"}))
    texts, failed, skipped = read_all(tmp_path / "a")
    assert texts == {"a!0.txt": b"zero\n", "a!in!1.txt": b"one\n"}
    assert not failed
    assert skipped == ["a!in!deep: an archive inside of archives; unpack the outer ones first"]


def test_times_of_change_in_archives_count_where_names_hold_no_order(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, changed in (("after.txt", 2000.5), ("before.txt", 2000.25)):
            info = tarfile.TarInfo(name)
            info.mtime, info.size = changed, 2
            archive.addfile(info, io.BytesIO(b"x\n"))
    (tmp_path / "a.tar").write_bytes(data.getvalue())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(zipfile.ZipInfo("after.txt", (2026, 11, 23, 21, 33, 2)), b"x\n")
        packed.writestr(zipfile.ZipInfo("before.txt", (2026, 11, 23, 21, 33, 0)), b"x\n")
    for name in ("a.tar", "a.zip"):
        assert list(read_all(tmp_path / name)[0]) == [f"{name}!before.txt", f"{name}!after.txt"]


def test_what_is_hidden_or_a_folder_is_left_out(tmp_path: Path) -> None:
    files = {"__MACOSX/._dump.txt": b"x", ".git/config": b"x", "./dump.txt": b"y\n", "a/": b""}
    for form in ("pax", "zip"):
        (tmp_path / "a").write_bytes(FORMS[form](files))
        assert read_all(tmp_path / "a") == ({"a!./dump.txt": b"y\n"}, [], [])


def test_links_and_devices_are_passed_by_with_a_reason(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, kind in (
            ("link", tarfile.SYMTYPE),
            ("pipe", tarfile.FIFOTYPE),
            ("disk", tarfile.BLKTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("dump.txt")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"x\n"))
    (tmp_path / "a").write_bytes(data.getvalue())
    texts, failed, skipped = read_all(tmp_path / "a")
    assert (texts, failed) == ({"a!dump.txt": b"x\n"}, [])
    assert skipped == ["a!disk: a device", "a!link: a link", "a!pipe: a named pipe"]


def test_what_gnu_tar_writes_with_holes(tmp_path: Path) -> None:
    """A sparse file is passed by, and what stands behind it is found."""
    import shutil
    import subprocess

    if shutil.which("tar") is None:
        pytest.skip("tar is not installed")
    with (tmp_path / "b-holes").open("wb") as file:
        for place in range(0, 64 << 20, 4 << 20):
            file.seek(place)
            file.write(b"x" * 4096)
    (tmp_path / "dump.txt").write_text("x\n")
    for form in ("gnu", "posix"):
        subprocess.run(
            ["tar", "-cSf", "a.tar", f"--format={form}", "b-holes", "dump.txt"],
            cwd=tmp_path,
            check=True,
        )
        texts, failed, skipped = read_all(tmp_path / "a.tar")
        assert (texts, failed) == ({"a.tar!dump.txt": b"x\n"}, [])
        assert [reason.partition(": ")[2] for reason in skipped] == ["a sparse file"]


def test_an_encrypted_zip_says_so(tmp_path: Path) -> None:
    data = bytearray(zipped({"dump.txt": b"x\n"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    (tmp_path / "a").write_bytes(data)
    assert read_all(tmp_path / "a") == ({}, [], ["a!dump.txt: encrypted; unpack it first"])


@pytest.mark.parametrize("form", ["pax", "zip"])
def test_an_archive_without_files(form: str, tmp_path: Path) -> None:
    data = FORMS[form]({})
    (tmp_path / "a").write_bytes(data)
    if form == "zip":
        assert read_all(tmp_path / "a")[1] == ["a: the archive holds no files"]


# ---- harm ---------------------------------------------------------------------------------------------

EVIL = [
    "../../evil.txt",
    "/etc/evil.txt",
    "a/../../evil.txt",
    "C:\\evil.txt",
    "\x1b[31mred.txt",
    "-rf.txt",
]


@pytest.mark.parametrize("form", ["pax", "gnu", "zip", "tar.gz"])
def test_names_that_lead_out_are_only_shown(form: str, tmp_path: Path) -> None:
    inside = tmp_path / "x" / "y"
    inside.mkdir(parents=True)
    (inside / "a").write_bytes(FORMS[form](dict.fromkeys(EVIL, b"x\n")))
    texts, failed, _ = read_all(inside / "a")
    assert sorted(texts) == sorted(f"a!{name}" for name in EVIL)
    assert not failed
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "x", "y"]


@pytest.mark.parametrize("form", ["pax", "zip", "tar.gz"])
def test_too_many_files(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 10)
    (tmp_path / "a").write_bytes(FORMS[form]({f"{n}.txt": b"x\n" for n in range(11)}))
    texts, failed, _ = read_all(tmp_path / "a")
    assert len(texts) == 10
    assert failed == ["a: it holds more than 10 files; unpack it and give those that matter"]


def test_a_list_of_files_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_LARGEST_DIRECTORY", 1000)
    (tmp_path / "a").write_bytes(zipped({f"{n}.txt": b"" for n in range(100)}))
    texts, failed, _ = read_all(tmp_path / "a")
    assert not texts
    assert "holds more than" in failed[0]


@pytest.mark.parametrize("form", ["zip", "tar.gz", "tar.zst"])
def test_an_archive_that_unpacks_to_too_much(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from goscope.sources.files import compressed

    monkeypatch.setattr(compressed, "MOST_UNPACKED", 3 << 20)
    files = {f"{n}.txt": os.urandom(512 << 10).hex().encode() for n in range(8)}
    (tmp_path / "a").write_bytes(FORMS[form](files))
    texts, failed, _ = read_all(tmp_path / "a")
    assert 0 < sum(map(len, texts.values())) <= 3 << 20
    assert len(failed) == 1
    assert "it unpacks to more than 3145728 bytes" in failed[0]


def test_what_is_kept_of_a_packed_archive_has_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_MOST_KEPT", 1 << 20)
    (tmp_path / "a").write_bytes(
        gzip.compress(tarred({f"{n}.txt": bytes(300_000) for n in range(9)}))
    )
    _, failed, _ = read_all(tmp_path / "a")
    assert len(failed) == 1
    assert "unpack it and give its files" in failed[0]


def test_an_extended_header_of_endless_fields_takes_no_time() -> None:
    """Python's own tarfile was kept busy for hours by such (CVE-2024-6232)."""
    fields = b"".join(b"%d a=%s\n" % (7 + n % 10, b"x" * (n % 10)) for n in range(200_000))
    info = tarfile.TarInfo("x")
    info.type, info.size = b"x", len(fields)
    data = (
        info.tobuf(tarfile.USTAR_FORMAT) + fields + bytes(-len(fields) % 512) + tarred({"a": b""})
    )
    begin = time.process_time()
    assert [entry.name for entry in tar.entries(io.BytesIO(data))] == ["a"]
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    "size", [b"\xff" * 12, b"-0000000001\0", b"\x80" + b"\xff" * 11, b"99999999999\0"]
)
def test_sizes_that_cannot_be(size: bytes) -> None:
    """A negative size took Python's tarfile round in circles (CVE-2025-8194)."""
    header = bytearray(tarred({"a": b"x\n"})[:512])
    header[124:136] = size
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 256 + sum(header[156:]))
    with pytest.raises(UnreadableData, match="ends early or is damaged"):
        list(tar.entries(io.BytesIO(bytes(header) + bytes(1024))))


def test_text_is_no_archive() -> None:
    assert not archives.is_archive(b"SCHED 0ms: gomaxprocs=4 " * 40)
    assert not archives.is_archive(bytes(1024))


# ---- damage -------------------------------------------------------------------------------------------


@pytest.mark.sampled(4)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_of_a_cut_archive_what_stands_before_the_cut_is_read(
    form: str, share: float, tmp_path: Path
) -> None:
    files = {f"{n}.txt": os.urandom(40_000).hex().encode() + b"\n" for n in range(10)}
    data = FORMS[form](files)
    (tmp_path / "a").write_bytes(data[: int(len(data) * share)])
    texts, failed, _ = read_all(tmp_path / "a")
    assert failed in (
        ["a: the archive ends early or is damaged"],
        ["a: the compressed data ends early or is damaged (its end is missing)"],
    )
    if form in ("zip by bzip2", "zip by lzma", "tar.bz2", "tar.xz"):
        return  # what is whole cannot be told without the list, or comes out in large blocks
    whole = [name for name in files if texts.get(f"a!{name}") == files[name]]
    assert len(whole) >= int(10 * share) - 2
    for name, text in texts.items():
        assert files[name.removeprefix("a!")].startswith(text)


def test_one_damaged_file_does_not_hide_the_others(tmp_path: Path) -> None:
    data = bytearray(zipped({f"{n}.txt": os.urandom(500).hex().encode() for n in range(3)}))
    at = data.index(b"1.txt") + 100
    data[at : at + 8] = bytes(8)
    (tmp_path / "a").write_bytes(data)
    texts, failed, _ = read_all(tmp_path / "a")
    assert {"a!0.txt", "a!2.txt"} <= set(texts)
    assert len(failed) == 1
    assert failed[0].startswith("a!1.txt: the compressed data ends early or is damaged")


def test_one_damaged_archive_inside_does_not_hide_the_others(tmp_path: Path) -> None:
    files = {
        "1.tar.gz": gzip.compress(tarred(FILES))[:150],
        "2.txt": b"x\n",
        "3.zip": b"PK\x03\x04rubbish",
    }
    (tmp_path / "a").write_bytes(tarred(files))
    texts, failed, _ = read_all(tmp_path / "a")
    assert texts["a!2.txt"] == b"x\n"
    assert [error.partition(":")[0] for error in failed] == ["a!1.tar.gz", "a!3.zip"]


SMALL = {"1.txt": b"SCHED 1ms: gomaxprocs=1\n" * 20, "2.txt.gz": gzip.compress(b"two\n"), "s": b""}


@given(
    form=st.sampled_from([f for f in FORMS if "lzma" not in f]),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=5),
    cut=st.one_of(st.just(1.0), st.floats(0, 1)),
    tail=st.binary(max_size=30),
)
def test_damage_is_nothing_but_input_errors(
    tmp_path_factory: pytest.TempPathFactory,
    form: str,
    flips: list[tuple[float, int]],
    cut: float,
    tail: bytes,
) -> None:
    data = bytearray(FORMS[form](SMALL))
    for place, mask in flips:
        data[int(place * (len(data) - 1))] ^= mask
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data[: int(cut * len(data))] + tail)
    _, failed, skipped = read_all(path)
    for error in failed + skipped:
        assert error.startswith("damaged")


@given(st.binary(max_size=600), st.booleans())
def test_any_bytes_in_the_place_of_headers(rubbish: bytes, directory: bool) -> None:
    data = b"PK\x03\x04" + rubbish
    if directory:
        data += struct.pack("<4s4xHHLLH", b"PK\x05\x06", 1, 1, len(rubbish), 4, 0)
    found, _ = archives.members(io.BytesIO(data), UnpackLimit())
    for member in found:
        try:
            for piece in member.chunks():
                assert isinstance(piece, bytes)
        except UnreadableData:
            pass
