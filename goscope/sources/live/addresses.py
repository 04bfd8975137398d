"""Tells the address of a live program from the name of a file."""

from __future__ import annotations

import re
from pathlib import Path

_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.%]+\]):[0-9]{1,5}(?:/.*)?")


def is_address(argument: str) -> bool:
    """Whether an argument is a URL, host:port or unix:///socket; a file of that name comes first."""
    return "://" in argument or _HOST_AND_PORT.fullmatch(argument) is not None


def names_program(argument: str) -> bool:
    """Whether an argument is an address, and no file has that name."""
    return is_address(argument) and not _exists(argument)


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False
