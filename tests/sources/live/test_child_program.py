"""A program that goscope starts: its environment, its signals, its end."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from goscope.errors import InputError, UsageError
from goscope.sources.live.child_program import ChildProgram, godebug, through_go


@pytest.mark.parametrize(
    ("present", "result"),
    [
        ("", "schedtrace=1000,gctrace=1"),
        ("gctrace=2", "gctrace=2,schedtrace=1000"),
        ("madvdontneed=1,schedtrace=50", "madvdontneed=1,schedtrace=50,gctrace=1"),
        (",,", "schedtrace=1000,gctrace=1"),
    ],
)
def test_what_the_user_set_stays(present: str, result: str) -> None:
    assert godebug({"schedtrace": 1000, "gctrace": 1}, present) == result


@pytest.mark.parametrize(
    ("command", "result"),
    [
        (["./app", "run"], None),
        (["go", "run", ".", "-v"], ["go", "run", "-exec", "env GODEBUG=gctrace=1", ".", "-v"]),
        (
            ["/x/go", "-C", "run", "test"],
            ["/x/go", "-C", "run", "test", "-exec", "env GODEBUG=gctrace=1"],
        ),
        (
            ["go", "test", "-run", "TestX", "./..."],
            ["go", "test", "-exec", "env GODEBUG=gctrace=1", "-run", "TestX", "./..."],
        ),
    ],
)
def test_only_the_program_that_go_starts_is_traced(
    command: list[str], result: list[str] | None
) -> None:
    assert through_go(command, "gctrace=1") == result


@pytest.mark.parametrize(
    "command", [["go", "build", "."], ["go"], ["go", "vet"], ["go", "run", "-exec", "x", "."]]
)
def test_compilers_are_not_traced(command: list[str]) -> None:
    with pytest.raises(UsageError, match="goscope"):
        through_go(command, "gctrace=1")


def child(program: str) -> ChildProgram:
    made = ChildProgram([sys.executable, "-c", program], {"gctrace": 1})
    made.start()
    return made


def drained(started: ChildProgram) -> bytes:
    pieces = []
    while piece := os.read(started.stderr, 1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def test_a_child_gets_godebug_and_its_code_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GODEBUG", "x=1")
    started = child("import os, sys; sys.stderr.write(os.environ['GODEBUG']); sys.exit(7)")
    assert drained(started) == b"x=1,gctrace=1"
    assert started.status() == 7
    assert started.ended()


def test_a_child_that_a_signal_ended() -> None:
    started = child("import os, time; os.write(2, b'up\\n'); time.sleep(60)")
    assert os.read(started.stderr, 10) == b"up\n"
    assert not started.ended()
    started.hand_on(signal.SIGTERM)
    assert drained(started) == b""
    assert started.status() == 128 + signal.SIGTERM
    started.hand_on(signal.SIGTERM)  # it is gone, and that is no failure


@pytest.mark.parametrize("command", ["no-such-program", "./no-such-program", "/"])
def test_a_program_that_cannot_be_started(command: str) -> None:
    with pytest.raises(InputError, match=f"{command}: cannot be started: "):
        ChildProgram([command], {}).start()


def test_a_signal_before_the_start_is_handed_on() -> None:
    made = ChildProgram([sys.executable, "-c", "import time; time.sleep(60)"], {})
    made.hand_on(signal.SIGTERM)
    assert not made.ended()
    made.start()
    assert made.status() == 128 + signal.SIGTERM
