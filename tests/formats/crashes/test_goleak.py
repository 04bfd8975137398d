"""goleak's reports: at column 0 or inside a test failure, with and without headers, with labels.

goleak is no part of the fixtures, which use the standard library only; these texts follow what it
prints (leaks.go, internal/stack/stacks.go: a slice of ``Goroutine N in state S, with F on top of the
stack:`` and the stack, printed with %s).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import goscope

READ = Callable[..., Any]

FRAMES = """\
time.Sleep(0x34630b8a000)
\t/usr/local/go/src/runtime/time.go:368 +0x165
example.com/app.(*poller).loop(0xc000012018)
\t/app/poller.go:21 +0x1c
created by example.com/app.start in goroutine 7
\t/app/poller.go:14 +0x4d
"""
SEND = """\
example.com/app.announce(...)
\t/app/announce.go:9
created by example.com/app.start in goroutine 7
\t/app/poller.go:15 +0x5d
"""
V13 = (
    f"[Goroutine 8 in state sleep, with time.Sleep on top of the stack:\n{FRAMES}"
    f" Goroutine 9 in state chan send, 2 minutes, with example.com/app.announce on top of the stack:\n{SEND}]\n"
)
V11 = (
    "[Goroutine 8 in state sleep, with time.Sleep on top of the stack:\n"
    f"goroutine 8 [sleep]:\n{FRAMES}\n"
    " Goroutine 9 in state chan send, 2 minutes, with example.com/app.announce on top of the stack:\n"
    f"goroutine 9 [chan send, 2 minutes]:\n{SEND}]\n"
)
LABELLED = V13.replace("in state sleep, with", "in state sleep] {worker: 7}, with")


def in_main(report: str) -> str:
    """goleak.VerifyTestMain."""
    return f"PASS\ngoleak: Errors on successful test run: found unexpected goroutines:\n{report}"


def in_test(report: str) -> str:
    """goleak.VerifyNone: part of a failure, so testing indents each further line."""
    lines = "".join(f"        {line}".rstrip(" ") + "\n" for line in report.splitlines())
    return f"--- FAIL: TestOne (0.45s)\n    one_test.go:26: found unexpected goroutines:\n{lines}FAIL\n"


@pytest.mark.parametrize("wrap", [in_main, in_test])
@pytest.mark.parametrize("report", [V13, V11, LABELLED], ids=["v1.3", "v1.1", "labelled"])
def test_a_report_is_one_row(read: READ, report: str, wrap: Callable[[str], str]) -> None:
    found = read(wrap(report) + "FAIL\texample.com/app\t0.456s\n")
    (row,) = found.rows("crashes")
    assert (row["kind"], row["goroutine"], row["wait_reason"]) == ("goleak", 8, "sleep")
    assert (row["function"], row["file"], row["file_line"]) == (
        "example.com/app.(*poller).loop",
        "/app/poller.go",
        21,
    )
    assert row["message"] == (
        "found unexpected goroutines: 2: sleep in example.com/app.(*poller).loop, "
        "chan send, 2 minutes in example.com/app.announce"
    )
    assert found.input.unparsed_count == 0


@pytest.mark.parametrize("report", [V13, V11], ids=["v1.3", "v1.1"])
@pytest.mark.parametrize("text_above", ["", "what we saw:\n"])
def test_without_its_first_line_and_its_brackets(read: READ, report: str, text_above: str) -> None:
    """As people copy a part of a report: each goroutine stands behind a blank."""
    found = read(text_above + report.replace("[Goroutine", " Goroutine").removesuffix("]\n"))
    (row,) = found.rows("crashes")
    assert (row["kind"], row["goroutine"]) == ("goleak", 8)
    assert row["message"].startswith("found unexpected goroutines: 2: sleep in")
    assert found.input.unparsed_count == 0


def test_with_blanks_for_tabs(read: READ) -> None:
    (row,) = read(V11.replace("\t", "    ").replace("[Goroutine", " Goroutine")).rows("crashes")
    assert (row["file"], row["file_line"]) == ("/app/poller.go", 21)


def test_a_sentence_about_a_goroutine_is_no_report(read: READ) -> None:
    assert not read(" Goroutine 5 in state of the art, with main.f on the stack\n").rows("crashes")


def test_without_empty_lines(read: READ) -> None:
    (row,) = read(in_main(V11).replace("\n\n", "\n")).rows("crashes")
    assert row["message"].startswith("found unexpected goroutines: 2:")


@pytest.mark.parametrize("report", [V13, V11, LABELLED], ids=["v1.3", "v1.1", "labelled"])
def test_a_report_without_its_first_lines(read: READ, report: str) -> None:
    """Copied from the middle: no bracket, and of the first goroutine only the rest."""
    rest = report.partition("created by ")[2].partition("\n")[2]
    for text in (rest, rest.lstrip("\n "), in_test(report[1:]).partition("goroutines:\n")[2]):
        (row,) = read(text).rows("crashes")
        assert (row["kind"], row["message"].count(" in ")) == ("goleak", text.count("in state "))


def test_places_that_lost_their_tabs(read: READ) -> None:
    (row,) = read(in_main(V13).replace("\t", "    ")).rows("crashes")
    assert (row["function"], row["file_line"]) == ("example.com/app.(*poller).loop", 21)


def test_goroutines_of_two_reports_are_not_joined(read: READ) -> None:
    lone = V13[1:].removesuffix("]\n")
    rows = read(f"{lone}{lone}\n\n--- FAIL: TestTwo\n{lone}").rows("crashes")
    assert [row["message"][29] for row in rows] == ["4", "2"]


def test_a_goroutine_in_nothing_but_libraries_has_a_place(read: READ) -> None:
    stack = (
        "net/http.(*persistConn).readLoop(0xc0001)\n\t/go/src/net/http/transport.go:2398 +0x14f\n"
    )
    text = f"[Goroutine 5 in state select, with net/http.(*persistConn).readLoop on top of the stack:\n{stack}]\n"
    (row,) = read(in_main(text)).rows("crashes")
    assert (row["file"], row["file_line"]) == ("/go/src/net/http/transport.go", 2398)
    verdicts = goscope.diagnose(goscope.read(in_main(text))).verdicts
    assert verdicts["goroutines"].state == "suspected_leak"


def test_a_whole_stack_is_blamed_before_a_cut_one(read: READ) -> None:
    text = in_main(
        V13.replace("/app/", "/go/pkg/mod/app@v1.0.0/").partition("example.com/app.announce(")[0]
    )
    (row,) = read(text).rows("crashes")
    assert row["goroutine"] == 8


def test_two_reports_are_two_rows(read: READ) -> None:
    rows = read(in_test(V13) + in_test(V13)).rows("crashes")
    assert [row["kind"] for row in rows] == ["goleak", "goleak"]
    findings = goscope.diagnose(goscope.read(in_test(V13) + in_test(V13))).findings
    (finding,) = [f for f in findings if f.rule == "goleak-report"]
    assert finding.title.startswith("2 times ")


def test_a_report_cut_anywhere(read: READ, stride: int) -> None:
    data = in_test(LABELLED).encode()
    named = set()
    for cut in range(0, len(data), stride):
        rows = read(data[:cut]).rows("crashes")
        named |= {row["goroutine"] for row in rows}
    assert named == {8}


def test_words_alone_are_no_report(read: READ) -> None:
    assert read("we found unexpected goroutines: none\nlistening\n").rows("crashes") == []
