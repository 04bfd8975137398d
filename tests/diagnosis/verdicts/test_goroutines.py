"""An all-clear of goroutines says what it rests on."""

from __future__ import annotations

import goscope
from goscope.findings.findings import Confidence
from goscope.renderers.terminal.summary import RENDERER
from tests.rules.dumps import dump, goroutine, leaks


def judged(*texts: str) -> tuple[str, str, Confidence]:
    verdict = goscope.diagnose(goscope.read(*texts)).verdicts["goroutines"]
    return verdict.state, verdict.reason, verdict.confidence


def test_a_lone_dump_of_senders_is_no_bare_all_clear() -> None:
    text = dump(*leaks(range(20, 41)))
    state, reason, sure = judged(text)
    assert (state, sure) == ("ok", Confidence.LOW)
    assert (
        "21 wait in chan send at main.leak1.func1 (/app/main.go:15): one dump cannot tell" in reason
    )
    assert RENDERER.render(goscope.diagnose(goscope.read(text))).startswith(
        "goscope: ok (low confidence)\n"
    )


def test_an_idle_pool_and_a_few_senders_are_worth_no_word() -> None:
    assert "pile up" not in judged(dump(*leaks(range(20, 41), "chan receive")))[1]
    assert "pile up" not in judged(dump(*leaks(range(20, 24))))[1]


def test_the_rest_of_a_crash_gives_no_all_clear() -> None:
    """Registers below goroutines are the end of a report whose beginning is not there (SIGQUIT has them too)."""
    healthy = goroutine(40, "runnable")
    assert judged(healthy)[0] == "ok"
    registers = "\n\nrax    0x0\nrbx    0x6\nrip    0x45f2a1\nrflags 0x246\ncs     0x33\n"
    assert judged(healthy + registers)[0] == "unknown"
    leaked = goroutine(40, "chan send, 42 minutes")
    assert judged(leaked + registers)[0] == judged(leaked)[0] == "suspected_leak"
