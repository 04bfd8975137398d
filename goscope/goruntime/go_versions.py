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
