"""What a diagnosis is: the status, the verdicts and the findings of one capture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import goscope
from goscope.analysis.crashes import CrashReport
from goscope.analysis.goroutines.profiles import ProfileSummary
from goscope.capture.capture import Capture
from goscope.findings.findings import Finding, LeftOut, Verdict, shown_and_left_out
from goscope.findings.settings import Settings
from goscope.findings.source_links import NO_LINKS, SourceLinks
from goscope.tables.notebook import html_table

if TYPE_CHECKING:
    import pandas as pd

_FINDING_COLUMNS = (
    "rule severity confidence title process function file line blocked_on created_by goroutines detail advice"
).split()


@dataclass(frozen=True, slots=True)
class Ignored:
    """A finding that is no news, by the settings or a baseline, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that renderers need: the status, the verdicts, the findings, worst first, the crashes in the
    order of the text, and the capture.

    ``save("x.goscope.json")`` keeps it as a value, and :func:`goscope.load` gives it back.
    """

    capture: Capture
    status: str
    verdicts: Mapping[str, Verdict]
    findings: tuple[Finding, ...]
    settings: Settings
    ignored: tuple[Ignored, ...] = ()
    profiles: tuple[ProfileSummary, ...] = ()
    crashes: tuple[CrashReport, ...] = ()
    links: SourceLinks = NO_LINKS

    @property
    def shown(self) -> tuple[Finding, ...]:
        """The findings that reports tell one by one: the worst of each rule."""
        return shown_and_left_out(self.findings)[0]

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """How many findings reports only count."""
        return shown_and_left_out(self.findings)[1]

    @property
    def not_judged(self) -> tuple[str, ...]:
        """The verdicts that the input did not allow; each of them says what to collect."""
        return tuple(name for name, verdict in self.verdicts.items() if verdict.state == "unknown")

    def to_html(self) -> str:
        """The report as one HTML page that needs no network."""
        return goscope.render(self, "html")

    def to_json(self) -> str:
        """The report as JSON for programs; ``goscope schema`` prints its schema."""
        return goscope.render(self, "json")

    def to_markdown(self) -> str:
        """The report for an issue or a pull request."""
        return goscope.render(self, "markdown")

    def save(self, path: str | Path) -> None:
        """Write a report; the suffix picks its form, as for ``goscope -o``.

        ``.html .md .json .sarif .xml .txt``, or ``.goscope.json``, which :func:`goscope.load` reads.

        Raises:
            UsageError: no report has this suffix.
            InputError: the file cannot be written.
        """
        goscope.write(self, path)

    def findings_frame(self) -> pd.DataFrame:
        """The findings as a DataFrame, a row per finding, the worst first."""
        import pandas as pd

        rows = [
            {
                "rule": f.rule,
                "severity": f.severity.value,
                "confidence": f.confidence.value,
                "title": f.title,
                "process": f.process,
                "function": f.site.function if f.site else None,
                "file": f.site.file if f.site else None,
                "line": f.site.line if f.site else None,
                "blocked_on": f.blocked_on,
                "created_by": f.created_by.function if f.created_by else None,
                "goroutines": f.goroutines.count if f.goroutines else None,
                "detail": f.detail,
                "advice": f.advice,
            }
            for f in self.findings
        ]
        return pd.DataFrame(rows, columns=_FINDING_COLUMNS).astype(
            {"process": "Int64", "line": "Int64", "goroutines": "Int64"}
        )

    def __repr__(self) -> str:
        rules = ", ".join(dict.fromkeys(finding.rule for finding in self.findings))
        return f"<goscope.Diagnosis {self.status}: {rules or 'no findings'}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdicts and the findings."""
        verdicts = [
            (name, v.state, v.confidence.value, v.reason) for name, v in self.verdicts.items()
        ]
        findings = [
            (f.severity.value, f.rule, f.confidence.value, f.title, f.advice) for f in self.shown
        ]
        head = ("severity", "rule", "confidence", "finding", "next")
        return html_table(
            f"goscope: {self.status}", ("", "verdict", "confidence", "reason"), verdicts
        ) + html_table(
            "; ".join([f"{len(findings)} findings", *map(str, self.left_out)]), head, findings
        )
