"""What a rule consists of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from goscope.capture.capture import Capture
from goscope.findings.findings import Finding
from goscope.findings.settings import Settings, Threshold

__all__ = ["Rule", "Settings"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name in the contract, the tables that it needs, and the function that looks.

    Any one of the tables in ``instead`` serves as well.
    The function takes the capture, the settings, and its thresholds as keyword arguments. They are
    listed nowhere else: what has a default there can be set by the user, and is shown to him.
    """

    name: str
    tables: tuple[str, ...]
    find: Callable[..., Iterator[Finding]]
    documentation: str
    instead: tuple[str, ...] = ()

    def present(self, capture: Capture) -> bool:
        """Whether the tables that the rule needs hold anything."""
        if any(len(capture.table(name)) for name in self.instead):
            return True
        return all(len(capture.table(name)) for name in self.tables)

    def defaults(self) -> dict[str, Threshold]:
        """The thresholds of the catalogue, by name."""
        parameters = inspect.signature(self.find).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    def thresholds(self, settings: Settings) -> dict[str, Threshold]:
        """The thresholds that hold: those of the catalogue, or what was set instead."""
        return {**self.defaults(), **settings.of(self.name)}

    def threshold_words(self, settings: Settings) -> list[str]:
        """Its thresholds as ``name = value``, with the default where another value was set."""
        defaults = self.defaults()
        return [
            f"{name} = {value}"
            + (f" (default {defaults[name]})" if value != defaults[name] else "")
            for name, value in self.thresholds(settings).items()
        ]

    def run(self, capture: Capture, settings: Settings) -> Iterator[Finding]:
        """What the rule finds with these settings."""
        return self.find(capture, settings, **self.thresholds(settings))
