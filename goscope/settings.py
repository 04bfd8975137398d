"""What the user may set: thresholds of rules, rules that are off, findings that are no news.

Rules get their thresholds as keyword arguments, whose defaults are those of the catalogue; only what
differs from them is kept here. Reading a file of settings is :mod:`goscope.configuration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

#: A threshold; its unit is the end of its name (``after_minutes``, ``least_share``).
Threshold: TypeAlias = int | float

_LONG_WAIT = "leak-long-wait"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user may set; the defaults are those of the catalogue.

    ``leak_after_minutes`` (``--leak-after``) is ``after_minutes`` of the rule leak-long-wait.
    """

    leak_after_minutes: int = 5
    thresholds: Mapping[str, Mapping[str, Threshold]] = field(default_factory=dict)

    def of(self, rule: str) -> dict[str, Threshold]:
        """The thresholds of a rule that were set."""
        values = dict(self.thresholds.get(rule, {}))
        if rule == _LONG_WAIT:
            values.setdefault("after_minutes", self.leak_after_minutes)
        return values
