"""Baselines: what stays the same from run to run, and what is news all the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.errors import UsageError
from goscope.findings.baseline import Baseline, baseline_text, read_baseline, signature_of
from goscope.findings.findings import Finding, Severity, Site
from goscope.findings.settings import Settings
from tests.conftest import CAPTURES
from tests.rules.cases import CASES
from tests.rules.dumps import dump, leaks


def growing(
    *counts: int, where: str = "main.leak1.func1", line: int = 15, first: int = 18
) -> list[str]:
    place = f"{where}(0xc000{first:06x})\n\t/app/main.go:{line} +0x28"
    started = f"main.leak1 in goroutine 1\n\t/app/main.go:{line - 1} +0x66"
    return [dump(*leaks(range(first, first + n), where=place, started=started)) for n in counts]


def diagnosed(texts: list[str], baseline: Baseline | None = None) -> Diagnosis:
    return goscope.diagnose(goscope.read(*texts), Settings(baseline=baseline))


def saved(tmp_path: Path, *findings: Finding) -> Baseline:
    path = tmp_path / "known.json"
    path.write_text(baseline_text(findings), encoding="utf-8")
    return read_baseline(path)


@pytest.fixture
def known(tmp_path: Path) -> Baseline:
    return saved(tmp_path, *diagnosed(growing(10, 20, 30)).findings)


# ---- the same -------------------------------------------------------------------------------------


def test_what_was_there_before_is_no_news(known: Baseline) -> None:
    found = diagnosed(growing(10, 20, 30), known)
    assert found.findings == ()
    (ignored,) = found.ignored
    assert ignored.reason == "known: in the baseline known.json"
    assert found.status == "ok"


@pytest.mark.parametrize(
    "later",
    [
        growing(10, 20, 30, line=480),  # somebody wrote 465 lines above
        growing(10, 20, 30, first=90_000),  # other ids, other addresses
        growing(40, 90, 290),  # more, but not ten times as many
        growing(4, 8, 12),
    ],
    ids=["lines", "ids and addresses", "more", "fewer"],
)
def test_lines_ids_addresses_and_counts_do_not_matter(known: Baseline, later: list[str]) -> None:
    assert diagnosed(later, known).findings == ()


def test_the_same_leak_of_another_go_version_is_known(tmp_path: Path) -> None:
    """The frames of the runtime and of sync differ from version to version, the program's do not."""
    runs = {
        version: list((CAPTURES / version / "leak_mutex").glob("dump-*.txt*"))
        for version in ("go1.19", "go1.27")
    }
    old = goscope.diagnose(goscope.read(*sorted(runs["go1.19"]))).findings
    new = goscope.diagnose(
        goscope.read(*sorted(runs["go1.27"])), Settings(baseline=saved(tmp_path, *old))
    )
    assert old
    assert new.ignored
    assert new.findings == ()


# ---- news -----------------------------------------------------------------------------------------


def test_another_place_is_news(known: Baseline) -> None:
    (finding,) = diagnosed(growing(10, 20, 30, where="main.leak2.func1"), known).findings
    assert finding.site == Site("main.leak2.func1", "/app/main.go", 15)


def test_ten_times_as_many_are_news(known: Baseline) -> None:
    assert diagnosed(growing(10, 20, 299), known).findings == ()
    assert len(diagnosed(growing(10, 20, 300), known).findings) == 1


def test_another_rule_or_a_worse_severity_is_news(known: Baseline) -> None:
    (finding,) = diagnosed(growing(10, 20, 30)).findings
    assert known.knows(replace(finding, severity=Severity.WARNING))
    assert not known.knows(replace(finding, rule="leak-proven"))
    milder = Baseline(
        "x",
        {key: replace(one, severity=Severity.WARNING) for key, one in known.known.items()},
    )
    assert not milder.knows(finding)


def test_a_finding_about_the_whole_program_is_known_by_its_rule(tmp_path: Path) -> None:
    texts = list(CASES["sched-starving"].fires)
    baseline = saved(tmp_path, *diagnosed(texts).findings)
    assert diagnosed(texts, baseline).findings == ()
    assert set(baseline.known) == {("sched-starving", ())}


def test_who_started_it_is_part_of_the_signature() -> None:
    (finding,) = diagnosed(growing(10, 20, 30)).findings
    assert signature_of(finding) == (
        "leak-growth",
        ("main.leak1.func1", "created by main.leak1"),
    )
    other = replace(finding, created_by=Site("main.other"))
    assert signature_of(other) != signature_of(finding)
    alone = replace(finding, stack=(), created_by=None)
    assert signature_of(alone) == ("leak-growth", ("main.leak1.func1",))


# ---- the file -------------------------------------------------------------------------------------


def test_the_file_is_sorted_and_readable() -> None:
    first = diagnosed(growing(10, 20, 30)).findings
    second = diagnosed(growing(10, 20, 40, where="main.leak0")).findings
    text = baseline_text([*first, *second, *first])
    assert text == baseline_text([*second, *first])
    document = json.loads(text)
    assert document["schema"] == "goscope.baseline/1"
    assert [(e["functions"][0], e["count"]) for e in document["findings"]] == [
        ("main.leak0", 40),
        ("main.leak1.func1", 30),
    ]
    assert "/app/main.go" not in text


def test_an_empty_baseline_knows_nothing(tmp_path: Path) -> None:
    assert len(diagnosed(growing(10, 20, 30), saved(tmp_path)).findings) == 1


ENTRY = {"rule": "leak-growth", "functions": ["main.f"], "severity": "warning", "count": 3}
WRONG: list[Any] = [
    "",
    "{",
    "[]",
    "3",
    json.dumps({"schema": "other"}),
    json.dumps({"schema": "goscope.baseline/1"}),
    json.dumps({"schema": "goscope.baseline/1", "findings": 3}),
    *(
        json.dumps({"schema": "goscope.baseline/1", "findings": [{**ENTRY, key: value}]})
        for key, value in (
            ("rule", 3),
            ("functions", "main.f"),
            ("functions", [3]),
            ("severity", "bad"),
            ("count", "3"),
            ("count", [3]),
        )
    ),
    json.dumps({"schema": "goscope.baseline/1", "findings": [{"rule": "leak-growth"}]}),
    "[" * 100_000,
]


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_no_baseline(tmp_path: Path, text: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="not a baseline"):
        read_baseline(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_bytes(b"\xff\xfe{")
    with pytest.raises(UsageError, match="not a baseline"):
        read_baseline(path)


def test_a_missing_one_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--write-baseline"):
        read_baseline(tmp_path / "none.json")
