"""Settings and baselines from the command line."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from tests.cli.running import LEAK, PROVEN, in_process, only_line

LATER = LEAK.replace("main.go:15", "main.go:99").replace("goroutine 42", "goroutine 7")
OTHER = LEAK.replace("main.leak1", "main.leak2")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, text in (("leak", LEAK), ("later", LATER), ("other", OTHER), ("proven", PROVEN)):
        (tmp_path / f"{name}.txt").write_text(text)
    return tmp_path


def test_a_file_in_the_working_directory_holds_and_is_told(place: Path) -> None:
    (place / "goscope.toml").write_text("[rules.leak-long-wait]\nafter_minutes = 6\n")
    done = in_process("leak.txt", "--fail-on", "info", cwd=place)
    assert done.returncode == 0
    path = place / "goscope.toml"  # so long in some runs that it takes several lines
    assert f"settingsof{path}".replace(" ", "") in "".join(done.stdout.split())
    document = json.loads(in_process("leak.txt", "-f", "json", cwd=place).stdout)
    assert document["findings"] == []
    assert document["settings"]["rules"]["leak-long-wait"]["after_minutes"] == 6
    assert document["settings"]["file"].endswith("goscope.toml")


def test_the_option_goes_before_the_file(place: Path) -> None:
    (place / "goscope.toml").write_text("[rules.leak-long-wait]\nafter_minutes = 6\n")
    done = in_process("leak.txt", "--leak-after", "5m", "--fail-on", "info", cwd=place)
    assert done.returncode == 1


def test_a_wrong_file_is_wrong_usage(place: Path) -> None:
    (place / "wrong.toml").write_text("[rules.leak-lng-wait]\nafter_minutes = 6\n")
    for command in (["leak.txt"], ["rules"], ["explain", "leak-growth"]):
        done = in_process(*command, "--config", "wrong.toml", cwd=place)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "did you mean leak-long-wait?" in done.stderr


def test_ignored_findings_are_shown_with_their_reason(place: Path) -> None:
    (place / "goscope.toml").write_text(
        'ignore = [{rule = "leak-*", site = "main.leak1*", reason = "until \\u001b[31mMay"}]\n'
    )
    done = in_process("leak.txt", "--fail-on", "info", cwd=place)
    assert done.returncode == 0
    assert "1 finding ignored" in done.stdout
    assert "until" in done.stdout
    assert "\x1b" not in done.stdout
    (ignored,) = json.loads(in_process("leak.txt", "-f", "json", cwd=place).stdout)["ignored"]
    assert ignored["rule"] == "leak-long-wait"
    assert ignored["site"]["function"] == "main.leak1.func1"
    assert ignored["reason"] == "until \x1b[31mMay"


def test_only_what_is_new_fails(place: Path) -> None:
    check = ("--fail-on", "warning", "--baseline", "known.json")
    assert in_process("leak.txt", *check, cwd=place).returncode == 2  # there is none yet
    made = in_process(
        "leak.txt", "--fail-on", "warning", "--write-baseline", "known.json", cwd=place
    )
    assert made.returncode == 0
    assert in_process("leak.txt", *check, cwd=place).returncode == 0
    assert in_process("later.txt", *check, cwd=place).returncode == 0
    assert in_process("other.txt", *check, cwd=place).returncode == 1
    assert in_process("proven.txt", *check, cwd=place).returncode == 1


def test_a_baseline_is_brought_up_to_date(place: Path) -> None:
    """What was known and is still there stays in it; what settings ignore never gets in."""
    in_process("leak.txt", "--write-baseline", "known.json", cwd=place)
    before = (place / "known.json").read_text()
    again = ("--baseline", "known.json", "--write-baseline", "known.json")
    in_process("leak.txt", *again, cwd=place)
    assert (place / "known.json").read_text() == before
    (place / "goscope.toml").write_text('ignore = [{rule = "leak-*", reason = "x"}]\n')
    in_process("leak.txt", *again, cwd=place)
    assert json.loads((place / "known.json").read_text())["findings"] == []


def test_a_baseline_that_cannot_be_written(place: Path) -> None:
    done = in_process("leak.txt", "--write-baseline", "none/known.json", cwd=place)
    assert done.returncode == 4
    assert "none/known.json" in done.stderr


def test_rules_and_explain_show_thresholds_as_they_are_set(place: Path) -> None:
    assert "    after_minutes = 5\n" in in_process("explain", "leak-long-wait", cwd=place).stdout
    (place / "goscope.toml").write_text(
        'disable = ["gc-thrash"]\n[rules.leak-long-wait]\nafter_minutes = 9\n'
    )
    explained = in_process("explain", "leak-long-wait", cwd=place).stdout
    assert "Thresholds:\n    after_minutes = 9 (default 5)\n    least_piled = 3\n" in explained
    catalogue = in_process("rules", cwd=place).stdout
    assert "after_minutes = 9 (default 5)" in catalogue
    assert "gc-thrash              (off) " in catalogue
    assert "Thresholds" not in in_process("explain", "leak-proven", cwd=place).stdout


@pytest.mark.parametrize("option", ["--config", "--baseline"])
def test_a_file_of_settings_that_does_not_end(option: str) -> None:
    done = in_process("-", option, "/dev/zero", stdin=LEAK)
    assert done.returncode == 2
    assert "larger than 64 MiB" in only_line(done.stderr)


@pytest.mark.parametrize("option", ["--config", "--baseline"])
def test_a_named_pipe_of_settings(option: str, tmp_path: Path) -> None:
    pipe = tmp_path / "settings"
    os.mkfifo(pipe)
    text = "" if option == "--config" else '{"schema": "goscope.baseline/1", "findings": []}'
    writer = threading.Thread(target=lambda: pipe.write_text(text, encoding="utf-8"))
    writer.start()
    done = in_process("-", "-q", option, pipe, stdin=LEAK)
    writer.join(10)
    assert (done.returncode, done.stderr) == (0, "")
