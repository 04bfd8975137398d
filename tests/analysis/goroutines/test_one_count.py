"""One leak has one number: in the finding, the lists, the page, ``goscope goroutines``, diff and baselines."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from html import escape as html_text
from pathlib import Path

import pytest

import goscope
from goscope.analysis.goroutines.columns import dumped_goroutines_of
from goscope.analysis.goroutines.filters import Wanted
from goscope.analysis.goroutines.listing import By, listing, listings
from goscope.capture.capture import Capture
from goscope.diagnosis.comparison import compare
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.diagnosis.engine import diagnose
from goscope.findings.baseline import baseline_text, signature_of
from goscope.findings.findings import Finding
from goscope.renderers.html.page import page as html
from goscope.renderers.json.goroutine_data import document
from goscope.renderers.terminal.summary import render as text
from tests.conftest import CAPTURES
from tests.rules.dumps import dump, goroutine

WRAPPER = "\nmain.start.gowrap1()\n\t/app/main.go:14 +0x25\nruntime.goexit(0x0)\n\t/go/asm.s:1 +0x1"


def busy(first: int, waiting: int, elsewhere: int, *, full: bool = False) -> str:
    """A dump of a leak: some of its goroutines are not where the others wait, and one can run again."""
    below = WRAPPER if full else ""
    where = f"main.fetch(0xc000010000)\n\t/app/main.go:{{}} +0x28{below}"
    started = "main.start in goroutine 1\n\t/app/main.go:14 +0x66"
    ids = iter(range(first, first + 1000))
    return dump(
        *(goroutine(next(ids), "chan send", where=where.format(30), started=started) for _ in range(waiting)),
        *(goroutine(next(ids), "sleep", where=where.format(20), started=started) for _ in range(elsewhere)),
        goroutine(next(ids), "runnable", where=where.format(30), started=started),
    )  # fmt: skip


#: Captures of several dumps, oldest first.
CAPTURES_OF_ONE_LEAK: dict[str, Sequence[str | Path]] = {
    "written": [busy(20, 21, 2), busy(20, 52, 3), busy(20, 86, 1)],
    "written, the last by a signal": [busy(20, 21, 0), busy(20, 52, 0), busy(20, 86, 0, full=True)],
    **{
        program: sorted((CAPTURES / program).glob("dump-*"))
        for program in ("go1.27/leak_one_line", "go1.19/leak_mutex", "go1.27/leak_context")
    },
}


@pytest.mark.parametrize("name", CAPTURES_OF_ONE_LEAK)
def test_one_leak_has_one_number(name: str) -> None:
    dumps = CAPTURES_OF_ONE_LEAK[name]
    capture = goscope.read(*dumps)
    diagnosis = diagnose(capture)
    finding = max(
        (f for f in diagnosis.findings if f.rule == "leak-growth"),
        key=lambda f: f.goroutines.count if f.goroutines else 0,
    )
    assert finding.goroutines is not None
    assert finding.site is not None
    counts = [int(one.value) for one in finding.evidence if one.label.startswith("dump ")]
    assert len(counts) == len(snapshot_sources(capture)) >= 3
    arrows = " -> ".join(map(str, counts))

    assert finding.goroutines.count == counts[-1]
    assert finding.title.startswith(f"{arrows} goroutines at ")
    assert listed(capture, finding) == [counts]
    assert f"\n{arrows}  {finding.blocked_on}" in terminal(diagnosis)
    assert counts[-1] in page_counts(diagnosis, finding)
    assert json_counts(capture, finding) == [counts]
    assert diff_counts(capture, dumps, finding) == [(counts[0], counts[-1])]
    assert baseline_count(diagnosis, finding) == counts[-1]


def snapshot_sources(capture: Capture) -> tuple[str, ...]:
    (columns,) = dumped_goroutines_of(capture)
    return columns.sources


def listed(capture: Capture, finding: Finding) -> list[list[int]]:
    """What the lists of the terminal and the page are made of."""
    (columns,) = dumped_goroutines_of(capture)
    return [
        list(group.counts)
        for group in listing(capture, columns).groups
        if (group.stack.user_frame, group.stack.created_by, group.state)
        == (finding.site, finding.created_by, finding.blocked_on)
    ]


def terminal(diagnosis: Diagnosis) -> str:
    return text(diagnosis)


def page_counts(diagnosis: Diagnosis, finding: Finding) -> list[int]:
    function = re.escape(html_text(finding.site.function or "")) if finding.site else ""
    row = (
        rf'<tr data-count="(\d+)"[^>]*data-state="{finding.blocked_on}"[^>]*data-place="{function}"'
    )
    return [int(count) for count in re.findall(row, html(diagnosis))]


def json_counts(capture: Capture, finding: Finding) -> list[list[int]]:
    """``goscope goroutines -f json``."""
    written = json.loads(document(listings(capture, Wanted()), By.SIGNATURE))
    assert finding.site is not None
    return [
        group["counts"]
        for process in written["processes"]
        for group in process["groups"]
        if group["site"] == asdict(finding.site)
        and group["created_by"] == (finding.created_by and asdict(finding.created_by))
        and finding.blocked_on in group["states"]
    ]


def diff_counts(
    capture: Capture, dumps: Sequence[str | Path], finding: Finding
) -> list[tuple[int, int]]:
    """The first dump against all of them."""
    found = compare(diagnose(goscope.read(dumps[0])), diagnose(capture), ("before", "after"))
    return [
        (change.before, change.after)
        for change in found.changes
        if (change.site, change.wait_reason) == (finding.site, finding.blocked_on)
    ]


def baseline_count(diagnosis: Diagnosis, finding: Finding) -> int:
    rule, functions = signature_of(finding)
    entries = json.loads(baseline_text(diagnosis.findings))["findings"]
    (count,) = (
        entry["count"]
        for entry in entries
        if (entry["rule"], entry["functions"]) == (rule, list(functions))
    )
    return int(count)
