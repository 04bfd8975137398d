"""The parsing engine for short texts: a goroutine header, a frame, the first line of a profile.

Words vary in them as well as numbers, and they come one at a time; callers ask only for texts that they
have not seen. Of each shape (:mod:`goscope.parsing.line_shapes`) Lark sees one text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from goscope.parsing.grammars import Grammar, Rejected
from goscope.parsing.line_plans import MOST_REJECTED, NOT_EXAMINED, decoded, place_of


@dataclass(frozen=True, slots=True)
class TextPart:
    """A named part of a short text with its tokens as (terminal, text)."""

    name: str
    words: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The text of the first token."""
        return self.words[0][1]


_Anchors = tuple[tuple[str, tuple[tuple[str, tuple[int, int], tuple[int, int]], ...]], ...]


class TextShapes:
    """Reads short texts of one grammar rule; Lark sees one text of each shape.

    ``slots`` matches what may vary without changing the shape; each of its groups is a class of its
    own. It must be chosen so that the grammar cannot tell two members of a class apart at any place.
    """

    def __init__(self, grammar: Grammar, start: str, slots: re.Pattern[bytes]):
        self._grammar = grammar
        self._start = start
        self._slots = slots
        #: By shape: the texts between slots, and for each slot its class.
        self._plans: dict[tuple[bytes | int, ...], _Anchors | Rejected] = {}
        self._rejected = 0

    def parse(self, text: bytes) -> tuple[TextPart, ...] | Rejected:
        """The parts of a text, or why it is not one."""
        found = list(self._slots.finditer(text))
        shape: list[bytes | int] = []
        at = 0
        for slot in found:
            shape += (text[at : slot.start()], slot.lastindex or 0)
            at = slot.end()
        shape.append(text[at:])
        key = tuple(shape)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._learn(text, found)
            if isinstance(plan, Rejected) and self._rejected < MOST_REJECTED:
                self._rejected += 1
                self._plans[key] = plan
            elif not isinstance(plan, Rejected):
                self._plans[key] = plan
        if isinstance(plan, Rejected):
            return plan
        grown = [0]
        for slot in found:
            grown.append(grown[-1] + slot.end() - slot.start())
        return tuple(
            TextPart(
                name,
                tuple(
                    (terminal, decoded(text[a[1] + grown[a[0]] : b[1] + grown[b[0]]]))
                    for terminal, a, b in words
                ),
            )
            for name, words in plan
        )

    def _learn(self, text: bytes, found: list[re.Match[bytes]]) -> _Anchors | Rejected:
        if self._rejected >= MOST_REJECTED and not self._grammar.may_be(text, self._start):
            return NOT_EXAMINED
        parts = self._grammar.parse(text, self._start)
        if isinstance(parts, Rejected):
            return parts
        starts = np.array([slot.start() for slot in found], np.int64)
        ends = np.array([slot.end() for slot in found], np.int64)
        return tuple(
            (
                part.name,
                tuple(
                    (terminal, place_of(starts, ends, start), place_of(starts, ends, end))
                    for terminal, start, end in part.words
                ),
            )
            for part in parts
        )
