"""Files of the user: settings and baselines read within a bound, results written whole or not at all.

What stood at a path before stays until all of the new file is there.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Of a file that is read; a baseline of 100,000 findings is smaller.
LARGEST = 64 << 20

_NAME_SHOWN = 40  # of the name, in that of the file beside it; no system allows more than 255 bytes


def read_small(path: Path) -> str:
    """The text of a file, or of what is no file (``/dev/stdin``, a named pipe).

    Raises:
        OSError: it cannot be read.
        ValueError: it is no UTF-8, or it goes on and on.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    return data.decode("utf-8")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A new file to write into, which takes the place of ``path`` at the end, or goes if there is an error.

    A link stays, and what it leads to is replaced. A file that was there keeps its mode, a new one gets what
    the umask allows. What is no plain file (a named pipe, a terminal, ``/dev/stdout``) is written into.

    Raises:
        OSError: the file cannot be written.
    """
    before = _found(path)
    stream = before is not None and (_standard(before) is not None or not _is_plain(before))
    target = path if stream else Path(os.path.realpath(path))
    folder = Path(tempfile.gettempdir()) if stream else target.parent
    beside = folder / f".{path.name[:_NAME_SHOWN]}.{secrets.token_hex(6)}"
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if stream else 0o666))
    try:
        yield beside
        if before is None:
            beside.replace(target)
        elif stream:
            _pour(beside, path, before)
            beside.unlink()
        else:
            beside.chmod(stat.S_IMODE(before.st_mode))
            with suppress(OSError, AttributeError):  # only root may give files away
                os.chown(beside, before.st_uid, before.st_gid)
            beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _found(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _is_plain(found: os.stat_result) -> bool:
    """Whether it can be replaced; a folder cannot, and says so when it is tried."""
    return stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)


def _standard(found: os.stat_result) -> int | None:
    """The number of the standard stream that leads to this file."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            if os.path.samestat(found, os.fstat(stream.fileno())):
                return stream.fileno()
    return None


def _pour(source: Path, path: Path, found: os.stat_result) -> None:
    """Copy a file into a stream; into a standard stream after what was already printed."""
    number = _standard(found)
    if number is None:
        with source.open("rb") as file, path.open("wb") as stream:
            shutil.copyfileobj(file, stream)
        return
    (sys.stdout if number == sys.stdout.fileno() else sys.stderr).flush()
    with source.open("rb") as file, os.fdopen(os.dup(number), "wb") as stream:
        shutil.copyfileobj(file, stream)
