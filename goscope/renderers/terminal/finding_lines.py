"""A finding on a terminal: whole, in short, or in one line with others of its rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from goscope.analysis.goroutines.dumps import Stack
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding
from goscope.renderers.safe_text import safe
from goscope.renderers.terminal.lines import wrapped
from goscope.renderers.terminal.stack_lines import stack_lines
from goscope.renderers.terminal.state_colours import colour_of
from goscope.rules import family_of
from goscope.rules.rule import Family

if TYPE_CHECKING:
    from rich.text import Text

_FRAMES_SHOWN = 6
_TITLES_SHOWN = 3
_IDS_SHOWN = 8


def whole(finding: Finding, capture: Capture, width: int, *, full: bool = False) -> list[Text]:
    """A finding with its evidence, its stack and what to do.

    ``full`` shows all frames, whole paths and where the evidence was read.
    """
    from rich.text import Text

    lines = wrapped(_head(finding, capture), width)
    about = [Text(safe(finding.title), "bold"), Text(safe(finding.detail))]
    for line in about:
        lines += wrapped(line, width, 2)
    stack = Stack(finding.stack, finding.created_by)
    for line in stack_lines(stack, most=_FRAMES_SHOWN, full=full, mark=finding.site):
        lines += wrapped(line, width, 2, 2)
    about = []
    if finding.goroutines is not None and finding.goroutines.ids:
        ids = ", ".join(map(str, finding.goroutines.ids[:_IDS_SHOWN]))
        more = finding.goroutines.count > _IDS_SHOWN
        about.append(Text(f"goroutine ids: {ids}" + (", ..." if more else ""), "dim"))
    evidence = "; ".join(_evidence(one, source=full) for one in finding.evidence)
    about.append(Text(f"evidence: {evidence}"))
    about.append(_next(finding))
    for line in about:
        lines += wrapped(line, width, 2)
    return lines


def several(findings: Sequence[Finding], capture: Capture, width: int) -> list[Text]:
    """The first finding of a rule whole, and the others by their titles."""
    lines = whole(findings[0], capture, width)
    if len(findings) > 1:
        lines += wrapped("and likewise:", width, 2)
    return [
        *lines,
        *_titles(findings[1:], findings[0], capture, width),
        *_more(findings[1:], width),
    ]


def short(findings: Sequence[Finding], capture: Capture, width: int) -> list[Text]:
    """The findings of a rule by their titles, and what to do about those that are shown."""
    lines = wrapped(_head(findings[0], capture), width)
    alike: dict[str, list[Finding]] = {}
    for finding in findings[:_TITLES_SHOWN]:
        alike.setdefault(finding.advice, []).append(finding)
    for found in alike.values():
        lines += _titles(found, findings[0], capture, width)
        lines += wrapped(_next(found[0]), width, 2)
    return lines + _more(findings, width)


def line(findings: Sequence[Finding], width: int) -> list[Text]:
    """The findings of a rule in a line or two."""
    from rich.text import Text

    first = findings[0]
    severity = first.severity.value
    many = f" ({len(findings)} times)" if len(findings) > 1 else ""
    text = Text.assemble(
        (severity.upper(), colour_of(severity)), f" {first.rule}{many}: {safe(first.title)}"
    )
    return wrapped(text, width, 0, 2)


def _head(finding: Finding, capture: Capture) -> Text:
    from rich.text import Text

    process = ""
    if capture.processes > 1 and family_of(finding) is not Family.INPUTS:
        process = f" in {safe(capture.process_name(finding.process))}"
    return Text.assemble(
        (finding.severity.value.upper(), colour_of(finding.severity.value)),
        f" {finding.rule}",
        (f" ({finding.confidence.value} confidence)", "dim"),
        process,
    )


def _titles(findings: Sequence[Finding], head: Finding, capture: Capture, width: int) -> list[Text]:
    """The titles, each with the process that it is about if that is not the one of the ``head``."""
    from rich.text import Text

    lines = []
    for finding in findings[:_TITLES_SHOWN]:
        title = Text(safe(finding.title), "bold")
        if finding.process != head.process and family_of(finding) is not Family.INPUTS:
            title.append(f" in {safe(capture.process_name(finding.process))}")
        lines += wrapped(title, width, 2, 2)
    return lines


def _more(findings: Sequence[Finding], width: int) -> list[Text]:
    from rich.text import Text

    more = len(findings) - _TITLES_SHOWN
    return wrapped(Text(f"... and {more} more", "dim"), width, 2) if more > 0 else []


def _next(finding: Finding) -> Text:
    from rich.text import Text

    return Text.assemble(("next: ", "bold"), safe(finding.advice))


def _evidence(evidence: Evidence, *, source: bool) -> str:
    unit = evidence.unit if evidence.unit == "%" else f" {evidence.unit}"
    value = f"{evidence.label}: {evidence.value}{unit}".rstrip()
    return safe(value + (f" ({evidence.source})" if source and evidence.source else ""))
