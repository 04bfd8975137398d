"""Several processes wrote to one log at the same time.

What it detects: SCHED times or GC cycle numbers that fall back and go on again and again where they
had stopped, in a log without a label on its lines.

Why it matters: lines of several programs in one log look like one program that jumps between states.

Evidence and threshold: two clocks that both went on at least three times behind lines of the other.
Lines are told apart by what stays the same in a process (GOMAXPROCS, the fields that its version of
Go prints) and by where its clock can go on; where more than one in twenty lines could belong to
either, none is told apart.

Example: ``SCHED 4054ms: gomaxprocs=2 ...`` between ``SCHED 3841ms: gomaxprocs=8 ...`` and ``SCHED
4042ms: gomaxprocs=8 ...``

What to do: give goscope one log per process, or let the shipper put a label before the lines
(docker compose logs, kubectl logs --prefix, journalctl).

False positives: none known; a program that was started again and again makes its clocks fall, but
never go on.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.rules.rule import Family, Rule, Settings


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per input in which processes are mixed."""
    for name, mixed in capture.mixed.items():
        apart = (
            "their SCHED and gc lines were told apart by their clocks; whose goroutine dumps are is unknown"
            if mixed.told_apart
            else "their lines cannot be told apart, so the verdict on this log is about all of them together"
        )
        yield Finding(
            rule="input-mixed",
            severity=Severity.INFO,
            confidence=Confidence.HIGH,
            title=f"{name} holds lines of {mixed.processes} processes at the same time",
            detail=f"No label stands before the lines; {apart}.",
            evidence=(Evidence("clocks that go on", mixed.processes, "processes", name),),
            advice="Give goscope one log per process, or a log with a label before each line "
            "(docker compose logs, kubectl logs --prefix).",
        )


RULE = Rule("input-mixed", (), find, family=Family.INPUTS, verdict=None)
