"""JUnit XML for CI: a test case per rule; each finding of a warning or worse is a failed one.

The form is that of Ant and Surefire, which Jenkins, GitLab and others read. A rule whose input is
missing is skipped; a remark (severity info) does not fail; an input that broke off is an error.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from goscope.capture.capture import Input
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Evidence, Finding, Severity, Site
from goscope.renderers.renderer import Renderer
from goscope.renderers.safe_text import safe
from goscope.rules import all_rules

#: What XML 1.0 cannot hold, beyond what safe() writes as escapes.
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


def render(diagnosis: Diagnosis) -> str:
    """The findings as one test suite."""
    suite = ElementTree.Element("testsuite", name="goscope")
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for finding in diagnosis.shown:
        _finding(suite, counts, finding)
    for left in diagnosis.left_out:
        case = _case(suite, counts, "goscope.rules", str(left))
        if left.severity is not Severity.INFO:
            counts["failures"] += 1
            ElementTree.SubElement(case, "failure", message=str(left), type=left.severity.value)
    found = {finding.rule for finding in diagnosis.findings}
    for rule in all_rules():
        if rule.name in found:
            continue
        case = _case(suite, counts, "goscope.rules", rule.name)
        why = None
        if not diagnosis.settings.runs(rule.name):
            why = "switched off in the settings"
        elif not rule.present(diagnosis.capture):
            why = "nothing in the input that it could look at"
        if why is not None:
            counts["skipped"] += 1
            ElementTree.SubElement(case, "skipped", message=why)
    for one in diagnosis.capture.inputs:
        _input(suite, counts, one)
    suite.attrib.update({name: str(count) for name, count in counts.items()})
    suites = ElementTree.Element("testsuites", suite.attrib)
    suites.append(suite)
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _finding(suite: ElementTree.Element, counts: dict[str, int], finding: Finding) -> None:
    case = _case(suite, counts, "goscope.rules", f"{finding.rule}: {finding.title}")
    if finding.site is not None and finding.site.file is not None:
        case.set("file", _clean(finding.site.file))
        if finding.site.line is not None:
            case.set("line", str(finding.site.line))
    lines = [finding.detail, f"next: {finding.advice}"]
    lines += [_evidence(e) for e in finding.evidence]
    lines += ["  " + _place(frame) for frame in finding.stack[:40]]
    if finding.created_by is not None:
        lines.append("started by " + _place(finding.created_by))
    text = "\n".join(map(_clean, lines))
    if finding.severity is Severity.INFO:
        ElementTree.SubElement(case, "system-out").text = text
        return
    counts["failures"] += 1
    failure = ElementTree.SubElement(
        case, "failure", message=_clean(finding.title), type=finding.severity.value
    )
    failure.text = text


def _input(suite: ElementTree.Element, counts: dict[str, int], found: Input) -> None:
    case = _case(suite, counts, "goscope.inputs", found.name)
    if found.problem is not None:
        counts["errors"] += 1
        ElementTree.SubElement(case, "error", message=_clean(found.problem), type="unreadable")
    if found.unparsed_count:
        out = ElementTree.SubElement(case, "system-out")
        out.text = f"{found.unparsed_count} records not understood"


def _case(
    suite: ElementTree.Element, counts: dict[str, int], group: str, name: str
) -> ElementTree.Element:
    counts["tests"] += 1
    return ElementTree.SubElement(suite, "testcase", classname=group, name=_clean(name), time="0")


def _place(site: Site) -> str:
    place = site.function or "?"
    return place if site.file is None else f"{place} {site.file}:{site.line}"


def _evidence(evidence: Evidence) -> str:
    words = f"{evidence.label}: {evidence.value} {evidence.unit}".rstrip()
    return f"{words} ({evidence.source})" if evidence.source else words


def _clean(words: str) -> str:
    words = safe(words, longest=2000)
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", words)


RENDERER = Renderer("junit", ".xml", render)
