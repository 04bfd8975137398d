"""goscope against real Go programs that serve pprof."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import goscope, only_line
from tests.live.go_program import needs_go, serving

pytestmark = [needs_go, pytest.mark.full]


def document(*arguments: str | Path) -> dict[str, Any]:
    done = goscope(*arguments, "-f", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_program_that_leaks_and_the_same_verdicts_from_what_was_saved(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    with serving("-grow") as port:
        live = document(f"localhost:{port}", "--interval", "400ms", "--save", saved)
    assert live["verdicts"]["goroutines"]["state"] == "leak"
    assert live["processes"] == 1
    growth = [i["records"]["goroutines"] for i in live["inputs"] if "debug=2" in i["name"]]
    assert len(growth) == 3
    assert growth == sorted(set(growth))
    again = document(saved)
    assert again["verdicts"]["goroutines"]["state"] == "leak"
    assert {k: v["state"] for k, v in again["verdicts"].items()} == {
        k: v["state"] for k, v in live["verdicts"].items()
    }
    assert [f["rule"] for f in again["findings"]] == [f["rule"] for f in live["findings"]]
    mixed = goscope(f"localhost:{port}", "--save", saved)
    assert (mixed.returncode, "is not empty" in only_line(mixed.stderr)) == (2, True)


def test_an_idle_program_is_fine_and_progress_is_told_beside() -> None:
    with serving() as port:
        done = goscope(f"http://127.0.0.1:{port}/debug/pprof/", "--interval", "100ms")
        quiet = goscope(f"127.0.0.1:{port}", "--interval", "100ms", "-q")
    assert done.returncode == 0
    assert done.stdout.startswith("goscope: ok")
    assert f"goscope: 127.0.0.1:{port}: snapshot 3 of 3, " in done.stderr
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_a_program_that_ends_during_the_capture() -> None:
    with serving("-for", "2s", "-n", "40") as port:
        done = goscope(f"localhost:{port}", "--interval", "1500ms", "-q")
        shown = goscope(f"localhost:{port}")
    assert done.returncode == 4
    assert f"goscope: http://localhost:{port}: connection refused" in only_line(done.stderr)
    assert shown.returncode == 4


def test_a_program_that_dies_in_the_middle_of_an_answer() -> None:
    with serving("-n", "200") as port:
        done = goscope(f"localhost:{port}/dies", "-f", "json")
    assert done.returncode == 4
    (line,) = (text for text in done.stderr.splitlines() if "snapshot" not in text)
    assert re.search(r"#1: the answer broke off after [0-9]+ bytes: did the program end\?$", line)
    (dump,) = json.loads(done.stdout)["inputs"]
    assert 50 < dump["records"]["goroutines"] < 150
    assert "input-truncated" in {f["rule"] for f in json.loads(done.stdout)["findings"]}


def test_a_program_that_hangs_half_way_through_an_answer() -> None:
    with serving("-n", "200") as port:
        arguments = (f"localhost:{port}/hangs", "--timeout", "1s", "--snapshots", "1")
        done = goscope(*arguments, "-f", "json")
        quiet = goscope(*arguments, "-q")
    assert (done.returncode, quiet.returncode, quiet.stdout) == (4, 4, "")
    assert re.search(r"the answer stopped after [0-9]+ bytes, for 1 s", only_line(quiet.stderr))
    found = json.loads(done.stdout)
    assert 50 < found["inputs"][0]["records"]["goroutines"] < 150
    # The other pages were served, and are reported.
    assert any("heap" in i["name"] for i in found["inputs"])


def test_a_web_page_and_a_wrong_path_are_told() -> None:
    with serving() as port:
        login = goscope(f"localhost:{port}/login/")
        wrong = goscope(f"localhost:{port}/no/such/path")
    assert (login.returncode, login.stdout, wrong.returncode, wrong.stdout) == (4, "", 4, "")
    assert "a web page that is no pprof index" in only_line(login.stderr)
    assert "no pprof pages there (HTTP 404)" in only_line(wrong.stderr)


def test_two_moments_of_a_program() -> None:
    """diff asks live programs too, and fails where what may leak has grown."""
    with serving("-n", "5", "-grow") as port, serving("-n", "5") as other:
        place = f"localhost:{port}"
        with serving("-n", "5"):
            same = goscope("diff", f"localhost:{other}", f"localhost:{other}", "--fail-on", "grown")
        grown = goscope("diff", f"localhost:{other}", place, "--fail-on", "grown", "-f", "json")
        shrunk = goscope("diff", place, f"localhost:{other}", "--fail-on", "grown")
    assert (same.returncode, grown.returncode, shrunk.returncode) == (0, 1, 0)
    (change,) = (
        c
        for c in json.loads(grown.stdout)["changes"]
        if c["site"] and c["site"]["function"] == "main.leak.func1"
    )
    assert change["kind"] in ("new", "grown")
    assert change["after"] - change["before"] >= 5


def test_what_was_read_before_the_end_is_reported() -> None:
    with serving("-for", "2500ms", "-n", "40") as port:
        done = goscope(f"localhost:{port}", "--interval", "2s")
    assert done.returncode == 4
    assert "goroutine?debug=2 #1: " in done.stdout
    assert "goroutines" in done.stdout


def test_several_programs_are_a_fleet_with_an_odd_one_out() -> None:
    with serving("-n", "10") as one, serving("-n", "300") as two, serving("-n", "12") as three:
        found = document(*(f"localhost:{port}" for port in (one, two, three)), "--snapshots", "1")
        text = goscope(*(f"localhost:{port}" for port in (one, two, three)), "--snapshots", "1")
    assert found["process_labels"] == [f"localhost:{port}" for port in (one, two, three)]
    (odd,) = (f for f in found["findings"] if f["rule"] == "fleet-outlier")
    assert odd["process"] == 1
    assert odd["goroutines"]["count"] == 300
    shown = " ".join(text.stdout.split())
    assert f"INFO fleet-outlier: localhost:{two} has 300 goroutines at main.leak.func1" in shown


def test_the_same_program_twice_counts_once() -> None:
    with serving() as port:
        done = goscope(
            f"localhost:{port}", f"http://localhost:{port}/", "--snapshots", "1", "-f", "json"
        )
    assert done.returncode == 4
    assert "named twice; it counts once" in done.stderr
    assert json.loads(done.stdout)["processes"] == 1


def test_a_file_with_the_name_of_an_address_comes_first(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        name = f"localhost:{free.getsockname()[1]}"
    (tmp_path / name).write_text("goroutine 1 [running]:\nmain.main()\n\t/app/main.go:1 +0x1\n")
    done = goscope(name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"read {name}: 3 lines, 1 goroutine" in done.stdout
