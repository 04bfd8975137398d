"""goscope behind a real Go program: lines go on, nothing is lost, signals are for the program."""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.running import LEAK, PROVEN, SCHED, environment
from tests.live.go_program import command, needs_go, piped, program, serving, wait_until

posix = pytest.mark.skipif(os.name != "posix", reason="needs pipes and signals of POSIX")
LINES = 150_000

pytestmark = pytest.mark.full


@needs_go
def test_fifty_thousand_lines_a_second_arrive_all_and_in_order() -> None:
    app = [program(), "-lines", str(LINES), "-rate", "50000", "-n", "50"]
    first, second = piped(app, GODEBUG="schedtrace=20,gctrace=1")
    out, err = second.communicate(timeout=120)
    assert (first.wait(), second.returncode, err) == (0, 0, b"")
    passed, _, verdict = out.partition(b"goscope: ")
    numbers = re.findall(rb"line ([0-9]+) of the application, [0-9]+\n", passed)
    assert numbers == [b"%d" % n for n in range(LINES)]
    assert re.search(rb"read stdin: [0-9,]+ lines,\s+[0-9,]+ SCHED lines", verdict)
    # Of the runtime's lines only those have gone on that a line of the application tore apart.
    assert not re.search(rb"^SCHED [0-9]+ms: gomaxprocs=[^\n]*\]\n", passed, re.MULTILINE)


@needs_go
def test_a_line_waits_no_longer_than_a_tenth_of_a_second() -> None:
    """By the time that each line tells, once goscope has started; the median, as machines are busy."""
    app = [program(), "-lines", str(2 * LINES), "-rate", "50000", "-n", "50"]
    first, second = piped(app, GODEBUG="schedtrace=20,gctrace=1")
    assert second.stdout is not None
    late: list[int] = []
    rest = b""
    while data := os.read(second.stdout.fileno(), 1 << 20):
        now = time.time_ns() // 1000
        *lines, rest = (rest + data).split(b"\n")
        written = (line.rpartition(b"of the application, ")[2] for line in lines)
        late += [now - int(moment) for moment in written if moment.isdigit()]
    second.communicate(timeout=60)
    assert first.wait() == 0
    assert len(late) >= 2 * LINES
    assert statistics.median(late[LINES:]) < 100_000


def started(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(),
    )  # fmt: skip


def send(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text.encode())
    process.stdin.flush()


def line_of(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


@posix
def test_lines_go_on_at_once_and_the_runtimes_are_taken_out() -> None:
    process = started()
    send(process, "first\n")
    assert line_of(process) == b"first\n"
    began = time.monotonic()
    send(process, SCHED + "second\n")
    assert line_of(process) == b"second\n"
    assert time.monotonic() - began < 1  # 100 ms and the time of a busy machine
    out, err = process.communicate(timeout=60)
    assert err == b""
    assert out.startswith(b"goscope: ok\n")
    assert b"10 SCHED lines" in out


@posix
def test_keep_lets_all_pass() -> None:
    process = started("--keep")
    out, _ = process.communicate((SCHED + "on\n").encode(), timeout=60)
    assert out.startswith(SCHED.encode() + b"on\ngoscope: ok\n")


@posix
def test_with_json_the_lines_go_beside() -> None:
    process = started("--format", "json")
    out, err = process.communicate((SCHED + "on\n").encode(), timeout=60)
    assert err == b"on\n"
    assert json.loads(out)["inputs"][0]["records"]["sched"] == 10


@posix
def test_the_verdict_so_far_and_then_the_last() -> None:
    process = started()
    send(process, "up\n" + SCHED)
    assert line_of(process) == b"up\n"
    process.send_signal(signal.SIGUSR1)
    assert process.stderr is not None
    so_far = b""
    while b"read stdin: " not in so_far:
        so_far += process.stderr.readline()
    assert so_far.startswith(b"goscope: ok\n")
    assert b"9 SCHED lines" in so_far  # the last line may go on
    send(process, PROVEN)
    out, err = process.communicate(timeout=60)
    assert err == b""
    assert out.startswith(b"goscope: critical\n")
    assert b"10 SCHED lines, 1 goroutine" in out


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_is_answered_with_the_verdict(number: signal.Signals) -> None:
    process = started()
    send(process, "up\n" + LEAK)
    assert line_of(process) == b"up\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert b"WARNING leak-long-wait" in out


@needs_go
def test_the_dump_after_ctrl_backslash_is_read() -> None:
    first, second = piped([program(), "-n", "7"], GODEBUG="schedtrace=50")
    assert second.stdout is not None
    assert second.stdout.readline().strip().isdigit()  # its port: it runs
    time.sleep(0.5)
    for process in (second, first):
        process.send_signal(signal.SIGQUIT)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, err) == (0, b"")
    assert first.wait() == 2
    assert b"SIGQUIT: quit" in out
    assert re.search(rb"SCHED lines?,[^:]* [0-9]+\s+goroutines, 1 dump", out)


@posix
def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    process = started("-o", str(tmp_path / "report.json"))
    send(process, SCHED + "on\n")
    assert line_of(process) == b"on\n"
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    send(process, "on\n")
    wait_until(lambda: process.poll() is not None)
    assert process.stderr is not None
    assert (process.returncode, process.stderr.read()) == (0, b"")
    assert json.loads((tmp_path / "report.json").read_text())["inputs"][0]["records"]["sched"] == 10
    for stream in (process.stdin, process.stderr):
        if stream is not None:
            stream.close()


# ---- goscope run ------------------------------------------------------------------------------------


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command("run", *arguments), capture_output=True, env=environment(**more), timeout=60,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


@needs_go
def test_a_child_keeps_its_output_and_its_exit_code() -> None:
    done = run("--schedtrace", "20", "--", program(), "-lines", "20000", "-exit", "7")
    assert (done.returncode, done.stdout) == (7, b"")
    passed, _, verdict = done.stderr.partition(b"goscope: ")
    numbers = re.findall(rb"line ([0-9]+) of the application, [0-9]+\n", passed)
    assert numbers == [b"%d" % n for n in range(20_000)]
    assert b"SCHED lines" in verdict


@needs_go
def test_findings_of_a_child_may_fail_and_json_is_the_only_output() -> None:
    lines = ("-lines", "100", "-rate", "2000")  # for longer than it takes to the first SCHED line
    arguments = ("-f", "json", "--fail-on", "critical", "--", program(), *lines, "-n", "3")
    done = run(*arguments, GODEBUG="gctrace=0,schedtrace=10")
    found = json.loads(done.stdout)
    assert done.returncode == (
        1 if any(f["severity"] == "critical" for f in found["findings"]) else 0
    )
    assert found["inputs"][0]["name"] == "stderr"
    assert found["verdicts"]["gc"]["state"] == "unknown"  # the user has switched it off


@needs_go
def test_a_child_that_collects_no_garbage_is_not_told_to_switch_the_trace_on() -> None:
    done = run("--schedtrace", "20", "-f", "json", "--", program(), "-lines", "20000")
    found = json.loads(done.stdout)
    assert found["verdicts"]["gc"]["state"] == "ok"
    assert "gctrace was on" in found["verdicts"]["gc"]["reason"]


@needs_go
def test_dumps_of_a_child_come_from_its_pprof_port() -> None:
    with serving(
        "-grow"
    ) as port:  # any program that serves: the child's own port is not known here
        done = run(
            *("--pprof", f"localhost:{port}", "--dump-every", "300ms", "-f", "json", "--"),
            *(program(), "-for", "2s"),
        )
    found = json.loads(done.stdout[done.stdout.index(b"{") :])
    assert done.returncode == 0
    dumps = [i for i in found["inputs"] if "debug=2" in i["name"]]
    assert len(dumps) >= 3
    assert found["processes"] == 1
    assert found["verdicts"]["goroutines"]["state"] == "leak"


@posix
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--", "no-such-program"], 4, "cannot be started"),
        (["--dump-every", "1s", "--", "true"], 2, "--pprof"),
        (["--", "true"], 0, "nothing of the Go runtime on its stderr"),
        (["--", "sh", "-c", "exit 5"], 5, "nothing of the Go runtime on its stderr"),
    ],
)
def test_children_that_say_nothing(arguments: list[str], code: int, words: str) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert words in done.stderr.decode()


@needs_go
def test_a_signal_to_goscope_reaches_the_child() -> None:
    process = subprocess.Popen(
        command("run", "--schedtrace", "50", "--", program()), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip().isdigit()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert b"SCHED line" in err
