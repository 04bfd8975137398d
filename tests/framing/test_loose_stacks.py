"""Stacks whose header is not in the text, and what parts stacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

READ = Callable[..., Any]

STACK = (
    "main.(*T).wait(0x1, {0x2, 0x3})\n\t/app/t.go:9 +0x1d\nmain.run(...)\n\t/app/run.go:4\n"
    "created by main.main\n\t/app/main.go:20 +0x80\n"
)
WHOLE = f"goroutine 9 [IO wait]:\n{STACK}"
EXCEPTION = "Exception 0xc0000005 0x1 0x18 0x7ff9\nPC=0x7ff9\n\n"


def stacks(found: Any) -> list[tuple[int | None, str, int]]:
    """For each goroutine its id, its state and how many frames it shows."""
    frames = [row["stack_id"] for row in found.rows("frames")]
    return [
        (row["id"], row["state"], frames.count(row["stack_id"])) for row in found.rows("goroutines")
    ]


@pytest.mark.parametrize("above", ["", "some text\n", "some text\n\n", "--\n", "...\n"])
@pytest.mark.parametrize("below", ["", "\n" + WHOLE, "text\n"])
def test_a_stack_without_a_header_is_kept(read: READ, above: str, below: str) -> None:
    found = read(above + STACK + below)
    wanted: list[tuple[int | None, str, int]] = [(None, "unknown", 2)]
    assert stacks(found) == wanted + ([(9, "waiting", 2)] if "goroutine" in below else [])


@pytest.mark.parametrize("seam", ["--", "...", "[...]", "[snip]"])
def test_frames_behind_a_seam_are_of_an_unknown_goroutine(read: READ, seam: str) -> None:
    first = "goroutine 5 [select]:\nmain.a()\n\t/app/a.go:1 +0x1\n"
    assert stacks(read(f"{first}{seam}\n{STACK}")) == [(5, "waiting", 1), (None, "unknown", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "main.run\n\t/app/run.go:4\nmain.main\n\t/app/main.go:9\n",  # github.com/pkg/errors, zap
        "runtime stack:\nruntime.throw({0x1, 0x2})\n\t/go/panic.go:5 +0x1\n",
        'handle(request)\n\t"file.go:12": 3\n',
        "2026/11/23 22:00:00 calling f(x)\n\tat file.txt:12\n",
        "[Goroutine 8 in state select, with main.f on top of the stack:\nmain.f()\n\t/app/a.go:1 +0x1\n]\n",
    ],
)
def test_what_is_no_loose_stack(read: READ, text: str) -> None:
    assert stacks(read(f"goroutine 1 [select]:\nmain.a()\n\t/app/a.go:1 +0x1\n\n{text}")) == [
        (1, "waiting", 1)
    ]


def test_windows_prints_no_header_for_the_goroutine_that_crashed(read: READ) -> None:
    """runtime/signal_windows.go, winthrow."""
    for below in ("", "\n" + WHOLE):
        found = read(EXCEPTION + STACK + below)
        (crash,) = found.rows("crashes")
        assert (crash["goroutine"], crash["function"]) == (None, "main.(*T).wait")
        assert found.input.unparsed_count == 0
        assert len(stacks(found)) == (2 if below else 1)


@pytest.mark.parametrize("size", [1, 7, 40])
@pytest.mark.parametrize("text", [STACK, EXCEPTION + STACK + "\n" + WHOLE, WHOLE + "--\n" + STACK])
def test_where_a_chunk_ends_changes_nothing(read: READ, text: str, size: int) -> None:
    data = text.encode()
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert stacks(read(chunks)) == stacks(read(data))


def test_the_text_ends_behind_the_name_of_a_function(read: READ) -> None:
    cut = "goroutine 4 [chan receive]:\nexample.com/a_test.(*T).TestRaces(0xc0034"
    found = read(cut)
    (frame,) = found.rows("frames")
    assert (frame["function"], frame["file"]) == ("example.com/a_test.(*T).TestRaces", None)
    assert found.rows("snapshots")[0]["truncated"]


def test_a_first_call_without_its_place_is_kept(read: READ) -> None:
    found = read("goroutine 4 [running]:\nmain.f(0x1)\n2024/05/01 10:00:00 next\n")
    (frame,) = found.rows("frames")
    assert (frame["function"], frame["file"]) == ("main.f", None)
