"""What people and tools make of a text when they paste it: lines in, lines out.

``keeps`` says that nothing is lost: the records are those of the plain text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Lines = Sequence[str]


@dataclass(frozen=True, slots=True)
class Transformation:
    name: str
    apply: Callable[[Lines], Lines]


def _each(change: Callable[[str], str]) -> Callable[[Lines], Lines]:
    return lambda lines: [change(line) for line in lines]


def _before(front: str) -> Callable[[Lines], Lines]:
    return _each(lambda line: (front + line).rstrip() if not line else front + line)


def _numbered(form: str) -> Callable[[Lines], Lines]:
    return lambda lines: [form.format(n) + line for n, line in enumerate(lines, 1)]


def _fenced(lines: Lines) -> Lines:
    return ["```" + lines[0], *lines[1:], "```"]


def _doubled(lines: Lines) -> Lines:
    return [text for line in lines for text in (line, "")]


def _unindented(lines: Lines) -> Lines:
    return [re.sub(r"^\t", "", line) for line in lines]


TRANSFORMATIONS = [
    *(Transformation(f"indented by {n} blanks", _before(" " * n)) for n in (1, 3, 4, 5, 8, 12)),
    Transformation("a blank at the ends", _each(lambda line: line + " ")),
    Transformation("three blanks at the ends", _each(lambda line: line + "   ")),
    Transformation("quoted", _before("> ")),
    Transformation("quoted twice", _before("> > ")),
    Transformation("commented with #", _before("# ")),
    Transformation("commented with //", _before("//")),
    Transformation("commented with ;", _before("; ")),
    Transformation("commented with --", _before("-- ")),
    Transformation("numbered, colon", _numbered("{}: ")),
    Transformation("numbered, bar", _numbered("{:5} | ")),
    Transformation("numbered, blanks", _numbered("{:5}  ")),
    Transformation("diff", _before("+")),
    Transformation("fence on the first line", _fenced),
    Transformation("fences", lambda lines: ["It prints:", "", "```", *lines, "```"]),
    Transformation("pre", lambda lines: ["<pre><code>" + lines[0], *lines[1:], "</code></pre>"]),
    Transformation("entities", _each(lambda line: html.escape(line, quote=False))),
    Transformation("no-break blanks", _each(lambda line: line.replace("\t", "\xa0 \xa0 "))),
    Transformation("tabs are blanks", _each(lambda line: line.replace("\t", "    "))),
    Transformation("tabs are gone", _unindented),
    Transformation("an empty line below each", _doubled),
    Transformation("number signs", _each(lambda line: re.sub(r"^gc (?=[0-9])", "gc #", line))),
    Transformation("two carriage returns", _each(lambda line: line + "\r\r")),
]
