"""The page of ``goscope watch``: 80 columns by 24 lines, readable without colour, or plain lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from goscope.diagnosis.live_view import Series, View
from goscope.renderers.safe_text import safe
from goscope.renderers.terminal.sparklines import sparkline
from goscope.renderers.terminal.state_colours import colour_of

if TYPE_CHECKING:
    from rich.text import Text

_QUEUES_SHOWN = 16


def page(view: View, source: str, note: str, *, width: int, height: int, ascii_only: bool) -> Text:
    """The page, never wider or higher than the terminal."""
    from rich.text import Text

    states = "  ".join(f"{name} {state}" for name, state in view.verdicts if state != "unknown")
    lines = [
        Text.assemble(("goscope: ", "bold"), (view.status, colour_of(view.status)), f"  {source}"),
        Text(states or "nothing to judge yet", "bold"),
        Text(""),
    ]
    lines += [Text(line) for line in _numbers(view, ascii_only)]
    if view.waiting:
        lines += [Text(""), Text("waiting at                              now  since start", "dim")]
        for one in view.waiting:
            place = safe(one.place, longest=38)
            more = f"{one.more:+d}" if one.more else "="
            reason = safe(one.reason, longest=18)
            style = "bold" if one.more > 0 else ""
            lines.append(Text(f"{place:38} {one.count:5}  {more:>7}  {reason}", style))
    if view.findings:
        lines += [Text(""), Text("newest findings", "dim")]
        lines += [
            Text.assemble((f"{word:8} ", colour_of(word)), safe(title))
            for word, title in view.findings
        ]
    lines = lines[: max(height - 2, 1)]
    lines.append(Text(safe(note), "dim"))
    for line in lines:
        line.truncate(max(width - 1, 1), overflow="ellipsis" if not ascii_only else "crop")
    return Text("\n").join(lines)


def line(view: View) -> str:
    """The view in one line, for a log."""
    parts = [f"{name}={state}" for name, state in view.verdicts if state != "unknown"]
    if view.goroutines.last is not None:
        parts.append(f"goroutines={view.goroutines.last:.0f}")
    if view.queued.last is not None:
        parts.append(f"queued={view.queued.last:.0f}")
    if view.threads.last is not None:
        parts.append(f"threads={view.threads.last:.0f}")
    if view.heap_mb.last is not None:
        parts.append(f"heap_mb={view.heap_mb.last:.1f}")
    if view.gc_percent.last is not None:
        parts.append(f"gc_cpu_percent={view.gc_percent.last:.1f}")
    if view.waiting:
        top = max(view.waiting, key=lambda one: (one.more, one.count))
        parts.append(f"top={safe(top.place)}:{top.count}({top.more:+d})")
    return f"goscope: {view.status} " + " ".join(parts)


def _numbers(view: View, ascii_only: bool) -> list[str]:
    """What is known of queues, threads, heap and collector, a line each."""
    rows = []
    if view.gomaxprocs is not None:
        shown = " ".join(map(str, view.queues[:_QUEUES_SHOWN]))
        more = " ..." if len(view.queues) > _QUEUES_SHOWN else ""
        idle = f"{view.idle_procs} of {view.gomaxprocs} Ps idle"
        rows.append(f"{'queues':11} {view.global_queue} [{shown}{more}]  {idle}")
    series: Sequence[tuple[str, Series, str]] = (
        ("queued", view.queued, ""),
        ("goroutines", view.goroutines, ""),
        ("threads", view.threads, ""),
        ("heap", view.heap_mb, " MiB"),
        ("gc CPU", view.gc_percent, " %"),
    )
    for name, values, unit in series:
        if values.last is not None:
            digits = 0 if not unit or values.last >= 100 else 1
            number = f"{values.last:.{digits}f}{unit}"
            rows.append(f"{name:11} {number:>11}  {sparkline(values.values, ascii_only)}")
    return rows or ["waiting for the first sample ..."]
