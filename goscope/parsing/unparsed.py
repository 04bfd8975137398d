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
    """A record that its grammar does not accept: where it stands, its text, what was expected.

    ``stream_id`` is the number of its stream among all that were read, ``line`` the line, from 1: of the
    stream, and in :attr:`goscope.capture.capture.Input.unparsed` of the input.
    """

    stream_id: int
    line: int
    text: bytes
    expected: str


class UnparsedRecords:
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

    def merge(
        self, other: UnparsedRecords, lines: int, stream_id: int, known: Iterable[bytes] = ()
    ) -> None:
        """Count what another reader set aside of the rest of a stream, ``lines`` lines further down.

        ``known`` are texts among it that were counted here before.
        """
        again = list(known)
        fresh = [one for one in other.examples if one.text not in again]
        moved = [replace(one, stream_id=stream_id, line=one.line + lines) for one in fresh]
        self.examples += moved[: self.room]
        self.count += other.count - len(again)
