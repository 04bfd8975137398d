"""How a process or a test ended, as ``go run``, ``go test``, a shell or the race detector say.

None of these lines is a crash by itself: they complete one. :mod:`goscope.capture.linking.crash_linking` puts
them behind the crash that they follow, and knows the tests that ended without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from goscope.formats.format import PLACE, Format
from goscope.formats.row_reader import RowReader
from goscope.framing.framed import BlockRecords
from goscope.framing.records import BlockKind
from goscope.tables.table import Column, Kind, Table, table_from

#: So many lines of a capture are kept.
MOST_LINES = 100_000

EXITS = (
    *PLACE,
    Column(
        "sort", Kind.TEXT, "", "status, result, passed, failed, killed, races, dumped or registers"
    ),
    Column("text", Kind.TEXT, "", "the line"),
)

_SORTS = re.compile(
    rb"(?P<status>exit status [0-9]{1,10}|signal: [a-z -]{1,40}(?: \(core dumped\))?)$"
    rb"|(?P<result>FAIL\t[^\t\n]{1,500}\t[0-9.]{1,12}s)$"
    rb"|(?P<passed>ok  \t[^\t\n]{1,500}\t)"
    rb"|(?P<failed>FAIL$|--- FAIL: )"
    rb"|(?P<killed>\*\*\* Test killed with [a-z ]{1,40}: ran too long \([0-9.hms]{1,20}\)\.)$"
    rb"|(?P<races>Found [0-9]{1,10} data race\(s\))$"
    rb"|(?P<registers>(?:rax|eax|r0|ra) +0x[0-9a-f]+)(?:\t|$)"  # below a fatal signal's goroutines: dumpregs
    rb"|(?P<dumped>[A-Z][A-Za-z ]{1,40} \(core dumped\))$"
)


class ExitReader(RowReader):
    """Reads these lines of all inputs."""

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
                {"stream_id": self._stream_id, "line": number + 1, "sort": name, "text": said}
            )
        return found

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
            b"rax ",
            b"eax ",
            b"r0 ",
            b"ra ",
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
