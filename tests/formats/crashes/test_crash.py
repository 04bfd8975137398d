"""The heads of crashes: every captured way to end, at every cut, and values that imitate anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import goscope
from goscope.formats.crashes.crash import LONGEST_VALUE
from goscope.parsing.grammars import Grammar, Rejected
from goscope.renderers.json.json_contract import document
from tests.conftest import CAPTURES, content

READ = Callable[..., Any]
FIXTURES = CAPTURES.parent
LABELS: list[dict[str, Any]] = [
    label
    for label in json.loads((FIXTURES / "labels.json").read_text(encoding="utf-8"))
    if label["kind"] == "D-crash" and "/crashes/" in label["path"]
]
VERSIONS = sorted({label["go"] for label in LABELS})
GRAMMAR = Grammar("crash", ("panic", "bracket", "counter", "dump", "exception"))

STACK = "goroutine 7 [running]:\nmain.f()\n\t/app/main.go:9 +0x1d\n"


def text_of(version: str, case: str) -> bytes:
    (path,) = (CAPTURES / f"go{version}" / "crashes").glob(f"{case}.log*")
    return content(path)


def crashes(read: READ, data: str | bytes | Sequence[bytes]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read(data).rows("crashes")
    return rows


def only(read: READ, data: str | bytes) -> dict[str, Any]:
    (row,) = crashes(read, data)
    return row


@pytest.mark.sampled(7)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_captured_end_has_its_kind_goroutine_and_frame(version: str) -> None:
    """The truth is what the programs do, and the goroutine that they named before they ended."""
    checked = 0
    for label in (label for label in LABELS if label["go"] == version):
        path = FIXTURES / label["path"]
        found = document(goscope.diagnose(goscope.read(content(path))))["crashes"]
        expected, unscored = label["expected"], label.get("do_not_score", [])
        assert [crash["kind"] for crash in found] == (
            [expected["crash"]] if expected["crash"] != "none" else []
        ), label["path"]
        for crash in found:
            frame = crash["top_user_frame"]["function"] if crash["top_user_frame"] else None
            if "goroutine" not in unscored:
                assert crash["goroutine"] == expected["goroutine"], label["path"]
            if "top_user_frame" not in unscored:
                accepted = label.get("accept_top_user_frame", [expected["top_user_frame"]])
                assert frame in accepted, label["path"]
        checked += 1
    assert checked >= 74


@pytest.mark.sampled(7)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_shipper_that_drops_empty_lines_takes_nothing_away(read: READ, version: str) -> None:
    for path in sorted((CAPTURES / f"go{version}" / "crashes").glob("*.log*")):
        whole = content(path)
        bare = b"".join(line for line in whole.splitlines(keepends=True) if line.strip(b"\n"))
        full, found = read(whole), read(bare)
        assert [essence(row) for row in found.rows("crashes")] == [
            essence(row) for row in full.rows("crashes")
        ], path
        assert len(found.rows("goroutines")) == len(full.rows("goroutines")), path


def essence(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["kind"], row["goroutine"], row["function"], row["signal"], row["running_tests"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("version", "case"),
    [
        ("1.19", "fake_header"),
        ("1.22", "fake_dump"),
        ("1.22", "test_hang_in"),
        ("1.24", "repanicked"),
        ("1.26", "fatal_in_panic"),
        ("1.27", "http"),
        ("1.27", "race_heap"),
        ("1.27", "detail-index"),
    ],
)
def test_a_text_cut_anywhere_gives_what_was_whole(
    read: READ, version: str, case: str, stride: int
) -> None:
    data = text_of(version, case)
    whole = read(data)
    for cut in range(1, len(data), stride):
        found = read(data[:cut])
        rows = found.rows("crashes")
        assert len(rows) <= len(whole.rows("crashes"))
        if rows and rows[0]["goroutine"] is not None:
            assert rows[0]["line"] == whole.rows("crashes")[0]["line"]
        # A goroutine that is there has the place that it has in the whole text.
        lines = {row["line"] for row in whole.rows("goroutines")} | fake_lines(data)
        assert {row["line"] for row in found.rows("goroutines")} <= lines, cut


def fake_lines(data: bytes) -> set[int]:
    """Headers in a value that the text beyond the cut would have shown to be part of it."""
    return {
        number for number, line in enumerate(data.split(b"\n"), 1) if line.startswith(b"goroutine ")
    }


# ---- values that imitate something else -----------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_a_header_in_a_value_is_no_goroutine(read: READ, version: str) -> None:
    for case in ("fake_header", "fake_dump"):
        found = read(text_of(version, case))
        assert [(row["id"], row["state"]) for row in found.rows("goroutines")] == [(1, "running")]
        assert only(read, text_of(version, case))["function"] == "main.raise"
    whole = only(read, text_of(version, "fake_header"))["message"]
    assert whole.startswith("no rows\ngoroutine 99 [fake]:\nmain.fake()\n")


def test_without_a_traceback_the_value_ends_where_nothing_tells_more(read: READ) -> None:
    """GOTRACEBACK=none, Go 1.22: the rest of the value looks like any other text."""
    found = read(text_of("1.22", "none-fake") + b"listening on :8080\n")
    assert found.rows("goroutines") == []
    assert [row["message"] for row in found.rows("crashes")] == ["no rows"]


def test_a_value_of_several_lines_is_one_message(read: READ) -> None:
    for version in VERSIONS:
        row = only(read, text_of(version, "several_lines"))
        assert row["message"] == "first\n\nsecond [running]:\n\tthird", version


def test_log_lines_do_not_become_part_of_a_value(read: READ) -> None:
    row = only(read, f"panic: boom\n2026/11/23 22:03:16 worker=1 still here\n\n{STACK}")
    assert (row["message"], row["goroutine"]) == ("boom", 7)


def test_a_goroutine_far_below_belongs_to_something_else(read: READ) -> None:
    rows = crashes(read, "panic: boom\n" + "a line of another process\n" * 150 + "\n" + STACK)
    assert [(row["kind"], row["goroutine"]) for row in rows] == [("panic", None)]


def test_two_crashes_of_a_process_that_was_started_again(read: READ) -> None:
    text = f"panic: one\nstarting\nlistening\npanic: two\n\n{STACK}exit status 2\n"
    rows = crashes(read, text)
    assert [(row["message"], row["goroutine"], row["exit"]) for row in rows] == [
        ("one", None, None),
        ("two", 7, "exit status 2"),
    ]


def test_an_endless_value_is_cut(read: READ) -> None:
    row = only(read, "panic: " + "x" * 1_000_000 + " [recovered]\n\n" + STACK)
    assert row["message"] == "x" * LONGEST_VALUE
    long = "panic: x\n" + "\tmore of it\n" * 400_000
    assert only(read, long)["message"].startswith("x\nmore of it\n")
    assert len(only(read, long)["message"]) == LONGEST_VALUE


value = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=30
)


@given(st.lists(value, min_size=1, max_size=4))
@example(["goroutine 5 [running]:", "main.f()", "x"])
@example(["SIGQUIT: quit", "PC=0x1 m=0 sigcode=0"])
@example(["[recovered]"])
@example(["a", "[signal SIGSEGV: x code=0x1 addr=0x2 pc=0x3]"])
def test_any_value_since_1_23_is_read_as_the_program_meant_it(lines: list[str]) -> None:
    """runtime/panic.go: printindented puts a tab behind each line end of a value."""
    text = "panic: " + "\n\t".join(lines) + f"\n\n{STACK}"
    if any(line.startswith(("panic:", "fatal error:", "running tests:")) for line in lines[1:]):
        return  # Go itself prints nested panics so
    capture = goscope.read(text)
    messages, goroutines = capture.table("crashes").texts("message"), capture.table("goroutines")
    wanted = "\n".join(lines)
    for suffix in (" [recovered]", " [recovered, repanicked]"):
        wanted = wanted.removesuffix(suffix)
    said = (messages[0] or "").rstrip()
    assert said.strip() in (wanted.strip(), "")  # spaces at the ends are not told apart
    assert goroutines["id"].tolist() == [7]


@given(st.binary(max_size=200), st.integers(0, 3))
@example(b"\npanic: ", 0)
@example(b"\nfatal error: ", 1)
@example(b"\n\tpanic: x [recovered]\n", 2)
def test_no_text_below_a_head_is_too_much(junk: bytes, at: int) -> None:
    parts = [b"panic: x", b"[signal SIGSEGV: s code=0x1 addr=0x0 pc=0x1]", b"", STACK.encode()]
    parts.insert(at + 1, junk)
    goscope.diagnose(goscope.read(b"\n".join(parts) + b"\n"))


# ---- entries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "kind", "signal", "address"),
    [
        ("[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x48449e]", "panic", "SIGSEGV", "0x18"),
        ("[signal 0xc0000005 code=0x0 addr=0x18 pc=0x45d2f3]", "panic", "0xc0000005", "0x18"),
        ("[signal 0xb code=0x1 addr=0x0 pc=0x401000]", "panic", "SIGSEGV", "0x0"),
        ("[signal 0xa code=0x1 addr=0x0 pc=0x401000]", "panic", "0xa", "0x0"),  # SIGBUS on some, SIGUSR1 on others
    ],
)  # fmt: skip
def test_signals_of_all_systems(
    read: READ, head: str, kind: str, signal: str, address: str
) -> None:
    """Go 1.6 and Windows print the number (runtime/signal_windows.go: printsigname)."""
    found = read(f"panic: runtime error: boom\n{head}\n\n{STACK}")
    (row,) = found.rows("crashes")
    assert (row["kind"], row["signal"], row["address"]) == (kind, signal, address)
    assert found.input.unparsed_count == 0


def test_an_exception_of_windows(read: READ) -> None:
    """runtime/signal_windows.go: winthrow; the first traceback, without a header, is of the one that died."""
    text = (
        "Exception 0xc0000005 0x0 0x0 0x45d2f3\nPC=0x45d2f3\n"
        "signal arrived during external code execution\n\nruntime.cgocall(0x1, 0x2)\n"
        f"\tC:/go/src/runtime/cgocall.go:157 +0x3e\n\n{STACK}"
    )
    row = only(read, text)
    assert (row["kind"], row["signal"], row["goroutine"]) == ("cgo_sigsegv", "0xc0000005", None)


def test_the_goroutines_below_a_first_stack_without_a_header_are_of_the_same_dump(
    read: READ,
) -> None:
    text = (
        "Exception 0xc0000005 0x0 0x0 0x45d2f3\nPC=0x45d2f3\n\n"
        "main.decode(0x1, 0x2)\n\tC:/src/decode.go:31 +0x3e\nmain.main()\n\tC:/src/main.go:9 +0x1d\n\n"
        f"{STACK}\n{STACK.replace('goroutine 7', 'goroutine 8')}"
    )
    found = read(text)
    (dump,) = found.rows("snapshots")
    assert (dump["goroutines"], dump["crash"], dump["line"]) == (3, 0, 4)
    apart = read(text + "\nlistening\n" * 3 + STACK.replace("running", "IO wait"))
    assert [row["crash"] for row in apart.rows("snapshots")] == [0, None]


def test_what_is_torn_is_set_aside_and_the_rest_is_read(read: READ) -> None:
    found = read(f"panic: boom\n[signal SIGSEGV: segm\n\n{STACK}")
    assert [(row["kind"], row["goroutine"]) for row in found.rows("crashes")] == [("panic", 7)]
    assert [u.text for u in found.input.unparsed] == [b"[signal SIGSEGV: segm"]


@pytest.mark.parametrize("text", ["panic", "panic:boom", " panic: boom", "[signal x]", "PC=5 m=0"])
def test_what_is_no_entry(text: str) -> None:
    for start in GRAMMAR.starts:
        assert isinstance(GRAMMAR.parse(text.encode(), start), Rejected)


def test_the_stack_of_the_runtime_is_no_lost_goroutine(read: READ) -> None:
    found = read(
        "fatal error: stack overflow\n\nruntime stack:\nruntime.throw(0x1, 0xe)\n\truntime/panic.go:1198 +0x71\n"
        "runtime.newstack()\n\truntime/stack.go:1088 +0x5ac\n"
    )
    assert found.input.unparsed_count == 0
    (finding,) = goscope.diagnose(found.capture).findings
    assert "No goroutines are shown" in finding.detail


def test_goroutines_that_were_not_read_are_not_called_missing() -> None:
    text = "unexpected fault address 0x7fb93c71d000\n[signal SIGBUS: bus error code=0x2 addr=0x7f pc=0x47]\n"
    found = goscope.diagnose(
        goscope.read(text + "goroutine 2735 [running]\nruntime.throw(0xf75488, 0x5)\n")
    )
    (finding,) = found.findings
    assert "No goroutine of it was read" in finding.detail
    assert "mapped file was truncated" in finding.advice


@pytest.mark.parametrize(("errno", "words"), [(11, "a limit of the system"), (22, "emulator")])
def test_why_a_thread_was_refused(errno: int, words: str) -> None:
    text = f"runtime: failed to create new OS thread (have 2 already; errno={errno})\nfatal error: newosproc\n"
    (finding,) = goscope.diagnose(goscope.read(text)).findings
    assert words in finding.advice


def test_application_lines_that_look_alike(read: READ) -> None:
    for line in ("panic attack", "fatal error", "SIGQUIT received", "runtime: 5 ms", "-----"):
        assert crashes(read, f"{line}\nlistening\n") == []


def test_the_folder_of_captures_is_complete() -> None:
    assert {path.name for path in Path(CAPTURES).glob("go1.*")} == {f"go{v}" for v in VERSIONS}
