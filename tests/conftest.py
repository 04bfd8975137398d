"""What the tests of the parsing floors share: real captures, and reading bytes into tables."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from goscope.capture.capture import Capture, Input
from goscope.reading.capture_builder import CaptureBuilder
from goscope.tables.table import Kind, Table

CAPTURES = Path(__file__).parents[1] / "fixtures" / "captures"
TEXTS = ("stderr.log*", "dump-[0-9].txt*", "sigquit.log*", "panic.log*", "goroutineleak.txt*")


@dataclass(frozen=True, slots=True)
class Read:
    """A capture of one input, and the input."""

    capture: Capture
    input: Input

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table as plain values, None where one is missing."""
        return rows_of(self.capture.table(table))

    def everything(self) -> dict[str, Any]:
        """All that must not depend on how the input was cut into chunks."""
        tables = {name: self.rows(name) for name in self.capture.table_names}
        found = self.input
        return {
            **tables,
            "unparsed": found.unparsed,
            "count": found.unparsed_count,
            "lines": found.lines,
        }


def rows_of(table: Table) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {}
    for column in table.schema:
        name = column.name
        present = table.present(name).tolist() if column.kind is not Kind.INTS else []
        if column.kind is Kind.TEXT:
            columns[name] = table.texts(name)
        elif column.kind is Kind.INTS:
            values, at = table[name].tolist(), 0
            columns[name] = []
            for count in table.counts(name).tolist():
                columns[name].append(values[at : at + count])
                at += count
        else:
            turn: Callable[[Any], Any] = bool if column.kind is Kind.BOOL else lambda value: value
            pairs = zip(table[name].tolist(), present, strict=True)
            columns[name] = [turn(value) if there else None for value, there in pairs]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.fixture(scope="session")
def read() -> Callable[..., Read]:
    """Reads one input, given as text, bytes or chunks."""

    def read_input(data: str | bytes | Iterable[bytes]) -> Read:
        if isinstance(data, str):
            data = data.encode()
        builder = CaptureBuilder()
        found = builder.read("input", [data] if isinstance(data, bytes) else data)
        return Read(builder.build(), found)

    return read_input


def capture_texts() -> list[Path]:
    """The text captures that stand in the repository."""
    return sorted(path for pattern in TEXTS for path in CAPTURES.glob(f"*/*/{pattern}"))


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "real_capture" in metafunc.fixturenames:
        paths = capture_texts()
        names = ["/".join(path.parts[-3:]) for path in paths]
        metafunc.parametrize("real_capture", paths, ids=names, indirect=True)


@pytest.fixture(scope="session")
def real_capture(request: pytest.FixtureRequest) -> bytes:
    """The text of one real capture; a test that asks for it runs for each."""
    return content(request.param)


@pytest.fixture(scope="session")
def capture_text() -> Callable[[str], bytes]:
    """The text of a capture by its path below ``fixtures/captures``."""
    return lambda name: content(CAPTURES / name)


@pytest.fixture(scope="session")
def real_read(real_capture: bytes, read: Callable[..., Read]) -> Read:
    """The same capture, read."""
    return read(real_capture)
