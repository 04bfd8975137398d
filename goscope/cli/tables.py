"""``goscope tables``: the DataFrames as files."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from goscope.cli.command_inputs import read
from goscope.cli.messages import print_result
from goscope.cli.overwrite_guard import is_input
from goscope.errors import InputError, NothingRecognised


class Form(Enum):
    """What the files are."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"
    PPROF = "pprof"


def tables(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="As for analyze: files, directories, globs, or -."),
    ],
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write into.")
    ],
    form: Annotated[Form, typer.Option("--as", help="What the files are.")] = Form.PARQUET,
) -> None:
    """Write the tables of everything that was read, a file per table, for DuckDB, pandas and the like.

    A column's name carries its unit. Parquet keeps all types; in CSV and JSON lines, lists are JSON.
    Of execution traces every single span is written too. --as pprof writes their profiles instead
    (network, sync, syscall, sched, cpu), which go tool pprof opens.
    """
    from goscope.exports.table_files import write_profiles, write_tables

    found = read(inputs, spans=form is not Form.PPROF)
    capture = found.capture
    if not capture.recognised:
        raise found.nothing("nothing of the Go runtime in the input, so there are no tables")
    if form is Form.PPROF:
        if not len(capture.table("trace_profiles")):
            raise NothingRecognised(
                "no execution trace in the input, so there are no profiles of one"
            )
        for name, stacks in write_profiles(capture, folder).items():
            print_result(f"{folder / name}: {stacks} {'stack' if stacks == 1 else 'stacks'}\n")
        found.end()
        return
    for path in (folder / f"{name}.{form.value}" for name in capture.table_names):
        if is_input(path, found.sources, capture.inputs):
            raise InputError(
                f"{path}: not written, for it is one of the inputs; give another folder"
            )
    for name, rows in write_tables(capture, folder, form.value).items():
        print_result(
            f"{folder / f'{name}.{form.value}'}: {rows} {'row' if rows == 1 else 'rows'}\n"
        )
    found.end()
