"""What ``import goscope`` offers: what a notebook or a script uses."""

from __future__ import annotations

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pandas as pd
import pytest

import goscope
from goscope.renderers import all_renderers
from tests.cli.running import LEAK, SCHED
from tests.rules.dumps import dump, leaks
from tests.sources.live.test_pprof_server import server

GROWING = [dump(*leaks(range(18, 18 + count))) for count in (10, 20, 30)]


def test_everything_that_is_offered_is_there() -> None:
    for name in goscope.__all__:
        assert getattr(goscope, name) is not None, name
        assert name in dir(goscope)
    assert issubclass(goscope.ForeignInput, goscope.InputError)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        goscope.__getattr__("Nothing")


def test_to_import_it_loads_nothing_else() -> None:
    code = "import sys, goscope; print(*(n for n in sys.modules if n.startswith('goscope.')), 'numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"]


def test_what_is_made_is_of_the_classes_that_are_offered() -> None:
    diagnosis = goscope.diagnose(goscope.read(LEAK), goscope.Settings(leak_after_minutes=2))
    assert isinstance(diagnosis, goscope.Diagnosis)
    assert isinstance(diagnosis.capture, goscope.Capture)
    assert isinstance(diagnosis.findings[0], goscope.Finding)
    assert isinstance(diagnosis.verdicts["gc"], goscope.Verdict)


def test_a_repr_is_one_short_line() -> None:
    diagnosis = goscope.diagnose(goscope.read(*GROWING, SCHED))
    verdict, table = diagnosis.verdicts["goroutines"], diagnosis.capture.table("sched")
    texts = [repr(one) for one in (diagnosis, diagnosis.findings[0], verdict, table)]
    assert texts == [
        "<goscope.Diagnosis critical: leak-growth>",
        "<goscope.Finding critical leak-growth: 10 -> 20 -> 30 goroutines at main.leak1.func1 (/app/main.go:15)>",
        "<goscope.Verdict leak (high): 10 -> 20 -> 30 goroutines at main.leak1.func1 (/app/main.go:15)>",
        f"<goscope.Table sched: 10 rows, {len(table.schema)} columns>",
    ]
    assert len(repr(diagnosis.capture)) < 200


def test_findings_as_a_frame() -> None:
    frame = goscope.diagnose(goscope.read(*GROWING)).findings_frame()
    (row,) = frame.to_dict("records")
    assert (row["rule"], row["severity"], row["confidence"]) == ("leak-growth", "critical", "high")
    assert (row["function"], row["file"], row["line"]) == ("main.leak1.func1", "/app/main.go", 15)
    assert (row["goroutines"], row["created_by"], row["blocked_on"]) == (
        30,
        "main.leak1",
        "chan send",
    )
    empty = goscope.diagnose(goscope.read(SCHED)).findings_frame()
    assert len(empty) == 0
    assert list(empty.columns) == list(frame.columns)
    assert empty["goroutines"].dtype == frame["goroutines"].dtype == "Int64"


def test_reports_as_texts_and_as_files(tmp_path: Path) -> None:
    diagnosis = goscope.diagnose(goscope.read(LEAK))
    assert diagnosis.to_html().startswith("<!DOCTYPE html>")
    assert json.loads(diagnosis.to_json())["schema"] == "goscope.diagnosis/1"
    assert diagnosis.to_markdown().startswith("## ")
    for one in all_renderers():
        path = tmp_path / f"report{one.suffix}"
        diagnosis.save(path)
        assert path.read_text(encoding="utf-8") == goscope.render(diagnosis, one.name)
    with pytest.raises(goscope.UsageError, match=r"no report has the suffix '\.pdf'"):
        diagnosis.save(tmp_path / "report.pdf")
    with pytest.raises(goscope.InputError, match="cannot be written"):
        diagnosis.save(str(tmp_path / "missing" / "report.html"))
    with pytest.raises(goscope.UsageError, match="no report is called 'pdf'"):
        goscope.render(diagnosis, "pdf")


def test_what_changed_between_two() -> None:
    before, after = (goscope.diagnose(goscope.read(text)) for text in (GROWING[0], GROWING[2]))
    (change,) = goscope.diff(before, after).changes
    assert (change.before, change.after, change.kind.value) == (10, 30, "grown")


def test_times_are_times_in_utc() -> None:
    line = SCHED.splitlines()[0]
    frame = goscope.read(f"2026-11-30T22:40:41.123456789Z {line}\n{line}\n").sched
    assert frame["wall_time"].dtype == "datetime64[ns, UTC]"
    assert frame["wall_time"][0] == pd.Timestamp("2026-11-30T22:40:41.123456789", tz="UTC")
    untimed = goscope.read(SCHED).sched["wall_time"]
    assert untimed.dtype == "datetime64[ns, UTC]"
    assert untimed.isna().all()


def pprof(request: BaseHTTPRequestHandler) -> None:
    """A program with a dump of ten leaked goroutines, and nothing else."""
    dumps = "/goroutine?debug=2" in request.path
    index = request.path.rstrip("/").endswith("/pprof")
    page = GROWING[0] if dumps else "<td>3</td><td><a href='goroutine?debug=1'>goroutine</a></td>"
    request.send_response(200 if dumps or index else 404)
    request.send_header("Content-Length", str(len(page)))
    request.end_headers()
    request.wfile.write(page.encode())


def test_a_live_program_is_asked_by_its_address() -> None:
    with server(pprof) as address:
        for written in (address, f"http://{address}"):
            capture = goscope.read(SCHED, written, snapshots=2, interval=0.01)
            assert len(capture.snapshots) == 2
            assert len(capture.sched) == 10
    with pytest.raises(goscope.InputError, match="connection refused"):
        goscope.read(address)
    with pytest.raises(goscope.InputError, match="no such"):
        goscope.read("no-such-file")
