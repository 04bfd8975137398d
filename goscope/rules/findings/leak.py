"""What the leak rules have in common: a group of goroutines as a finding, and the usual fix."""

from __future__ import annotations

from collections.abc import Sequence

from goscope.analysis.goroutines.dumps import Blocked
from goscope.analysis.goroutines.profiles import Counted
from goscope.findings.findings import Confidence, Evidence, Finding, Group, Severity, Site
from goscope.goruntime.parked_frames import CHANNEL_OPERATION

_FIXES = {
    "channel send": "See who should receive. If nobody does any more: give the channel room for the value "
    "(make(chan T, 1)), or send in a select with a way out (ctx.Done() or default).",
    "channel receive": "See who should send. If nobody does any more: close the channel when the sender "
    "is done, or receive in a select that also waits for ctx.Done().",
    "channel": "See who should be at the other end. If nobody is any more: give a send room "
    "(make(chan T, 1)), close the channel when the sender is done, or use a select that also waits for "
    "ctx.Done().",
    "never": "A nil channel or an empty select never wakes: make the channel before it is used, or "
    "let the goroutine end.",
    "select": "See which of its cases should come, and which of them ends it: a case for ctx.Done() does "
    "once the context is cancelled; a call that waits for its answer needs a deadline.",
    "lock": "Look for the holder of the lock among the goroutines that run or wait elsewhere, and see what "
    "it waits for.",
    "wait_group": "See which worker has not called Done: call it with defer at the top of each, and see "
    "what those wait for that are left.",
    "cond": "See that every change of the condition is followed by Signal or Broadcast.",
    "sleep": "Give whoever sleeps again and again a way to stop, for example a select on ctx.Done() and "
    "time.After.",
    "locked": "The goroutine keeps its thread: call runtime.UnlockOSThread, or let it end.",
    "syscall": "It waits in the kernel, each with a thread of its own: give the call a way to end "
    "(non-blocking mode, a timeout, closing the file), and bound how many wait at once.",
    "io": "It waits for a peer: set deadlines, close response bodies, give requests a context.",
}
#: What a frame tells that the wait reason does not, and in which wait only (all if ""): the first that
#: matches from the innermost on. ``readLoop`` waits in a select until somebody has read the body to its
#: end or closed it, and at the network for the next answer or for the peer to hang up
#: (net/http/transport.go).
_FIXES_BY_FRAME = (
    (
        "net/http.(*persistConn).readLoop",
        "select",
        "It waits until a response body is read to its end or closed: see that every one is "
        "(defer resp.Body.Close() right after the error check).",
    ),
    (
        "net/http.(*persistConn).roundTrip",
        "",
        "It waits for the server's answer: set http.Client.Timeout, or give the request a context with "
        "a deadline.",
    ),
    (
        "net/http.(*persistConn).",
        "",
        "It serves one connection of a client: use one http.Transport for all requests, close response "
        "bodies, and set IdleConnTimeout.",
    ),
    (
        "database/sql.(*Tx).awaitDone",
        "",
        "It waits for the end of a transaction: defer tx.Rollback() right after Begin.",
    ),
    (
        "database/sql.(*Rows).awaitDone",
        "",
        "It waits until rows are closed: defer rows.Close() right after the query.",
    ),
    (
        "context.(*cancelCtx).propagateCancel",
        "",
        "It waits until a context is cancelled: defer its cancel function where it is made.",
    ),
    (
        "iter.Pull",
        "",
        "It waits until an iterator is drained: defer the stop function of iter.Pull.",
    ),
)
_OTHER_FIX = "See that whoever it waits for still exists, or give it a way to end (a context)."


def _class(reason: str, primitive: str | None) -> str:
    if "(nil chan)" in reason or reason == "select (no cases)":
        return "never"
    if reason == CHANNEL_OPERATION:
        return "channel"
    if reason.startswith("chan send"):
        return "channel send"
    if reason.startswith("chan receive"):
        return "channel receive"
    return primitive or "other"


def fix_for(reason: str, primitive: str | None, functions: Sequence[str]) -> str:
    """The usual fix for goroutines that wait like this in these functions."""
    by_frame = (
        fix
        for function in functions
        for start, wait, fix in _FIXES_BY_FRAME
        if function.startswith(start) and reason.startswith(wait)
    )
    return next(by_frame, None) or _FIXES.get(_class(reason, primitive), _OTHER_FIX)


def advice_for(blocked: Blocked | Counted) -> str:
    """The usual fix for goroutines that wait like this."""
    fix = fix_for(blocked.reason, blocked.primitive, blocked.stack.functions)
    locked = (
        isinstance(blocked, Blocked)
        and (blocked.snapshot.rows.at("locked", blocked.rows) == 1).all()
    )
    return f"{fix} {_FIXES['locked']}" if locked else fix


def place_of(site: Site | None) -> str:
    """A site as ``function (file:line)`` for a sentence."""
    if site is None or site.function is None:
        return "an unknown place"
    if site.file is None:
        return site.function
    return f"{site.function} ({site.file}:{site.line})"


def leak_finding(
    rule: str,
    severity: Severity,
    confidence: Confidence,
    blocked: Blocked | Counted,
    *,
    process: int,
    title: str,
    detail: str,
    evidence: tuple[Evidence, ...],
    group: Group | None = None,
) -> Finding:
    """A finding about goroutines that wait at one place."""
    stack = blocked.stack
    return Finding(
        rule=rule,
        severity=severity,
        confidence=confidence,
        title=title,
        detail=detail,
        evidence=evidence,
        advice=advice_for(blocked),
        process=process,
        site=stack.user_frame,
        stack=stack.frames,
        blocked_on=blocked.reason or None,
        created_by=stack.created_by,
        creator_goroutine=blocked.parent(),
        goroutines=group or blocked.group(),
    )
