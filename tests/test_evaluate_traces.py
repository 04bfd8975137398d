"""The diagnosis on all labelled execution traces of the repository, and the arithmetic of the score."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import CAPTURES
from tests.evaluate_traces import RULES, Score, main, report, score


def labelled(folder: Path, program: str, **expected: object) -> Score:
    """The score of one stored trace with another label."""
    there = folder / "go1.27" / program
    shutil.copytree(CAPTURES / "go1.27" / program, there)
    meta = there / "meta.json"
    label = json.loads(meta.read_text(encoding="utf-8"))
    label.update(expected=expected, unscored=[])
    meta.write_text(json.dumps(label), encoding="utf-8")
    return score(folder)


def test_the_stored_traces_are_judged_right() -> None:
    found = score(CAPTURES)
    said = report(CAPTURES, found)
    assert found.traces >= 50
    assert found.healthy >= 24
    assert set(found.expected) == set(RULES.values())
    assert found.expected.total() >= 40
    assert found.misses == [], said
    for program in ("trace_cpu", "trace_cpu_profile", "trace_files", "trace_cgo"):
        assert set(found.words[program]) == {"healthy"}, said
    for program in ("trace_http", "trace_leak", "trace_tasks", "trace_flight"):
        assert set(found.words[program]) == {"idle"}, said
    assert set(found.words["trace_starving"]) == {"starving"}, said
    assert set(found.words["trace_sync"]) == {"blocked"}, said
    assert set(found.words["trace_overcommitted"]) == {"unbalanced"}, said


def test_a_finding_that_nobody_expects_is_a_false_alarm(tmp_path: Path) -> None:
    found = labelled(tmp_path, "trace_sync")
    assert (found.alarms.total(), found.right.total(), found.healthy) == (1, 0, 1)
    assert "false alarm trace-lock-convoy" in report(tmp_path, found)


def test_a_problem_seen_elsewhere_is_not_seen(tmp_path: Path) -> None:
    found = labelled(tmp_path, "trace_sync", lock_convoy={"function": "main.other"})
    assert (found.expected.total(), found.found.total()) == (1, 0)
    assert "miss: go1.27/trace_sync: trace-lock-convoy did not see main.other" in report(
        tmp_path, found
    )


def test_what_is_called_healthy_must_not_be_blamed(tmp_path: Path) -> None:
    never = {"main.query.func1": 60, "main.(*feed).follow": 6, "main.poll": 6}
    found = labelled(tmp_path, "trace_leak", never_end=never, healthy=["main.poll"])
    assert (found.alarms.total(), found.right.total()) == (3, 2)


def test_the_command_prints_the_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    assert "0 traces" in capsys.readouterr().out
