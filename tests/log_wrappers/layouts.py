"""What people and tools make of a text when they paste it: lines in, lines out."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Lines = Sequence[str]

#: The value of this panic imitates the runtime, and only its indentation tells.
_IMITATED = r"goroutine 99 \[fake\]:\nmain\.fake"
#: Nothing in so few lines tells that the empty ones are too many, or which was first.
_FEW_LINES = r"\A(?:[^\n]+\n){1,3}\Z"


@dataclass(frozen=True, slots=True)
class Transformation:
    """How a text becomes another.

    ``loses`` says that it takes something away for good: what is left is read, or counted. So it does with a
    text in which ``unless`` is found. ``coding`` is that of the bytes.
    """

    name: str
    apply: Callable[[Lines], Lines]
    loses: bool = False
    unless: str = r"(?!)"
    coding: str = "utf-8"
    line_end: str = "\n"

    def keeps(self, text: str) -> bool:
        """Whether what this text becomes still tells all of its records."""
        return not self.loses and re.search(self.unless, text) is None

    def data(self, lines: Lines) -> bytes:
        """The bytes of the text that it makes of these lines."""
        text = "".join(line + self.line_end for line in self.apply(lines))
        return text.encode(self.coding)


def _each(change: Callable[[str], str]) -> Callable[[Lines], Lines]:
    return lambda lines: [change(line) for line in lines]


def _before(front: str) -> Callable[[Lines], Lines]:
    return _each(lambda line: (front + line).rstrip() if not line else front + line)


def _around(front: str, back: str) -> Callable[[Lines], Lines]:
    return _each(lambda line: front + line + back if line.strip() else "")


def _numbered(form: str) -> Callable[[Lines], Lines]:
    return lambda lines: [form.format(n) + line for n, line in enumerate(lines, 1)]


def _fenced(lines: Lines) -> Lines:
    return ["```" + lines[0], *lines[1:], "```"]


def _doubled(lines: Lines) -> Lines:
    return [text for line in lines for text in (line, "")]


def _unindented(lines: Lines) -> Lines:
    return [re.sub(r"^\t", "", line) for line in lines]


def _wrapped(width: int, front: str = "", rest: str = "") -> Callable[[Lines], Lines]:
    """Wrapped between words; what is longer than a line is not broken."""

    def wrap(line: str) -> list[str]:
        if len(front + line) <= width or not line.strip():
            return [(front + line).rstrip()]
        body = line.lstrip()
        indent = line[: len(line) - len(body)]
        return textwrap.wrap(
            body,
            width,
            initial_indent=front + indent,
            subsequent_indent=front + rest,
            expand_tabs=False,
            replace_whitespace=False,
            break_long_words=False,
            break_on_hyphens=False,
        )

    return lambda lines: [text for line in lines for text in wrap(line)]


def _cut_out(mark: str) -> Callable[[Lines], Lines]:
    """A mark in the place of some lines in the middle."""

    def cut(lines: Lines) -> Lines:
        middle = len(lines) // 2
        return [*lines[:middle], mark, *lines[middle + 5 :]] if len(lines) > 12 else lines

    return cut


def _grep_with_context(lines: Lines) -> Lines:
    """``grep -n -A``: a dash behind the numbers of lines that only stand below, and dashes between groups."""
    found: list[str] = []
    for number, line in enumerate(lines, 1):
        if re.match(r"goroutine |SCHED |gc ", line):
            found += ["--", f"{number}:{line}"] if found else [f"{number}:{line}"]
        else:
            found.append(f"{number}-{line}")
    return found


def _painted(pattern: str) -> Callable[[Lines], Lines]:
    return _each(lambda line: re.sub(pattern, "\x1b[01;31m\x1b[K\\g<0>\x1b[m\x1b[K", line))


def _typed(line: str) -> str:
    """What a word processor makes of it."""
    line = line.replace("->", "→").replace("...", "…").replace("'", "’")
    return re.sub(r'"([^"]*)"', "“\\1”", line)


_FRONTS = {
    "quoted": "> ",
    "quoted twice": "> > ",
    "quoted without a blank": ">",
    "commented with #": "# ",
    "commented with #, no blank": "#",
    "commented with //": "// ",
    "commented with //, no blank": "//",
    "commented with --": "-- ",
    "commented with --, no blank": "--",
    "commented with ;": "; ",
    "commented with ;, no blank": ";",
    "diff": "+",
    "diff, removed": "-",
    "diff, context": " ",
    "indented by a tab": "\t",
    "indented by two tabs": "\t\t",
}

TRANSFORMATIONS = [
    *(Transformation(f"indented by {n} blanks", _before(" " * n)) for n in (1, 3, 4, 5, 8, 12)),
    Transformation("a blank at the ends", _each(lambda line: line + " ")),
    Transformation("three blanks at the ends", _each(lambda line: line + "   ")),
    *(Transformation(name, _before(front)) for name, front in _FRONTS.items()),
    Transformation("numbered, colon", _numbered("{}: ")),
    Transformation("numbered, colon, no blank", _numbered("{}:")),
    Transformation("numbered, bar", _numbered("{:5} | ")),
    Transformation("numbered, blanks", _numbered("{:5}  ")),
    Transformation("grep -n -A", _grep_with_context, loses=True),
    Transformation("coloured grep", _painted(r"goroutine|SCHED|gc|panic|main\.\w+")),
    Transformation("fence on the first line", _fenced),
    Transformation("fences", lambda lines: ["It prints:", "", "```", *lines, "```"]),
    Transformation("inline code", _around("`", "`")),
    Transformation("bold", _around("**", "**")),
    Transformation("bold, first line", lambda lines: [f"**{lines[0]}**", *lines[1:]]),
    Transformation("list", _around("- ", "")),
    Transformation("list of inline code", _around("* `", "`")),
    Transformation("table", lambda lines: ["| output |", "| --- |", *_around("| ", " |")(lines)]),
    Transformation("pre", lambda lines: ["<pre><code>" + lines[0], *lines[1:], "</code></pre>"]),
    Transformation(
        "details",
        lambda lines: ["<details><summary>output</summary>", "", *lines, "</details>"],
    ),
    Transformation("entities", _each(lambda line: html.escape(line, quote=False))),
    Transformation("entities and quotes", _each(html.escape)),
    Transformation("typed characters", _each(_typed)),
    Transformation("no-break blanks", _each(lambda line: line.replace("\t", "\xa0 \xa0 "))),
    Transformation("tabs are blanks", _each(lambda line: line.replace("\t", "    "))),
    Transformation("tabs are two blanks", _each(lambda line: line.replace("\t", "  "))),
    Transformation("tabs are gone", _unindented, unless=_IMITATED),
    Transformation("no indentation", _each(str.lstrip), unless=_IMITATED),
    Transformation("trimmed", _each(str.strip), unless=_IMITATED),
    Transformation("an empty line below each", _doubled, unless=_FEW_LINES),
    Transformation("no empty lines", lambda lines: [line for line in lines if line.strip()]),
    *(Transformation(f"wrapped at {n}", _wrapped(n)) for n in (72, 80, 100)),
    *(Transformation(f"wrapped at {n}, indented", _wrapped(n, rest="    ")) for n in (72, 100)),
    Transformation("wrapped at 80 behind #", _wrapped(80, "# ")),
    Transformation("wrapped at 80 behind //, indented", _wrapped(80, "// ", "  ")),
    *(
        Transformation(f"cut out: {mark}", _cut_out(mark), loses=True)
        for mark in ("...", "[...]", "(snipped)")
    ),
    Transformation("newest first", lambda lines: lines[::-1], unless=f"{_IMITATED}|{_FEW_LINES}"),
    Transformation("number signs", _each(lambda line: re.sub(r"^gc (?=[0-9])", "gc #", line))),
    Transformation("carriage returns", lambda lines: lines, line_end="\r\n"),
    Transformation("only carriage returns", lambda lines: lines, line_end="\r"),
    Transformation("two carriage returns", lambda lines: lines, line_end="\r\r\n"),
    Transformation("UTF-16", lambda lines: lines, coding="utf-16"),
]

#: What stands around all lines of a text that may be in another layout already.
OUTER = [
    one
    for one in TRANSFORMATIONS
    if one.name.startswith(("indented", "quoted", "commented", "diff", "numbered", "list", "fence"))
    or one.name in ("pre", "details", "entities", "carriage returns", "UTF-16", "no-break blanks")
]
#: What changes lines or their order.
INNER = [one for one in TRANSFORMATIONS if one not in OUTER]
