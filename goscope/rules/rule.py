"""What a rule consists of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from goscope.capture import Capture
from goscope.findings import Finding


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user may set; the defaults are those of the catalogue."""

    leak_after_minutes: int = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name in the contract, the tables that it needs, and the function that looks.

    Any one of the tables in ``instead`` serves as well.
    """

    name: str
    tables: tuple[str, ...]
    find: Callable[[Capture, Settings], Iterator[Finding]]
    documentation: str
    instead: tuple[str, ...] = ()

    def present(self, capture: Capture) -> bool:
        """Whether the tables that the rule needs hold anything."""
        if any(len(capture.table(name)) for name in self.instead):
            return True
        return all(len(capture.table(name)) for name in self.tables)
