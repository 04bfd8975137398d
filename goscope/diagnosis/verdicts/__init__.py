"""The verdicts: a pure function from a capture and its findings to each, a file per verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from goscope.capture.capture import Capture
from goscope.diagnosis.selections import share_judged
from goscope.diagnosis.verdicts.crash import crash_verdict
from goscope.diagnosis.verdicts.gc import gc_verdict
from goscope.diagnosis.verdicts.goroutines import goroutine_verdict
from goscope.diagnosis.verdicts.scheduler import scheduler_verdict
from goscope.diagnosis.verdicts.threads import threads_verdict
from goscope.findings.findings import Finding, Verdict
from goscope.findings.settings import Settings

#: The tables that verdicts rest on, of which only a selection of the rows may have been kept.
_RESTS_ON = {"gc": "gc", "scheduler": "sched", "threads": "sched"}


def verdicts_of(
    capture: Capture, findings: Sequence[Finding], settings: Settings
) -> dict[str, Verdict]:
    """Every verdict by its name in the contract; one whose input is absent is ``unknown``."""
    verdicts = {
        "scheduler": scheduler_verdict(capture, findings, settings),
        "gc": gc_verdict(capture, findings),
        "goroutines": goroutine_verdict(capture, findings),
        "threads": threads_verdict(capture, findings),
        "crash": crash_verdict(capture),
    }
    return {name: _with_selection(capture, name, v) for name, v in verdicts.items()}


def _with_selection(capture: Capture, name: str, verdict: Verdict) -> Verdict:
    """A verdict that says on how many rows it rests, where only a selection of them was kept."""
    table = _RESTS_ON.get(name)
    if table not in capture.selected or verdict.state == "unknown":
        return verdict
    return replace(verdict, reason=f"{verdict.reason} ({share_judged(capture, table)})")
