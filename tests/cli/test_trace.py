"""``goscope trace``: files, wrong calls, and what a server may answer instead of a trace."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.cli.running import in_process, only_line
from tests.conftest import CAPTURES
from tests.sources.live.test_pprof_server import DUMP, INDEX, Answer, server

TASKS = CAPTURES / "go1.27" / "trace_tasks" / "trace.out.gz"
STARVING = CAPTURES / "go1.27" / "trace_starving" / "trace.out"


def test_a_file_gives_the_verdict_and_the_tables() -> None:
    done = in_process("trace", TASKS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "WARNING trace-task-slow" in done.stdout
    for title in ("Goroutines by function", "Waits for a P", "User tasks", "User regions"):
        assert f"\n{title} " in done.stdout
    same = in_process("analyze", TASKS).stdout
    assert done.stdout.startswith(same)
    assert "User tasks" not in same


def test_json_is_the_same_for_both_commands_and_spellings() -> None:
    documents = [
        json.loads(in_process(*call).stdout)
        for call in (
            ("trace", STARVING, "--json"),
            ("trace", STARVING, "-f", "json"),
            ("analyze", STARVING, "-f", "json"),
        )
    ]
    assert documents[0] == documents[1] == documents[2]
    (one,) = documents[0]["traces"]
    assert one["functions"][0]["name"] == "main.compute"


def test_reports_and_fail_on_work_as_in_analyze(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    done = in_process("trace", STARVING, "-o", report, "--fail-on", "critical", "-q")
    assert (done.returncode, done.stdout) == (1, "")
    assert b"trace-sched-latency" in report.read_bytes()


def test_several_traces_and_other_files_in_one_call() -> None:
    done = in_process("trace", TASKS, STARVING, CAPTURES / "go1.27" / "leak_receiver")
    assert done.returncode == 0
    assert done.stdout.count("\nGoroutines by function") == 2
    assert "leak-growth" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--seconds", "0"], 2, "nothing can be seen in no time"),
        (["--seconds", "soon"], 2, "not a duration"),
        (["--seconds", "2h"], 2, "too long"),
    ],
)
def test_wrong_durations(arguments: list[str], code: int, words: str) -> None:
    done = in_process("trace", "localhost:1", *arguments)
    assert done.returncode == code
    assert words in only_line(done.stderr)


def test_what_is_no_trace(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("gc 1 @0.1s\nhello\n")
    done = in_process("trace", log)
    assert (done.returncode, done.stdout) == (3, "")
    assert "no execution trace" in only_line(done.stderr)


def test_an_old_format_is_refused_with_what_to_do() -> None:
    done = in_process("trace", CAPTURES / "go1.19" / "trace_old" / "trace.out")
    assert done.returncode == 4
    assert "format 1.19" in only_line(done.stderr)


def serves(status: int, body: bytes) -> Answer:
    """A pprof whose /trace answers like this."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        tracing = "/trace?" in request.path
        content = body if tracing else INDEX
        request.send_response(status if tracing else 200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, b"404 page not found\n", "serves no execution traces"),
        (400, b"profile duration exceeds server's WriteTimeout\n", "take a shorter trace"),
        (
            500,
            b"Could not enable tracing: tracing is already enabled\n",
            "tracing is already enabled",
        ),
        (503, b"busy\n", "HTTP 503"),
        (200, b"<html>log in</html>", "an HTML page"),
        (200, b"go 1.22 trace\x00\x00\x00", "without one whole generation"),
        (200, b"go 1.21 trace\x00\x00\x00" + bytes(9), "format 1.21"),
    ],
)
def test_a_program_that_gives_no_trace(status: int, body: bytes, words: str) -> None:
    with server(serves(status, body)) as address:
        done = in_process("trace", address, "--seconds", "10ms", "-q")
    assert (done.returncode, done.stdout) == (4, "")
    assert words in only_line(done.stderr)


def test_a_damaged_trace_does_not_cost_the_snapshots() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        content = INDEX
        if "/goroutine?" in request.path:
            content = DUMP
        elif "/trace?" in request.path:
            content = b"go 1.21 trace\x00\x00\x00" + bytes(9)
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    with server(answer) as address:
        done = in_process(address, "--snapshots", "1", "--trace", "10ms", "-f", "json")
    assert done.returncode == 4
    assert "format 1.21" in done.stderr
    assert json.loads(done.stdout)["inputs"][0]["records"]["goroutines"] == 1


def test_a_trace_that_breaks_off_is_judged_as_far_as_it_came() -> None:
    whole = STARVING.read_bytes()

    def answer(request: BaseHTTPRequestHandler) -> None:
        tracing = "/trace?" in request.path
        content = whole[:-2000] if tracing else INDEX
        request.send_response(200)
        request.send_header("Content-Length", str(len(whole) if tracing else len(content)))
        request.end_headers()
        request.wfile.write(content)

    with server(answer) as address:
        done = in_process("trace", address, "--seconds", "10ms", "-q", "-f", "json")
        shown = in_process("trace", address, "--seconds", "10ms", "--json")
    assert done.returncode == shown.returncode == 4
    assert "broke off" in done.stderr
    (one,) = json.loads(shown.stdout)["traces"]
    assert one["functions"][0]["name"] == "main.compute"
    assert one["complete"] is False
