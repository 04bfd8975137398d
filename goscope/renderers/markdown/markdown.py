"""Markdown for issues and pull requests: verdicts, findings, stacks folded away.

Names of the input stand in code spans where they are names, and are escaped where they are part of a
sentence: ``@everyone``, ``#1``, HTML and links in them are text. GitHub looks for mentions and references
in the finished page, where an escaped ``@`` is an ``@``: only a character between it and the name helps.
"""

from __future__ import annotations

from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Evidence, Finding, Site
from goscope.renderers import plain_words
from goscope.renderers.markdown.markdown_text import code, text
from goscope.renderers.markdown.markdown_traces import trace_lines
from goscope.renderers.quantities import plural
from goscope.renderers.renderer import Renderer
from goscope.renderers.table_words import counted

_FINDINGS_SHOWN = 30
_FRAMES_SHOWN = 40
_SIGNS = {"critical": "❌", "warning": "⚠️", "info": "ℹ️", "ok": "✅", "unknown": "❔"}


def render(diagnosis: Diagnosis) -> str:
    """The diagnosis as GitHub-flavoured Markdown."""
    missing = plain_words.not_judged(diagnosis)
    lines = [
        f"## {_SIGNS[diagnosis.status]} goscope: {text(plain_words.headline(diagnosis))}",
        "",
        *([f"{missing[0].upper()}{missing[1:]}.", ""] if missing else []),
        "| | verdict | |",
        "| --- | --- | --- |",
    ]
    for name, verdict in diagnosis.verdicts.items():
        sign = _SIGNS[plain_words.level(verdict.state, diagnosis.status)]
        words = plain_words.sentence(name, verdict)
        if verdict.state != "unknown":
            words = f"{words.removesuffix('.')} ({verdict.reason}; {verdict.confidence.value} confidence)."
        elif verdict.collect:
            words += f" To know: {verdict.collect}"
        state = verdict.state.replace("_", " ")
        lines.append(f"| {text(name)} | {sign} {text(state)} | {text(words)} |")
    for finding in diagnosis.findings[:_FINDINGS_SHOWN]:
        lines += ["", *_finding(diagnosis, finding)]
    hidden = len(diagnosis.findings) - _FINDINGS_SHOWN
    if hidden > 0:
        lines += ["", f"{plural(hidden, 'more finding')}."]
    lines += [*trace_lines(diagnosis), "", *_inputs(diagnosis)]
    return "\n".join(lines) + "\n"


def _finding(diagnosis: Diagnosis, finding: Finding) -> list[str]:
    severity = finding.severity.value
    lines = [
        f"### {_SIGNS[severity]} {text(finding.title)}",
        "",
        f"**{severity}**, {finding.confidence.value} confidence, rule `{finding.rule}`",
        "",
        text(finding.detail, longest=2000),
        "",
        f"**Next:** {text(finding.advice, longest=2000)}",
        "",
    ]
    if finding.site is not None:
        lines.append(f"* where: {_place(diagnosis, finding.site)}")
    if finding.created_by is not None:
        lines.append(f"* started by: {_place(diagnosis, finding.created_by)}")
    lines += [f"* {_evidence(e)}" for e in finding.evidence]
    if finding.stack:
        frames = finding.stack[:_FRAMES_SHOWN]
        more = len(finding.stack) - len(frames)
        lines += [
            "",
            f"<details><summary>Stack of {plural(len(finding.stack), 'call')}</summary>",
            "",
            *(f"1. {_place(diagnosis, frame)}" for frame in frames),
            *([f"\n{more} more"] if more else []),
            "",
            "</details>",
        ]
    return lines


def _place(diagnosis: Diagnosis, site: Site) -> str:
    place = code(site.function or "?")
    if site.file is None:
        return place
    link = diagnosis.links.url(site)
    where = f"{diagnosis.links.relative(site.file)}:{site.line or '?'}"
    if link is None:
        return f"{place} {code(where)}"
    address = link.replace("(", "%28").replace(")", "%29")
    return f"{place} [{text(where)}]({address})"


def _evidence(evidence: Evidence) -> str:
    gap = "" if evidence.unit in ("%", "") else " "
    words = f"{text(evidence.label)}: **{text(str(evidence.value))}**{gap}{text(evidence.unit)}"
    return words + (f" ({code(evidence.source)})" if evidence.source else "")


def _inputs(diagnosis: Diagnosis) -> list[str]:
    lines = ["<details><summary>What was read</summary>", ""]
    for found in diagnosis.capture.inputs[:50]:
        words = ", ".join(found.formats) or "nothing of the Go runtime"
        unparsed = (
            f", {plural(found.unparsed_count, 'record')} not understood"
            if found.unparsed_count
            else ""
        )
        problem = f", not read further: {text(found.problem)}" if found.problem else ""
        lines.append(
            f"* {code(found.name)}: {plural(found.lines, 'line')}, {words}{unparsed}{problem}"
        )
    capture = diagnosis.capture
    if capture.selected:
        kept = counted({name: len(capture.table(name)) for name in capture.selected})
        lines.append(f"* so many that a selection was judged: {', '.join(kept)}")
    return [*lines, "", "</details>"]


RENDERER = Renderer("markdown", ".md", render)
