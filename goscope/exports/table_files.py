"""Writes the tables of a capture as files for other tools: Parquet, CSV, JSON lines; profiles as pprof.

Parquet keeps every type and is what DuckDB, pandas and Spark read. CSV and JSON lines are for eyes and
scripts; lists (run queues per P) are JSON there. Text in a CSV that a spreadsheet would run as a formula
gets an apostrophe in front.

The spans of a trace may be tens of millions of rows, so a table is written piece by piece: as a DataFrame
it would take several times the memory of its columns.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from goscope.capture.capture import Capture
from goscope.errors import InputError, unwritable
from goscope.exports.trace_pprof import KINDS, pprof_of_trace
from goscope.tables.table import WALL_TIME
from goscope.whole_files import whole_file

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: So many rows are written at a time.
_PIECE = 500_000

#: Where a spreadsheet may find the start of a formula: at the start of a cell, and after a semicolon, tab or
#: line end, since with other locales these separate cells and quotation marks inside a cell are ignored.
_FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[=+\-@\t\r\n＝＋－＠])")


def write_tables(capture: Capture, folder: Path, form: str) -> dict[str, int]:
    """Write every table that holds rows to ``folder/<table>.<form>``; the rows of each.

    ``form`` is one of :data:`FORMS`. A file that cannot be written to its end leaves the old one.

    Raises:
        InputError: a file cannot be written.
    """
    write = FORMS[form]
    written = {}
    with _folder(folder):
        for name in capture.table_names:
            rows = len(capture.frame(name)) if name == "procs" else len(capture.table(name))
            if rows:
                with whole_file(folder / f"{name}.{form}") as path:
                    write(_pieces(capture, name), path)
                written[name] = rows
    return written


def write_profiles(capture: Capture, folder: Path) -> dict[str, int]:
    """Write the profiles of all traces as gzipped protobuf; the stacks of each file.

    The files are called ``trace_<kind>.pb.gz``, with the number of the trace behind ``trace`` if there are
    several.

    Raises:
        InputError: a file cannot be written.
    """
    profiles, traces = capture.table("trace_profiles"), len(capture.table("traces"))
    written = {}
    with _folder(folder):
        for trace in range(traces):
            for kind in KINDS:
                mine = (profiles["trace"] == trace) & profiles.says("kind", kind)
                if not mine.any():
                    continue
                name = f"trace{trace if traces > 1 else ''}_{kind}.pb.gz"
                with whole_file(folder / name) as path:
                    path.write_bytes(pprof_of_trace(capture, kind, trace))
                written[name] = int(mine.sum())
    return written


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """A folder that is there while files are written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except FileExistsError as error:
        raise InputError(f"{folder}: is a file; give a folder for the tables") from error
    except OSError as error:
        raise unwritable(folder, error) from error


def _pieces(capture: Capture, name: str) -> Iterator[pd.DataFrame]:
    """A table as DataFrames of at most :data:`_PIECE` rows."""
    if name == "procs":
        yield _with_numbers(capture.frame(name))
        return
    table = capture.table(name)
    for begin in range(0, len(table), _PIECE):
        yield _with_numbers(table.select(np.arange(begin, min(begin + _PIECE, len(table)))).frame())


def _with_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Times as nanoseconds since 1970, which every reader of a file takes for the same moment."""
    if WALL_TIME not in frame:
        return frame
    times = frame[WALL_TIME]
    numbers = times.astype("int64").astype("Int64").mask(times.isna())
    return frame.assign(**{WALL_TIME: numbers})


def _typed(frame: pd.DataFrame) -> pa.Table:
    """A frame for Parquet.

    A column without a value has no type of its own, and files of several runs would not fit together.
    """
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    words, numbers = pa.dictionary(pa.int32(), pa.string()), pa.list_(pa.int64())
    for place, found in enumerate(table.schema):
        if pa.types.is_dictionary(found.type) and pa.types.is_null(found.type.value_type):
            table = table.set_column(place, found.name, pa.nulls(len(table), words))
        elif pa.types.is_list(found.type) and pa.types.is_null(found.type.value_type):
            table = table.set_column(place, found.name, table.column(place).cast(numbers))
    return table


def _parquet(frames: Iterator[pd.DataFrame], path: Path) -> None:
    import pyarrow.parquet as pq

    writer = None
    with path.open("wb") as file:  # pyarrow opens no file whose name is no UTF-8
        try:
            for frame in frames:
                piece = _typed(frame)
                writer = writer or pq.ParquetWriter(file, piece.schema)
                writer.write_table(piece)
        finally:
            if writer is not None:
                writer.close()


def _csv(frames: Iterator[pd.DataFrame], path: Path) -> None:
    for number, frame in enumerate(frames):
        # All texts are quoted: a bare \r would start a row.
        _plain(frame).to_csv(
            path,
            index=False,
            header=not number,
            mode="a" if number else "w",
            quoting=csv.QUOTE_NONNUMERIC,
        )


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    plain = frame.copy()
    for name in plain.columns:
        if plain[name].dtype == "category":
            words = {word: no_formula(str(word)) for word in plain[name].cat.categories}
            plain[name] = plain[name].astype(object).map(words, na_action="ignore")
        elif plain[name].dtype == object:
            plain[name] = plain[name].map(json.dumps)
    return plain


def _json_lines(frames: Iterator[pd.DataFrame], path: Path) -> None:
    for number, frame in enumerate(frames):
        mode: Literal["a", "w"] = "a" if number else "w"
        frame.to_json(path, orient="records", lines=True, force_ascii=False, mode=mode)


def no_formula(text: str) -> str:
    """A cell of a CSV that no spreadsheet runs: an apostrophe in front of what begins like a formula."""
    return _FORMULA.sub("'", text)


#: How each form is written; the name is the suffix of the files.
FORMS: Mapping[str, Callable[[Iterator[pd.DataFrame], Path], None]] = {
    "parquet": _parquet,
    "csv": _csv,
    "jsonl": _json_lines,
}
