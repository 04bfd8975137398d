"""An all-clear of goroutines says what it rests on."""

from __future__ import annotations

import goscope
from goscope.findings.findings import Confidence
from goscope.renderers.terminal.summary import RENDERER
from tests.rules.dumps import dump, leaks


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
    assert "one dump" not in judged(dump(*leaks(range(20, 41), "chan receive")))[1]
    assert "one dump" not in judged(dump(*leaks(range(20, 24))))[1]
