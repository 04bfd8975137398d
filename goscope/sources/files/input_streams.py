"""Turns the bytes of an input into the texts in it: unpacks, refuses other kinds of files, decodes UTF-16.

An input holds one text, or is an archive of many (``dumps.zip!dump-2.txt``).
"""

from __future__ import annotations

import codecs
import functools
import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from goscope.errors import ForeignInput, InputError, unreadable
from goscope.sources.files import archives
from goscope.sources.files.compressed import (
    CHUNK,
    UnpackLimit,
    UnreadableData,
    decompressor_for,
    unpacked,
)
from goscope.sources.files.foreign_files import ENOUGH, HEAD, ForeignKind, refuse_foreign, resembles
from goscope.sources.files.tar import BLOCK

#: ``dump.txt.gz.xz`` and worse; what is packed more often means harm.
_MOST_LAYERS = 4
#: An archive in an archive is looked into, one in that is not.
_MOST_LEVELS = 2


_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: Whether a reader of binary data knows what starts like this.
IsKnown: TypeAlias = Callable[[bytes], bool]
_Pieces: TypeAlias = Callable[[IsKnown], Iterator[bytes]]


def _none(head: bytes) -> bool:
    return False


class InputStream:
    """A text of an input.

    ``path`` is the file that holds it as it is, ``named`` is False if nobody asked for it in particular.
    ``blank`` is True if it held nothing but NULs, after reading.
    """

    def __init__(self, name: str, path: Path | None, named: bool, pieces: _Pieces):
        self.name = name
        self.path = path
        self.named = named
        self.blank = False
        self._pieces = pieces
        self._head = b""

    def chunks(self, is_known_binary: IsKnown = _none) -> Iterator[bytes]:
        """The text, from the start, once; or binary data whose first bytes are known.

        Raises:
            ForeignInput: it is no text.
            InputError: it cannot be read on; what was yielded before is good.
        """
        try:
            for piece in filter(None, self._pieces(is_known_binary)):
                if self.blank or not self._head:
                    self.blank = not piece.strip(b"\0")
                if len(self._head) < HEAD:
                    self._head += piece[: HEAD - len(self._head)]
                yield piece
        except (OSError, UnreadableData) as error:
            raise _failure(self.name, error) from error

    @property
    def resembles(self) -> ForeignKind | None:
        """What the text looks like, if it is known to hold nothing of Go; after reading."""
        return resembles(self._head)


def streams_of(
    name: str,
    file: BinaryIO,
    path: Path | None,
    *,
    named: bool,
    arrived: Callable[[], None] = lambda: None,
) -> Iterator[InputStream]:
    """The texts of an open file. Read each one before taking the next.

    ``arrived`` is called when bytes or the end arrive, before they are examined.

    Raises:
        InputError: the file, or an archive, cannot be read on.
    """
    try:
        yield from _streams(
            name,
            _PeekableChunks(_raw(file, path, arrived)),
            file,
            path,
            named,
            0,
            UnpackLimit(),
            packed=False,
        )
    except (OSError, UnreadableData) as error:
        raise _failure(name, error) from error


def is_plain(head: bytes) -> bool:
    """Whether bytes that start like this are read as they are: not packed, no archive, no UTF-16."""
    packed = decompressor_for(head) is not None or archives.is_archive(head)
    return not packed and not head.startswith(_UTF16)


def refused(name: str, why: str, *, named: bool = False) -> InputStream:
    """A stream that nothing is read from, for a reason that is no failure unless it was named."""
    return InputStream(name, None, named, _failing(ForeignInput(f"{name}: {why}")))


def _failing(error: InputError) -> _Pieces:
    """Chunks that raise an error when they are read."""

    def chunks(is_known_binary: IsKnown) -> Iterator[bytes]:
        raise error

    return chunks


def _streams(
    name: str,
    bytes_: _PeekableChunks,
    file: BinaryIO | None,
    path: Path | None,
    named: bool,
    level: int,
    allowance: UnpackLimit,
    *,
    packed: bool,
) -> Iterator[InputStream]:
    head = bytes_.head(ENOUGH)
    for _ in range(_MOST_LAYERS):
        make = decompressor_for(head)
        if make is None:
            break
        bytes_ = _PeekableChunks(unpacked(bytes_, make, allowance))
        head = bytes_.head(ENOUGH)
        packed = True
    if decompressor_for(head) is not None:
        yield refused(name, f"packed more than {_MOST_LAYERS} times; unpack it first", named=named)
        return
    if b"\0" in head[:100] or len(head) >= BLOCK:
        head = bytes_.head(BLOCK)  # a tar archive starts with a name that ends in NULs
    if not archives.is_archive(head):
        text = functools.partial(_text, name, bytes_)
        yield InputStream(name, None if packed or level else path, named, text)
    elif level == _MOST_LEVELS:
        yield refused(name, "an archive inside of archives; unpack the outer ones first")
    else:
        whole = file if not packed and path is not None and file is not None else None
        yield from _members(name, bytes_, whole, level, allowance)


def _members(
    name: str, bytes_: _PeekableChunks, file: BinaryIO | None, level: int, allowance: UnpackLimit
) -> Iterator[InputStream]:
    """The texts of an archive: of ``file`` if it can be read at any place."""
    damage: UnreadableData | None = None
    spool: BinaryIO | None = None
    if file is None or not file.seekable():
        file, damage = archives.seekable_copy(bytes_)
        spool = file
    try:
        found, wrong = archives.members(file, allowance)
        if not found and damage is None and wrong is None:
            raise UnreadableData("the archive holds no files")
        for member in found:
            inner = f"{name}!{member.name}"
            if member.refusal is not None:
                yield refused(inner, member.refusal)
                continue
            try:
                yield from _streams(
                    inner,
                    _PeekableChunks(member.chunks()),
                    None,
                    None,
                    False,
                    level + 1,
                    allowance,
                    packed=False,
                )
            except (InputError, OSError, UnreadableData) as error:  # of an archive inside
                said = error if isinstance(error, InputError) else _failure(inner, error)
                yield InputStream(inner, None, False, _failing(said))
            if allowance.spent and damage is None:
                return  # the error was raised with the member
        if damage is not None or wrong is not None:
            raise InputError(f"{name}: {damage or wrong}")
    finally:
        if spool is not None:
            spool.close()


class _PeekableChunks:
    """Chunks whose first bytes can be examined before they are read."""

    def __init__(self, chunks: Iterable[bytes]):
        self._chunks = iter(chunks)
        self._first = b""
        self._failure: Exception | None = None

    def head(self, size: int) -> bytes:
        """At least ``size`` bytes from the start, or all; a pipe may give one byte at a time."""
        while len(self._first) < size and self._failure is None:
            try:
                more = next(self._chunks, b"")
            except (OSError, UnreadableData) as error:
                self._failure = error  # raised when reading gets there
                break
            if not more:
                break
            self._first += more
        return self._first

    def __iter__(self) -> Iterator[bytes]:
        first, self._first = self._first, b""
        if first:
            yield first
        if self._failure is not None:
            raise self._failure
        yield from self._chunks


def _raw(file: BinaryIO, path: Path | None, arrived: Callable[[], None]) -> Iterator[bytes]:
    """The bytes of a file; of a growing one those that were there when reading began."""
    left = _size(file)
    seekable = file.seekable()
    try:
        while left is None or left > 0:
            size = CHUNK if left is None else min(CHUNK, left)
            # From a pipe, take what is there and do not wait for more.
            waits = isinstance(file, io.BufferedReader) and not seekable
            data = file.read1(size) if waits else file.read(size)  # type: ignore[attr-defined]
            arrived()
            if not data:
                return
            left = None if left is None else left - len(data)
            yield data
    except KeyboardInterrupt:
        if path is not None:
            raise
        # Ctrl-C also ended the program in front of the pipe: this is the end of the input.


def _size(file: BinaryIO) -> int | None:
    """The bytes that are left of a regular file; None for others and for files without a size (/proc)."""
    try:
        found = os.fstat(file.fileno())
        return found.st_size - file.tell() or None if stat.S_ISREG(found.st_mode) else None
    except (OSError, ValueError):
        return None


def _text(name: str, bytes_: _PeekableChunks, is_known_binary: IsKnown) -> Iterator[bytes]:
    """Unpacked bytes as UTF-8 text; binary files are refused unless their format is known."""
    chunks = iter(bytes_)
    first = next(chunks, b"")
    if is_known_binary(first):
        yield first
        yield from chunks
        return
    refuse_foreign(name, first)
    if first.startswith(_UTF16):
        decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
        yield decoder.decode(first).encode("utf-8", "replace")
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8", "replace")
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from chunks


def _failure(name: str, error: OSError | UnreadableData) -> InputError:
    if isinstance(error, OSError):
        return unreadable(name, error)
    return InputError(f"{name}: {error}")
