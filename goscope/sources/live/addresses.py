"""Tells the address of a live program from the name of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.%]+\]):[0-9]{1,5}(?:/.*)?")


def is_address(argument: str) -> bool:
    """Whether an argument has the form of a URL, host:port or unix:///socket."""
    return "://" in argument or _HOST_AND_PORT.fullmatch(argument) is not None


def names_program(argument: str) -> bool:
    """Whether an argument is an address, and no file has that name."""
    return is_address(argument) and not _exists(argument)


def split_addresses(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The addresses of programs among the arguments, and the other arguments."""
    addresses = [text for text in arguments if names_program(text)]
    return addresses, [text for text in arguments if text not in addresses]


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
