"""What can go wrong, as one tree.

    GoscopeError
    ├── UsageError            the call itself is wrong (exit code 2)
    ├── NothingRecognised     the input was read, and holds nothing that Go's runtime prints (exit code 3)
    └── InputError            an input could not be read (exit code 4)
        └── ForeignInput      it can be read, and is of another kind; no failure unless it was named

A message says what failed, where, and what to do next, in one line. These are the only exceptions
that leave goscope on purpose; a foreign exception that escapes is a bug.
"""

from __future__ import annotations

from pathlib import Path


class GoscopeError(Exception):
    """Base of every expected failure; ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class UsageError(GoscopeError):
    """The call is wrong: an unknown suffix, a bad duration, no input at all."""

    exit_code = 2


class NothingRecognised(GoscopeError):
    """Input was read to its end, and no record of any known format was in it."""

    exit_code = 3


class InputError(GoscopeError):
    """An input could not be read: missing, unreadable, not text, a directory without files."""

    exit_code = 4


class ForeignInput(InputError):
    """An input is no text of a Go program: a binary, an image, an error page of a server."""


def reason_of(error: Exception) -> str:
    """What the operating system says of a failure, in lower case, as messages continue with it."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def unreadable(name: str | Path, error: OSError) -> InputError:
    """The error for an input that the operating system does not let us read."""
    return InputError(f"{name}: cannot be read: {reason_of(error)}")


def unwritable(name: str | Path, error: OSError) -> InputError:
    """The error for a file or stream that the operating system does not let us write."""
    return InputError(f"{name}: cannot be written: {reason_of(error)}")
