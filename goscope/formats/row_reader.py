"""What readers of rare blocks share: rows as dictionaries, from line to line of all inputs."""

from __future__ import annotations

from typing import Any

from goscope.parsing.unparsed import Unparsed, UnparsedRecords

_LONGEST = 1 << 14  # bytes of a record that is shown as not understood


class RowReader:
    """Collects rows, each with its ``stream_id`` and ``line``, and what could not be understood."""

    def __init__(self) -> None:
        self.aside = UnparsedRecords()
        self._stream_id = 0
        self._rows: list[dict[str, Any]] = []

    def begin(self, stream_id: int) -> None:
        """The blocks that follow come from this stream."""
        self._stream_id = stream_id

    def _set_aside(self, number: int, text: bytes, expected: str) -> None:
        self.aside.add(Unparsed(self._stream_id, number + 1, text[:_LONGEST], expected))
