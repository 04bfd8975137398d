"""Text of the input as Markdown that shows it as it is."""

from __future__ import annotations

import re

from goscope.renderers.safe_text import safe

# Parentheses, braces and the like mean nothing without the characters that are escaped.
_SPECIAL = re.compile(r"([\\`*_\[\]|~])")
_AT_START = re.compile(r"^(\s*)(>|[-+=#]|[0-9]{1,9}[.)](?=\s|$))")
_REFERENCE = re.compile(r"#(?=[0-9])|\bGH-(?=[0-9])")
_APART = "&#8203;"  # a space of no width


def text(words: str, *, longest: int = 600) -> str:
    """Text as Markdown that shows it as it is, on one line."""
    words = safe(words, longest=longest)
    words = words.strip().replace("&", "&amp;").replace("<", "&lt;")
    words = _SPECIAL.sub(r"\\\1", words)
    words = _REFERENCE.sub(lambda found: found[0] + _APART, words).replace("@", "@" + _APART)
    words = words.replace("://", "&#58;//").replace("www.", "www&#46;")
    # A quote, a list, a heading or a rule begins at the start of a line only.
    return _AT_START.sub(lambda m: f"{m.group(1)}&#{ord(m.group(2)[0])};{m.group(2)[1:]}", words)


def code(words: str, *, longest: int = 300) -> str:
    """Text as a code span, whatever backticks it has."""
    words = safe(words, longest=longest)
    fence = "`" * (max(map(len, re.findall("`+", words)), default=0) + 1)
    space = " " if words[:1] in ("`", " ", "") or words[-1:] == "`" else ""
    # Within a table a vertical bar would end the cell, even in code.
    return f"{fence}{space}{words}{space}{fence}"
