"""Lines that nothing tears but the end of an input: how one is recognised says all about them."""

from __future__ import annotations

import re

from goscope.framing.records import LineKind
from goscope.parsing.grammars import Grammar
from goscope.parsing.line_plans import LineRule
from goscope.tables.table import Column


def short_line(
    grammar: Grammar,
    name: str,
    columns: tuple[Column, ...],
    *openings: bytes,
    sign: bytes,
    complete: bytes,
    last: bytes,
    table: str = "",
) -> LineRule:
    """The rule of lines that fill the table of their name, or ``table``; see :class:`LineKind`."""
    kind = LineKind(name, openings, re.compile(sign), re.compile(complete), last)
    return LineRule(grammar, kind, table or name, columns)
