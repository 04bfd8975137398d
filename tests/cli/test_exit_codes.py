"""What goscope returns and says when all is well, and when it is not."""

from __future__ import annotations

import gzip
import os
import random
import re
from pathlib import Path

import pytest

from tests.cli import running
from tests.cli.running import LEAK, PROVEN, SCHED, only_line
from tests.cli.running import in_process as goscope
from tests.conftest import CAPTURES


@pytest.fixture
def leak(tmp_path: Path) -> Path:
    path = tmp_path / "dump.txt"
    path.write_text(LEAK)
    return path


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["dump.txt"], 0),
        (["dump.txt", "--fail-on", "warning"], 1),
        (["dump.txt", "-o", "report.xyz"], 2),
        (["app.log"], 3),
        (["dump.txt", "missing.txt"], 4),
    ],
)
def test_a_shell_sees_the_same(leak: Path, tmp_path: Path, arguments: list[str], code: int) -> None:
    (tmp_path / "app.log").write_text("level=info msg=started\n")
    done = running.goscope(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert ("leak-long-wait" in done.stdout) == (code in (0, 1, 4))
    inside = goscope(*arguments, cwd=tmp_path)
    assert (inside.returncode, inside.stdout, inside.stderr) == (code, done.stdout, done.stderr)


def test_findings_alone_are_no_failure(leak: Path) -> None:
    done = goscope(leak)
    assert (done.returncode, done.stderr) == (0, "")
    assert "WARNING leak-long-wait" in done.stdout
    assert "main.leak1.func1  /app/main.go:15" in done.stdout


@pytest.mark.parametrize(
    ("text", "bar", "code"),
    [
        (LEAK, "never", 0),
        (LEAK, "critical", 0),
        (LEAK, "warning", 1),
        (LEAK, "info", 1),
        (PROVEN, "critical", 1),
        (SCHED, "info", 0),
    ],
)
def test_fail_on(tmp_path: Path, text: str, bar: str, code: int) -> None:
    (tmp_path / "input.txt").write_text(text)
    done = goscope(tmp_path / "input.txt", "--fail-on", bar)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith("goscope: ")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--leak-after", "soon"], "--leak-after soon"),
        (["--leak-after", "5"], "--leak-after 5"),
        (["--leak-after", ""], "--leak-after"),
        (["--leak-after", "30s"], "1m or more"),
        (["--fail-on", "sometimes"], "sometimes"),
        (["--format", "xml"], "xml"),
        (["-o", "report.xyz"], ".xyz"),
        (["-o", "report"], "suffix"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_wrong_usage(leak: Path, tmp_path: Path, arguments: list[str], named: str) -> None:
    done = goscope(leak, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert named in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dump.txt"]


def test_standard_input_twice() -> None:
    done = goscope("-", "-", stdin=LEAK)
    assert done.returncode == 2
    assert "only once" in only_line(done.stderr)


def test_an_unknown_rule_names_a_near_one() -> None:
    done = goscope("explain", "leak-grow")
    assert done.returncode == 2
    assert "leak-growth" in only_line(done.stderr)


def test_nothing_of_go_in_it(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("level=info msg=started\n" * 20)
    done = goscope(tmp_path / "app.log")
    assert (done.returncode, done.stdout) == (3, "")
    assert "app.log" in only_line(done.stderr)
    assert "GODEBUG" in done.stderr


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    done = goscope(tmp_path / "empty.log")
    assert (done.returncode, done.stdout) == (3, "")
    assert "empty.log: empty" in only_line(done.stderr)


def test_a_missing_file(tmp_path: Path) -> None:
    done = goscope(tmp_path / "missing.txt")
    assert (done.returncode, done.stdout) == (4, "")
    assert "missing.txt: no such file or directory" in only_line(done.stderr)


def test_a_missing_file_does_not_hide_what_the_others_say(leak: Path, tmp_path: Path) -> None:
    done = goscope(tmp_path / "missing.txt", leak)
    assert done.returncode == 4
    assert "missing.txt: no such file or directory" in only_line(done.stderr)
    assert "WARNING leak-long-wait" in done.stdout


BINARIES = {
    "elf": b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" + bytes(200),
    "random": random.Random(7).randbytes(5000),
    "protobuf": b"\x0a\x04\x08\x01\x10\x02\x12\x1c\x0a\x04\x01\x02\x03\x04" + bytes(range(200)),
    "trace": b"go 1.27 trace\x00\x00\x00" + bytes(100),
}


@pytest.mark.parametrize("kind", BINARIES)
def test_a_binary_is_refused_in_one_clear_line(tmp_path: Path, kind: str) -> None:
    (tmp_path / "input.bin").write_bytes(BINARIES[kind])
    done = goscope(tmp_path / "input.bin")
    assert (done.returncode, done.stdout) == (4, "")
    said = only_line(done.stderr)
    looks = "looks like a pprof profile, but is damaged or cut" if kind == "protobuf" else "this is"
    assert f"input.bin: {looks}" in said
    assert said.isprintable()


def test_a_directory_without_anything_of_go(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy milk\n")
    (tmp_path / "app").write_bytes(BINARIES["elf"])
    done = goscope(tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "2 inputs" in only_line(done.stderr)


def test_an_empty_directory(tmp_path: Path) -> None:
    done = goscope(tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    assert "holds no files" in only_line(done.stderr)


def test_a_directory_with_a_dump_and_a_binary(leak: Path, tmp_path: Path) -> None:
    (tmp_path / "app").write_bytes(BINARIES["elf"])
    done = goscope(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "WARNING leak-long-wait" in done.stdout


def test_a_glob_that_goscope_has_to_expand(leak: Path, tmp_path: Path) -> None:
    assert goscope(tmp_path / "dump*.txt").returncode == 0
    done = goscope(tmp_path / "nothing*.txt")
    assert done.returncode == 4
    assert "no file matches" in only_line(done.stderr)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(leak: Path) -> None:
    leak.chmod(0)
    done = goscope(leak)
    assert done.returncode == 4
    assert "permission denied" in only_line(done.stderr)


def test_a_damaged_archive(tmp_path: Path) -> None:
    import gzip

    data = gzip.compress(SCHED.encode() * 50)
    (tmp_path / "log.gz").write_bytes(data[: len(data) - 20])
    done = goscope(tmp_path / "log.gz")
    assert done.returncode == 4
    assert "log.gz: the compressed data ends early or is damaged" in only_line(done.stderr)


def test_strict_fails_on_what_was_not_understood(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(SCHED + "SCHED 11000ms: gomaxprocs=four\n")
    assert goscope(tmp_path / "log.txt").returncode == 0
    done = goscope(tmp_path / "log.txt", "--strict")
    assert done.returncode == 4
    assert "not understood" in only_line(done.stderr)
    assert "SCHED 11000ms: gomaxprocs=four" in done.stdout


def test_a_log_cut_in_the_middle_of_a_line(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(SCHED[:-40])
    done = goscope(tmp_path / "log.txt")
    assert (done.returncode, done.stderr) == (0, "")
    assert "9 SCHED lines" in done.stdout
    assert "may be cut" in done.stdout


def test_a_program_that_does_not_run_and_a_password_that_is_not_shown() -> None:
    done = goscope("http://user:secret@127.0.0.1:1/debug/pprof/goroutine?debug=2")
    assert (done.returncode, done.stdout) == (4, "")
    said = only_line(done.stderr)
    assert said.startswith(
        "goscope: http://127.0.0.1:1: connection refused; is the program running"
    )
    assert "user" not in said
    assert "secret" not in said


# ---- profiles -------------------------------------------------------------------------------------

GOROUTINES = CAPTURES / "go1.27" / "profiles" / "goroutine-3.pb.gz"


def test_a_profile_is_read_whatever_it_is_called_and_wherever_it_comes_from(tmp_path: Path) -> None:
    data = GOROUTINES.read_bytes()
    (tmp_path / "dump.txt").write_bytes(gzip.decompress(data))
    for done in (goscope(tmp_path / "dump.txt"), goscope(stdin=data), goscope(GOROUTINES)):
        assert (done.returncode, done.stderr) == (0, "")
        assert "goroutine profile: 20 running or waiting in 3 stacks" in done.stdout


@pytest.mark.parametrize("packed", [True, False])
def test_a_damaged_profile_is_one_line(tmp_path: Path, packed: bool) -> None:
    data = GOROUTINES.read_bytes()
    whole = data if packed else gzip.decompress(data)
    path = tmp_path / "cut.pb.gz"
    for size in (len(whole) // 3, len(whole) - 20):
        path.write_bytes(whole[:size])
        done = goscope(path)
        assert (done.returncode, done.stdout) == (4, "")
        assert re.search("damaged", only_line(done.stderr))


def test_a_damaged_profile_does_not_hide_what_stands_beside_it(tmp_path: Path, leak: Path) -> None:
    bad = tmp_path / "bad.pb"
    bad.write_bytes(gzip.decompress(GOROUTINES.read_bytes())[:-20])
    done = goscope(leak, bad)
    assert done.returncode == 4
    assert "leak-long-wait" in done.stdout
    assert "bad.pb" in only_line(done.stderr)


def test_proven_leaks_of_a_profile_fail_a_script() -> None:
    profile = GOROUTINES.with_name("goroutineleak.txt")
    assert goscope(profile, "--fail-on", "critical").returncode == 1
    none = GOROUTINES.with_name("goroutineleak-none.txt")
    assert goscope(none, "--fail-on", "info").returncode == 0


def test_records_none_of_which_is_understood_are_told_from_nothing() -> None:
    done = goscope("-", stdin="SCHED 1ms: gomaxprocs=x\nSCHED 2ms: gomaxprocs=y\n")
    assert done.returncode == 3
    assert (
        "stdin: 2 records of the Go runtime, and none could be understood; at stdin:1"
        in only_line(done.stderr)
    )
