"""Records that were recognised but not understood: all are counted, the first ones shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

#: What is expected of a piece of a torn record.
TORN = "the beginning of the line, which another write tore off"
#: So many are kept as examples; the rest are counted.
MOST_EXAMPLES = 100


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A record that its grammar does not accept: the input, the line from 1, what was expected."""

    input: str
    line: int
    text: bytes
    expected: str


class Aside:
    """The records that one reader set aside: how many, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.examples: list[Unparsed] = []

    @property
    def room(self) -> int:
        """How many more are kept as examples."""
        return MOST_EXAMPLES - len(self.examples)

    def add(self, one: Unparsed) -> None:
        """Count a record, and keep it while there is room."""
        self.count += 1
        if self.room > 0:
            self.examples.append(one)

    def absorb(self, examples: Iterable[Unparsed], count: int, lines: int) -> None:
        """Count what another reader set aside of the rest of an input, so many lines further down."""
        moved = [replace(one, line=one.line + lines) for one in examples]
        self.examples += moved[: self.room]
        self.count += count
