"""Which goroutines belong to a crash, which of them is to blame, and what was printed twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import CAPTURES, content

READ = Callable[..., Any]

VERSIONS = sorted(path.name for path in CAPTURES.glob("go1.*"))
each_version = pytest.mark.parametrize("version", VERSIONS)


def stack(number: int, state: str, function: str, *, level: str = "") -> str:
    return f"goroutine {number}{level} [{state}]:\n{function}(0x1)\n\t/app/main.go:{number} +0x1d\n"


def text_of(version: str, case: str) -> bytes:
    (path,) = (CAPTURES / version / "crashes").glob(f"{case}.log*")
    return content(path)


def only(found: Any) -> dict[str, Any]:
    (row,) = found.rows("crashes")
    assert isinstance(row, dict)
    return row


@each_version
def test_sections_for_other_threads_are_the_same_dump(read: READ, version: str) -> None:
    """GOTRACEBACK=crash and SIGQUIT: each thread prints its own goroutine once more."""
    data = text_of(version, "crash-sigquit")
    assert data.count(b"SIGQUIT: quit") > 2
    found = read(data)
    only(found)
    ids = [row["id"] for row in found.rows("goroutines") if row["id"]]
    assert sorted(ids) == sorted(set(ids))
    (snapshot,) = found.rows("snapshots")
    assert snapshot["goroutines"] == len(found.rows("goroutines"))
    assert {row["snapshot_id"] for row in found.rows("goroutines")} == {0}


@each_version
def test_the_blamed_goroutine_is_in_the_tables(read: READ, version: str) -> None:
    found = read(text_of(version, "all-many"))
    crash = only(found)
    (blamed,) = [row for row in found.rows("goroutines") if row["id"] == crash["goroutine"]]
    assert (blamed["stack_id"], blamed["snapshot_id"]) == (crash["stack_id"], crash["snapshot_id"])
    top = next(row for row in found.rows("frames") if row["stack_id"] == crash["stack_id"])
    assert (top["function"], top["file"], top["line"]) == (
        crash["function"],
        crash["file"],
        crash["file_line"],
    )
    assert found.rows("snapshots")[crash["snapshot_id"]]["crash"] == 0


@each_version
def test_a_crash_in_the_middle_of_trace_lines(read: READ, version: str) -> None:
    found = read(text_of(version, "detail-deadlock"))
    assert only(found)["kind"] == "deadlock"
    assert len(found.rows("sched")) >= 1
    assert {row["g"] for row in found.rows("sched_goroutines")} >= {1, 2, 3}


@each_version
def test_where_a_panic_began_that_was_panicked_again(read: READ, version: str) -> None:
    crash = only(read(text_of(version, "repanicked_other")))
    assert crash["function"] == "main.otherwise"
    assert crash["origin"].startswith("main.index /app/crashes/panics.go:")
    assert only(read(text_of(version, "index")))["origin"] is None


@each_version
def test_the_tests_that_ran(read: READ, version: str) -> None:
    """Up to Go 1.19 the panic does not name them, and nested ones cannot be told from the stacks."""
    crash = only(read(text_of(version, "test_hang_in")))
    if version == "go1.19":
        assert crash["running_tests"] == '["TestHangIn"]'
    else:
        assert crash["running_tests"] == '["TestHangIn (1s)", "TestHangIn/second_case (1s)"]'
    assert crash["wait_reason"] == "chan receive"


def test_a_signal_that_was_sent_blames_nobody_and_one_of_the_processor_does(read: READ) -> None:
    dump = stack(1, "running", "main.f", level=" gp=0x1 m=0 mp=0x2")
    sent = read(f"SIGSEGV: segmentation violation\nPC=0x1 m=0 sigcode=0 addr=0x1f4\n\n{dump}")
    own = read(f"SIGSEGV: segmentation violation\nPC=0x1 m=0 sigcode=1 addr=0x1f4\n\n{dump}")
    assert (only(sent)["goroutine"], only(sent)["address"]) == (None, None)
    assert (only(own)["goroutine"], only(own)["address"]) == (1, "0x1f4")


def test_a_fatal_error_of_the_runtime_itself_blames_no_waiting_goroutine(read: READ) -> None:
    text = (
        "fatal error: found bad pointer in Go heap\n\nruntime stack:\nruntime.throw({0x1, 0x2})\n"
        "\t/go/panic.go:5 +0x1\n\n" + stack(1, "select (no cases)", "main.main")
    )
    crash = only(read(text))
    assert (crash["kind"], crash["goroutine"], crash["function"]) == ("fatal", None, None)


def test_a_goroutine_of_which_all_frames_are_go_s_own(read: READ) -> None:
    crash = only(read("panic: boom\n\n" + stack(5, "running", "runtime.runFinalizers")))
    assert (crash["goroutine"], crash["function"]) == (5, None)


def test_a_log_line_and_a_stack(read: READ) -> None:
    found = read("2026/11/23 22:03:16 slow request\n" + stack(5, "running", "main.dump"))
    crash = only(found)
    assert (crash["kind"], crash["message"]) == (
        "recovered_logged_stack",
        "2026/11/23 22:03:16 slow request",
    )


@pytest.mark.parametrize(
    "text",
    [
        stack(5, "running", "main.dump"),  # nothing above: a dump of one goroutine
        "a log line\n\n" + stack(5, "running", "main.dump"),
        "a log line\n" + stack(5, "running", "runtime/pprof.writeGoroutineStacks"),
        "a log line\n" + stack(5, "running", "main.dump") + "\n" + stack(6, "select", "main.g"),
        "a log line\n" + stack(5, "chan receive", "main.dump"),
    ],
)
def test_dumps_are_no_crashes(read: READ, text: str) -> None:
    assert read(text).rows("crashes") == []


def test_a_dump_before_and_a_crash_after_are_two_snapshots(read: READ) -> None:
    text = (
        stack(1, "running", "main.dump") + "\n" + stack(5, "select", "main.work") + "\n"
        "fatal error: all goroutines are asleep - deadlock!\n\n" + stack(7, "select", "main.work")
    )
    found = read(text)
    assert [(row["goroutines"], row["crash"]) for row in found.rows("snapshots")] == [
        (2, None),
        (1, 0),
    ]
    assert only(found)["goroutine"] == 7


def test_two_goroutines_that_panic_at_once(read: READ) -> None:
    """The second one follows directly, without an empty line."""
    text = (
        "panic: one\n\n"
        + stack(5, "running", "main.f")
        + "panic: two\n\n"
        + stack(6, "running", "main.g")
    )
    rows = read(text).rows("crashes")
    assert [(row["message"], row["goroutine"], row["function"]) for row in rows] == [
        ("one", 5, "main.f"),
        ("two", 6, "main.g"),
    ]


def test_inputs_do_not_mix() -> None:
    import goscope

    capture = goscope.read("panic: one\n", stack(5, "running", "main.f"), "exit status 2\n")
    table = capture.table("crashes")
    assert (table.texts("kind"), table.texts("exit")) == (["panic"], [None])
    assert not table.present("goroutine").any()


@pytest.mark.parametrize("gap", ["", "\n"])
@pytest.mark.parametrize("writer", ["runtime/pprof.writeGoroutineStacks", "main.logStacks"])
def test_what_is_dumped_below_a_crash_did_not_crash(read: READ, gap: str, writer: str) -> None:
    below = stack(34, "running", writer) + "\n" + stack(9, "chan receive", "main.work")
    found = read("panic: boom\n\n" + stack(1, "running", "main.register") + gap + below)
    assert (only(found)["goroutine"], only(found)["function"]) == (1, "main.register")
    assert [row["id"] for row in found.rows("goroutines")] == [1, 34, 9]


@pytest.mark.parametrize("value", ["boom\n", "boom\nwhile it worked\n", ""])
def test_a_stack_in_the_value_did_not_crash(read: READ, value: str) -> None:
    """No empty line stands above it: the value is printed as it is (runtime/panic.go: printpanicval)."""
    quoted = stack(34, "running", "main.work")
    found = read(f"panic: {value}{quoted}\n\n" + stack(1, "running", "main.main"))
    assert only(found)["goroutine"] == 1
