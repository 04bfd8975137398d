"""Findings that were there before: kept in a file, so that only new ones are news.

A finding is the same as before if its rule is the same and so are the program's own functions on its
stack and in its go statement. Line numbers, arguments, ids, counts, the wait reason and the functions of
the standard library are left out: they change with every edit, run and Go version. Findings about a whole
program (the scheduler, the garbage collector) are known by their rule alone.

What got much worse is new all the same: ten times as many goroutines, or a higher severity.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from goscope.errors import UsageError, reason_of
from goscope.findings.findings import Finding, Severity
from goscope.goruntime.function_names import is_standard_library
from goscope.whole_files import read_small

SCHEMA = "goscope.baseline/1"
#: So many times the goroutines make a known finding a new one.
WORSE = 10

#: The rule, and the functions from the innermost out, the one with the go statement last.
Signature: TypeAlias = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Known:
    """How bad a finding was when it was written down."""

    severity: Severity
    count: int | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The findings of a file."""

    name: str
    known: Mapping[Signature, Known]

    def knows(self, finding: Finding) -> bool:
        """Whether a finding was there before, and is not much worse than it was."""
        before = self.known.get(signature_of(finding))
        if before is None or finding.severity.rank > before.severity.rank:
            return False
        count = _count(finding)
        return count is None or before.count is None or count < WORSE * max(before.count, 1)


def signature_of(finding: Finding) -> Signature:
    """What stays the same of a finding from run to run."""
    stack = [site.function for site in finding.stack if site.function]
    if not stack and finding.site is not None and finding.site.function:
        stack = [finding.site.function]
    own = [function for function in stack if not is_standard_library(function)]
    creator = finding.created_by.function if finding.created_by else None
    return finding.rule, (*(own or stack), *((f"created by {creator}",) if creator else ()))


def baseline_text(findings: Iterable[Finding]) -> str:
    """Findings as the text of a baseline: sorted, a line per field, made to be read and compared."""
    known: dict[Signature, Known] = {}
    for finding in findings:
        signature = signature_of(finding)
        other = known.get(signature, Known(Severity.INFO, None))
        counts = [n for n in (other.count, _count(finding)) if n is not None]
        severity = max(other.severity, finding.severity, key=lambda s: s.rank)
        known[signature] = Known(severity, max(counts, default=None))
    entries = [
        {
            "rule": rule,
            "functions": list(functions),
            "severity": one.severity.value,
            "count": one.count,
        }
        for (rule, functions), one in sorted(known.items(), key=lambda item: item[0])
    ]
    return json.dumps({"schema": SCHEMA, "findings": entries}, indent=2, ensure_ascii=True) + "\n"


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        UsageError: there is none, or it is not one.
    """
    try:
        document = json.loads(read_small(path))
    except OSError as error:
        raise UsageError(
            f"--baseline {path}: {reason_of(error)}; goscope --write-baseline {path} makes one"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--baseline {path}: not a baseline: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise UsageError(f"--baseline {path}: not a baseline: it does not say {SCHEMA}")
    try:
        return Baseline(path.name, dict(map(_entry, document["findings"])))
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"--baseline {path}: not a baseline: a finding lacks {error}") from error


def _entry(entry: Any) -> tuple[Signature, Known]:
    functions = entry["functions"]
    count = entry["count"]
    if not isinstance(functions, list) or not all(isinstance(f, str) for f in functions):
        raise ValueError("its functions")
    if not isinstance(entry["rule"], str) or not (count is None or isinstance(count, int)):
        raise ValueError("its rule or count")
    return (entry["rule"], tuple(functions)), Known(Severity(entry["severity"]), count)


def _count(finding: Finding) -> int | None:
    return finding.goroutines.count if finding.goroutines else None
