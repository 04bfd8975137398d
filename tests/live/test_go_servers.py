"""goscope against real Go programs that serve pprof."""

from __future__ import annotations

import json
import socket
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import goscope, only_line
from tests.live.go_program import needs_go, serving

pytestmark = needs_go


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


def test_credentials_are_used_and_never_shown() -> None:
    with serving("-n", "5") as port:
        without = goscope(f"http://127.0.0.1:{port}/auth/")
        url = f"http://a:s3cret@127.0.0.1:{port}/auth/debug/pprof/goroutine?debug=2"
        done = goscope(url, "--snapshots", "1", "-f", "json")
    assert (without.returncode, without.stdout) == (4, "")
    assert "asks for credentials (HTTP 401)" in only_line(without.stderr)
    assert done.returncode == 0, done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    assert json.loads(done.stdout)["inputs"][0]["records"]["goroutines"] >= 5


def test_tls(tmp_path: Path) -> None:
    with serving("-tls", str(tmp_path / "ca.pem")) as port:
        url = f"https://127.0.0.1:{port}"
        untrusted = goscope(url)
        trusted = goscope(url, "--ca", tmp_path / "ca.pem", "--snapshots", "1")
        anyway = goscope(url, "--insecure", "--snapshots", "1")
        plain = goscope(f"http://127.0.0.1:{port}")
    assert (untrusted.returncode, untrusted.stdout) == (4, "")
    assert "--ca FILE" in only_line(untrusted.stderr)
    assert (trusted.returncode, anyway.returncode) == (0, 0)
    assert plain.returncode == 4
    assert "it speaks HTTPS" in only_line(plain.stderr)


def test_a_program_that_ends_during_the_capture() -> None:
    with serving("-for", "2s", "-n", "40") as port:
        done = goscope(f"localhost:{port}", "--interval", "1500ms", "-q")
        shown = goscope(f"localhost:{port}")
    assert done.returncode == 4
    assert f"goscope: http://localhost:{port}: connection refused" in only_line(done.stderr)
    assert shown.returncode == 4


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
    assert f"INFO fleet-outlier (medium confidence) in process 1 (localhost:{two})" in text.stdout


def test_the_same_program_twice_counts_once() -> None:
    with serving() as port:
        done = goscope(
            f"localhost:{port}", f"http://localhost:{port}/", "--snapshots", "1", "-f", "json"
        )
    assert done.returncode == 4
    assert "named twice; it counts once" in done.stderr
    assert json.loads(done.stdout)["processes"] == 1


def test_a_crowd_is_counted_and_hardly_stopped() -> None:
    """The default capture of 100,000 goroutines never stops them for 5 ms (by runtime/metrics).

    A dump does for a second or so, each time. On a machine that is busy with other things the mere
    stopping of threads may take longer, so one good try of some is enough.
    """
    for _ in range(4):
        with serving("-n", "100000", "-for", "2m") as port:
            before = slow_pauses(port)
            done = goscope(f"localhost:{port}", "--interval", "200ms")
            after = slow_pauses(port)
            dumped = goscope(f"localhost:{port}", "--full", "--snapshots", "1", "--no-leak-profile")
            assert slow_pauses(port) > after
        assert (done.returncode, dumped.returncode) == (0, 0)
        assert "goroutines: counts instead of dumps" in done.stderr
        assert "goroutineleak" not in done.stdout
        assert "100000" in done.stdout.replace(",", "")
        if after == before:
            return
    pytest.fail("each of four captures stopped the program for 5 ms or longer")


def slow_pauses(port: int) -> int:
    """How often the program was stopped for 5 ms and longer."""
    with urllib.request.urlopen(f"http://localhost:{port}/pauses", timeout=20) as answer:
        return int(answer.read())


def test_a_file_with_the_name_of_an_address_comes_first(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        name = f"localhost:{free.getsockname()[1]}"
    (tmp_path / name).write_text("goroutine 1 [running]:\nmain.main()\n\t/app/main.go:1 +0x1\n")
    done = goscope(name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"read {name}: 3 lines, 1 goroutine" in done.stdout
