"""Reads the files that a user writes or keeps: settings, baselines. None of them is large."""

from __future__ import annotations

from pathlib import Path

#: A baseline of 100,000 findings is smaller.
LARGEST = 64 << 20


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
