"""A diagnosis as a file: all that renderers need, so that they make the same pages of it anywhere.

The file (``report.goscope.json``) is JSON: the fields of the dataclasses by name, and the tables of the
capture with the bytes of each column in base 64. Credentials are taken out of its texts, as in reports.
Only goscope reads it; what other programs read is the report that ``-o report.json`` writes.

What is read may have been made by anybody: types, sizes, codes and references to rows are checked, so that a
file which is no diagnosis is refused. Nothing in it is ever executed.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from goscope.capture.capture import Capture, Input
from goscope.capture.linking.clocks import Mixed
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.errors import InputError
from goscope.formats import all_formats
from goscope.redaction import without_credentials
from goscope.sources.live.cpu_use import CpuUse
from goscope.tables.table import Cells, Column, Kind, Table, missing_cells

SCHEMA = "goscope.saved/1"
#: What the names of such files end with.
SUFFIX = ".goscope.json"
#: Bytes of the text; a dump of 100,000 goroutines takes 10 MB.
LARGEST = 1 << 30
#: What columns are stored as.
_INTEGERS = frozenset(("<i1", "<i2", "<i4", "<i8"))
_FLOATS = frozenset(("<f8",))
#: The fields of a capture beside its tables.
_OF_CAPTURE: dict[str, Any] = {
    "inputs": tuple[Input, ...],
    "processes": int,
    "labels": Mapping[int, str],
    "mixed": Mapping[str, Mixed],
    "selected": Mapping[str, int],
    "switched_on": frozenset[str],
    "cpu_use": CpuUse | None,
    "finished": bool,
}
#: Columns that name a row of another table; "" stands for the processes.
_REFERENCES = {
    "process": "",
    "sample": "sched",
    "stack_id": "stacks",
    "wait_stack": "stacks",
    "waker_stack": "stacks",
    "snapshot_id": "snapshots",
    "crash": "crashes",
    "profile": "profiles",
    "trace": "traces",
}


class _WrongValue(Exception):
    """A part of the document is not what a diagnosis has there."""


def saved_text(diagnosis: Diagnosis) -> str:
    """The diagnosis as the text of such a file."""
    document = {"schema": SCHEMA, "diagnosis": _encoded(diagnosis)}
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    # The same to a reader of JSON; printed by a job, ##[...] or ##vso[...] would be a command.
    return text.replace("##", r"\u0023\u0023").replace("\x7f", r"\u007f") + "\n"


def load(path: Path) -> Diagnosis:
    """Read a diagnosis that was saved; the file may be packed with gzip.

    Raises:
        InputError: it cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            with gzip.open(file) if packed else io.BufferedReader(file) as opened:
                data = opened.read(LARGEST + 1)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read: {reason.lower()}") from error
    if len(data) > LARGEST:
        raise InputError(f"{path}: larger than {LARGEST >> 20} MiB, so no diagnosis of goscope")
    return read_saved(data.decode("utf-8", "replace"), str(path))


def read_saved(text: str, name: str = "text") -> Diagnosis:
    """The diagnosis that was saved as this text.

    Raises:
        InputError: it is none; ``name`` says in the message what was read.
    """
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise _WrongValue(f"it does not say {SCHEMA}")
        found = _decoded(Diagnosis, document.get("diagnosis"), "diagnosis")
        _check_references(found.capture)
    except (_WrongValue, ValueError, RecursionError) as error:
        why = f"not a diagnosis that goscope saved: {without_credentials(str(error))}"
        raise InputError(f"{name}: {why}") from error
    assert isinstance(found, Diagnosis)
    return found


def _encoded(value: Any) -> Any:
    """A value of a diagnosis as JSON: an object per dataclass, mappings as pairs."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str) and not isinstance(value, Enum):
        return without_credentials(value)
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, bytes):
        return without_credentials(value.decode("latin-1"))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Capture):
        tables = {name: _table(value.table(name)) for name in value.table_names}
        others = {name: _encoded(getattr(value, name)) for name in _OF_CAPTURE}
        return {**others, "tables": tables}
    if is_dataclass(value):
        return {field.name: _encoded(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return [[_encoded(key), _encoded(one)] for key, one in value.items()]
    if isinstance(value, tuple | list | frozenset):
        return [_encoded(one) for one in (sorted(value) if isinstance(value, frozenset) else value)]
    return value


def _table(table: Table) -> dict[str, Any]:
    """A table; columns that are missing in all rows are left out."""
    columns = {}
    for column in table.schema if len(table) else ():
        cells = table.cells(column.name)
        absent = missing_cells(column, len(table))
        if not (
            np.array_equal(cells.values, absent.values, equal_nan=column.kind is Kind.FLOAT)
            and _same(cells.valid, absent.valid)
            and _same(cells.counts, absent.counts)
        ):
            columns[column.name] = _column(cells)
    return {"rows": len(table), "columns": columns}


def _same(a: npt.NDArray[Any] | None, b: npt.NDArray[Any] | None) -> bool:
    return (a is None) == (b is None) and (a is None or b is None or np.array_equal(a, b))


def _column(cells: Cells) -> dict[str, Any]:
    values, words = cells.values, cells.categories
    if words:
        # Two texts may be the same without their credentials.
        places: dict[str, int] = {}
        codes = [places.setdefault(without_credentials(word), len(places)) for word in words]
        values, words = np.array([*codes, -1], np.int32)[values], tuple(places)
    found: dict[str, Any] = {"values": _array(values)}
    if words:
        found["categories"] = words
    if cells.valid is not None:
        found["valid"] = _base64(np.packbits(cells.valid).tobytes())
    if cells.counts is not None:
        found["counts"] = _array(cells.counts)
    return found


def _array(values: npt.NDArray[Any]) -> list[str]:
    """The type of an array, and its bytes."""
    stored = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return [stored.dtype.str.replace("|", "<"), _base64(stored.tobytes())]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(wanted: Any, data: Any, where: str) -> Any:
    """The value of a type that a part of the document holds; ``where`` names the part for messages."""
    if get_origin(wanted) in (Union, UnionType):
        return _one_of(get_args(wanted), data, where)
    if isinstance(data, dict) and wanted is float:
        return _number(data, where)
    if wanted is Capture:
        return _capture(data, where)
    if is_dataclass(wanted):
        return _dataclass(wanted, data, where)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        try:
            return wanted(data)
        except ValueError:
            raise _WrongValue(f"{where}: {str(data)[:40]!r} is none of its values") from None
    if wanted is bytes:
        return _of_type(str, data, where).encode("latin-1", "replace")
    if get_origin(wanted) is not None:
        return _several(wanted, _of_type(list, data, where), where)
    if wanted is float and type(data) is int:
        return data
    return _of_type(wanted, data, where)


def _of_type(wanted: type, data: Any, where: str) -> Any:
    if type(data) is not wanted:
        raise _WrongValue(f"{where}: {type(data).__name__} instead of {wanted.__name__}")
    return data


def _one_of(wanted: tuple[Any, ...], data: Any, where: str) -> Any:
    if type(data) in wanted:
        return data
    others = [one for one in wanted if one is not NoneType]
    simple = [one for one in others if one in (float, int, str)]
    return _decoded(float if isinstance(data, dict) and simple else others[0], data, where)


def _number(data: dict[str, Any], where: str) -> float:
    if data.get("float") not in ("nan", "inf", "-inf"):
        raise _WrongValue(f"{where}: not a number")
    return float(data["float"])


def _several(wanted: Any, data: list[Any], where: str) -> Any:
    """Tuples, sets and mappings, which are lists in the document."""
    kind, inner = get_origin(wanted), get_args(wanted)
    if issubclass(kind, Mapping):
        pairs = [_decoded(tuple[inner], one, where) for one in data]  # type: ignore[valid-type]
        return dict(pairs)
    if kind is tuple and Ellipsis not in inner:
        if len(data) != len(inner):
            raise _WrongValue(f"{where}: {len(data)} values instead of {len(inner)}")
        return tuple(_decoded(one, part, where) for one, part in zip(inner, data, strict=True))
    return kind(_decoded(inner[0], one, f"{where}[{n}]") for n, one in enumerate(data))


@cache
def _types(wanted: Any) -> dict[str, Any]:
    return get_type_hints(wanted)


def _dataclass(wanted: Any, data: Any, where: str) -> Any:
    given = _of_type(dict, data, where)
    types = _types(wanted)
    known = {field.name: field for field in fields(wanted)}
    if unknown := given.keys() - known.keys():
        raise _WrongValue(f"{where}: {min(unknown)[:40]!r} is not known")
    values = {}
    for name, field in known.items():
        if name in given:
            values[name] = _decoded(types[name], given[name], f"{where}.{name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise _WrongValue(f"{where}: {name} is missing")
    return wanted(**values)


def _capture(data: Any, where: str) -> Capture:
    given = _of_type(dict, data, where)
    tables = _of_type(dict, given.get("tables"), f"{where}.tables")
    schemas = _schemas()
    if unknown := tables.keys() - schemas.keys():
        raise _WrongValue(f"{where}: the table {min(unknown)[:40]!r} is not known")
    read = {name: _read_table(name, schemas[name], one) for name, one in tables.items()}
    for name in schemas.keys() - read.keys():  # of a format that a later version reads
        read[name] = Table(name, schemas[name], {}, 0)
    values = {
        name: _decoded(kind, given.get(name), f"{where}.{name}")
        for name, kind in _OF_CAPTURE.items()
    }
    of_a_run = {name: values.pop(name) for name in ("switched_on", "cpu_use", "finished")}
    capture = Capture(read, **values)
    for name, value in of_a_run.items():
        setattr(capture, name, value)
    return capture


@cache
def _schemas() -> dict[str, tuple[Column, ...]]:
    return {name: schema for one in all_formats() for name, schema in one.tables.items()}


def _read_table(name: str, schema: tuple[Column, ...], data: Any) -> Table:
    given = _of_type(dict, data, name)
    rows = _of_type(int, given.get("rows"), f"{name}.rows")
    columns = _of_type(dict, given.get("columns"), f"{name}.columns")
    kinds = {column.name: column for column in schema}
    if unknown := columns.keys() - kinds.keys():
        raise _WrongValue(f"{name}: the column {min(unknown)[:40]!r} is not known")
    if rows < 0 or (rows and not columns):
        raise _WrongValue(f"{name}: {rows} rows without a column")
    cells = {
        column: _read_column(kinds[column], one, rows, f"{name}.{column}")
        for column, one in columns.items()
    }
    return Table(name, schema, cells, rows)


def _read_column(column: Column, data: Any, rows: int, where: str) -> Cells:
    given = _of_type(dict, data, where)
    values = _read_array(
        given.get("values"), where, _FLOATS if column.kind is Kind.FLOAT else _INTEGERS
    )
    words = tuple(
        _of_type(str, word, where) for word in _of_type(list, given.get("categories", []), where)
    )
    valid = counts = None
    if column.kind is Kind.INTS:
        counts = _read_array(given.get("counts"), where, _INTEGERS)
        if (counts < 0).any() or counts.sum() != len(values):
            raise _WrongValue(f"{where}: the lists do not hold as many numbers as they say")
    if "valid" in given:
        bits = np.frombuffer(_bytes(given["valid"], where), np.uint8)
        if len(bits) != -(-rows // 8):
            raise _WrongValue(f"{where}: not a mark for each row")
        valid = np.unpackbits(bits, count=rows).astype(np.bool_)
    if len(values if counts is None else counts) != rows:
        raise _WrongValue(f"{where}: not a value for each of {rows} rows")
    most = {Kind.TEXT: len(words) - 1, Kind.BOOL: 1}.get(column.kind)
    if most is not None and rows and not -1 <= values.min() <= values.max() <= most:
        raise _WrongValue(f"{where}: a code that stands for nothing")
    return Cells(values, valid, words, counts)


def _read_array(data: Any, where: str, allowed: frozenset[str]) -> npt.NDArray[Any]:
    kind, text = _decoded(tuple[str, str], data, where)
    if kind not in allowed:
        raise _WrongValue(f"{where}: not an array of numbers")
    stored = _bytes(text, where)
    if len(stored) % np.dtype(kind).itemsize:
        raise _WrongValue(f"{where}: half a number")
    return np.frombuffer(stored, kind).astype(np.dtype(kind).newbyteorder("="))


def _bytes(data: Any, where: str) -> bytes:
    try:
        return base64.b64decode(_of_type(str, data, where), validate=True)
    except ValueError:
        raise _WrongValue(f"{where}: not base 64") from None


def _check_references(capture: Capture) -> None:
    """Columns that name rows of other tables name rows that are there."""
    if not 0 <= capture.processes <= 1 + sum(len(capture.table(n)) for n in capture.table_names):
        raise _WrongValue("diagnosis.capture.processes: more than there are rows")
    for name in capture.table_names:
        table = capture.table(name)
        for column, other in _REFERENCES.items():
            if column not in table:
                continue
            of_trace = other == "stacks" and name.startswith("trace_")
            rows = capture.table("trace_stacks" if of_trace else other) if other else None
            end = max(capture.processes, 1) if rows is None else len(rows)
            named = table[column][table.present(column)]
            if len(named) and not -1 <= named.min() <= named.max() < end:
                raise _WrongValue(f"{name}.{column}: a row that is not there")
