"""Go versions as ``(major, minor)``, and the span of versions in which a fact holds.

The facts of this package were read in the sources of Go 1.5 to 1.27. ``since=OLDEST`` means "1.5 or
before", and ``until=None`` means "still so in 1.27".
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

Version: TypeAlias = tuple[int, int]

OLDEST: Version = (1, 5)
NEWEST: Version = (1, 27)


class Dated(Protocol):
    """Anything that holds from one Go version to another, both included."""

    @property
    def since(self) -> Version:
        """The first version."""
        ...

    @property
    def until(self) -> Version | None:
        """The last version, or None."""
        ...


def holds(fact: Dated, version: Version) -> bool:
    """Whether a fact holds in a Go version."""
    return fact.since <= version and (fact.until is None or version <= fact.until)


def span(fact: Dated) -> str:
    """The versions of a fact in words: ``all``, ``1.20+``, ``<=1.11`` or ``1.22-1.25``."""
    since = ".".join(map(str, fact.since))
    if fact.until is None:
        return "all" if fact.since <= OLDEST else f"{since}+"
    until = ".".join(map(str, fact.until))
    if fact.since <= OLDEST:
        return f"<={until}"
    return until if since == until else f"{since}-{until}"


def parse_version(text: str) -> Version | None:
    """``go1.22.3``, ``1.27rc1`` or ``go1.26-devel`` as ``(1, 22)``; None for what is no Go version.

    The forms are those of ``runtime.Version()``; a devel version without a number gives None.
    """
    major, dot, rest = text.removeprefix("go").partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    if not dot or not digits or not (major.isascii() and major.isdigit()):
        return None
    return int(major), int(digits)
