"""Workflow commands: a line per finding, and no finding can write a command of its own."""

from __future__ import annotations

import re
from dataclasses import replace

import goscope
from goscope.findings.source_links import source_links
from goscope.renderers.ci.github_annotations import RENDERER
from tests.renderers.hostile import SECRET, hostile
from tests.rules.dumps import dump, leaks

COMMAND = re.compile(r"::(error|warning|notice) ((?:(?:file|line|title)=[^,:]*,?)+)::(.*)")


def test_a_finding_at_its_line() -> None:
    diagnosis = goscope.diagnose(goscope.read(dump(*leaks(range(20, 40), "chan send, 9 minutes"))))
    text = RENDERER.render(replace(diagnosis, links=source_links(None, "/app/")))
    lines = text.splitlines()
    assert len(lines) == len(diagnosis.findings) == 1
    found = COMMAND.fullmatch(lines[0])
    assert found is not None
    properties = dict(part.split("=", 1) for part in found.group(2).split(","))
    assert (properties["file"], properties["line"]) == ("main.go", "15")
    assert properties["title"].startswith("leak-")


def test_without_findings_there_is_a_notice() -> None:
    text = RENDERER.render(goscope.diagnose(goscope.read(dump())))
    assert re.fullmatch(r"::notice title=goscope::goroutines ok, crash none\n", text)


def test_hostile_input() -> None:
    diagnosis = hostile()
    text = RENDERER.render(diagnosis)
    lines = text.splitlines()
    assert len(lines) == len(diagnosis.findings)
    assert all(COMMAND.fullmatch(line) for line in lines)
    assert all(line.count("::") >= 2 for line in lines)
    assert "50%25 done" in lines[0]
    assert SECRET not in text
    assert not re.search("[\x00-\x09\x0b-\x1f\ud800-\udfff]", text)
