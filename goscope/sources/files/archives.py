"""The files in zip and tar archives, in the order of snapshots, each as a stream of chunks.

Nothing is written to disk under a name from the archive, so names such as ``../../etc/passwd`` are only
shown. An archive that is not seekable (from a pipe, or compressed itself) is copied into memory, and from
64 MiB on into an unnamed temporary file.
"""

from __future__ import annotations

import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, cast

from goscope.sources.files import tar
from goscope.sources.files.compressed import CHUNK, UnpackLimit, UnreadableData
from goscope.sources.files.snapshot_order import in_order

#: So many files are read of one archive.
MOST_MEMBERS = 10_000
_IN_MEMORY = 64 << 20
_MOST_KEPT = 2 << 30
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive; ``refusal`` says why it is none that can be read."""

    name: str
    changed: float
    chunks: Callable[[], Iterator[bytes]]
    refusal: str | None = None


def is_archive(head: bytes) -> bool:
    """Whether a file is an archive, by its first 512 bytes (fewer if it is shorter)."""
    return head.startswith(_ZIP) or tar.is_tar(head)


def seekable_copy(chunks: Iterable[bytes]) -> tuple[BinaryIO, UnreadableData | None]:
    """The chunks in a temporary file that can be read at any position, and why it is incomplete, if it is."""
    spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (the caller closes it)
    file = cast(BinaryIO, spool)
    try:
        for chunk in chunks:
            file.write(chunk)
            if file.tell() > _MOST_KEPT:
                raise UnreadableData(
                    f"it unpacks to more than {_MOST_KEPT >> 30} GiB; unpack it and give its files"
                )
    except UnreadableData as error:
        return file, error
    return file, None


def members(file: BinaryIO, allowance: UnpackLimit) -> tuple[list[Member], UnreadableData | None]:
    """The files of an archive in the order of snapshots, and the damage that ended the list, if any.

    Folders and hidden files (``.DS_Store``, ``__MACOSX``) are left out.
    """
    file.seek(0)
    head = file.read(4)
    found: list[Member] = []
    damage: UnreadableData | None = None
    entries = _zip(file, allowance) if head in _ZIP else _tar(file)
    try:
        for member in entries:
            if len(found) == MOST_MEMBERS:
                raise UnreadableData(
                    f"it holds more than {MOST_MEMBERS} files; unpack it and give those that matter"
                )
            if not _hidden(member.name):
                found.append(member)
    except UnreadableData as error:
        damage = error
    return in_order(found, lambda m: m.name, lambda m: m.changed), damage


def _hidden(name: str) -> bool:
    parts = name.split("/")
    return "__MACOSX" in parts or any(p.startswith(".") and p not in (".", "..") for p in parts)


def _tar(file: BinaryIO) -> Iterator[Member]:
    for entry in tar.entries(file):
        yield Member(
            entry.name,
            entry.changed,
            lambda entry=entry: _part(file, entry.offset, entry.size),  # type: ignore[misc]
            entry.refusal,
        )


def _part(file: BinaryIO, offset: int, size: int) -> Iterator[bytes]:
    end = offset + size
    while offset < end:
        file.seek(offset)
        piece = file.read(min(CHUNK, end - offset))
        if not piece:
            return  # the error of the archive itself says that it ends early
        offset += len(piece)
        yield piece


# ---- zip --------------------------------------------------------------------------------------------

_LARGEST_DIRECTORY = 4 << 20  # of MOST_MEMBERS names of ordinary length
_END_OF_DIRECTORY = struct.Struct("<4s8xL6x")  # signature, size of the directory
_LONGEST_COMMENT = 1 << 16


def _zip(file: BinaryIO, allowance: UnpackLimit) -> Iterator[Member]:
    import zipfile

    if _directory_size(file) > _LARGEST_DIRECTORY:
        raise UnreadableData(
            f"it holds more than {MOST_MEMBERS} files; unpack it and give those that matter"
        )
    try:
        archive = zipfile.ZipFile(file)
        found: Sequence[zipfile.ZipInfo] = archive.infolist()
    except Exception as error:  # a damaged directory shows in many ways
        damage = UnreadableData("the archive ends early or is damaged")
        yield from _salvaged(file, allowance)
        raise damage from error
    for info in found:
        if not info.is_dir():
            refusal = "encrypted; unpack it first" if info.flag_bits & 1 else None
            yield Member(
                info.filename,
                _zip_time(*info.date_time),
                lambda info=info: _zip_part(archive, info, allowance),  # type: ignore[misc]
                refusal,
            )


def _zip_part(archive: object, info: object, allowance: UnpackLimit) -> Iterator[bytes]:
    import zipfile

    assert isinstance(archive, zipfile.ZipFile)
    assert isinstance(info, zipfile.ZipInfo)
    try:
        with archive.open(info) as part:
            assert isinstance(part, zipfile.ZipExtFile)  # what it gave before damage is not lost
            while piece := part.read1(CHUNK):
                allowance.spend(len(piece))
                yield piece
    except (UnreadableData, GeneratorExit):
        raise
    except NotImplementedError as error:
        raise UnreadableData(f"it is packed in a way that goscope cannot undo ({error})") from error
    except Exception as error:  # of the archive, and of each way to pack
        raise UnreadableData(f"the compressed data ends early or is damaged ({error})") from error


def _zip_time(*date_time: int) -> float:
    with suppress(ValueError, OverflowError):
        return time.mktime((*date_time, 0, 0, -1))  # type: ignore[arg-type]
    return 0.0


def _directory_size(file: BinaryIO) -> int:
    """The size of the list of files at the end of a zip archive; 0 if there is none."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _LONGEST_COMMENT - _END_OF_DIRECTORY.size))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END_OF_DIRECTORY.size:
        return 0
    _, length = _END_OF_DIRECTORY.unpack_from(tail, at)
    return int(length)


_LOCAL = struct.Struct(
    "<4s2xHHHHLLLHH"
)  # flags, method, time, date, crc, packed, unpacked, name, extra
_STORED, _DEFLATED = 0, 8


def _salvaged(file: BinaryIO, allowance: UnpackLimit) -> Iterator[Member]:
    """The files of a zip archive whose list at the end is missing, as of a broken download.

    Each file follows a local header. If that has no compressed size, the file is inflated to find its end.
    """
    position = 0
    while True:
        file.seek(position)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(_ZIP[0]):
            return
        _, flags, method, clock, date, _, packed, _, name_size, extra_size = _LOCAL.unpack(header)
        name = file.read(name_size).decode("utf-8" if flags & 0x800 else "cp437", "replace")
        start = position + _LOCAL.size + name_size + extra_size
        size: int | None = None if flags & 8 else packed
        if method not in (_STORED, _DEFLATED) or flags & 1 or (method == _STORED and size is None):
            return
        changed = _zip_time(
            (date >> 9) + 1980,
            date >> 5 & 15,
            date & 31,
            clock >> 11,
            clock >> 5 & 63,
            clock % 32 * 2,
        )
        if not name.endswith("/"):
            yield Member(
                name,
                changed,
                lambda s=start, m=method, z=size: _salvaged_part(file, s, m, z, allowance),  # type: ignore[misc]
            )
        if size is None:
            size, whole = _deflated_size(file, start)
            if not whole:
                return
            file.seek(start + size)
            size += 16 if file.read(4) == b"PK\x07\x08" else 12  # the data descriptor
        position = start + size


def _salvaged_part(
    file: BinaryIO, start: int, method: int, size: int | None, allowance: UnpackLimit
) -> Iterator[bytes]:
    end = file.seek(0, 2) if size is None else start + size
    if method == _STORED:
        yield from _part(file, start, end - start)
        return
    inflate = zlib.decompressobj(wbits=-15)
    with suppress(zlib.error):  # the error of the archive itself says that it is damaged
        for piece in _part(file, start, end - start):
            data = piece
            while data and not inflate.eof:
                unpacked = inflate.decompress(data, CHUNK)
                allowance.spend(len(unpacked))
                yield unpacked
                data = inflate.unconsumed_tail
            if inflate.eof:
                return
    yield inflate.flush(CHUNK)


def _deflated_size(file: BinaryIO, start: int) -> tuple[int, bool]:
    """How long deflated data is, and whether its end is there."""
    inflate = zlib.decompressobj(wbits=-15)
    taken = 0
    with suppress(zlib.error):
        for piece in _part(file, start, file.seek(0, 2) - start):
            data = piece
            while data and not inflate.eof:
                inflate.decompress(data, CHUNK)
                data = inflate.unconsumed_tail
            taken += len(piece)
            if inflate.eof:
                return taken - len(inflate.unused_data), True
    return taken, False
