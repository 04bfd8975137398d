"""What glibc does with freed memory; elsewhere nothing happens."""

from __future__ import annotations

import ctypes
import functools
from typing import Any


@functools.cache
def _function(name: str) -> Any:
    """A function of the C library; None where it lacks it."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):
        return None


def keep_freed_memory() -> None:
    """Ask for freed memory to be kept for the next chunk.

    By default arrays of megabytes are handed back to the kernel after every chunk of input, and got
    again, zeroed page by page: a sixth of the time of reading a million trace lines.
    """
    if mallopt := _function("mallopt"):
        trim_threshold, mmap_threshold = -1, -3  # malloc.h
        mallopt(mmap_threshold, 1 << 30)
        mallopt(trim_threshold, 1 << 30)


def hand_back_memory() -> None:
    """Hand back what is free, once a long table was made short: thousands of small holes fit no array."""
    if malloc_trim := _function("malloc_trim"):
        malloc_trim(0)
