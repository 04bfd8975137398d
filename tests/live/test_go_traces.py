"""Execution traces of a real Go program that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import goscope, only_line
from tests.live.go_program import needs_go, serving

pytestmark = [needs_go, pytest.mark.full]


def test_a_trace_is_taken_kept_and_read_again(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    with serving("-n", "20") as port:
        done = goscope(
            "trace", f"localhost:{port}", "--seconds", "300ms", "--save", saved, "--json"
        )
    assert done.returncode == 0, done.stderr
    assert f"goscope: localhost:{port}: tracing for 0.3 s; this costs it" in done.stderr
    document = json.loads(done.stdout)
    (one,) = document["traces"]
    assert 0.25e9 <= one["duration_ns"] <= 10e9
    assert one["goroutines"] >= 20
    assert document["verdicts"]["scheduler"]["state"] == "idle"
    assert [f["rule"] for f in document["findings"] if f["severity"] != "info"] == []
    (kept,) = saved.rglob("*trace.out")
    again = json.loads(goscope("trace", kept, "--json").stdout)["traces"][0]
    assert {k: v for k, v in again.items() if k != "input"} == {
        k: v for k, v in one.items() if k != "input"
    }
    by_folder = json.loads(goscope(saved, "-f", "json").stdout)
    assert by_folder["traces"][0]["duration_ns"] == one["duration_ns"]


def test_the_time_may_be_longer_than_the_timeout() -> None:
    with serving() as port:
        done = goscope(
            "trace", f"127.0.0.1:{port}", "--seconds", "1.2s", "--timeout", "400ms", "-q"
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_analyze_takes_a_trace_beside_the_snapshots() -> None:
    with serving("-grow") as port:
        done = goscope(f"localhost:{port}", "--interval", "300ms", "--trace", "400ms", "-f", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["processes"] == 1
    assert document["verdicts"]["goroutines"]["state"] == "leak"
    (one,) = document["traces"]
    assert one["process"] == 0
    assert one["input"].endswith("/debug/pprof/trace?seconds=0.4")


def test_credentials_work_for_traces_too() -> None:
    with serving() as port:
        done = goscope("trace", f"http://a:s3cret@127.0.0.1:{port}/auth/", "--seconds", "100ms")
        without = goscope("trace", f"http://127.0.0.1:{port}/auth/", "--seconds", "100ms")
    assert done.returncode == 0, done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    assert without.returncode == 4
    assert "asks for credentials" in only_line(without.stderr)
