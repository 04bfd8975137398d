"""What readers of rare blocks share: rows as dictionaries, from line to line of all inputs."""

from __future__ import annotations

from typing import Any, Self

from goscope.parsing.unparsed import Aside, Unparsed

_LONGEST = 1 << 14  # bytes of a record that is shown as not understood


class RowReader:
    """Collects rows, each with its ``input`` and ``line``, and what could not be understood."""

    def __init__(self) -> None:
        self.aside = Aside()
        self._input = ""
        self._rows: list[dict[str, Any]] = []

    def begin(self, input_name: str) -> None:
        """The blocks that follow come from this input."""
        self._input = input_name

    def __getstate__(self) -> dict[str, object]:
        """What :meth:`absorb` needs of a reader that comes from another process."""
        return {name: vars(self)[name] for name in ("aside", "_rows")}

    def absorb(self, other: Self, lines: int) -> None:
        """Append what another reader read of the rest of this input, so many lines further down."""
        self._rows += [{**row, "line": row["line"] + lines} for row in other._rows]
        self.aside.absorb(other.aside.examples, other.aside.count, lines)

    def _set_aside(self, number: int, text: bytes, expected: str) -> None:
        self.aside.add(Unparsed(self._input, number + 1, text[:_LONGEST], expected))
