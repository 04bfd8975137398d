"""The inputs of the benchmarks are read completely; their sizes are small here."""

from __future__ import annotations

import sys
from pathlib import Path

from goscope.capture.capture import Capture
from goscope.reading.capture_builder import CaptureBuilder
from tests.benchmarks import inputs
from tests.benchmarks.measure import run


def read(path: Path) -> Capture:
    builder = CaptureBuilder()
    found = builder.read(path.name, [path.read_bytes()])
    assert found.unparsed_count == 0, found.unparsed
    return builder.build()


def test_gc_lines_are_all_read_as_one_process(tmp_path: Path) -> None:
    inputs.write_gctrace(tmp_path / "gc.log", 3000)
    capture = read(tmp_path / "gc.log")
    assert capture.gc["cycle"].tolist() == list(range(1, 3001))
    assert capture.gc["t_s"].is_monotonic_increasing
    assert capture.processes == 1


def test_gc_lines_differ(tmp_path: Path) -> None:
    inputs.write_gctrace(tmp_path / "gc.log", 3000)
    assert read(tmp_path / "gc.log").gc["mark_ms"].nunique() > 100


def test_sched_lines_are_all_read_as_one_process(tmp_path: Path) -> None:
    inputs.write_schedtrace(tmp_path / "sched.log", 3000)
    capture = read(tmp_path / "sched.log")
    assert len(capture.sched) == 3000
    assert set(capture.sched["gomaxprocs"]) == {4}
    assert capture.sched["t_ms"].is_monotonic_increasing
    assert capture.processes == 1


def test_one_line_of_a_hundred_of_the_log_is_a_trace_line(tmp_path: Path) -> None:
    found = inputs.write_application_log(tmp_path / "app.log", 500_000)
    records = read(tmp_path / "app.log").records()
    lines = (tmp_path / "app.log").read_bytes().count(b"\n")
    assert records["gc"] + records["sched"] == found == lines // 100
    assert min(records["gc"], records["sched"]) > 0


def test_a_multiplied_dump_has_the_asked_number_of_different_goroutines(tmp_path: Path) -> None:
    inputs.write_multiplied_dump(tmp_path / "dump.txt", 3500)
    capture = read(tmp_path / "dump.txt")
    assert len(capture.goroutines) == 3500
    assert capture.goroutines["id"].is_unique
    assert len(capture.stacks) < 100


def test_a_run_tells_time_memory_and_status(tmp_path: Path) -> None:
    code = "import sys, time; b = bytearray(60 << 20); time.sleep(0.1); print('out'); sys.exit(3)"
    done = run([sys.executable, "-c", code], tmp_path / "out.txt")
    assert done.status == 3
    assert done.seconds >= 0.1
    assert 60 < done.peak_mib < 120
    assert (tmp_path / "out.txt").read_text() == "out\n"


def test_memory_of_the_measuring_process_does_not_count() -> None:
    ballast = bytearray(300 << 20)
    ballast[:: 1 << 12] = b"x" * len(ballast[:: 1 << 12])
    assert run([sys.executable, "-c", "pass"]).peak_mib < 100
    assert len(ballast) == 300 << 20
