"""The colours of states and severities on a terminal."""

from __future__ import annotations

from goscope.renderers.plain_words import level

_COLOURS = {
    "ok": "green",
    "info": "cyan",
    "warning": "yellow",
    "critical": "bold red",
    "unknown": "dim",
}


def colour_of(state: str) -> str:
    """The colour of a status, a severity or the state of a verdict."""
    return _COLOURS[level(state)]
