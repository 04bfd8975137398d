"""Goroutines that nothing can ever wake.

What it detects: ``chan receive (nil chan)``, ``chan send (nil chan)`` and ``select (no cases)``.

Why it matters: such a goroutine stays until the program ends, with all that it points to; mostly
somebody forgot to make a channel.

Evidence and threshold: one is enough (runtime/chan.go parks on a nil channel without a waker;
runtime/select.go: block). ``select {}`` in the main goroutine is the usual way to keep a program
alive and is left out, and so are goroutines that the runtime already proved leaked.

Example: ``goroutine 8 [chan receive (nil chan)]:``

What to do: make the channel before it is used, or let the goroutine end.

False positives: a ``select {}`` outside main that is meant to keep a goroutine, for example to hold
its locked thread.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.goroutines.dumps import Snapshot, blocked_groups, last_snapshots_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.goruntime.wait_reasons import never_wakes
from goscope.rules.findings.leak import leak_finding, place_of
from goscope.rules.rule import Family, Rule, Settings


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per stack and wait reason, from the last dump of each process."""
    for process, dumps in last_snapshots_of(capture):
        last = dumps[-1]
        rows = last.rows
        others = Snapshot(
            last.number, last.source, rows.select((rows["id"] != 1) & ~rows.flags("leaked"))
        )
        for blocked in blocked_groups(capture, others):
            if not never_wakes(blocked.reason):
                continue
            count = len(blocked.rows)
            yield leak_finding(
                "leak-forever-blocked",
                Severity.WARNING,
                Confidence.HIGH,
                blocked,
                process=process,
                title=f"{count} blocked for ever at {place_of(blocked.stack.user_frame)}",
                detail=f"Nothing can wake a goroutine from {blocked.reason}.",
                evidence=(Evidence(blocked.reason, count, "goroutines", blocked.line_source()),),
            )


RULE = Rule(
    "leak-forever-blocked",
    ("goroutines",),
    find,
    family=Family.LEAKS,
    verdict="goroutines",
    state="leak",
    strength=70,
    explains={"never_wakes": "reports it, but not for the main goroutine in an empty select"},
)
