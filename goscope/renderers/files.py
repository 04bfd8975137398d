"""Writes reports, so that no half of one is left behind."""

from __future__ import annotations

from pathlib import Path

from goscope.errors import InputError
from goscope.whole_files import whole_file


def write_text(path: Path, text: str) -> None:
    """Write a report or a baseline to a file.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with whole_file(path) as file:
            file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path}: cannot be written: {reason}") from error
