"""Writes the tables of a capture as files for other tools: Parquet, CSV, JSON lines.

Parquet keeps every type and is what DuckDB, pandas and Spark read. CSV and JSON lines are for eyes and
scripts; lists (run queues per P) are JSON there. Text in a CSV that a spreadsheet would run as a formula
gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from goscope.capture import Capture
from goscope.errors import InputError
from goscope.whole_files import whole_file

if TYPE_CHECKING:
    import pandas as pd

#: Where a spreadsheet may see the start of a cell that is a formula: also behind what parts cells and
#: rows where a comma stands in numbers, and a quotation mark inside a cell means nothing.
_FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[=+\-@\t\r\n＝＋－＠])")


def write_tables(capture: Capture, folder: Path, form: str) -> dict[str, int]:
    """Write every table that holds rows to ``folder/<table>.<form>``; the rows of each.

    ``form`` is one of :data:`FORMS`. A file that cannot be written to its end leaves the old one.

    Raises:
        InputError: a file cannot be written.
    """
    write = FORMS[form]
    written = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in capture.table_names:
            frame = capture.frame(name)
            if len(frame):
                with whole_file(folder / f"{name}.{form}") as path:
                    write(frame, path)
                written[name] = len(frame)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{folder}: cannot be written: {reason}") from error
    return written


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    # A column without a value has no type of its own, and files of several runs would not fit together.
    words, numbers = pa.dictionary(pa.int32(), pa.string()), pa.list_(pa.int64())
    for place, found in enumerate(table.schema):
        if pa.types.is_dictionary(found.type) and pa.types.is_null(found.type.value_type):
            table = table.set_column(place, found.name, pa.nulls(len(table), words))
        elif pa.types.is_list(found.type) and pa.types.is_null(found.type.value_type):
            table = table.set_column(place, found.name, table.column(place).cast(numbers))
    pq.write_table(table, path)


def _csv(frame: pd.DataFrame, path: Path) -> None:
    plain = frame.copy()
    for name in plain.columns:
        if plain[name].dtype == "category":
            words = {word: no_formula(str(word)) for word in plain[name].cat.categories}
            plain[name] = plain[name].astype(object).map(words, na_action="ignore")
        elif plain[name].dtype == object:
            plain[name] = plain[name].map(json.dumps)
    # All texts are quoted: a bare \r would start a row.
    plain.to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC)


def _json_lines(frame: pd.DataFrame, path: Path) -> None:
    frame.to_json(path, orient="records", lines=True, force_ascii=False)


def no_formula(text: str) -> str:
    """A cell of a CSV that no spreadsheet runs: an apostrophe in front of what begins like a formula."""
    return _FORMULA.sub("'", text)


#: How each form is written; the name is the suffix of the files.
FORMS: Mapping[str, Callable[[pd.DataFrame, Path], None]] = {
    "parquet": _parquet,
    "csv": _csv,
    "jsonl": _json_lines,
}
