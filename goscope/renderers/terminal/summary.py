"""The summary for a terminal: verdicts, series, findings by severity, stack groups, what was read.

It fits a screen: findings are told in a line, in short, or whole, as far as there is room, the worst
first; the largest stack groups get what is left.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from goscope.analysis.goroutines.columns import dumped_goroutines_of
from goscope.analysis.goroutines.listing import Listing, listing
from goscope.analysis.series.sparklines import trends
from goscope.analysis.traces.executions import executions_of
from goscope.capture.capture import Capture
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Finding, Severity
from goscope.renderers.plain_words import doubt, not_judged
from goscope.renderers.quantities import plural
from goscope.renderers.renderer import Renderer
from goscope.renderers.terminal import finding_lines
from goscope.renderers.terminal.group_lines import group_lines, heading
from goscope.renderers.terminal.input_lines import ignored_lines, input_lines
from goscope.renderers.terminal.lines import put_lines, wrapped
from goscope.renderers.terminal.profile_lines import profile_lines
from goscope.renderers.terminal.state_colours import colour_of
from goscope.renderers.terminal.trace_tables import trace_lines
from goscope.renderers.terminal.verdict_lines import (
    NARROW,
    bars_that_fit,
    trend_lines,
    verdict_lines,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

#: Lines of a screen where it is not a terminal that shows them.
PAGE = 50
_LEAST_HEIGHT = 16
_TRENDS_SHOWN = {False: 2, True: 5}  # on a low screen, on others
_ROOMY = 30  # lines of a screen that is not low
_PROFILES_SHOWN = 8
_RULES_SHOWN = 12
_GROUPS_SHOWN = 5
_MOST_GROUPS = 600  # where everything is shown
_KEPT_FOR_GROUPS = 8  # lines, before findings are told whole


_Tell: TypeAlias = "Callable[[Sequence[Finding], Capture, int], list[Text]]"


def render(diagnosis: Diagnosis) -> str:
    """Everything as plain text of 80 columns."""
    from rich.console import Console

    text = io.StringIO()
    console = Console(
        file=text, width=80, color_system=None, highlight=False, emoji=False, markup=False
    )
    show(diagnosis, console, full=True)
    return text.getvalue()


def show(diagnosis: Diagnosis, console: Console, *, full: bool = False, height: int = PAGE) -> None:
    """Print the summary to a console; ``full`` leaves nothing out, whatever the height."""
    from rich.text import Text

    width, capture = console.width, diagnosis.capture
    ascii_only = not console.encoding.lower().startswith("utf")
    status = [
        Text.assemble(
            "goscope: ", (diagnosis.status, colour_of(diagnosis.status)), doubt(diagnosis)
        )
    ]
    if diagnosis.status in ("ok", "info") and (missing := not_judged(diagnosis)):
        status += wrapped(Text(f"nothing urgent in what was read; {missing}", "dim"), width)
    tight = not full and height < (_ROOMY if width >= NARROW else PAGE)
    parts = [
        status,
        verdict_lines(diagnosis.verdicts, capture, width, full=full, tight=tight),
    ]
    series = trends(capture, points=bars_that_fit(width))
    series = series[: _TRENDS_SHOWN[not tight]]
    parts.append(trend_lines(series, capture, width, ascii_only=ascii_only))
    most = _MOST_GROUPS if full else _GROUPS_SHOWN
    dumped = [listing(capture, one, limit=most) for one in dumped_goroutines_of(capture)]
    profiles = [p for p in diagnosis.profiles if full or not (dumped and p.kind == "goroutine")]
    last = [
        *(
            profile_lines(summary, width, most=None if full else 1)
            for summary in profiles[: None if full else _PROFILES_SHOWN]
        ),
        *(
            trace_lines(execution, width)
            for execution in executions_of(capture)[: None if full else _PROFILES_SHOWN]
        ),
        ignored_lines(diagnosis, width, full=full),
        input_lines(capture, width, full=full),
    ]
    if full:
        parts += [finding_lines.whole(f, capture, width, full=True) for f in diagnosis.shown]
        parts += [wrapped(str(left), width) for left in diagnosis.left_out]
        parts += [block for found in dumped for block in _all_groups(diagnosis, found, width)]
    else:
        room = max(height, _LEAST_HEIGHT) - _height([*parts, *last]) - 2
        kept = _KEPT_FOR_GROUPS if dumped else 0
        findings = _findings(diagnosis, width, room, kept)
        groups = _largest_groups(diagnosis, dumped, width, room - _height(findings))
        if diagnosis.findings or groups:
            last.append([Text("-v shows all evidence, stacks and groups", "dim")])
        parts += [*findings, *groups]
    for number, part in enumerate([part for part in (*parts, *last) if part]):
        if number:
            console.print()
        put_lines(console, part)


def _height(parts: Sequence[Sequence[Text]]) -> int:
    """The lines of the parts, and an empty one before each."""
    return sum(len(part) + 1 for part in parts if part)


def _findings(diagnosis: Diagnosis, width: int, room: int, kept: int) -> list[list[Text]]:
    """The findings, those of a rule together: all of them in a line, and as many as fit at length.

    ``kept`` is room that none of them takes but for being urgent.
    """
    capture = diagnosis.capture
    by_rule = [
        list(same)
        for _, same in groupby(diagnosis.findings, key=lambda f: (f.severity.rank, f.rule))
    ]
    shown = by_rule[:_RULES_SHOWN]
    brief = [finding_lines.line(findings, width) for findings in shown]
    blocks = list(brief)

    def lengthen(tell: _Tell, number: int, room: int) -> None:
        longer = tell(shown[number], capture, width)
        before, blocks[number] = blocks[number], longer
        if _height(_joined(blocks, brief)) > room:
            blocks[number] = before

    for number, same in enumerate(shown):
        urgent = same[0].severity is not Severity.INFO
        lengthen(finding_lines.short, number, room if urgent else room - kept)
    for number in range(len(blocks)):
        lengthen(finding_lines.several, number, room - kept)
    found = _joined(blocks, brief)
    if len(by_rule) > len(shown):
        more = sum(map(len, by_rule[len(shown) :]))
        found[-1] += wrapped(plural(more, "more finding"), width)
    return found


def _joined(blocks: list[list[Text]], brief: list[list[Text]]) -> list[list[Text]]:
    """The blocks, without an empty line between those that are brief."""
    found: list[list[Text]] = []
    for number, (block, same) in enumerate(zip(blocks, brief, strict=True)):
        if number and block is same and blocks[number - 1] is brief[number - 1]:
            found[-1] = found[-1] + block
        else:
            found.append(block)
    return found


def _largest_groups(
    diagnosis: Diagnosis, dumped: Sequence[Listing], width: int, room: int
) -> list[list[Text]]:
    """The largest stack groups of the process with most goroutines, as many as fit."""
    from rich.text import Text

    if not dumped:
        return []
    found = max(dumped, key=lambda one: one.totals[-1])
    blocks = [heading(found, _name(diagnosis, found), width)]
    for group in found.groups[:_GROUPS_SHOWN]:
        block = group_lines(group, width, full=False)
        if not group.count or _height([*blocks, block]) + 1 > room:
            break
        blocks.append(block)
    if len(blocks) == 1:
        return []
    left = found.present - len(blocks) + 1
    if left > 0:
        shown = sum(group.count for group in found.groups[: len(blocks) - 1])
        inside = found.totals[-1] - shown
        text = f"{plural(left, 'more group')} with {plural(inside, 'goroutine')}"
        blocks[-1] += wrapped(Text(text, "dim"), width)
    return blocks


def _all_groups(diagnosis: Diagnosis, found: Listing, width: int) -> list[list[Text]]:
    blocks = [heading(found, _name(diagnosis, found), width)]
    blocks += [group_lines(group, width, full=True) for group in found.groups]
    if found.omitted:
        blocks.append(wrapped(plural(found.omitted, "more group"), width))
    return blocks


def _name(diagnosis: Diagnosis, found: Listing) -> str:
    capture = diagnosis.capture
    return f"{capture.process_name(found.process)}, " if capture.processes > 1 else ""


RENDERER = Renderer("text", ".txt", render)
