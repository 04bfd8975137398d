"""Verdicts and series on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from goscope.analysis.series.sparklines import Trend
from goscope.capture.capture import Capture
from goscope.findings.findings import Stretch, Verdict
from goscope.renderers.plain_words import level
from goscope.renderers.safe_text import safe
from goscope.renderers.terminal.lines import wrapped
from goscope.renderers.terminal.sparklines import sparkline
from goscope.renderers.terminal.state_colours import colour_of

if TYPE_CHECKING:
    from rich.text import Text

_NAME_WIDTH, _STATE_WIDTH = 12, 14
#: Columns below which a reason stands under its verdict.
NARROW = 60
_MOST_BARS, _END_WIDTH = 40, 18
_STRETCHES_SHOWN = 8


def verdict_lines(
    verdicts: Mapping[str, Verdict], capture: Capture, width: int, *, full: bool, tight: bool
) -> list[Text]:
    """The verdicts with their reasons; those that could not be given for one reason say it once.

    ``tight`` keeps the reason of what is well, or not judged, to a line.
    """
    from rich.text import Text

    states = max((len(verdict.state) + 2 for verdict in verdicts.values()), default=0)
    state_width = max(_STATE_WIDTH, states)
    lines: list[Text] = []
    said: dict[str, str] = {}
    for name, verdict in verdicts.items():
        colour = colour_of(verdict.state)
        if verdict.state == "unknown":
            words = verdict.reason + (f"; {verdict.collect}" if verdict.collect else "")
            same = said.setdefault(words, name)
            words = safe(words) if full or same == name else f"the same as {same}"
            reasons = [Text(words, "dim")]
        else:
            reasons = _reasons(verdict, capture)
        quiet = tight and level(verdict.state) in ("ok", "unknown")
        head = Text.assemble(f"{name:{_NAME_WIDTH}}", (f"{verdict.state:{state_width}}", colour))
        if width < NARROW:
            lines += wrapped(head, width)
            told = [line for reason in reasons for line in wrapped(reason, width, 2)]
            lines += _first(told, width) if quiet else told
            continue
        indent = _NAME_WIDTH + state_width
        told = [line for reason in reasons for line in wrapped(reason, width - indent)]
        for number, line in enumerate(_first(told, width - indent) if quiet else told):
            lines.append((head if not number else Text(" " * indent)).append_text(line))
    return lines


def _first(lines: list[Text], width: int) -> list[Text]:
    """The first of several lines, which says that there is more."""
    if len(lines) > 1:
        lines[0].truncate(width - 4)
        lines[0].append(" ...", "dim")
    return lines[:1]


def _reasons(verdict: Verdict, capture: Capture) -> list[Text]:
    from rich.text import Text

    found = [
        Text.assemble(safe(verdict.reason), (f" ({verdict.confidence.value} confidence)", "dim"))
    ]
    if len(verdict.timeline) > 1:
        found.append(Text(_timeline(verdict.timeline, capture)))
    if verdict.collect:
        found.append(Text("to be surer: " + safe(verdict.collect), "dim"))
    return found


def _timeline(stretches: Sequence[Stretch], capture: Capture) -> str:
    shown = stretches[:_STRETCHES_SHOWN]
    many = len({s.process for s in stretches}) > 1
    parts = [
        (safe(capture.process_name(s.process)) + " " if many else "") + f"{s.state} {_when(s)}"
        for s in shown
    ]
    more = len(stretches) - len(shown)
    return ", ".join(parts) + (f", and {more} more" if more else "")


def _when(stretch: Stretch) -> str:
    start, end = (f"{ms / 1000:.1f}" for ms in (stretch.start_ms, stretch.end_ms))
    return f"at {start} s" if start == end else f"{start} to {end} s"


def trend_lines(
    found: Sequence[Trend], capture: Capture, width: int, *, ascii_only: bool
) -> list[Text]:
    """A line per series: the largest value, bars from 0 to it, the last value."""
    from rich.text import Text

    lines = []
    for trend in found:
        most = f"max {_number(trend.most)}" + (f" {trend.unit}" if trend.unit else "")
        bars = sparkline(trend.values, ascii_only)
        head = f"{trend.name:{_NAME_WIDTH}}"
        end = f"  {_number(trend.last)} at the end"
        if capture.processes > 1:
            end += f" of {safe(capture.process_name(trend.process))}"
        if width < NARROW:
            end = ""
        lines.append(Text.assemble(head, f"{most:{_STATE_WIDTH}}", (bars, "cyan"), (end, "dim")))
    return [line for text in lines for line in wrapped(text, width, 0, _NAME_WIDTH)]


def bars_that_fit(width: int) -> int:
    """How many values a series may have to stay in one line."""
    beside = _NAME_WIDTH + _STATE_WIDTH + (0 if width < NARROW else _END_WIDTH)
    return max(1, min(_MOST_BARS, width - beside))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"
