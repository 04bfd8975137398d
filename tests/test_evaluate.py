"""The diagnosis on all labelled captures of the repository, and the arithmetic of the score."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from tests.ablation import Effect, _Judged, _note, chosen, judging_functions, replaced
from tests.evaluate import (
    ALARM,
    CRASH,
    KERNEL_ALARM,
    KERNEL_LEAK,
    LEAK,
    Outcome,
    Score,
    main,
    misses,
    report,
    score,
    share,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="module")
def fixtures(pytestconfig: pytest.Config) -> Score:
    """The score of all labelled captures, or of those of one Go version."""
    full = pytestconfig.getoption("full")
    return score(FIXTURES, lambda label: full or label["go"] == "1.27")


def test_the_labelled_captures_are_judged_right(fixtures: Score) -> None:
    said = report(FIXTURES, fixtures)
    assert fixtures.runs >= 60
    assert set(fixtures.classes("scheduler")) == {
        "healthy",
        "idle",
        "blocked",
        "starving",
        "throttled",
        "unbalanced",
    }
    assert fixtures.mean("scheduler", accepted=True) >= 0.95, said
    assert fixtures.mean("scheduler") >= 0.8, said
    assert set(fixtures.classes("gc")) == {"ok", "thrash", "heap_growth"}
    assert fixtures.mean("gc") >= 0.97, said
    assert set(fixtures.classes("threads")) == {"ok", "leak"}
    assert fixtures.mean("threads") == 1.0, said
    assert len({outcome.program for outcome in fixtures.of(LEAK)}) >= 12
    assert share(fixtures.of(LEAK)) >= 0.95, said
    assert share(fixtures.of(ALARM)) >= 0.95, said
    assert len(fixtures.of(CRASH)) >= 75
    assert fixtures.mean(CRASH) == 1.0, said


def outcome(program: str, expected: str, found: str, accepted: bool = False) -> Outcome:
    right = expected == found
    return Outcome(program, "p", "scheduler", expected, found, right, right or accepted)


def test_a_program_counts_once_and_a_class_does_not_hide_another() -> None:
    """Eight versions of one program are one; forty right ones of one class do not hide a wrong one of another."""
    found = Score(
        [outcome("many", "idle", "idle")] * 8
        + [outcome("one", "idle", "healthy")]
        + [outcome("other", "blocked", "blocked")] * 40
        + [outcome("other", "blocked", "idle", accepted=True)] * 40
    )
    assert share(found.classes("scheduler")["idle"]) == 0.5
    assert found.mean("scheduler") == 0.5
    assert found.mean("scheduler", accepted=True) == 0.75
    assert (share([]), Score().mean("gc")) == (1.0, 1.0)
    said = misses(found.outcomes)
    assert [line.partition(": p: ")[0] for line in said] == [
        "miss: scheduler: one: idle, found healthy in 1 of 1",
        "accepted: scheduler: other: blocked, found idle in 40 of 80",
    ]
    assert "idle                   2     50%       50%  idle 8, healthy 1" in report(
        FIXTURES, found
    )


def kernel(folder: Path, *names: str, leak: list[str]) -> Score:
    """The score of one leak kernel whose dumps are those of a capture."""
    run = folder / "kernel"
    run.mkdir()
    for name in ("dump-1.txt", "dump-2.txt"):
        source = FIXTURES.joinpath("captures", *names, name)
        (run / name).write_bytes(source.read_bytes())
    label = {"path": "kernel", "kind": "B-goker", "test": "K", "expected": {"leak": leak}}
    (folder / "labels.json").write_text(json.dumps([label]), encoding="utf-8")
    return score(folder)


def test_leak_kernels_have_a_table_of_their_own(tmp_path: Path) -> None:
    found = kernel(tmp_path, "go1.27", "left_behind", leak=["main.query.func1", "main.absent"])
    assert (found.runs, found.of(LEAK)) == (0, [])
    assert [one.right for one in found.of(KERNEL_LEAK)] == [False, True]
    # Of the six alarms that are there one is in the truth.
    assert sorted(one.right for one in found.of(KERNEL_ALARM)) == [False] * 5 + [True]
    said = report(tmp_path, found)
    assert "leak kernels: recall 50.0% in 1 programs" in said
    assert "miss: kernel leak: K: main.absent, found nothing in 1 of 1" in said


def test_a_kernel_that_does_not_leak_raises_no_alarm(tmp_path: Path) -> None:
    assert kernel(tmp_path, "go1.27", "self_dump", leak=[]).outcomes == []


def test_without_a_folder_it_says_how_to_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "FOLDER" in capsys.readouterr().out


# ---- what only one program needs --------------------------------------------------------------------


def test_of_each_program_the_oldest_and_the_newest_are_chosen() -> None:
    programs = chosen(FIXTURES)
    assert [label["go"] for label in programs["app_log"]] == ["1.19", "1.27"]
    assert all(len(labels) <= 2 for labels in programs.values())


def test_a_function_is_replaced_wherever_it_is_known_and_comes_back() -> None:
    orphaned, leak_orphan = map(
        vars,
        map(
            importlib.import_module,
            ("goscope.analysis.waits.orphaned", "goscope.rules.leak_orphan"),
        ),
    )

    name = "analysis.waits.orphaned.orphans"
    function = judging_functions()[name]
    with replaced({function: lambda *_: "replaced"}):
        assert orphaned["orphans"]() == leak_orphan["orphans"]() == "replaced"
    assert orphaned["orphans"] is function is leak_orphan["orphans"]


def test_what_is_wrong_without_is_needed_and_what_is_right_is_better() -> None:
    effect = Effect()
    one, other = (_Judged(None, frozenset({(name,)}), (name,)) for name in "ab")  # type: ignore[arg-type]
    _note(effect, "program", one, one)
    assert effect == Effect()
    _note(effect, "program", one, other)
    assert effect == Effect({"program"}, {"program"}, {"program"})
