"""What a notebook shows of a capture and a diagnosis."""

from __future__ import annotations

import re
from pathlib import Path

import goscope
from tests.cli.running import LEAK, SCHED
from tests.renderers.markup import Markup


def rows(html: str) -> list[list[str]]:
    """The cells of all rows, headings left out."""
    found = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in found]
    return [row for row in cells if row]


def test_a_capture_names_its_inputs_and_tables(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text(SCHED)
    capture = goscope.read(path, LEAK)
    shown = rows(capture._repr_html_())
    assert [str(path), "schedtrace", "10", "0"] in shown
    assert ["capture.sched", "10"] in shown
    assert ["capture.goroutines", "1"] in shown
    assert not [row for row in shown if row[0] == "capture.gc"]
    assert repr(capture).startswith("<goscope.Capture of 2 inputs: ")
    assert "sched 10" in repr(capture)


def test_every_table_that_is_named_is_there() -> None:
    capture = goscope.read(SCHED, LEAK)
    for name, count in rows(capture._repr_html_())[2:]:
        frame = eval(name.replace("&#x27;", "'"), {"capture": capture})
        assert len(frame) == int(count.replace(",", "")), name


def test_a_diagnosis_shows_verdicts_and_findings() -> None:
    diagnosis = goscope.diagnose(goscope.read(LEAK))
    shown = rows(diagnosis._repr_html_())
    assert [row[0] for row in shown[:5]] == ["scheduler", "gc", "goroutines", "threads", "crash"]
    assert shown[5][:3] == ["warning", "leak-long-wait", diagnosis.findings[0].confidence.value]
    assert repr(diagnosis) == "<goscope.Diagnosis warning: leak-long-wait>"


def test_names_do_nothing() -> None:
    hostile = LEAK.replace("main.leak1", "main.<script>alert(1)</script>")
    diagnosis = goscope.diagnose(goscope.read(hostile))
    for shown in (diagnosis._repr_html_(), diagnosis.capture._repr_html_()):
        page = Markup("<!DOCTYPE html>\n" + shown)
        assert page.problems == []
        assert "<script" not in shown
    assert "&lt;script&gt;" in diagnosis._repr_html_()
