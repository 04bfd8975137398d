"""Records of the runtime are torn by other writes.

What it detects: a SCHED, gc or scheddetail line, or a line of a goroutine, in which something else
stands: a log line of the application, or another line of the runtime.

Why it matters: numbers of a torn record are lost unless both parts are found, so a few samples may
be missing.

Evidence and threshold: one is enough. The runtime writes such a line token by token
(runtime/print.go), so another thread's write can land inside. A record was put together again only
where that is certain; all others were set aside, and none of their numbers is used.

Example: ``gc 7 @5.254s 0%: 0.77+0.33+0.004 ms clock, 1.5+2026/11/24 01:43:00 level=info took=1.9ms``

What to do: nothing, if few were set aside. To keep them apart, let the application log to standard
output, and keep standard error for the runtime.

False positives: an application that prints beginnings of runtime lines itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.capture.capture import Capture, Input
from goscope.findings.findings import Confidence, Evidence, Finding, Severity
from goscope.framing import torn_lines as torn
from goscope.parsing.unparsed import TORN
from goscope.rules.rule import Family, Rule, Settings

_EXAMPLES = 3


def find(capture: Capture, settings: Settings) -> Iterator[Finding]:
    """One finding per input with torn records."""
    for found in capture.inputs:
        aside = _aside(found)
        joined = [line for line, _ in found.rejoined]
        if not aside and not joined:
            continue
        total = found.rejoined_count + len(aside)
        at_least = "at least " * (found.unparsed_count > len(found.unparsed) > 0)
        records = "record was" if total == 1 else "records were"
        if not aside:
            outcome = "all of it is read" if total == 1 else "all of them are read"
        else:
            outcome = f"{found.rejoined_count} put together again, {at_least}{len(aside)} set aside"
        places = sorted({*joined[:_EXAMPLES], *aside[:_EXAMPLES]})[:_EXAMPLES]
        yield Finding(
            rule="input-torn",
            severity=Severity.INFO,
            confidence=Confidence.HIGH,
            title=f"{at_least}{total} {records} torn by other writes; {outcome}",
            detail="for example "
            + ", ".join(f"{found.name}:{line}" for line in places)
            + "; what was set aside is in no number of this report",
            evidence=(
                Evidence(
                    "put together again", found.rejoined_count, "records", _place(found, joined)
                ),
                Evidence("set aside", len(aside), "records", _place(found, aside)),
            ),
            advice="Let the application log to standard output, and keep standard error for the runtime.",
        )


def _aside(found: Input) -> list[int]:
    """The lines of records that were not understood because they are torn."""
    return [
        one.line
        for one in found.unparsed
        if one.expected == TORN or torn.front(one.text) is not None
    ]


def _place(found: Input, lines: list[int]) -> str | None:
    return f"{found.name}:{lines[0]}" if lines else None


RULE = Rule("input-torn", (), find, family=Family.INPUTS, verdict=None)
