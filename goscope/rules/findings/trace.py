"""What the rules about execution traces have in common: a finding of one trace, and times in words."""

from __future__ import annotations

from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.traces.executions import NS_PER_MS, Execution
from goscope.findings.findings import Confidence, Evidence, Finding, Group, Severity, Site
from goscope.goruntime.function_names import is_standard_library
from goscope.goruntime.parked_frames import reason_of_stack

#: A trace of less than this says what happens, and little about whether it lasts.
_LONG_NS = 1_000 * NS_PER_MS
_SHORT_NS = 50 * NS_PER_MS


def ms(ns: float) -> float | int:
    """Nanoseconds as milliseconds, to three digits and no more than whole ones."""
    value = ns / NS_PER_MS
    return round(value) if value >= 100 else float(f"{value:.3g}")


def in_words(ns: float) -> str:
    """A time for a sentence: 12.3 ms, 1.5 s."""
    value, unit = (ns / 1e9, "s") if ns >= 1e9 else (ns / NS_PER_MS, "ms")
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def percent(share: float) -> str:
    return f"{share * 100:.0f}%"


def confidence_of(execution: Execution) -> Confidence:
    """How far a trace of this length goes: a second and more is high, some milliseconds are low."""
    if execution.duration_ns >= _LONG_NS:
        return Confidence.HIGH
    return Confidence.MEDIUM if execution.duration_ns >= _SHORT_NS else Confidence.LOW


def trace_finding(
    rule: str,
    severity: Severity,
    execution: Execution,
    *,
    title: str,
    detail: str,
    evidence: tuple[Evidence, ...],
    advice: str,
    confidence: Confidence | None = None,
    site: Site | None = None,
    stack: Stack | None = None,
    blocked_on: str | None = None,
    created_by: Site | None = None,
    group: Group | None = None,
) -> Finding:
    """A finding about one trace. The last piece of evidence says how long it is."""
    return Finding(
        rule=rule,
        severity=severity,
        confidence=confidence or confidence_of(execution),
        title=title,
        detail=detail,
        evidence=(
            *evidence,
            Evidence("length of the trace", ms(execution.duration_ns), "ms"),
        ),
        advice=advice,
        process=execution.process,
        site=site or (_place_in(stack) if stack else None),
        stack=stack.frames if stack else (),
        blocked_on=blocked_on,
        created_by=created_by,
        goroutines=group,
    )


def _place_in(stack: Stack) -> Site | None:
    """The program's own frame; without one the start function says more than the library's frame on top."""
    own = stack.user_frame
    if own is not None and own.function and is_standard_library(own.function):
        return stack.frames[-1]
    return own


#: The reasons of traces that dumps call otherwise (runtime/traceruntime.go, runtime/runtime2.go).
_IN_DUMPS = {
    "network": "IO wait",
    "sync.(*Cond).Wait": "sync.Cond.Wait",
}
_SYNC = (
    ("sync.(*WaitGroup).", "sync.WaitGroup.Wait"),
    ("sync.(*RWMutex).RLock", "sync.RWMutex.RLock"),
    ("sync.(*RWMutex).", "sync.RWMutex.Lock"),
    ("sync.(*Mutex).", "sync.Mutex.Lock"),
    ("internal/sync.(*Mutex).", "sync.Mutex.Lock"),
)
_NIL_CHANNEL = (
    ("runtime.chansend", "chan send (nil chan)"),
    ("runtime.chanrecv", "chan receive (nil chan)"),
)


def words_of_dumps(reason: str | None, stack: Stack) -> str:
    """A wait reason as goroutine dumps say it, so that both can be joined.

    A trace has one word, "sync", for locks and WaitGroups, and "forever" for what nothing can wake.
    """
    told = {"sync": _SYNC, "forever": _NIL_CHANNEL}.get(reason or "", ())
    for function in reversed(stack.functions[:4]):
        for start, words in told:
            if function.startswith(start):
                return words
    if reason == "forever":
        return "select (no cases)"
    if not reason:  # it waited when the trace began, and its whole stack tells
        return reason_of_stack(stack.functions) or ""
    return _IN_DUMPS.get(reason, reason)
