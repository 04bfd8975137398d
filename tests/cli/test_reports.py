"""``-o`` and ``--format``: the suffix or the name picks the form, and links come from a template."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from goscope.renderers import all_renderers
from tests.cli.running import LEAK, in_process, only_line

STARTS = {
    "report.html": "<!DOCTYPE html>",
    "REPORT.HTML": "<!DOCTYPE html>",
    "report.md": "## ",
    "report.sarif": "{",
    "report.sarif.json": "{",
    "report.xml": "<?xml",
    "report.junit.xml": "<?xml",
    "report.github.txt": "::",
    "report.txt": "goscope: ",
    "report.json": "{",
}


@pytest.mark.parametrize("name", STARTS)
def test_the_suffix_picks_the_form(tmp_path: Path, name: str) -> None:
    done = in_process("analyze", "-", "-q", "-o", tmp_path / name, stdin=LEAK)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(STARTS[name])


def test_several_at_once(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.html", "a.sarif", "a.xml")]
    done = in_process("-", "-q", *(w for p in paths for w in ("-o", p)), stdin=LEAK)
    assert done.returncode == 0
    assert all(path.stat().st_size > 100 for path in paths)


@pytest.mark.parametrize("name", [r.name for r in all_renderers()])
def test_the_name_picks_what_goes_to_standard_output(name: str) -> None:
    done = in_process("analyze", "-", "--format", name, stdin=LEAK)
    assert done.returncode == 0
    assert done.stderr == ""
    if name == "sarif":
        assert json.loads(done.stdout)["version"] == "2.1.0"
    elif name == "junit":
        assert ElementTree.fromstring(done.stdout.encode()).tag == "testsuites"
    assert len(done.stdout) > 20


def test_places_are_linked(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    done = in_process(
        "-", "-q", "-o", path, "--source-url", "https://example.com/r/{file}#L{line}",
        "--source-root", "/app", stdin=LEAK,
    )  # fmt: skip
    assert done.returncode == 0
    assert "[main.go:15](https://example.com/r/main.go#L15)" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "template", ["javascript:{file}", "https://example.com/", "https://me:pw@example.com/{file}"]
)
def test_what_is_no_template(tmp_path: Path, template: str) -> None:
    path = tmp_path / "report.md"
    done = in_process("-", "-o", path, "--source-url", template, stdin=LEAK)
    assert done.returncode == 2
    assert "--source-url" in only_line(done.stderr)
    assert "pw" not in done.stderr
    assert not path.exists()


def test_a_suffix_that_no_report_has() -> None:
    done = in_process("-", "-o", "report.pdf", stdin=LEAK)
    assert done.returncode == 2
    assert ".html" in only_line(done.stderr)
