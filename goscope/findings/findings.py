"""What a diagnosis is made of: findings with their evidence, verdicts, stretches of time.

Severity says how bad it is, confidence how sure goscope is; the two are independent. The words are
those of the JSON contract.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

#: So many findings of a rule are shown: a report of thousands is read by nobody, and opened by few programs.
SHOWN_OF_A_RULE = 200

_TITLE = 120  # characters of a title in a repr


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


def if_any(
    label: str, value: float, unit: str = "", source: str | None = None
) -> tuple[Evidence, ...]:
    """A number as evidence, unless it is none."""
    return (Evidence(label, value, unit, source),) if value else ()


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

    def __repr__(self) -> str:
        return f"<goscope.Finding {self.severity.value} {self.rule}: {self.title[:_TITLE]}>"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Findings of a rule that reports only count, for there are many, and worse ones are shown."""

    rule: str
    severity: Severity
    count: int

    def __str__(self) -> str:
        s = "s" * (self.count != 1)
        return f"{self.count:,} more finding{s} of {self.rule} ({self.severity.value}), not shown"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the time line in which one word holds; milliseconds since the first SCHED line."""

    process: int
    state: str
    start_ms: int
    end_ms: int
    samples: int


#: The states of each verdict in the contract, the worst first; that on crashes has the kinds of crashes.
STATES = {
    "scheduler": (
        "starving",
        "stalled",
        "throttled",
        "blocked",
        "unbalanced",
        "healthy",
        "idle",
        "unknown",
    ),
    "gc": ("thrash", "heap_growth", "pressure", "ok", "unknown"),
    "goroutines": ("deadlock", "leak", "suspected_leak", "stalled", "ok", "unknown"),
    "threads": ("leak", "high", "ok", "unknown"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of one part of a program, how sure that is, and why."""

    state: str
    confidence: Confidence
    reason: str
    collect: str | None = None  # what would make it surer
    timeline: tuple[Stretch, ...] = ()

    def __repr__(self) -> str:
        return f"<goscope.Verdict {self.state} ({self.confidence.value}): {self.reason[:_TITLE]}>"


def worst(findings: Sequence[Finding]) -> Severity | None:
    """The worst severity; None without findings."""
    return max((f.severity for f in findings), key=lambda s: s.rank, default=None)


def shown_and_left_out(
    findings: Sequence[Finding], most: int = SHOWN_OF_A_RULE
) -> tuple[tuple[Finding, ...], tuple[LeftOut, ...]]:
    """The worst findings of each rule, in the order in which they are given, and the number of the others."""
    seen: Counter[str] = Counter()
    left_out: Counter[tuple[str, Severity]] = Counter()
    hidden: set[int] = set()
    for number in sorted(range(len(findings)), key=lambda n: _how_bad(findings[n]), reverse=True):
        finding = findings[number]
        seen[finding.rule] += 1
        if seen[finding.rule] > most:
            hidden.add(number)
            left_out[finding.rule, finding.severity] += 1
    shown = tuple(finding for n, finding in enumerate(findings) if n not in hidden)
    return shown, tuple(LeftOut(*what, count) for what, count in left_out.items())


def _how_bad(finding: Finding) -> tuple[int, int, int]:
    count = finding.goroutines.count if finding.goroutines is not None else 0
    return finding.severity.rank, finding.confidence.rank, count
