"""SARIF: the shape that the standard asks for, and findings where they are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.source_links import source_links
from goscope.renderers.ci.sarif import RENDERER
from goscope.rules import all_rules
from tests.renderers.hostile import SECRET, hostile
from tests.renderers.saved_diagnoses import RUNS, saved
from tests.rules.dumps import dump, leaks

_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}, "additionalProperties": False}  # fmt: skip
_LOCATION = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "minimum": -1},
        "message": _TEXT,
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "properties": {"uri": {"type": "string", "format": "uri-reference"}},
                    "additionalProperties": False,
                },
                "region": {
                    "type": "object",
                    "properties": {"startLine": {"type": "integer", "minimum": 1}},
                    "additionalProperties": False,
                },
            },
            "additionalProperties": False,
        },
        "logicalLocations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "fullyQualifiedName": {"type": "string"},
                    "kind": {"type": "string"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
#: The part of sarif-schema-2.1.0.json (OASIS) that our log uses, as strict as it is there.
SCHEMA = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": _TEXT,
                                                "fullDescription": _TEXT,
                                            },
                                            "additionalProperties": False,
                                        },
                                    },
                                },
                                "additionalProperties": False,
                            }
                        },
                        "additionalProperties": False,
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "invocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["executionSuccessful"],
                            "properties": {
                                "executionSuccessful": {"type": "boolean"},
                                "toolExecutionNotifications": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["message"],
                                        "properties": {
                                            "message": _TEXT,
                                            "level": {"enum": ["none", "note", "warning", "error"]},
                                            "associatedRule": {
                                                "type": "object",
                                                "properties": {"id": {"type": "string"}},
                                                "additionalProperties": False,
                                            },
                                        },
                                        "additionalProperties": False,
                                    },
                                },
                            },
                            "additionalProperties": False,
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "rank": {"type": "number", "minimum": -1, "maximum": 100},
                                "message": _TEXT,
                                "occurrenceCount": {"type": "integer", "minimum": 1},
                                "locations": {"type": "array", "items": _LOCATION},
                                "relatedLocations": {"type": "array", "items": _LOCATION},
                                "stacks": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["frames"],
                                        "properties": {
                                            "message": _TEXT,
                                            "frames": {
                                                "type": "array",
                                                "items": {
                                                    "type": "object",
                                                    "properties": {"location": _LOCATION},
                                                    "additionalProperties": False,
                                                },
                                            },
                                        },
                                        "additionalProperties": False,
                                    },
                                },
                                "partialFingerprints": {
                                    "type": "object",
                                    "additionalProperties": {"type": "string"},
                                },
                                "properties": {"type": "object"},
                            },
                            "additionalProperties": False,
                        },
                    },
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def log(diagnosis: Diagnosis) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RENDERER.render(diagnosis))
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator(SCHEMA).validate(found)
    return found


@pytest.mark.parametrize("run", [*RUNS, "go1.23/gc_thrash", "go1.27/crowd"])
def test_real_captures_fit_the_standard(run: str) -> None:
    diagnosis = saved(run)
    (found,) = log(diagnosis)["runs"]
    assert len(found["results"]) == len(diagnosis.findings)
    rules = found["tool"]["driver"]["rules"]
    for result in found["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_finding_is_where_it_is() -> None:
    diagnosis = goscope.diagnose(goscope.read(dump(*leaks(range(20, 40), "chan send, 9 minutes"))))
    diagnosis = replace(diagnosis, links=source_links(None, "/app"))
    result = log(diagnosis)["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "main.go"}, "region": {"startLine": 15}}
    assert result["level"] in ("warning", "error")
    assert result["occurrenceCount"] == 20


def test_the_fingerprint_does_not_change_with_ids_and_lines() -> None:
    def fingerprint(text: str) -> str:
        found = log(goscope.diagnose(goscope.read(text)))["runs"][0]["results"][0]
        return str(found["partialFingerprints"]["goscope/1"])

    first = dump(*leaks(range(20, 40), "chan send, 9 minutes"))
    later = dump(*leaks(range(70, 95), "chan send, 12 minutes")).replace("main.go:15", "main.go:25")
    other = first.replace("leak1.func1", "leak2.func1")
    assert fingerprint(first) == fingerprint(later) != fingerprint(other)


def test_hostile_input() -> None:
    text = RENDERER.render(hostile())
    found = log(hostile())["runs"][0]["results"][0]
    assert text.isascii()
    assert SECRET not in text
    # No embedded link: square brackets are escaped, so "[x](http://...)" is text (3.11.6).
    assert re.search(r"(?<!\\)[\[\]]", found["message"]["text"]) is None
    uri = found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert urlsplit(uri).scheme == "file"
    assert re.fullmatch(r"file:///[\w./%~-]+", uri)
    assert "region" not in found["relatedLocations"][0]["physicalLocation"]  # line 2**63
    rules = log(hostile())["runs"][0]["tool"]["driver"]["rules"]
    assert len(text) - len(json.dumps(rules)) < 25_000  # names of a million bytes are cut
    assert len(rules) == len(all_rules())
