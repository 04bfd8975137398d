"""Inputs as named streams of chunks.

A chunk is as large as the caches of a processor are: the readers above touch each byte several times.
Compressed files are read as what they hold; text in UTF-16, as PowerShell writes it, becomes UTF-8.
"""

from __future__ import annotations

import codecs
import glob
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from goscope.errors import InputError, UsageError

CHUNK = 1 << 20
_GLOB = "*?["

#: What a file that is no text starts with, and what to do with it instead.
_FOREIGN = (
    (
        b"\x7fELF",
        "an ELF binary or core file",
        "run it with GODEBUG=schedtrace=1000 and give its stderr",
    ),
    (b"MZ", "a Windows executable", "run it with GODEBUG=schedtrace=1000 and give its stderr"),
    (b"PK\x03\x04", "a zip archive", "unpack it and give the files"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it first: xz -d"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first: zstd -d"),
    (b"BZh", "a bzip2 archive", "unpack it first: bzip2 -d"),
)
_USERINFO = re.compile(r"//[^/?#]*@")  # a password, which no message may repeat
_HEAD = 16  # bytes that tell all of these apart
_TRACE = b" trace\x00\x00\x00"


@dataclass(frozen=True, slots=True)
class Source:
    """An input: its name as the user gave it, and where its bytes are. ``path`` None is stdin.

    ``named`` is False for a file that was found in a directory: nobody asked for it in particular, so
    it is no failure if it is of another kind.
    """

    name: str
    path: Path | None
    named: bool = True

    def chunks(self) -> Iterator[bytes]:
        """The content, from the start.

        Raises:
            InputError: it cannot be read, or is no text; what was yielded before is good.
        """
        try:
            if self.path is None:
                yield from _text(self.name, sys.stdin.buffer)
            else:
                with self.path.open("rb") as file:
                    yield from _text(self.name, file)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{self.name}: {_reason(error)}") from error
        except KeyboardInterrupt:
            if self.path is not None:
                raise
            # Ctrl-C went to the program in front of the pipe too: the input ends here.


def sources_of(arguments: Sequence[str]) -> tuple[list[Source], list[InputError]]:
    """The inputs that the arguments name, in their order, and those that are not there.

    A directory stands for the files in it and below, by name. ``-`` is standard input.

    Raises:
        UsageError: standard input is named twice.
    """
    found: list[Source] = []
    missing: list[InputError] = []
    for argument in arguments:
        if argument == "-":
            if any(source.path is None for source in found):
                raise UsageError("standard input (-) can be read only once")
            found.append(Source("stdin", None))
            continue
        if "://" in argument:
            url = _USERINFO.sub("//", argument)
            missing.append(InputError(f"{url}: URLs cannot be read yet; save the dump to a file"))
            continue
        path, trouble = Path(argument), _trouble(argument)
        if trouble is None and path.is_dir():
            files = [p for p in path.rglob("*") if p.is_file() and not _hidden(p, path)]
            if not files:
                missing.append(InputError(f"{argument}: the directory holds no files"))
            found += [Source(str(file), file, named=False) for file in sorted(files, key=_natural)]
        elif trouble is None:
            found.append(Source(argument, path))
        elif any(mark in argument for mark in _GLOB):
            names = sorted(glob.glob(argument, recursive=True), key=_natural)
            if not names:
                missing.append(InputError(f"{argument}: no file matches"))
            found += [Source(name, Path(name)) for name in names if Path(name).is_file()]
        else:
            missing.append(InputError(f"{argument or repr(argument)}: {trouble}"))
    return found, missing


def _trouble(argument: str) -> str | None:
    """Why nothing of this name can be opened; None if it can."""
    try:
        Path(argument).stat()
    except (OSError, ValueError) as error:
        return (getattr(error, "strerror", None) or str(error)).lower()
    # Path("") would be the directory that one stands in: goscope "$LOG" with LOG unset.
    return None if argument else "no such file or directory"


def _natural(path: Path | str) -> list[tuple[int, int, str]]:
    """Sorts dump-2 before dump-10."""
    parts = re.split(r"([0-9]+)", str(path))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror.lower()}"
    return f"the compressed data ends early or is damaged ({error})"


def _text(name: str, file: BinaryIO) -> Iterator[bytes]:
    """The text of a file: unpacked, checked for not being text, and in UTF-8."""
    first = _read(file)
    while 0 < len(first) < _HEAD and (more := _read(file)):
        first += more  # a pipe may give a byte at a time
    if first.startswith(b"\x1f\x8b"):
        packed = gzip.GzipFile(fileobj=io.BufferedReader(_Rest(first, file), CHUNK))
        yield from _plain(name, packed.read(CHUNK), packed)
    else:
        yield from _plain(name, first, file)


def _plain(name: str, first: bytes, file: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    _refuse_foreign(name, first)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
        chunk = first
        while chunk:
            yield decoder.decode(chunk).encode("utf-8", "replace")
            chunk = _read(file)
        return
    chunk = first.removeprefix(codecs.BOM_UTF8)
    while chunk:
        yield chunk
        chunk = _read(file)


def _read(file: BinaryIO | gzip.GzipFile) -> bytes:
    """The next bytes; from a pipe as soon as there are any."""
    if isinstance(file, io.BufferedReader):
        return file.read1(CHUNK) if not file.seekable() else file.read(CHUNK)
    return file.read(CHUNK)


def _refuse_foreign(name: str, first: bytes) -> None:
    for magic, what, instead in _FOREIGN:
        if first.startswith(magic):
            raise InputError(f"{name}: this is {what}, not text; {instead}")
    if first.startswith(b"go 1.") and _TRACE in first[:16]:
        raise InputError(f"{name}: this is a Go execution trace; open it with go tool trace")
    head = first[:4096].lstrip(b"\x00")  # a log that was truncated in place starts with NULs
    if head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        odd = sum(head.count(code) for code in range(32) if code not in b"\t\n\r\x0b\x0c\x1b")
        if odd > len(head) // 10:
            raise InputError(f"{name}: this is binary data, not text")


class _Rest(io.RawIOBase):
    """A file again from its start, after its first bytes were read."""

    def __init__(self, first: bytes, file: BinaryIO):
        self._first = memoryview(first)
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer)  # type: ignore[arg-type]
        if len(self._first):
            size = min(len(target), len(self._first))
            target[:size] = self._first[:size]
            self._first = self._first[size:]
            return size
        data = self._file.read(len(target))
        target[: len(data)] = data
        return len(data)
