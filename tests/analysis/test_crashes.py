"""What is said of crashes follows from what of them is in the text."""

from __future__ import annotations

import pytest

import goscope
from goscope.analysis.crashes import crash_reports_of
from goscope.findings.findings import Confidence, Severity

LOGGED = [
    ('level=error msg="panic: {value}"\n', "level=info msg=serving\n"),
    ('{{"level":"error","msg":"panic: {value}"}}\n', '{"level":"info","msg":"serving"}\n'),
    ("panic: {value}\n", "2026/11/23 22:00:00 serving\n"),
]


@pytest.mark.parametrize(
    "value", ["recovered", "runtime error: index out of range [5] with length 3"]
)
@pytest.mark.parametrize(("head", "below"), LOGGED)
def test_a_lone_head_above_other_lines_may_be_a_panic_that_was_logged(
    head: str, below: str, value: str
) -> None:
    (report,) = crash_reports_of(goscope.read(head.format(value=value) + 3 * below))
    assert (report.severity, report.confidence) == (Severity.WARNING, Confidence.LOW)


@pytest.mark.parametrize(
    "below",
    [
        "",
        "\n",
        "\ngoroutine 7 [running]:\nmain.f()\n\t/app/main.go:9 +0x1d\n",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x45d2f3]\n\n\n",
        "\n\nexit status 2\n",
    ],
)
def test_the_runtimes_own_words_below_a_head_make_it_a_crash(below: str) -> None:
    (report,) = crash_reports_of(goscope.read("panic: boom\n" + below))
    assert report.severity is Severity.CRITICAL
    assert report.confidence is not Confidence.LOW


REGISTERS = "rax    0x0\nrbx    0x1\nrip    0x45d2f3\nrflags 0x246\ncs     0x33\n"
STACK = "goroutine 7 [chan send]:\nmain.f()\n\t/app/main.go:9 +0x1d\n\n"


@pytest.mark.parametrize(
    "text",
    [
        STACK + REGISTERS,
        "panic: boom\n" + 300 * "2026/11/23 22:00:00 serving\n" + STACK,
        STACK + "panic: boom\n",
    ],
)
def test_no_text_with_goroutines_is_said_to_show_none(text: str) -> None:
    found = goscope.diagnose(goscope.read(text))
    assert len(found.capture.goroutines) == 1
    assert [one for one in found.findings if one.rule == "crash"]
    assert not [one for one in found.findings if "No goroutines are shown" in one.detail]
