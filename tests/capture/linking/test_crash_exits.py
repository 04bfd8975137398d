"""The lines that say how a process or a test ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

READ = Callable[..., Any]

PANIC = "panic: boom\n\ngoroutine 7 [running]:\nmain.f()\n\t/app/main.go:9 +0x1d\n"
SILENT = "exit status 1\nFAIL\texample.com/a\t0.011s\n"


def ends(read: READ, text: str) -> list[tuple[str, str | None]]:
    return [(row["kind"], row["exit"]) for row in read(text).rows("crashes")]


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        ("exit status 2\n", "exit status 2"),
        ("FAIL\texample.com/a\t0.005s\nFAIL\n", "FAIL example.com/a 0.005s"),
        (
            "exit status 2\nFAIL\texample.com/a\t0.005s\n",
            "exit status 2; FAIL example.com/a 0.005s",
        ),
        ("Aborted (core dumped)\n", "Aborted (core dumped)"),
        ("signal: aborted (core dumped)\n", "signal: aborted (core dumped)"),
        ("ok  \texample.com/b\t0.1s\nexit status 1\n", None),
        ("listening\n", None),
    ],
)
def test_what_stands_behind_a_crash_completes_it(read: READ, behind: str, said: str) -> None:
    assert ends(read, PANIC + behind) == [("panic", said)]


def test_a_test_that_ended_without_a_word(read: READ) -> None:
    text = f"{SILENT}FAIL\n"
    assert ends(read, text) == [("test_exit", "exit status 1; FAIL example.com/a 0.011s")]


@pytest.mark.parametrize(
    "text",
    [
        "exit status 1\n",  # of any program
        f"--- FAIL: TestA (0.00s)\n    a_test.go:5: wrong\nFAIL\n{SILENT}",
        f"ok  \texample.com/b\t0.1s\n--- FAIL: TestA (0.00s)\nFAIL\n{SILENT}",
        "FAIL\texample.com/a\t0.011s\n",
        "FAIL\texample.com/a [build failed]\n",
        "exit status 1\nthen something else\nFAIL\texample.com/a\t0.011s\n",
    ],
)
def test_other_failures_are_no_crashes(read: READ, text: str) -> None:
    assert ends(read, text) == []


def test_a_package_that_panics_between_others(read: READ) -> None:
    text = f"{SILENT}{PANIC}FAIL\texample.com/b\t0.2s\n{SILENT}FAIL\n"
    assert [kind for kind, _ in ends(read, text)] == ["test_exit", "panic", "test_exit"]


def test_a_test_that_go_test_had_to_kill(read: READ) -> None:
    text = (
        "SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\n"
        "goroutine 0 gp=0x1 m=0 mp=0x2 [idle]:\nruntime.futex()\n\t/go/futex.s:5 +0x21\n\n"
        "goroutine 7 gp=0x3 m=nil [chan receive, 10 minutes]:\nexample.com/a.wait()\n\t/app/a.go:9 +0x1\n"
        "example.com/a.TestHang(0x1)\n\t/app/a_test.go:3 +0x1\ntesting.tRunner(0x1, 0x2)\n"
        "\t/go/testing.go:1 +0x1\n\n"
        "*** Test killed with quit: ran too long (11m0s).\nFAIL\texample.com/a\t660.012s\n"
    )
    (row,) = read(text).rows("crashes")
    assert (row["kind"], row["goroutine"], row["function"]) == (
        "test_timeout",
        7,
        "example.com/a.wait",
    )
    assert row["running_tests"] == '["TestHang"]'
