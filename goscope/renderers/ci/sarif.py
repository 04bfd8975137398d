"""SARIF 2.1.0 (OASIS): findings with file and line, for code scanning and editors."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from goscope import __version__
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.baseline import signature_of
from goscope.findings.findings import Finding, Severity, Site
from goscope.findings.source_links import file_uri
from goscope.renderers.renderer import Renderer
from goscope.renderers.safe_text import safe
from goscope.rules import all_rules

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_RANKS = {"certain": 100.0, "high": 80.0, "medium": 50.0, "low": 20.0}


def render(diagnosis: Diagnosis) -> str:
    """The findings as a SARIF log of one run."""
    return json.dumps(document(diagnosis), ensure_ascii=True, indent=2) + "\n"


def document(diagnosis: Diagnosis) -> dict[str, Any]:
    """The log as it is laid out."""
    rules = all_rules()
    place = {rule.name: number for number, rule in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "goscope",
                "version": __version__,
                "rules": [
                    {
                        "id": rule.name,
                        "shortDescription": {"text": rule.documentation.strip().splitlines()[0]},
                        "fullDescription": {"text": rule.documentation.strip()},
                    }
                    for rule in rules
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnosis, finding, place) for finding in diagnosis.shown],
    }
    if diagnosis.left_out:
        run["invocations"] = [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {
                        "level": _LEVELS[left.severity],
                        "message": {"text": str(left)},
                        "associatedRule": {"id": left.rule},
                    }
                    for left in diagnosis.left_out
                ],
            }
        ]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(diagnosis: Diagnosis, finding: Finding, place: dict[str, int]) -> dict[str, Any]:
    words = f"{finding.title}. {finding.detail} Next: {finding.advice}"
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "rank": _RANKS[finding.confidence.value],
        "message": {"text": _message(words)},
        "partialFingerprints": {"goscope/1": _fingerprint(finding)},
        "properties": {
            "confidence": finding.confidence.value,
            "evidence": [
                _clean(f"{e.label}: {e.value} {e.unit}".rstrip()) for e in finding.evidence
            ],
        },
    }
    if finding.rule in place:
        result["ruleIndex"] = place[finding.rule]
    if finding.goroutines is not None:
        result["occurrenceCount"] = max(finding.goroutines.count, 1)
    if finding.site is not None:
        result["locations"] = [_location(diagnosis, finding.site)]
    if finding.created_by is not None:
        related = _location(diagnosis, finding.created_by)
        result["relatedLocations"] = [{"id": 1, **related, "message": {"text": "started here"}}]
    if finding.stack:
        frames = [{"location": _location(diagnosis, frame)} for frame in finding.stack[:60]]
        result["stacks"] = [{"message": {"text": "where it waits"}, "frames": frames}]
    return result


def _location(diagnosis: Diagnosis, site: Site) -> dict[str, Any]:
    location: dict[str, Any] = {}
    if site.file is not None:
        uri = file_uri(diagnosis.links.relative(site.file))
        location["physicalLocation"] = {"artifactLocation": {"uri": uri}}
        if site.line is not None and 1 <= site.line < 2**31:
            location["physicalLocation"]["region"] = {"startLine": site.line}
    if site.function:
        name = _clean(site.function)
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "function"}]
    return location


def _fingerprint(finding: Finding) -> str:
    """The same for the same problem in the next run: what a baseline knows it by."""
    return hashlib.sha256(repr(signature_of(finding)).encode("utf-8", "replace")).hexdigest()[:32]


def _message(words: str) -> str:
    """A plain text message: ``[text](target)`` would be a link (section 3.11.6 of the standard)."""
    words = _clean(words)
    return words.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _clean(words: str) -> str:
    return safe(words, longest=4000)


RENDERER = Renderer("sarif", ".sarif", render)
