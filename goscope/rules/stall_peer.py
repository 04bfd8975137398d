"""Goroutines that wait for a server, a database or another peer that does not answer.

What it detects: calls to somebody else that make no progress: HTTP requests without an answer, queries,
connections that do not come about, names that are not resolved, TLS handshakes, writes that the peer does
not read.

Why it matters: nothing in the program is wrong to see, no queue grows and no lock is held, and yet it
does nothing: what a peer does not end goes on as long as the program lets it.

Evidence and threshold: a goroutine hangs if it has waited for a minute, as the runtime says, or is in the
same call in each of the last dumps (up to three): the request, the connection or the query that it was
given is the same. It is a warning if the main goroutine or half of at least 3 requests that are served
wait for it, or at least 8 hang at one place; critical with minutes and the main goroutine or the
requests. Fewer are mentioned when they have waited for minutes: a long poll does. Writes are not told
apart by their arguments: at least 10 have to stand still in three dumps, or to have waited for minutes
(numbers chosen on real programs with peers that were stopped).

Example: 8 uploads in ``net/http.(*persistConn).roundTrip`` for 7 minutes, and main waits for their
WaitGroup.

What to do: give every call an end: http.Client.Timeout or a context with a deadline,
ResponseHeaderTimeout, SetDeadline, and see what the peer does.

False positives: a client of long polls with at least 8 of them at one place.
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
    Outside.RESPONSE: "See what the server does. Let the call end by itself: http.Client.Timeout, "
    "Transport.ResponseHeaderTimeout, or a context with a deadline for each request.",
    Outside.QUERY: "See what the service does. Ask with a context that has a deadline "
    "(QueryContext, context.WithTimeout).",
    Outside.DIAL: "See whether the address can be reached. Dial with a timeout (net.Dialer.Timeout, "
    "DialContext with a deadline).",
    Outside.LOOKUP: "See whether the resolver answers. Look names up with a context that has a deadline.",
    Outside.HANDSHAKE: "See whether the other side speaks TLS. Set Transport.TLSHandshakeTimeout, or a "
    "deadline before the handshake.",
    Outside.WRITE: "See why the peer does not read. Set a deadline before each write (SetWriteDeadline).",
}


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_hung: int = 8,
    least_requests: int = 3,
    least_share_of_requests: float = 0.5,
    least_writers: int = 10,
) -> Iterator[Finding]:
    """One finding per kind of call and frame that made it."""
    for wait in outside_waits_of(capture):
        by_clients = wait.accepted and wait.kind in (Outside.WRITE, Outside.HANDSHAKE)
        if wait.kind not in _ADVICE or by_clients or not wait.hung:
            continue
        held = wait.main or (
            wait.serving >= max(least_requests, least_share_of_requests * wait.requests)
        )
        if wait.kind is Outside.WRITE:
            many = bool(wait.minutes) or wait.stands_still(least_writers)
            held = held and (many or bool(wait.kin))
        else:
            many = wait.hung >= least_hung
        if held or many:
            severity = Severity.CRITICAL if held and wait.minutes else Severity.WARNING
            yield stall_finding(RULE.name, severity, _confidence(wait), wait, _ADVICE[wait.kind])
        elif wait.minutes:
            yield stall_finding(RULE.name, Severity.INFO, Confidence.LOW, wait, _ADVICE[wait.kind])


def _confidence(wait: OutsideWait) -> Confidence:
    if wait.minutes:
        return Confidence.HIGH
    return Confidence.MEDIUM if wait.seen > 2 else Confidence.LOW


RULE = Rule(
    "stall-peer",
    ("goroutines",),
    find,
    family=Family.STALLS,
    verdict="goroutines",
    state="stalled",
    strength=45,
    any_creator=True,
)
