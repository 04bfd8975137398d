"""What ``goscope diff`` shows: a line per changed stack for the terminal, or ``goscope.diff/1`` as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goscope import __version__
from goscope.diagnosis.comparison import Change, ChangeKind, Comparison
from goscope.renderers.json.json_text import data, json_text, named
from goscope.renderers.safe_text import safe
from goscope.renderers.terminal.lines import put

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 15
_CHANGE = "kind before after site stack created_by wait_reason normal"
_COLOURS = {
    ChangeKind.NEW: "yellow",
    ChangeKind.GROWN: "yellow",
    ChangeKind.SHRUNK: "green",
    ChangeKind.GONE: "green",
}


def document(comparison: Comparison) -> str:
    """The comparison as JSON text, with a line end; additions only."""
    return json_text(
        {
            "schema": "goscope.diff/1",
            "goscope": __version__,
            "before": data(comparison.before),
            "after": data(comparison.after),
            "compared": "functions and creator" if comparison.creators else "functions",
            "verdicts": [
                {
                    "name": change.name,
                    "before": change.before.state,
                    "after": change.after.state,
                    "reason": change.after.reason,
                }
                for change in comparison.verdicts
            ],
            "changes": [named(change, _CHANGE) for change in comparison.shown],
            "changes_left_out": [
                {"kind": kind.value, "count": count} for kind, count in comparison.left_out.items()
            ],
            "same": comparison.same,
        }
    )


def show(comparison: Comparison, console: Console) -> None:
    """Print the comparison to a console."""
    from rich.text import Text

    old, new = comparison.before, comparison.after
    if old.goroutines is None or new.goroutines is None:
        missing = old if old.goroutines is None else new
        put(console, Text(f"no goroutine dump or profile in {safe(missing.name)}"))
    else:
        more = new.goroutines - old.goroutines
        put(console, Text(f"goroutines: {old.goroutines} -> {new.goroutines} ({more:+})", "bold"))
    for verdict in comparison.verdicts:
        put(console, Text(f"{verdict.name}: {verdict.before.state} -> {verdict.after.state}"))
        if verdict.after.state != "unknown":
            put(console, Text(safe(verdict.after.reason), "dim"), indent=2)
    for kind in ChangeKind:
        changes = [change for change in comparison.changes if change.kind is kind]
        if not changes:
            continue
        console.print()
        s = "s" * (len(changes) > 1)
        put(console, Text(f"{kind.value}: {len(changes)} stack{s}", _COLOURS[kind]))
        for change in changes[:_SHOWN]:
            put(console, _line(change), indent=2, hang=4)
            for line in _where(change):
                put(console, Text(line, "dim"), indent=6)
        if len(changes) > _SHOWN:
            put(console, Text(f"  ... {len(changes) - _SHOWN} more", "dim"))
    if comparison.same:
        s = "s" * (comparison.same > 1)
        put(console, Text(f"\n{comparison.same} stack{s} without a change", "dim"))
    if not comparison.creators and old.goroutines is not None and new.goroutines is not None:
        put(console, Text("A profile does not say who started a goroutine: not compared.", "dim"))


def _line(change: Change) -> str:
    place = "?" if change.site is None else safe(change.site.function or "?")
    words = f" in {safe(change.wait_reason)}" if change.wait_reason else ""
    return f"{change.before} -> {change.after}  {place}{words}"


def _where(change: Change) -> list[str]:
    lines = []
    if change.site is not None and change.site.file is not None:
        lines.append(f"{safe(change.site.file)}:{change.site.line}")
    if change.created_by is not None:
        lines.append(f"started by {safe(change.created_by.function or '?')}")
    if change.normal is not None:
        lines.append(f"normal: {safe(change.normal)}")
    return lines
