"""``goscope demo``: a newcomer sees a finding and a report at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from goscope.explain.demonstrations import DEMONSTRATIONS
from tests.cli.running import in_process

#: What the programs were made to show (fixtures/README.md).
EXPECTED = {
    "leak": "leak-growth",
    "blocked": "sched-blocked",
    "starving": "sched-starving",
    "gc": "gc-thrash",
    "crash": "crash",
}


@pytest.mark.parametrize("name", DEMONSTRATIONS)
def test_it_shows_what_it_is_for_and_writes_a_report(name: str, tmp_path: Path) -> None:
    done = in_process("demo", name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f" {EXPECTED[name]} " in done.stdout
    page = (tmp_path / "goscope-demo.html").read_text()
    assert EXPECTED[name] in page
    assert "The report is in goscope-demo.html" in done.stdout
    assert f"goscope demo {'gc' if name != 'gc' else 'leak'}" in done.stdout


def test_leak_is_what_is_shown_first(tmp_path: Path) -> None:
    done = in_process("demo", "-o", "leak.md", cwd=tmp_path)
    assert "leak-growth" in done.stdout
    assert (tmp_path / "leak.md").read_text().startswith("#")
    assert [path.name for path in tmp_path.iterdir()] == ["leak.md"]


def test_the_command_that_it_tells_gives_the_same(tmp_path: Path) -> None:
    done = in_process("demo", cwd=tmp_path)
    (line,) = [one for one in done.stdout.splitlines() if one.startswith("The same by hand: ")]
    paths = line.split()[5:-2]
    assert len(paths) == 4
    again = in_process(*paths)
    assert again.stdout in done.stdout


def test_another_name_is_refused(tmp_path: Path) -> None:
    done = in_process("demo", "nothing", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == ("goscope: demo nothing: there are leak, blocked, starving, gc, crash\n")


def test_quiet(tmp_path: Path) -> None:
    done = in_process("demo", "-q", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "goscope-demo.html").exists()
