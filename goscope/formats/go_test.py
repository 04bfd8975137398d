"""How a process or a test ended, as ``go run``, ``go test``, a shell or the race detector say.

None of these lines is a crash by itself: they complete one. :mod:`goscope.crashes` puts them behind
the crash that they follow, and knows the tests that ended without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from goscope.formats.format import PLACE, Format
from goscope.framing.framer import BlockRecords
from goscope.framing.records import BlockKind
from goscope.shapes import MOST_EXAMPLES, Unparsed, moved
from goscope.tables import Column, Kind, Table, table_from

#: So many lines of a capture are kept.
MOST_LINES = 100_000

EXITS = (
    *PLACE,
    Column("sort", Kind.TEXT, "", "status, result, passed, failed, killed, races or dumped"),
    Column("text", Kind.TEXT, "", "the line"),
)

_SORTS = re.compile(
    rb"(?P<status>exit status [0-9]{1,10}|signal: [a-z -]{1,40}(?: \(core dumped\))?)$"
    rb"|(?P<result>FAIL\t[^\t\n]{1,500}\t[0-9.]{1,12}s)$"
    rb"|(?P<passed>ok  \t[^\t\n]{1,500}\t)"
    rb"|(?P<failed>FAIL$|--- FAIL: )"
    rb"|(?P<killed>\*\*\* Test killed with [a-z ]{1,40}: ran too long \([0-9.hms]{1,20}\)\.)$"
    rb"|(?P<races>Found [0-9]{1,10} data race\(s\))$"
    rb"|(?P<dumped>[A-Z][A-Za-z ]{1,40} \(core dumped\))$"
)


class ExitReader:
    """Reads these lines of all inputs."""

    def __init__(self) -> None:
        self.unparsed: list[Unparsed] = []
        self.unparsed_count = 0
        self._input = ""
        self._rows: list[dict[str, Any]] = []

    def begin(self, input_name: str) -> None:
        """The lines that follow come from this input."""
        self._input = input_name

    def read(self, blocks: BlockRecords) -> int:
        """Take lines; returns how many of them only ``go test`` prints."""
        found = 0
        for text, number in zip(blocks.texts, blocks.numbers.tolist(), strict=True):
            line = text.partition(b"\n")[0]
            sort = _SORTS.match(line)
            if sort is None or len(self._rows) >= MOST_LINES:
                continue
            name = str(sort.lastgroup)
            found += name in ("result", "killed")
            said = line.decode("utf-8", "replace")
            self._rows.append(
                {"input": self._input, "line": number + 1, "sort": name, "text": said}
            )
        return found

    def __getstate__(self) -> dict[str, object]:
        """What :meth:`absorb` needs of a reader that comes from another process."""
        return {name: vars(self)[name] for name in ("unparsed", "unparsed_count", "_rows")}

    def absorb(self, other: ExitReader, lines: int) -> None:
        """Append what another reader read of the rest of this input, so many lines further down."""
        self._rows += [{**row, "line": row["line"] + lines} for row in other._rows]
        self.unparsed += moved(other.unparsed, lines)[: MOST_EXAMPLES - len(self.unparsed)]
        self.unparsed_count += other.unparsed_count

    def tables(self) -> Mapping[str, Table]:
        """All lines."""
        return {"exits": table_from("exits", EXITS, self._rows)}


FORMAT = Format(
    name="go_test",
    tables={},
    block=BlockKind(
        name="exit",
        told=True,
        openings=(
            b"exit status #",
            b"signal: ",
            b"FAIL",
            b"ok  \t",
            b"--- FAIL: ",
            b"*** Test killed with ",
            b"Found #",
            b"Aborted (core dumped)",
            b"Segmentation fault (core dumped)",
            b"Quit (core dumped)",
        ),
        sign=_SORTS,
        quoted=False,
        pairs=False,
    ),
    reader=ExitReader,
    example="FAIL\texample.com/project\t1.005s",
)
