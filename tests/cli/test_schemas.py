"""``goscope schema``: what the commands print for programs is as their schemas say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from goscope.cli.schema import Document
from tests.cli.running import ROOT, in_process
from tests.conftest import CAPTURES

DUMPS = sorted(CAPTURES.glob("go1.2[127]/*/dump-*.txt"))
LABELS = CAPTURES / "go1.27" / "labels"
PROFILE = LABELS / "dump-debug1.txt"


def schema(name: str) -> dict[str, Any]:
    found = json.loads(in_process("schema", name).stdout)
    jsonschema.Draft202012Validator.check_schema(found)
    return dict(found)


def strictly(found: dict[str, Any]) -> dict[str, Any]:
    """The same schema, of whose objects no other keys are accepted: all that is printed is described."""
    text = json.dumps(found)
    whole = re.sub(
        r'("required": \[[^\]]*\], "properties")', r'"additionalProperties": false, \1', text
    )
    return dict(json.loads(whole))


def test_there_is_a_schema_for_every_file_of_one() -> None:
    files = {
        path.name.partition(".")[0] for path in ROOT.glob("goscope/renderers/json/*.schema.json")
    }
    assert files == {document.value for document in Document}


def test_without_a_name_it_is_that_of_the_diagnosis() -> None:
    assert in_process("schema").stdout == in_process("schema", "diagnosis").stdout


def test_an_unknown_one_is_refused_with_those_that_there_are() -> None:
    done = in_process("schema", "tables")
    assert done.returncode == 2
    assert "'diagnosis', 'goroutines', 'diff'" in done.stderr


@pytest.mark.parametrize(
    "by",
    [
        "signature",
        "location",
        "frame",
        "creator",
        "package",
        "label",
        "label=tenant",
        "state",
        "none",
    ],
)
def test_goroutines_are_as_their_schema_says(by: str) -> None:
    wanted = jsonschema.Draft202012Validator(strictly(schema("goroutines")))
    seen = set()
    for inputs in ([LABELS / "dump-1.txt", LABELS / "dump-2.txt"], DUMPS[:40:4], [PROFILE]):
        done = in_process("goroutines", *inputs, "-f", "json", "--by", by, "--limit", "2")
        found = json.loads(done.stdout)
        wanted.validate(found)
        seen |= {process["profile"] for process in found["processes"]}
        assert any(process["groups"] for process in found["processes"])
    assert seen == {True, False}


def test_differences_are_as_their_schema_says(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("SCHED 1ms: gomaxprocs=4\n", encoding="utf-8")
    wanted = jsonschema.Draft202012Validator(strictly(schema("diff")))
    kinds = set()
    sides = [
        CAPTURES / "go1.27/leak_receiver/dump-1.txt",
        CAPTURES / "go1.27/leak_receiver/dump-3.txt.gz",
        DUMPS[-1],
        PROFILE,
        tmp_path / "log.txt",
        CAPTURES / "go1.27/gc_thrash",
    ]
    for before in sides:
        for after in sides:
            done = in_process("diff", before, after, "-f", "json")
            found = json.loads(done.stdout)
            wanted.validate(found)
            kinds |= {change["kind"] for change in found["changes"]}
    assert kinds == {"new", "grown", "shrunk", "gone"}


def test_traces_are_told_as_a_diagnosis() -> None:
    trace = CAPTURES / "go1.27" / "trace_stw" / "trace.out"
    found = json.loads(in_process("trace", trace, "-f", "json").stdout)
    jsonschema.validate(found, schema("diagnosis"))
    assert found["traces"]
