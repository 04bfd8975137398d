"""Files of settings: what they set, where they are found, and what is wrong with one."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import goscope
from goscope.diagnosis.configuration import read_settings
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.errors import UsageError
from goscope.findings.settings import Ignore, Settings
from goscope.rules import all_rules
from tests.rules.cases import CASES
from tests.rules.dumps import dump, goroutine, leaks


def written(tmp_path: Path, text: str, name: str = "goscope.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def settings(tmp_path: Path, text: str) -> Settings:
    return read_settings(written(tmp_path, text))


def rules_of(found: Diagnosis) -> set[str]:
    return {finding.rule for finding in found.findings}


# ---- thresholds -----------------------------------------------------------------------------------


def test_a_threshold_reaches_its_rule(tmp_path: Path) -> None:
    found = settings(tmp_path, "[rules.leak-growth]\nleast_growth = 50\n")
    capture = goscope.read(*CASES["leak-growth"].fires)  # 20 more
    assert "leak-growth" in rules_of(goscope.diagnose(capture))
    assert "leak-growth" not in rules_of(goscope.diagnose(capture, found))


def test_every_threshold_of_every_rule_can_be_set(tmp_path: Path) -> None:
    lines = []
    for rule in all_rules():
        if rule.defaults():
            lines.append(f"[rules.{rule.name}]")
            lines += [
                f"{name} = {1 if isinstance(v, int) else 0.5}"
                for name, v in rule.defaults().items()
            ]
    found = settings(tmp_path, "\n".join(lines))
    for rule in all_rules():
        values = rule.thresholds(found)
        assert set(values) == set(rule.defaults())
        assert all(value in (1, 0.5) for value in values.values()), rule.name


def test_scheduler_thresholds_change_the_word(tmp_path: Path) -> None:
    capture = goscope.read(*CASES["sched-starving"].fires)
    assert goscope.diagnose(capture).verdicts["scheduler"].state == "starving"
    text = "[rules.sched-starving]\noverload_per_p = 1000\nlasting_per_p = 1000\n"
    found = goscope.diagnose(capture, settings(tmp_path, text))
    assert found.verdicts["scheduler"].state == "healthy"
    assert "sched-starving" not in rules_of(found)


def test_the_bar_for_waits_has_one_place(tmp_path: Path) -> None:
    found = settings(tmp_path, "[rules.leak-long-wait]\nafter_minutes = 12\nleast_piled = 4\n")
    assert found.leak_after_minutes == 12
    assert found.of("leak-long-wait") == {"least_piled": 4}
    (rule,) = (rule for rule in all_rules() if rule.name == "leak-long-wait")
    assert rule.thresholds(found) == {"after_minutes": 12, "least_piled": 4}
    old = goscope.read(dump(goroutine(42, "chan send, 11 minutes")))
    assert rules_of(goscope.diagnose(old)) == {"leak-long-wait"}
    assert rules_of(goscope.diagnose(old, found)) == set()


def test_a_whole_number_stands_for_a_number(tmp_path: Path) -> None:
    found = settings(tmp_path, "[rules.gc-long-pause]\nlong_ms = 30\n")
    value = found.of("gc-long-pause")["long_ms"]
    assert (value, type(value)) == (30.0, float)


# ---- rules that are off, findings that are none ---------------------------------------------------


def test_a_rule_that_is_off_finds_nothing(tmp_path: Path) -> None:
    capture = goscope.read(*CASES["leak-growth"].fires)
    assert "leak-growth" not in rules_of(
        goscope.diagnose(capture, settings(tmp_path, 'disable = ["leak-growth"]'))
    )
    off = settings(tmp_path, 'disable = ["leak-*", "gc-thrash"]')
    assert [rule.name for rule in all_rules() if off.runs(rule.name)] == [
        rule.name
        for rule in all_rules()
        if not rule.name.startswith("leak-") and rule.name != "gc-thrash"
    ]


IGNORE = """
[[ignore]]
rule = "leak-*"
site = "{site}"
reason = "it ends with the session"
"""


@pytest.mark.parametrize("site", ["main.leak1.func1", "main.leak*", "main.leak1", "*"])
def test_ignored_findings_are_kept_with_their_reason(tmp_path: Path, site: str) -> None:
    """The site is where it blocks, or the function with the go statement (main.leak1)."""
    capture = goscope.read(*CASES["leak-growth"].fires)
    found = goscope.diagnose(capture, settings(tmp_path, IGNORE.format(site=site)))
    assert found.findings == ()
    assert [(i.finding.rule, i.reason) for i in found.ignored] == [
        ("leak-growth", "it ends with the session")
    ]
    assert (found.status, found.verdicts["goroutines"].state) == ("ok", "ok")
    assert "(1 finding ignored)" in found.verdicts["goroutines"].reason


@pytest.mark.parametrize("site", ["main.other", "leak1", "main.leak1.func", "Main.leak1"])
def test_other_sites_are_not_ignored(tmp_path: Path, site: str) -> None:
    capture = goscope.read(*CASES["leak-growth"].fires)
    found = goscope.diagnose(capture, settings(tmp_path, IGNORE.format(site=site)))
    assert rules_of(found) == {"leak-growth"}
    assert found.ignored == ()


def test_a_site_does_not_cover_findings_without_one(tmp_path: Path) -> None:
    text = '[[ignore]]\nsite = "main.*"\nreason = "x"\n[[ignore]]\nrule = "sched-blocked"\nreason = "y"'
    found = settings(tmp_path, text)
    assert found.ignore == (Ignore("*", "main.*", "x"), Ignore("sched-blocked", "*", "y"))
    starving = goscope.diagnose(goscope.read(*CASES["sched-starving"].fires), found)
    assert rules_of(starving) == {"sched-starving"}
    blocked = goscope.diagnose(goscope.read(*CASES["sched-blocked"].fires), found)
    assert "sched-blocked" in {i.finding.rule for i in blocked.ignored}


# ---- where it is found ----------------------------------------------------------------------------


def test_the_nearest_file_upward_holds_alone(tmp_path: Path) -> None:
    inner = tmp_path / "service" / "cmd"
    inner.mkdir(parents=True)
    assert read_settings(start=inner).source is None
    written(tmp_path, '[tool.goscope]\ndisable = ["gc-thrash"]\n', "pyproject.toml")
    assert read_settings(start=inner).disable == ("gc-thrash",)
    written(inner.parent, "[tool.other]\nx = 1\n", "pyproject.toml")  # says nothing to goscope
    assert read_settings(start=inner).disable == ("gc-thrash",)
    own = written(inner.parent, 'disable = ["leak-growth"]\n')
    found = read_settings(start=inner)
    assert (found.disable, found.source) == (("leak-growth",), str(own))


def test_a_project_file_can_be_named(tmp_path: Path) -> None:
    path = written(
        tmp_path, "[tool.goscope.rules.leak-growth]\nleast_growth = 9\n", "pyproject.toml"
    )
    assert read_settings(path).of("leak-growth") == {"least_growth": 9}


def test_a_broken_project_file_that_lies_around_is_not_ours(tmp_path: Path) -> None:
    written(tmp_path, "= broken", "pyproject.toml")
    assert read_settings(start=tmp_path) == Settings()
    with pytest.raises(UsageError, match="not TOML"):
        read_settings(tmp_path / "pyproject.toml")


def test_without_a_working_directory_there_are_no_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert read_settings() == Settings()


# ---- what is wrong --------------------------------------------------------------------------------

WRONG = {
    "[rules.leak-growht]\nleast_growth = 1": "did you mean leak-growth",
    "[rules.leak-growth]\nleast_grwth = 1": "did you mean least_growth",
    '[rules.leak-growth]\nleast_growth = "3"': "a whole number",
    "[rules.leak-growth]\nleast_growth = 3.5": "a whole number",
    "[rules.leak-growth]\nleast_growth = true": "a whole number",
    "[rules.leak-growth]\nleast_growth = -1": "0 or more",
    "[rules.leak-growth]\nleast_survival_share = 90": "between 0 and 1",
    "[rules.gc-long-pause]\nlong_ms = nan": "0 or more",
    "[rules.gc-long-pause]\nlong_ms = inf": "0 or more",
    "[rules.leak-long-wait]\nafter_minutes = 0": "1 or more",
    "[rules.leak-proven]\nleast = 1": "has no thresholds",
    "[rule.leak-growth]\nleast_growth = 1": "did you mean rules",
    "rules = 3": "table of tables",
    "[rules]\nleak-growth = 3": "is a table",
    "disable = 'leak-growth'": "is a list",
    "disable = ['leak-groth']": "did you mean leak-growth",
    "disable = [3]": "is a text",
    "disable = ['leek-*']": "no rule is called leek",
    "ignore = 3": "is a list of tables",
    "ignore = [3]": "a table with rule",
    "ignore = [{rule = 'leak-*'}]": "needs a reason",
    "ignore = [{rule = 'leak-*', reason = ' '}]": "needs a reason",
    "ignore = [{reason = 'x'}]": "needs a rule or a site",
    "ignore = [{rule = 'leak-*', reasn = 'x'}]": "did you mean reason",
    "ignore = [{rule = 3, reason = 'x'}]": "has to be a text",
    "ignore = [{rule = 'leek', reason = 'x'}]": "no rule is called leek",
    "x =": "not TOML",
}


@pytest.mark.parametrize("text", WRONG)
def test_one_clear_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as error:
        settings(tmp_path, text)
    message = str(error.value)
    assert WRONG[text] in message
    assert "goscope.toml" in message
    assert "\n" not in message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="is a directory"):
        read_settings(tmp_path)
    path = written(tmp_path, "[tool]\ngoscope = 3\n", "pyproject.toml")
    with pytest.raises(UsageError, match=r"tool\.goscope is a table"):
        read_settings(path)


@given(st.binary(max_size=200))
def test_no_other_error_leaves(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("settings") / "goscope.toml"
    path.write_bytes(data)
    with contextlib.suppress(UsageError):
        read_settings(path)


def test_deeply_nested_toml_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        settings(tmp_path, "x = " + "[" * 50_000)


def test_goroutines_of_a_pool_that_may_be_large() -> None:
    """The setting that this is for: one place, narrowed, with a reason."""
    capture = goscope.read(*(dump(*leaks(range(18, 18 + n))) for n in (10, 20, 30)))
    ignore = (Ignore("leak-growth", "main.leak1*", "pool"),)
    assert goscope.diagnose(capture, Settings(ignore=ignore)).findings == ()
