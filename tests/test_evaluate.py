"""The diagnosis on all labelled captures of the repository, and the arithmetic of the score."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evaluate import Score, main, report, score

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="module")
def fixtures() -> Score:
    return score(FIXTURES)


def test_the_labelled_captures_are_judged_right(fixtures: Score) -> None:
    said = report(FIXTURES, fixtures)
    assert fixtures.runs >= 150
    assert set(fixtures.accepted) == {"healthy", "idle", "blocked", "starving", "unbalanced"}
    assert fixtures.scheduler_mean() >= 0.95, said
    assert set(fixtures.gc_accepted) == {"ok", "thrash", "heap_growth"}
    assert fixtures.gc_mean() >= 0.97, said
    assert fixtures.threads[True, "leak"] == sum(
        n for (leaks, _), n in fixtures.threads.items() if leaks
    )
    assert fixtures.threads[False, "leak"] == 0, said
    assert fixtures.leaks_expected >= 40
    assert fixtures.recall() >= 0.95, said
    assert fixtures.precision() >= 0.95, said
    assert fixtures.crashes >= 600
    right = fixtures.crash_kinds, fixtures.crash_goroutines, fixtures.crash_frames
    assert right == (fixtures.crashes,) * 3, said


def test_the_mean_is_that_of_the_classes() -> None:
    """Forty right ones of one class do not hide two wrong ones of another."""
    found = Score()
    found.accepted["idle"] = [True] * 40
    found.accepted["blocked"] = [True, False]
    found.gc_accepted["ok"] = [True] * 9 + [False]
    assert (found.scheduler_mean(), found.gc_mean()) == (0.75, 0.9)


def test_shares_of_leaks() -> None:
    found = Score(leaks_expected=4, leaks_found=3, alarms=10, alarms_right=9)
    assert (found.recall(), found.precision()) == (0.75, 0.9)
    assert (Score().recall(), Score().precision(), Score().scheduler_mean()) == (1.0, 1.0, 0.0)


def kernel(folder: Path, *names: str, leak: list[str]) -> Score:
    """The score of one leak kernel whose dumps are those of a capture."""
    run = folder / "kernel"
    run.mkdir()
    for name in ("dump-1.txt", "dump-2.txt"):
        source = FIXTURES.joinpath("captures", *names, name)
        (run / name).write_bytes(source.read_bytes())
    label = {"path": "kernel", "kind": "B-goker", "expected": {"leak": leak}}
    (folder / "labels.json").write_text(json.dumps([label]), encoding="utf-8")
    return score(folder)


def test_leak_kernels_have_a_table_of_their_own(tmp_path: Path) -> None:
    found = kernel(tmp_path, "go1.27", "left_behind", leak=["main.query.func1", "main.absent"])
    assert (found.runs, found.kernels) == (0, 1)
    assert (found.kernel_leaks, found.kernel_leaks_named) == (2, 1)
    assert found.kernel_recall() == 0.5
    assert found.kernel_alarms_wrong == 5  # of the six that are there one is in the truth
    said = report(tmp_path, found)
    assert "leak kernels: 50.0%" in said
    assert "miss: kernel: leak of main.absent not suspected before detection" in said


def test_a_kernel_that_does_not_leak_raises_no_alarm(tmp_path: Path) -> None:
    found = kernel(tmp_path, "go1.27", "self_dump", leak=[])
    assert (found.kernels, found.kernel_alarms_wrong, found.kernel_recall()) == (1, 0, 1.0)


def test_without_a_folder_it_says_how_to_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "FOLDER" in capsys.readouterr().out
