"""Reports of the race detector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import CAPTURES

READ = Callable[..., Any]
VERSIONS = ["1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"]

NO_STACK = """\
==================
WARNING: DATA RACE
Write at 0x00c000094028 by goroutine 8:
  sync/atomic.AddInt64()
      /usr/local/go/src/runtime/race_amd64.s:289 +0xb
  main.(*T[...]).add()
      /app/main.go:12 +0x8f

Previous atomic read at 0x00c000094028 by goroutine 9:
  [failed to restore the stack]

Goroutine 8 (running) created at:
  main.main()
      /app/main.go:27 +0x12e
==================
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_both_accesses_and_where_their_goroutines_began(read: READ, version: str) -> None:
    (row,) = read((CAPTURES / f"go{version}/crashes/race_heap.log").read_bytes()).rows("races")
    assert {row["access"], row["previous_access"]} <= {"read", "write"}
    assert "write" in (row["access"], row["previous_access"])
    assert row["address"] == row["previous_address"]
    for side in ("", "previous_"):
        assert row[f"{side}function"] == "main.(*counter).inc"
        assert row[f"{side}file"] == "example.com/fixtures/crash_race/main.go"
        assert row[f"{side}file_line"] == 13
        assert row[f"{side}created_by"] == "main.main"
        assert row[f"{side}created_line"] == 35
    assert row["by"] != row["previous_by"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_main_goroutine_has_no_number(read: READ, version: str) -> None:
    found = read((CAPTURES / f"go{version}/crashes/race_global.log").read_bytes())
    (row,) = found.rows("races")
    sides = {row["function"]: row["by"], row["previous_function"]: row["previous_by"]}
    assert set(sides) == {"main.(*counter).inc", "main.(*counter).get"}
    assert sides["main.(*counter).get"] is None
    assert sides["main.(*counter).inc"] is not None
    assert found.input.unparsed_count == 0


def test_a_stack_that_the_detector_could_not_restore(read: READ) -> None:
    (row,) = read(NO_STACK).rows("races")
    assert (row["function"], row["file_line"]) == ("main.(*T[...]).add", 12)
    assert (row["previous_access"], row["previous_function"]) == ("atomic read", None)
    assert row["created_by"] == "main.main"


def test_reports_that_follow_each_other(read: READ) -> None:
    found = read(NO_STACK * 3 + "Found 3 data race(s)\nexit status 66\n")
    assert [row["line"] for row in found.rows("races")] == [2, 17, 32]
    assert found.rows("crashes") == []


def test_the_form_of_go_1_4_has_no_addresses(read: READ) -> None:
    old = NO_STACK.replace(" at 0x00c000094028", "")
    (row,) = read(old).rows("races")
    (new,) = read(NO_STACK).rows("races")
    assert row == {**new, "address": None, "previous_address": None}


def test_a_report_without_its_first_lines_is_counted(read: READ) -> None:
    rest = NO_STACK.partition("main.go:12 +0x8f\n")[2]
    found = read(rest)
    assert found.rows("races") == []
    assert [line for line, *_ in [(u.line,) for u in found.input.unparsed]] == [2, 5]


def test_without_empty_lines(read: READ) -> None:
    bare = "\n".join(line for line in NO_STACK.splitlines() if line) + "\n"
    wanted, found = read(NO_STACK).rows("races"), read(bare).rows("races")
    assert [{**row, "line": 0} for row in found] == [{**row, "line": 0} for row in wanted]


def test_a_report_cut_anywhere(read: READ, stride: int) -> None:
    whole = read(NO_STACK).rows("races")[0]
    for cut in range(0, len(NO_STACK), stride):
        for row in read(NO_STACK[:cut]).rows("races"):
            assert row["line"] == whole["line"]
            assert row["access"] == "write"
