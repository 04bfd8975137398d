"""What all tests share: how many of them run, real captures, and reading bytes into tables.

By default the tests take a few captures that show everything (``tests/capture_cover.py``) and few examples of
hypothesis, and leave out what is marked ``full``. With ``--full`` nothing is left out.
"""

from __future__ import annotations

import functools
import gzip
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from goscope.capture.capture import Capture, Input
from goscope.reading.capture_builder import CaptureBuilder
from goscope.tables.table import Kind, Table

CAPTURES = Path(__file__).parents[1] / "fixtures" / "captures"
#: The captures that tests read without --full, a name per line.
COVER = Path(__file__).with_name("capture_cover.txt")
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


def capture_name(path: Path) -> str:
    """The path of a capture below ``fixtures/captures``."""
    return "/".join(path.parts[-3:])


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


# ---- how many tests run -----------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full",
        action="store_true",
        help="all captures, tests marked full and many examples of hypothesis: some 20 minutes",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Examples that depend on chance alone would fail for people who changed nothing.
    slow = (HealthCheck.too_slow, HealthCheck.filter_too_much)
    settings.register_profile(
        "quick", max_examples=15, derandomize=True, deadline=None, suppress_health_check=slow
    )
    settings.register_profile("full", max_examples=200, deadline=None, suppress_health_check=slow)
    settings.load_profile("full" if config.getoption("full") else "quick")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process for each processor, or none to run single files, for which starting them takes longer."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return (os.cpu_count() or 1) if whole else 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked ``full``, and of a test marked ``sampled(n)`` all but every n-th case."""
    if config.getoption("full") or any("::" in argument for argument in config.args):
        return
    cases: Counter[str] = Counter()
    left = []
    for item in items:
        test = item.nodeid.partition("[")[0]
        sampled = item.get_closest_marker("sampled")
        if item.get_closest_marker("full") or (sampled and cases[test] % sampled.args[0]):
            left.append(item)
        cases[test] += 1
    if left:
        gone = set(left)
        items[:] = [item for item in items if item not in gone]
        config.hook.pytest_deselected(items=left)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if not config.getoption("full"):
        terminalreporter.write_line(
            "left out without --full: tests marked full, most captures, and most examples of hypothesis"
        )


@pytest.fixture(scope="session")
def stride(pytestconfig: pytest.Config) -> int:
    """A text is cut at every place with ``--full``, and else at one of so many."""
    return 1 if pytestconfig.getoption("full") else 7


# ---- real captures ----------------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "real_capture" in metafunc.fixturenames:
        if metafunc.config.getoption("full"):
            paths = capture_texts()
        else:
            paths = [CAPTURES / name for name in COVER.read_text(encoding="utf-8").split()]
        holding = metafunc.definition.get_closest_marker("holding")
        if holding is not None:
            paths = [
                path for path in paths if re.search(holding.args[0], _text(path), re.MULTILINE)
            ]
        metafunc.parametrize("real_capture", paths, ids=map(capture_name, paths), indirect=True)


_text = functools.cache(content)


@pytest.fixture(scope="session")
def real_capture(request: pytest.FixtureRequest) -> bytes:
    """The text of one real capture; a test that asks for it runs for each.

    A test marked ``holding(pattern, ...)`` runs for those in which all these patterns are found.
    """
    return content(request.param)


@pytest.fixture(scope="session")
def capture_text() -> Callable[[str], bytes]:
    """The text of a capture by its path below ``fixtures/captures``."""
    return lambda name: content(CAPTURES / name)


@pytest.fixture(scope="session")
def real_read(real_capture: bytes, read: Callable[..., Read]) -> Read:
    """The same capture, read."""
    return read(real_capture)
