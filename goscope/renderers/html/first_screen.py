"""The first screen: the verdicts in plain words, then the findings with evidence, place and advice."""

from __future__ import annotations

from goscope.findings.findings import Severity
from goscope.renderers import plain_words
from goscope.renderers.html.section import ReportPage, Section

_OPEN = 12  # findings that are shown without a click
_MOST = 200  # findings on the page


def _verdicts(page: ReportPage) -> str:
    verdicts = [
        {
            "name": name,
            "title": plain_words.TITLES.get(name, name.capitalize()),
            "verdict": verdict,
            "level": plain_words.level(verdict.state, page.diagnosis.status),
            "sentence": plain_words.sentence(name, verdict),
        }
        for name, verdict in page.diagnosis.verdicts.items()
    ]
    return page.fill("verdicts.html", verdicts=verdicts)


def _findings(page: ReportPage) -> str:
    found, shown = page.diagnosis.findings, page.diagnosis.shown
    counts = [
        (s.value, sum(f.severity is s for f in found)) for s in reversed(Severity)
    ]  # the worst first
    return page.fill(
        "findings.html",
        first=shown[:_OPEN],
        others=shown[_OPEN:_MOST],
        in_json=max(len(shown) - _MOST, 0),
        counts=counts,
        all=len(found),
    )


def _build(page: ReportPage) -> str:
    return _verdicts(page) + _findings(page)


SECTION = Section(10, "summary", "Summary", _build)
