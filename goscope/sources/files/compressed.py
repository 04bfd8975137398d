"""Compressed data as what it holds: gzip, zstd, xz and bzip2, also several parts one after the other.

All bytes before a damage are yielded before the error is raised. Memory is bounded: no step yields more than
a chunk or needs a larger window than the usual compressors.
"""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import zstandard

CHUNK = 1 << 20
#: So much may come out of one input. Logs of days are smaller; what is larger means harm, or is better cut.
MOST_UNPACKED = 16 << 30
_LARGEST_WINDOW = 1 << 29  # of xz; xz -9 needs 64 MiB
_STEP = 1 << 14
_ZSTD_STEP = 256  # bytes that go into zstd at once: at most 8 MiB come out


class UnreadableData(Exception):
    """The bytes end here; the message says why, and the caller adds the name of the input."""


class UnpackLimit:
    """The bytes that may still be unpacked from an input, over all its archives and layers."""

    def __init__(self, size: int | None = None):
        self._size = self._left = MOST_UNPACKED if size is None else size

    @property
    def spent(self) -> bool:
        """Whether the limit was exceeded."""
        return self._left < 0

    def spend(self, size: int) -> None:
        """Count what was unpacked.

        Raises:
            Unreadable: it is too much.
        """
        self._left -= size
        if self.spent:
            most = f"{self._size >> 30} GiB" if self._size >> 30 else f"{self._size} bytes"
            raise UnreadableData(
                f"it unpacks to more than {most}; unpack it and give the part that matters"
            )


class Decompressor(Protocol):
    """What :class:`lzma.LZMADecompressor` and its like have in common."""

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


def decompressor_for(head: bytes) -> Callable[[], Decompressor] | None:
    """What unpacks data that starts like this; None if it is not compressed."""
    for magic, make in _MAGIC:
        if head.startswith(magic):
            return make()
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:  # a skippable frame of zstd in front
        return _zstd()
    return None


def unpacked(
    chunks: Iterable[bytes], make: Callable[[], Decompressor], allowance: UnpackLimit
) -> Iterator[bytes]:
    """What compressed chunks hold, part after part.

    Raises:
        Unreadable: the data ends early, is damaged, or holds too much; what was yielded before is good.
    """
    parts = _ConcatenatedParts(make, allowance)
    for chunk in chunks:
        yield from _gathered(parts.feed(chunk))
    yield from _gathered(parts.finish())


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about a chunk: what comes after works better on larger ones."""
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= CHUNK:
                yield b"".join(held)
                held, size = [], 0
    except UnreadableData:
        if size:
            yield b"".join(held)
        raise
    if size:
        yield b"".join(held)


class _ConcatenatedParts:
    """Unpacks several compressed parts that follow each other.

    Input is fed in small steps: at the end of each part the rest of a step is copied, and a file may consist
    of a million empty parts.
    """

    def __init__(self, make: Callable[[], Decompressor], allowance: UnpackLimit):
        self._make = make
        self._allowance = allowance
        self._part: Decompressor | None = None
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        for start in range(0, len(chunk), _STEP):
            data = chunk[start : start + _STEP]
            while data or (self._part is not None and not self._part.needs_input):
                if self._part is None:
                    data = (
                        data.lstrip(b"\0") if self._begun else data
                    )  # tapes and xz pad with zeros
                    if not data:
                        break
                    self._part, self._begun = self._make(), True
                yield from self._step(self._part, data)
                data = b""
                if self._part.eof:
                    data, self._part = self._part.unused_data, None

    def finish(self) -> Iterator[bytes]:
        """What the last part still holds back."""
        while self._part is not None and not self._part.eof:
            pieces = list(self._step(self._part, b""))
            if not pieces:
                raise UnreadableData(
                    "the compressed data ends early or is damaged (its end is missing)"
                )
            yield from pieces

    def _step(self, part: Decompressor, data: bytes) -> Iterator[bytes]:
        try:
            piece = part.decompress(data, CHUNK)
        except Exception as error:  # each of the libraries has exceptions of its own
            raise UnreadableData(
                f"the compressed data ends early or is damaged ({error})"
            ) from error
        self._allowance.spend(len(piece))
        if piece:
            yield piece


class _Gzip:
    """A part of a gzip file; zlib's own object keeps what it has not looked at yet elsewhere."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max(max_length, 0))


def _xz() -> Decompressor:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_LARGEST_WINDOW)


if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor

    def _zstd() -> Callable[[], Decompressor]:
        return ZstdDecompressor
else:

    def _zstd() -> Callable[[], Decompressor]:
        import zstandard

        shared = zstandard.ZstdDecompressor()  # costs as much as reading a small part
        return lambda: _Zstd(shared.decompressobj())

    class _Zstd:
        """A part of a zstd file. The package's object limits no output, so little goes in at once."""

        def __init__(self, expand: zstandard.ZstdDecompressionObj):
            self._expand = expand
            self._waiting = memoryview(b"")

        @property
        def eof(self) -> bool:
            return self._expand.eof

        @property
        def needs_input(self) -> bool:
            return not self._waiting

        @property
        def unused_data(self) -> bytes:
            return self._expand.unused_data + bytes(self._waiting)

        def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
            if data:
                self._waiting = memoryview(bytes(self._waiting) + data)
            pieces: list[bytes] = []
            size = 0
            while self._waiting and not self.eof and (max_length < 0 or size < max_length):
                pieces.append(self._expand.decompress(self._waiting[:_ZSTD_STEP]))
                self._waiting = self._waiting[_ZSTD_STEP:]
                size += len(pieces[-1])
            return b"".join(pieces)


#: What parts start with, and what makes the factory for those of one stream.
_MAGIC: tuple[tuple[bytes, Callable[[], Callable[[], Decompressor]]], ...] = (
    (b"\x1f\x8b", lambda: _Gzip),
    (b"\x28\xb5\x2f\xfd", _zstd),
    (b"\xfd7zXZ\x00", lambda: _xz),
    (b"BZh", lambda: bz2.BZ2Decompressor),
)
