"""The Lark grammars in ``grammars/``, compiled when they are first needed.

The grammars are the only description of the formats. Lark, its trees and its exceptions stay behind
this module and :mod:`goscope.parsing.line_shapes`; the formats see :class:`Parsed` and :class:`Rejected`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark
    from lark.common import LexerConf


@dataclass(frozen=True, slots=True)
class ParsedPart:
    """One named part of a record: the rule's name and its tokens as (terminal, start, end).

    Positions count bytes of the record. ``words`` of a rule without tokens is empty: its presence
    alone is the information, as with ``(forced)``.
    """

    name: str
    words: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a text is not a record: the byte where reading stopped and what was expected there."""

    position: int
    expected: str


def grammar_folder() -> Path:
    """Where the ``.lark`` files are: in the installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "grammars"
    return installed if installed.is_dir() else package.parent / "grammars"


@dataclass(frozen=True, slots=True)
class Grammar:
    """One grammar file and the rules of it that records start with."""

    name: str
    starts: tuple[str, ...]

    def parse(self, text: bytes, start: str) -> tuple[ParsedPart, ...] | Rejected:
        """Read one record; the parts in the order of the text, or where it stops being one.

        Bytes are read as Latin-1, so that positions in the tree are positions in the bytes.
        """
        from lark import UnexpectedInput

        parser = self.compiled()
        try:
            tree = parser.parse(text.decode("latin-1"), start=start)
        except UnexpectedInput as error:
            return _rejection(error, text, parser)
        return tuple(_parts(tree))

    def may_be(self, text: bytes, start: str) -> bool:
        """Whether a text may be a record: false only for what :meth:`parse` rejects, in microseconds."""
        return _pattern(self, start).fullmatch(text.decode("latin-1")) is not None

    def compiled(self) -> Lark:
        """The Lark parser of this grammar, built once per process."""
        return _compile(self)


@functools.cache
def _compile(grammar: Grammar) -> Lark:
    from lark import Lark
    from lark.lexer import ContextualLexer

    class Lexer(ContextualLexer):
        """Lark's own, which does not look for collisions of terminals: a test does that once.

        With the package interegular somewhere in the environment that would take 25 s at each start.
        """

        def __init__(
            self,
            conf: LexerConf,
            states: dict[int, Collection[str]],
            always_accept: Collection[str] = (),
        ):
            conf.skip_validation = True
            super().__init__(conf, states, always_accept)

    folder = grammar_folder()
    return Lark(
        (folder / f"{grammar.name}.lark").read_text(encoding="utf-8"),
        parser="lalr",
        start=list(grammar.starts),
        import_paths=[str(folder)],
        maybe_placeholders=False,
        _plugins={"ContextualLexer": Lexer},
    )


@functools.cache
def _pattern(grammar: Grammar, start: str) -> re.Pattern[str]:
    """A rule as one pattern, which matches all that Lark accepts.

    The grammars describe regular languages: the only recursion is that of Lark's own helper rules for ``*``
    and ``+``, which call themselves first. A lexer gives no character of a terminal back, so terminals
    are atomic groups.
    """
    parser = grammar.compiled()
    terminals = {one.name: f"(?>{one.pattern.to_regexp()})" for one in parser.terminals}
    expansions: dict[str, list[list[str]]] = {}
    for rule in parser.rules:
        expansions.setdefault(rule.origin.name, []).append([part.name for part in rule.expansion])

    @functools.cache
    def pattern_of(name: str) -> str:
        if name in terminals:
            return terminals[name]
        once = [e for e in expansions[name] if e[:1] != [name]]
        again = [e[1:] for e in expansions[name] if e[:1] == [name]]
        return any_of(once) + (any_of(again) + "*" if again else "")

    def any_of(alternatives: list[list[str]]) -> str:
        return f"(?:{'|'.join(''.join(map(pattern_of, one)) for one in alternatives)})"

    return re.compile(pattern_of(start))


def _parts(tree: Any) -> list[ParsedPart]:
    """Flatten a tree: every rule, depth first, with its direct tokens."""
    from lark import Token

    parts: list[ParsedPart] = []
    for child in tree.children:
        if isinstance(child, Token):
            continue
        words = tuple(
            (token.type, int(token.start_pos or 0), int(token.end_pos or 0))
            for token in child.children
            if isinstance(token, Token)
        )
        parts.append(ParsedPart(str(child.data), words))
        parts.extend(_parts(child))
    return parts


def _rejection(error: Any, text: bytes, parser: Lark) -> Rejected:
    """Lark's complaint in words: what the grammar would have taken at that place."""
    from lark import UnexpectedCharacters, UnexpectedToken

    names: set[str] = set()
    if isinstance(error, UnexpectedCharacters):
        names = set(error.allowed or ())
    elif isinstance(error, UnexpectedToken):
        names = set(error.accepts or error.expected or ())
    position = error.pos_in_stream
    if position is None or position < 0:
        position = len(text)
    literals = {t.name: t.pattern.value for t in parser.terminals if t.pattern.type == "str"}
    wanted = {_WORDS.get(n) or repr(literals.get(n, n.strip("_").lower())) for n in names}
    return Rejected(int(position), " or ".join(sorted(wanted)) or "end of line")


_WORDS = {
    "INT": "a number",
    "SIGNED": "a number",
    "DECIMAL": "a decimal number",
    "HEX": "a hexadecimal number",
    "_SP": "a space",
    "_NL": "end of line",
    "$END": "end of line",
}
