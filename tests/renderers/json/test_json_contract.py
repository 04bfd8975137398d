"""The JSON contract on every real capture: its published schema, its keys, its counts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import goscope
from goscope.reading.capture_builder import CaptureBuilder
from goscope.renderers import all_renderers
from goscope.renderers.json import json_contract
from goscope.rules.rule import Settings
from tests.conftest import CAPTURES, content
from tests.rules.cases import CASES, sched
from tests.rules.dumps import dump, goroutine, leaks

SCHEMA = json.loads(json_contract.schema())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def document(*texts: str | bytes, leak_after: int = 5) -> dict[str, Any]:
    """What ``--format json`` prints, parsed and held against the schema."""
    diagnosis = goscope.diagnose(goscope.read(*texts), Settings(leak_after_minutes=leak_after))
    found: dict[str, Any] = json.loads(json_contract.render(diagnosis))
    VALIDATOR.validate(found)
    return found


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("rule", CASES)
@pytest.mark.parametrize("which", ["fires", "quiet"])
@pytest.mark.sampled(3)
def test_every_finding_fits_the_schema(rule: str, which: str) -> None:
    found = document(*getattr(CASES[rule], which))
    assert (rule in [f["rule"] for f in found["findings"]]) == (which == "fires")


# ---- real captures --------------------------------------------------------------------------------


#: What the lines of a capture look like to somebody who knows nothing of goscope. A log line may
#: stand right behind the first word of one.
LINES = {
    "sched": re.compile(rb"^SCHED (?:[0-9]+ms: gomaxprocs=|20[0-9]{2}/)", re.MULTILINE),
    "gc": re.compile(rb"^gc [0-9]+ @", re.MULTILINE),
    "procs": re.compile(rb"^  P[0-9]+: status=", re.MULTILINE),
    "threads": re.compile(rb"^  M[0-9]+: p=", re.MULTILINE),
    "sched_goroutines": re.compile(rb"^  G[0-9]+: status=", re.MULTILINE),
    # Up to Go 1.22 the value of a panic may hold what looks like one, but no frame below.
    "goroutines": re.compile(
        rb"^goroutine [0-9]+ .*\]:?.*:\n(?=.*\)\n|created by |\t)", re.MULTILINE
    ),
}


def test_a_capture_fits_the_schema_and_counts_its_records(real_capture: bytes) -> None:
    builder = CaptureBuilder()
    builder.read("capture", [real_capture])
    found = json.loads(json_contract.render(goscope.diagnose(builder.build())))
    VALIDATOR.validate(found)
    (one,) = found["inputs"]
    wanted = {name: len(line.findall(real_capture)) for name, line in LINES.items()}
    assert {name: one["records"][name] for name in LINES} == wanted
    assert one["bytes"] == len(real_capture)
    assert one["lines"] == len(real_capture.splitlines())


@pytest.mark.sampled(12)
@pytest.mark.parametrize("run", sorted(CAPTURES.glob("*/*/")), ids=lambda p: "/".join(p.parts[-2:]))
def test_a_run_with_its_dumps_fits_the_schema(run: Path) -> None:
    paths = sorted(p for name in ("stderr.log*", "dump-[0-9].txt*") for p in run.glob(name))
    found = document(*map(content, paths))
    assert len(found["inputs"]) == len(paths)
    assert found["inputs"] == sorted(found["inputs"], key=lambda i: i["name"])


# ---- what the contract promises -------------------------------------------------------------------


def promised(wanted: Any, found: Any, path: str = "") -> list[str]:
    """The keys of ``wanted`` that are not there, at any depth."""
    if isinstance(wanted, list):
        return [key for item in found for one in wanted for key in promised(one, item, path)]
    if not isinstance(wanted, dict):
        return []
    missing = [f"{path}.{key}" for key in wanted if key not in found]
    for key in wanted.keys() & found.keys():
        missing += promised(wanted[key], found[key], f"{path}.{key}")
    return missing


SITE = {"function": "", "file": "", "line": 0}
VERDICT = {"state": "", "confidence": "", "reason": ""}
CONTRACT = {
    "schema": "", "goscope": "", "status": "",
    "verdicts": dict.fromkeys(("scheduler", "gc", "goroutines", "threads", "crash"), VERDICT),
    "findings": [{
        "rule": "", "severity": "", "confidence": "", "title": "", "detail": "",
        "evidence": [{"label": "", "value": 0, "unit": "", "source": ""}],
        "site": SITE, "stack": [SITE], "blocked_on": "", "created_by": {**SITE, "goroutine": 1},
        "goroutines": {"count": 0, "ids": []}, "process": 0, "advice": "",
    }],
    "crashes": [{"kind": "", "message": "", "goroutine": 1, "top_user_frame": SITE}],
    "inputs": [{
        "name": "", "formats": [], "lines": 0, "records": {"sched": 0, "gc": 0, "goroutines": 0},
        "unparsed": {"count": 0, "examples": [{"line": 0, "text": "", "expected": ""}]},
    }],
}  # fmt: skip


def test_every_key_of_the_contract_is_there() -> None:
    found = document(
        *(dump(*leaks(range(18, 18 + n))) for n in (10, 20, 30)), "SCHED 1ms: gomaxprocs=four\n"
    )
    assert found["findings"]
    assert found["inputs"][3]["unparsed"]["examples"]
    assert promised(CONTRACT, found) == []


def test_a_finding_in_full() -> None:
    found = document(dump(goroutine(42, "chan send, 5 minutes")))
    assert (found["schema"], found["goscope"]) == ("goscope.diagnosis/1", goscope.__version__)
    assert found["status"] == "warning"
    (finding,) = found["findings"]
    assert finding["rule"] == "leak-long-wait"
    assert (finding["severity"], finding["confidence"]) == ("warning", "medium")
    assert finding["site"] == {"function": "main.leak1.func1", "file": "/app/main.go", "line": 15}
    assert finding["stack"] == [finding["site"]]
    assert finding["blocked_on"] == "chan send"
    assert finding["created_by"] == {
        "function": "main.leak1",
        "file": "/app/main.go",
        "line": 14,
        "goroutine": 1,
    }
    assert finding["goroutines"] == {"count": 1, "ids": [42]}
    assert finding["evidence"][0] == {
        "label": "longest wait, at least",
        "value": 5,
        "unit": "minutes",
        "source": "text 1:5",
    }
    (one,) = found["inputs"]
    assert one["formats"] == ["goroutine_dump"]
    assert (one["records"]["goroutines"], one["records"]["snapshots"]) == (2, 1)


def test_the_settings_are_told() -> None:
    settings = document(dump(), leak_after=90)["settings"]
    assert settings["leak_after_minutes"] == 90
    assert settings["rules"]["leak-long-wait"] == {
        "enabled": True,
        "after_minutes": 90,
        "least_piled": 3,
    }
    assert (settings["file"], settings["ignore"], settings["baseline"]) == (None, [], None)


def test_what_was_not_understood_is_shown_with_its_line() -> None:
    found = document(
        "an application line\nSCHED 1ms: gomaxprocs=four\n" + CASES["sched-starving"].fires[0]
    )
    unparsed = found["inputs"][0]["unparsed"]
    assert unparsed["count"] == 1
    assert unparsed["examples"][0]["line"] == 2
    assert unparsed["examples"][0]["text"] == "SCHED 1ms: gomaxprocs=four"
    assert unparsed["examples"][0]["expected"]


def test_hostile_text_stays_text() -> None:
    found = document(
        dump(
            goroutine(
                42,
                "chan send (leaked)",
                where='main.\x1b[2J</script>\u2028x()\n\t/app/a".go:15 +0x1',
            )
        )
    )
    (finding,) = found["findings"]
    assert finding["site"]["function"] == "main.\x1b[2J</script>\u2028x"
    assert finding["site"]["file"] == '/app/a".go'


def test_suffixes_are_unique() -> None:
    suffixes = [renderer.suffix for renderer in all_renderers()]
    assert len(suffixes) == len(set(suffixes))
    assert {".json", ".txt"} <= set(suffixes)


def test_of_very_many_inputs_those_that_say_something_are_listed() -> None:
    """Each has its records counted as if it were alone."""
    quiet = ["an application line\n"] * 1_100
    found = document(*quiet, dump(*leaks(range(18, 21))), sched(2))
    assert [one["name"] for one in found["inputs"]] == ["text 1101", "text 1102"]
    assert [one["records"]["goroutines"] for one in found["inputs"]] == [4, 0]
    assert [one["records"]["sched"] for one in found["inputs"]] == [0, 10]
    assert found["inputs_left_out"] == 1_100
    all_quiet = goscope.diagnose(goscope.read(*quiet))
    assert len(json_contract.document(all_quiet)["inputs"]) == 1_000
