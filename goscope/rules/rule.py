"""What a rule consists of, and what it declares about itself."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from goscope.capture.capture import Capture
from goscope.findings.findings import Finding, Severity
from goscope.findings.settings import Settings, Threshold

__all__ = ["Family", "Rule", "Settings"]


class Family(Enum):
    """What the rules of a family look at."""

    SCHEDULER = "scheduler"
    THREADS = "threads"
    GC = "gc"
    LEAKS = "leaks"
    STALLS = "stalls"
    GOROUTINES = "goroutines"
    CRASHES = "crashes"
    INPUTS = "inputs"
    TRACES = "traces"
    FLEET = "fleet"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name in the contract, the tables that it needs, the function that looks, its place
    among the other rules.

    The function takes the capture, the settings, and its thresholds as keyword arguments. They are
    listed nowhere else: what has a default there can be set by the user, and is shown to him.
    No other module holds the name of a rule: whatever depends on which rule it was that found something
    asks for what the rule declares here.

    ``instead``: any one of these tables serves as well as ``tables``.
    ``verdict``: the verdict that its findings belong to; None for findings about the input itself.
    ``state``: the state of that verdict that a finding of at least ``state_from`` makes, if any.
    ``strength``: among rules that report the same goroutines or make the same state the one with the
    highest strength is kept; 0 for a rule that is never compared.
    ``any_creator``: goroutines of one finding may have been started by several go statements.
    ``completes``: a finding is added to the one about the same goroutines, where a rule on leaks has
    one, and does not stand beside it.
    ``brief``: what an ``ok`` verdict says of findings that did not last.
    ``options``: thresholds that a field of the settings sets as well (it has an option of the command line).
    ``explains``: what ``goscope explain`` says that the rule does, by kind of wait reason.
    """

    name: str
    tables: tuple[str, ...]
    find: Callable[..., Iterator[Finding]]
    instead: tuple[str, ...] = ()
    family: Family = field(kw_only=True)
    verdict: str | None = field(kw_only=True)
    state: str | None = None
    state_from: Severity = Severity.WARNING
    strength: int = 0
    any_creator: bool = False
    completes: bool = False
    brief: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    explains: Mapping[str, str] = field(default_factory=dict)

    @property
    def documentation(self) -> str:
        """The docstring of its module."""
        return sys.modules[self.find.__module__].__doc__ or ""

    def present(self, capture: Capture) -> bool:
        """Whether the tables that the rule needs hold anything."""
        if any(len(capture.table(name)) for name in self.instead):
            return True
        return all(len(capture.table(name)) for name in self.tables)

    def makes_state(self, finding: Finding) -> bool:
        """Whether a finding of this rule is bad enough to make the state of its verdict."""
        return self.state is not None and finding.severity.rank >= self.state_from.rank

    def defaults(self) -> dict[str, Threshold]:
        """The thresholds of the catalogue, by name."""
        parameters = inspect.signature(self.find).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    def thresholds(self, settings: Settings) -> dict[str, Threshold]:
        """The thresholds that hold: those of the catalogue, or what was set instead."""
        by_option = {name: getattr(settings, option) for name, option in self.options.items()}
        return {**self.defaults(), **by_option, **settings.of(self.name)}

    def threshold_lines(self, settings: Settings) -> list[str]:
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
