"""Workflow commands of GitHub Actions: a finding becomes a remark at its line in a pull request.

``::error file=FILE,line=LINE,title=TITLE::MESSAGE``; what may not stand there literally is written as
a percent escape (``@actions/core``: ``escapeData``, ``escapeProperty``). Print them to standard output.
"""

from __future__ import annotations

from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Finding, Severity
from goscope.renderers.renderer import Renderer
from goscope.renderers.safe_text import safe

_COMMANDS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(diagnosis: Diagnosis) -> str:
    """A line per finding; one notice if there is none."""
    if not diagnosis.findings:
        words = {n: v.state for n, v in diagnosis.verdicts.items() if v.state != "unknown"}
        said = ", ".join(f"{name} {state}" for name, state in words.items())
        return f"::notice title=goscope::{_data(said or 'nothing to judge')}\n"
    shown = "".join(_annotation(diagnosis, finding) for finding in diagnosis.shown)
    return shown + "".join(f"::notice title=goscope::{_data(str(n))}\n" for n in diagnosis.left_out)


def _annotation(diagnosis: Diagnosis, finding: Finding) -> str:
    properties = {}
    if finding.site is not None and finding.site.file is not None:
        properties["file"] = diagnosis.links.relative(finding.site.file)
        if finding.site.line:
            properties["line"] = str(finding.site.line)
    properties["title"] = f"{finding.rule}: {finding.title}"
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = f"{finding.detail} Next: {finding.advice}"
    return f"::{_COMMANDS[finding.severity]} {listed}::{_data(message)}\n"


def _data(words: str) -> str:
    words = safe(words, longest=4000)
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _data(words).replace(":", "%3A").replace(",", "%2C")


RENDERER = Renderer("github", ".github.txt", render)
