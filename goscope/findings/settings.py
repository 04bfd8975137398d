"""What the user may set: thresholds of rules, rules that are off, findings that are no news.

Rules get their thresholds as keyword arguments, whose defaults are those of the catalogue; only what
differs from them is kept here. Reading a file of settings is :mod:`goscope.diagnosis.configuration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TypeAlias

from goscope.findings.baseline import Baseline
from goscope.findings.findings import Finding

#: A threshold; its unit is the end of its name (``after_minutes``, ``least_share``).
Threshold: TypeAlias = int | float


@dataclass(frozen=True, slots=True)
class Ignore:
    """Findings that are none: of these rules, at these functions (``*`` stands for anything), and why."""

    rule: str
    site: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of a finding: where it happens, or who started it, has to match."""
        if not fnmatchcase(finding.rule, self.rule):
            return False
        places = [p.function for p in (finding.site, finding.created_by) if p and p.function]
        return self.site == "*" or any(fnmatchcase(place, self.site) for place in places)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user may set; the defaults are those of the catalogue.

    ``leak_after_minutes`` (``--leak-after``) is a threshold of the rule that declares it as its option.
    """

    leak_after_minutes: int = 5
    thresholds: Mapping[str, Mapping[str, Threshold]] = field(default_factory=dict)
    disable: tuple[str, ...] = ()
    ignore: tuple[Ignore, ...] = ()
    baseline: Baseline | None = None
    source: str | None = None  # the file that they were read from

    def of(self, rule: str) -> dict[str, Threshold]:
        """The thresholds of a rule that were set."""
        return dict(self.thresholds.get(rule, {}))

    def runs(self, rule: str) -> bool:
        """Whether a rule is on."""
        return not any(fnmatchcase(rule, pattern) for pattern in self.disable)

    def why_ignored(self, finding: Finding) -> str | None:
        """The reason for which a finding is no news, if it is none."""
        for entry in self.ignore:
            if entry.covers(finding):
                return entry.reason
        if self.baseline is not None and self.baseline.knows(finding):
            return f"known: in the baseline {self.baseline.name}"
        return None
