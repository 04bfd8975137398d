"""Execution traces come from wherever other inputs do, and their tables hold what was asked for."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import goscope
from goscope.capture.capture import Capture
from goscope.errors import InputError
from goscope.formats.trace.schema import SPAN_TABLES, TABLES
from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.inputs import read_sources
from goscope.sources.files.named_inputs import sources_of
from tests.conftest import CAPTURES, content, rows_of
from tests.traces.truth import trace_path

NAME = "go1.27/trace_tasks"
DATA = content(trace_path(NAME))


def read(path: Path, *, spans: bool = False) -> Capture:
    sources, missing = sources_of([str(path)])
    capture, failed = read_sources(sources, spans=spans)
    assert not missing
    assert not failed
    return capture


def plain(capture: Capture) -> dict[str, object]:
    """All tables of traces, without the name of the input."""
    found = {name: rows_of(capture.table(name)) for name in TABLES}
    for row in found["traces"]:
        row["input"] = None
    return found  # type: ignore[return-value]


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a/trace.out", data)
    return out.getvalue()


PACKED = {
    "trace.out": lambda data: data,
    "trace.gz": gzip.compress,
    "trace.bz2": bz2.compress,
    "trace.xz": lzma.compress,
    "traces.zip": zipped,
}


@pytest.mark.parametrize("name", PACKED)
def test_however_it_is_packed(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(PACKED[name](DATA))
    assert plain(read(tmp_path / name)) == plain(read(trace_path(NAME)))
    assert len(rows_of(read(tmp_path).table("traces"))) == 1  # a folder


def test_in_memory_and_from_an_open_file() -> None:
    capture = goscope.read(DATA, io.BytesIO(DATA))
    assert [row["input"] for row in rows_of(capture.table("traces"))] == ["text 1", "stream 2"]
    assert capture.frame("trace_goroutine_spans")["trace"].value_counts().nunique() == 1


def test_from_a_pipe() -> None:
    command = [sys.executable, "-m", "goscope", "--format", "json"]
    done = subprocess.run(command, input=DATA, capture_output=True, check=True)
    (found,) = json.loads(done.stdout)["inputs"]
    assert found["formats"] == ["execution_trace"]
    assert found["records"]["traces"] == 1
    assert found["problem"] is None


def test_single_spans_are_kept_only_when_asked_for() -> None:
    path = trace_path(NAME)
    without, with_spans = read(path), read(path, spans=True)
    for name in TABLES:
        if name in SPAN_TABLES:
            assert not len(without.table(name))
            assert len(with_spans.table(name)), name
        elif name != "traces":
            assert rows_of(without.table(name)) == rows_of(with_spans.table(name))
    assert [row["spans"] for row in rows_of(without.table("traces"))] == [False]
    assert len(goscope.read(path).frame("trace_goroutine_spans"))
    assert not len(goscope.read(path, spans=False).frame("trace_goroutine_spans"))


def test_tables_exist_without_a_trace() -> None:
    capture = CaptureBuilder().build()
    for name, columns in TABLES.items():
        shown = [column.name for column in columns if not column.internal]
        assert [*capture.frame(name).columns] == shown
        assert not len(capture.table(name))


def test_several_traces_share_their_stacks() -> None:
    one, two = trace_path("go1.27/trace_sync"), trace_path(NAME)
    builder = CaptureBuilder()
    for path in (one, two, one):
        builder.read(path.parent.name, [content(path)])
    capture = builder.build()
    by_trace: dict[int, list[object]] = {}
    for row in rows_of(capture.table("trace_profiles")):
        by_trace.setdefault(row.pop("trace"), []).append(row)
    assert by_trace[0] == by_trace[2] != by_trace[1]
    goroutines = rows_of(capture.table("trace_goroutines"))
    for block in rows_of(capture.table("trace_blocks")):
        owner = goroutines[block["goroutine"]]
        assert (owner["trace"], owner["g"]) == (block["trace"], block["g"])
    stacks = {row["stack_id"] for row in rows_of(capture.table("trace_stacks"))}
    assert {row["stack_id"] for row in rows_of(capture.table("trace_frames"))} == stacks
    assert len(stacks) == len(capture.table("trace_stacks"))


def test_a_trace_belongs_to_the_process_of_the_log_that_came_with_it() -> None:
    (path,) = (CAPTURES / "go1.27" / "gc_frequent").glob("stderr.log*")
    log = content(path)
    builder = CaptureBuilder()
    builder.read("app.log", [log])
    builder.read("trace.out", [DATA])
    capture = builder.build()
    assert capture.processes == 1
    assert rows_of(capture.table("traces"))[0]["process"] == 0


def test_a_packed_trace_that_is_cut_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "trace.gz"
    path.write_bytes(gzip.compress(DATA, 0)[: len(DATA) * 4 // 5])
    sources, _ = sources_of([str(path)])
    capture, failed = read_sources(sources)
    assert [type(error) for error in failed] == [InputError]
    (row,) = rows_of(capture.table("traces"))
    assert row["generations"] == 2
    assert not row["complete"]
    assert capture.inputs[0].formats == ("execution_trace",)
    assert capture.inputs[0].problem is not None


def test_goscope_tables_writes_the_spans(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "goscope",
        "tables",
        str(trace_path(NAME)),
        "-o",
        str(tmp_path),
    ]
    done = subprocess.run([*command, "--as", "jsonl"], capture_output=True, text=True, check=True)
    lines = (tmp_path / "trace_goroutine_spans.jsonl").read_text().splitlines()
    assert f"trace_goroutine_spans.jsonl: {len(lines)} rows" in done.stdout
    assert len(lines) == len(read(trace_path(NAME), spans=True).table("trace_goroutine_spans"))
    assert {json.loads(line)["state"] for line in lines} >= {"running", "waiting", "runnable"}


def test_schemas_are_documented() -> None:
    for name, columns in TABLES.items():
        names = [column.name for column in columns]
        assert len(set(names)) == len(names), name
        for column in columns:
            assert column.meaning, (name, column.name)
            if column.name.endswith("_ns") or column.name == "ns":
                assert column.unit == "ns"
            if column.name.endswith("_bytes"):
                assert column.unit == "B"
