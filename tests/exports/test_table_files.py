"""Tables as files say what the capture says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

import goscope
from goscope.capture.capture import Capture
from goscope.errors import InputError
from goscope.exports.table_files import FORMS, write_tables

LOG = """\
SCHED 0ms: gomaxprocs=2 idleprocs=1 threads=6 spinningthreads=0 idlethreads=3 runqueue=7 [4 5]
gc 1 @0.012s 5%: 0.1+1.25+0.3 ms clock, 0.4+0.5/0.6/0.7+0.8 ms cpu, 4->4->0 MB, 5 MB goal, 2 P

goroutine 7 [chan receive, 5 minutes] {user: "=cmd|' /C calc'!A0"}:
=main.evil(...)
\t/app/main.go:15
"""


@pytest.fixture
def capture() -> Capture:
    return goscope.read(LOG)


@pytest.mark.parametrize("form", FORMS)
def test_every_table_with_rows_becomes_a_file(capture: Capture, tmp_path: Path, form: str) -> None:
    written = write_tables(capture, tmp_path / "new" / "folder", form)
    rows = {
        "sched": 1,
        "procs": 2,
        "gc": 1,
        "goroutines": 1,
        "stacks": 1,
        "frames": 1,
        "snapshots": 1,
    }
    assert written == rows
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == {
        f"{name}.{form}" for name in rows
    }


def test_parquet_keeps_types_and_missing_values(capture: Capture, tmp_path: Path) -> None:
    write_tables(capture, tmp_path, "parquet")
    sched = pd.read_parquet(tmp_path / "sched.parquet")
    assert sched["local_queues"][0].tolist() == [4, 5]
    assert (sched["runqueue"][0], sched["local_sum"][0]) == (7, 9)
    assert sched["needspinning"].isna().all()
    assert pd.read_parquet(tmp_path / "gc.parquet")["mark_ms"][0] == 1.25
    goroutines = pd.read_parquet(tmp_path / "goroutines.parquet")
    assert goroutines["wait_reason"].tolist() == ["chan receive"]
    assert goroutines["wait_minutes"].tolist() == [5]


def test_a_spreadsheet_runs_nothing(capture: Capture, tmp_path: Path) -> None:
    write_tables(capture, tmp_path, "csv")
    with (tmp_path / "frames.csv").open(newline="", encoding="utf-8") as file:
        (frame,) = csv.DictReader(file)
    assert frame["function"] == "'=main.evil"
    assert frame["file"] == "/app/main.go"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_starts_a_formula_whatever_parts_the_cells(tmp_path: Path, delimiter: str) -> None:
    names = [
        "=x",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "\r=1",
        "a;=x()",
        "a\t=x",
        "＝x",
        "a,b;=x",
        'a"b;=x',
        "a\r=x",
    ]
    blocks = [
        f"goroutine {n} [running]:\n{f}(0x1)\n\t/x.go:1 +0x1\n\n" for n, f in enumerate(names, 1)
    ]
    write_tables(goscope.read("".join(blocks)), tmp_path, "csv")
    text = (tmp_path / "frames.csv").read_bytes().decode()
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert len(rows) == 1 + len(blocks) or delimiter != ","
    assert not [
        cell
        for row in rows
        for cell in row
        if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    ]
    frame = pd.read_csv(tmp_path / "frames.csv")
    assert frame["line"].dtype == "int64"
    assert frame["offset"].tolist() == ["0x1"] * len(blocks)


def test_json_lines_are_json(capture: Capture, tmp_path: Path) -> None:
    write_tables(capture, tmp_path, "jsonl")
    (line,) = (tmp_path / "goroutines.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(line)
    assert row["id"] == 7
    assert json.loads(row["labels"]) == {"user": "=cmd|' /C calc'!A0"}


def test_what_cannot_be_written_is_one_line(capture: Capture, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file; give a folder"):
        write_tables(capture, tmp_path / "file", "csv")


def test_an_interrupted_write_leaves_the_old_file(
    capture: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "gc.csv"
    old.write_text("old", encoding="utf-8")

    def fail(frames: Iterator[pd.DataFrame], path: Path) -> None:
        path.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    forms: dict[str, Callable[[Iterator[pd.DataFrame], Path], None]] = {**FORMS, "csv": fail}
    monkeypatch.setattr("goscope.exports.table_files.FORMS", forms)
    with pytest.raises(InputError, match="no space left"):
        write_tables(capture, tmp_path, "csv")
    assert old.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["gc.csv"]


def test_columns_without_a_value_keep_their_type(tmp_path: Path) -> None:
    """Files of several runs are read together, by DuckDB for one, only if their types agree."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sched = (
        "SCHED 0ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 idlethreads=1 runqueue=0\n"
    )
    dump = "goroutine 1 [running]:\nmain.main()\n\t/app/main.go:9 +0x1d\n"
    write_tables(goscope.read(sched, dump), tmp_path, "parquet")
    for name in ("sched", "goroutines", "frames"):
        for found in pq.read_schema(tmp_path / f"{name}.parquet"):
            kind = getattr(found.type, "value_type", found.type)
            assert not pa.types.is_null(kind), (name, found.name)
    again = pq.read_table(tmp_path / "goroutines.parquet").to_pandas()
    assert again["wait_reason"].isna().all()
    assert again["id"].tolist() == [1]
