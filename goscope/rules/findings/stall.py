"""What the rules about stalls have in common: a wait for somebody outside as a finding."""

from __future__ import annotations

from dataclasses import replace

from goscope.analysis.waits.outside import OutsideWait
from goscope.findings.findings import Confidence, Evidence, Finding, Severity, if_any
from goscope.goruntime.outside_calls import Outside
from goscope.rules.findings.leak import leak_finding, place_of

#: What one of them waits for, and what several do.
_FOR = {
    Outside.RESPONSE: "the answer to an HTTP request",
    Outside.QUERY: "the answer of a service that they asked",
    Outside.DIAL: "a connection to be made",
    Outside.LOOKUP: "the address of a name",
    Outside.HANDSHAKE: "the other side of a TLS handshake",
    Outside.WRITE: "a peer that does not read what they write",
    Outside.HEADER: "the rest of a request header",
    Outside.FILE: "a disk, or the reader of a pipe",
    Outside.CHILD: "a child process to end",
}


def stall_finding(
    rule: str, severity: Severity, confidence: Confidence, wait: OutsideWait, advice: str
) -> Finding:
    """A finding about goroutines that wait for somebody outside and make no progress."""
    count = wait.hung or wait.count
    what = _FOR[wait.kind]
    if count == 1:
        what = what.replace(" they ", " it ").replace(" write", " writes")
    waits = "waits" if count == 1 else "wait"
    found = leak_finding(
        rule,
        severity,
        confidence,
        wait.blocked,
        process=wait.process,
        title=f"{count} {waits} for {what} at {place_of(wait.site)}",
        detail=" ".join(_sentences(wait, count)),
        evidence=(
            Evidence("waiting there", wait.count, "goroutines", wait.blocked.line_source()),
            *if_any("of these without progress", wait.hung, "goroutines"),
            *if_any("longest wait, at least", wait.longest, "minutes"),
            *if_any("requests that wait for them", wait.serving, f"of {wait.requests}"),
            *if_any("others that stand still with them", wait.kin, "goroutines"),
        ),
    )
    return replace(found, site=wait.site, advice=advice)


def _sentences(wait: OutsideWait, count: int) -> list[str]:
    said = []
    if wait.minutes:
        least = "a minute" if wait.longest == 1 else f"{wait.longest} minutes"
        who = "It has" if count == 1 else "The longest has" if wait.minutes > 1 else "One has"
        said.append(f"{who} waited for {least} or more.")
    elif wait.hung:
        same = "The same call was" if wait.hung == 1 else "The same calls were"
        said.append(
            f"{same} seen in all of the last {wait.seen} dumps; how long they lie apart is not known."
        )
    if wait.hung and wait.count > wait.hung:
        said.append(f"{wait.count - wait.hung} more at this place went on meanwhile.")
    if wait.main:
        said.append(f"The main goroutine waits for {'it' if count == 1 else 'them'}.")
    if wait.serving:
        said.append(f"Of {wait.requests} requests that are served {wait.serving} wait there.")
    elif wait.requests_still and wait.kind is Outside.FILE:
        said.append(
            f"Of {wait.requests} requests that are served {wait.requests_still} were in the same call from "
            "one dump to the next."
        )
    if wait.kin:
        said.append(f"{wait.kin} others that have to do with it stand still as well.")
    return said
