"""What a diagnosis is made of: findings with their evidence, verdicts, stretches of time.

Severity says how bad it is, confidence how sure goscope is; the two are independent. The words are
those of the JSON contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How bad a finding is, from good to bad."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Confidence(Enum):
    """How sure a statement is, from weak to strong."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CERTAIN = "certain"

    @property
    def rank(self) -> int:
        return list(Confidence).index(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A number that speaks for a finding, with its unit and the place that it was read at."""

    label: str
    value: float | int | str
    unit: str = ""
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A place in a program's source; what is not known is None."""

    function: str | None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Goroutines that a finding is about: how many, the ids of the first, who started them."""

    count: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: where, how bad, how sure, on what evidence, and what to do next."""

    rule: str
    severity: Severity
    confidence: Confidence
    title: str
    detail: str
    evidence: tuple[Evidence, ...]
    advice: str
    process: int = 0
    site: Site | None = None
    stack: tuple[Site, ...] = ()
    blocked_on: str | None = None
    created_by: Site | None = None
    creator_goroutine: int | None = None
    goroutines: Group | None = None
    kind: str | None = None  # of a crash


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the time line in which one word holds; milliseconds since the first SCHED line."""

    process: int
    state: str
    start_ms: int
    end_ms: int
    samples: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """One word about one part of a program, how sure it is, and why."""

    state: str
    confidence: Confidence
    reason: str
    collect: str | None = None  # what would make it surer
    timeline: tuple[Stretch, ...] = ()


def worst(findings: Sequence[Finding]) -> Severity | None:
    """The worst severity; None without findings."""
    return max((f.severity for f in findings), key=lambda s: s.rank, default=None)
