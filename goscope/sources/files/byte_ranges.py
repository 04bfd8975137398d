"""Parts of plain files, for more than one reader of the same file."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from goscope.errors import unreadable
from goscope.sources.files.compressed import CHUNK


def size_of(path: Path) -> int:
    """The size of a regular file; 0 of anything else, and of what is not there."""
    try:
        found = path.stat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def same_bytes(path: Path, first: bytes) -> bool:
    """Whether the file starts with these bytes, so that nothing is packed or encoded."""
    return b"".join(part_of(path, 0, len(first))) == first


def part_of(path: Path, start: int, end: int) -> Iterator[bytes]:
    """The bytes from ``start`` to before ``end``; fewer of a file that was truncated meanwhile.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            while chunk := file.read(max(0, min(CHUNK, end - start))):
                yield chunk
                start += len(chunk)
    except OSError as error:
        raise unreadable(path, error) from error
