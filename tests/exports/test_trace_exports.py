"""Execution traces as files: tables with every single span, and profiles for pprof."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import goscope
from goscope.analysis.goroutines.dumps import stacks_of
from goscope.exports.table_files import write_profiles, write_tables
from tests.cli.running import in_process
from tests.traces.truth import capture, rows, trace_path, truth

NAME = "go1.27/trace_sync"
KINDS = {"net": "network", "sync": "sync", "syscall": "syscall", "sched": "sched"}


def read_back(path: Path) -> list[dict[str, object]]:
    """The rows of a file; CSV knows no types."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return [dict(row) for row in csv.DictReader(file)]
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    frame = pd.read_parquet(path).astype(object)
    return [
        dict(zip(map(str, frame.columns), row, strict=True))
        for row in frame.where(frame.notna(), None).to_numpy()
    ]


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_piece_by_piece_is_the_same_as_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    written = write_tables(capture(NAME), tmp_path / "whole", form)
    monkeypatch.setattr("goscope.exports.table_files._PIECE", 100)
    assert write_tables(capture(NAME), tmp_path / "pieces", form) == written
    assert written["trace_goroutine_spans"] > 1000
    for table, count in written.items():
        whole, pieces = (
            read_back(tmp_path / folder / f"{table}.{form}") for folder in ("whole", "pieces")
        )
        assert whole == pieces
        assert len(whole) == count


def test_spans_are_those_that_the_tool_counts(tmp_path: Path) -> None:
    write_tables(capture(NAME), tmp_path, "parquet")
    spans = pd.read_parquet(tmp_path / "trace_goroutine_spans.parquet")
    assert set(spans["state"]) == {"runnable", "running", "waiting", "syscall"}
    running = spans[spans["state"] == "running"].groupby("g")["duration_ns"].sum()
    for goroutine in truth(NAME)["goroutines"]:
        assert running.get(goroutine["g"], 0) == pytest.approx(goroutine["exec"], abs=1000)


@pytest.mark.parametrize("kind", KINDS)
def test_profiles_are_read_back(tmp_path: Path, kind: str) -> None:
    written = write_profiles(capture(NAME), tmp_path)
    assert set(written) == {
        f"trace_{k}.pb.gz"
        for k in KINDS.values()
        if k in {r["kind"] for r in rows(NAME, "trace_profiles")}
    }
    name = f"trace_{KINDS[kind]}.pb.gz"
    known = truth(NAME)["profiles"][kind]
    if not known:
        assert name not in written
        return
    again = goscope.read(tmp_path / name)
    records = again.table("profile")
    assert len(records) == written[name] == len(known)
    assert int(records["contentions"].sum()) == sum(count for _, count, _ in known)
    assert int(records["delay_ns"].sum()) == pytest.approx(sum(ns for *_, ns in known), rel=1e-6)
    # The weight of each function on top of a stack is the same, too.
    found: Counter[str] = Counter()
    for row in range(len(records)):
        if records.present("stack_id")[row]:
            top = stacks_of(again)[int(records["stack_id"][row])].functions[0]
            found[top] += int(records["delay_ns"][row])
    frames, expected = truth(NAME)["frames"], Counter[str]()
    for stack, _, ns in known:
        places = truth(NAME)["stacks"][stack]
        if places:
            expected[frames[places[0]].split(" ")[0]] += ns
    assert set(found) == set(expected)
    for function, ns in expected.items():
        assert found[function] == pytest.approx(ns, rel=1e-6, abs=100)


def test_profiles_of_several_traces_have_numbers(tmp_path: Path) -> None:
    both = goscope.read(trace_path(NAME), trace_path("go1.27/trace_cpu_profile"))
    names = set(write_profiles(both, tmp_path))
    assert {"trace0_sync.pb.gz", "trace1_sync.pb.gz", "trace1_cpu.pb.gz"} <= names
    assert "trace0_cpu.pb.gz" not in names
    assert {path.name for path in tmp_path.iterdir()} == names


def test_on_the_command_line(tmp_path: Path) -> None:
    done = in_process("tables", str(trace_path(NAME)), "-o", str(tmp_path), "--as", "pprof")
    assert done.returncode == 0
    assert f"{tmp_path / 'trace_sync.pb.gz'}: " in done.stdout
    assert {path.suffix for path in tmp_path.iterdir()} == {".gz"}
    done = in_process("tables", str(trace_path(NAME)), "-o", str(tmp_path), "--as", "csv")
    assert done.returncode == 0
    assert "trace_goroutine_spans.csv" in done.stdout


def test_without_a_trace_there_are_no_profiles(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(
        "SCHED 0ms: gomaxprocs=2 idleprocs=1 threads=6 spinningthreads=0 idlethreads=3 runqueue=7 [4 5]\n"
    )
    done = in_process("tables", str(log), "-o", str(tmp_path / "out"), "--as", "pprof")
    assert done.returncode == 3
    assert (
        done.stderr == "goscope: no execution trace in the input, so there are no profiles of one\n"
    )
    assert not (tmp_path / "out").exists()
