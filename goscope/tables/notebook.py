"""Small tables for notebooks: what ``_repr_html_`` gives. All text is escaped, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_LONGEST = 300


def html_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; numbers stand right, with thousands apart."""
    lines = ["".join(f"<th style='text-align:left'>{escape(word)}</th>" for word in head)]
    lines += ["".join(map(_cell, row)) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><caption style='text-align:left'>{escape(caption)}</caption>{body}</table>"


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f"<td style='text-align:right'>{value:,}</td>"
    text = str(value)
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return f"<td style='text-align:left'>{escape(shown)}</td>"
