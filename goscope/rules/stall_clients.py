"""Clients that do not do their part: they send half a request, or do not read what they are sent.

What it detects: accepted connections that wait for the rest of a request header or of a TLS handshake,
and goroutines that write to clients that do not read.

Why it matters: each such connection keeps a goroutine, a descriptor and its buffers as long as the client
likes. A server without timeouts can be filled by a few slow clients, on purpose or not.

Evidence and threshold: a header comes in one piece mostly, so that many connections are never seen to
wait for the rest of it: 20 at once are a warning, even in one dump. Handshakes take a round trip: 8 that
hang, for a minute or through all of the last dumps. Writes rest in buffers: 10 that stand still in three
dumps, or 3 that have waited for a minute; fewer are mentioned (numbers chosen on real servers with
clients that were stopped).

Example: 2,000 goroutines below ``net/http.(*conn).readRequest`` in ``net/textproto.readMIMEHeader``.

What to do: set ReadHeaderTimeout, ReadTimeout and IdleTimeout of http.Server; write with a deadline, and
drop consumers that stay behind.

False positives: clients behind a network that loses their packets.
"""

from __future__ import annotations

from collections.abc import Iterator

from goscope.analysis.waits.outside import OutsideWait, outside_waits_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Confidence, Finding, Severity
from goscope.goruntime.outside_calls import Outside
from goscope.rules.findings.stall import stall_finding
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = {
    Outside.HEADER: "Slow clients: set http.Server.ReadHeaderTimeout (and ReadTimeout, IdleTimeout), so that "
    "who does not send a whole request header is dropped.",
    Outside.HANDSHAKE: "Slow clients: set http.Server.ReadHeaderTimeout, or a deadline before the handshake, "
    "so that who does not finish it is dropped.",
    Outside.WRITE: "Slow consumers: set a deadline before each write (SetWriteDeadline, "
    "http.Server.WriteTimeout), and drop who stays behind.",
}


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_headers: int = 20,
    least_handshakes: int = 8,
    least_writers: int = 10,
    least_writers_of_minutes: int = 3,
) -> Iterator[Finding]:
    """One finding per kind of wait and place."""
    for wait in outside_waits_of(capture):
        if wait.kind not in _ADVICE or not (wait.accepted or wait.kind is Outside.HEADER):
            continue
        if wait.kind is Outside.HEADER:
            many = wait.count >= least_headers
        elif wait.kind is Outside.HANDSHAKE:
            many = wait.hung >= least_handshakes
        else:
            many = wait.minutes >= least_writers_of_minutes
            many |= wait.stands_still(least_writers)
        if many:
            yield stall_finding(
                RULE.name, Severity.WARNING, _confidence(wait), wait, _ADVICE[wait.kind]
            )
        elif wait.minutes:
            yield stall_finding(RULE.name, Severity.INFO, Confidence.LOW, wait, _ADVICE[wait.kind])


def _confidence(wait: OutsideWait) -> Confidence:
    return Confidence.HIGH if wait.minutes else Confidence.MEDIUM if wait.hung else Confidence.LOW


RULE = Rule(
    "stall-clients",
    ("goroutines",),
    find,
    family=Family.STALLS,
    verdict="goroutines",
    state="stalled",
    strength=44,
    any_creator=True,
)
