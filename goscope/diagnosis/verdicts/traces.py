"""The verdicts of execution traces: on the scheduler, the garbage collector and the goroutines.

A trace alone gives the verdict. Beside SCHED lines, gc lines or dumps it makes their verdict surer
where it says the same, and is mentioned where it does not: they are of another moment, and longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from goscope.analysis.traces.executions import NS_PER_S, Execution, executions_of
from goscope.capture.capture import Capture
from goscope.findings.findings import STATES, Confidence, Finding, Verdict
from goscope.rules import family_of, findings_by_state, rule_of
from goscope.rules.rule import Family

#: Ps that run for less of the time than this are idle: an idle server still has timers.
_IDLE_BUSY_SHARE = 0.1
#: The world stands still for so much of the time that goroutines starve.
_STOPPED_SHARE = 0.2
#: One goroutine has a P nearly all the time, and so much of what runs is that one.
_SERIAL_BUSY = (0.9, 1.25)
_SERIAL_PROCS = 4
_SERIAL_SHARE = 0.8
_BY_TRACING = "stop-the-world (start trace)"
_LONGER = "take a longer trace: /debug/pprof/trace?seconds=5"


def scheduler_verdict_of_traces(
    capture: Capture, findings: Sequence[Finding], process: int | None = None
) -> Verdict | None:
    """The worst verdict of the traces of a process, or of all processes. None without a trace."""
    verdicts = [
        _scheduler(execution, _findings_of(execution, findings))
        for execution in executions_of(capture)
        if process is None or execution.process == process
    ]
    return min(verdicts, key=lambda v: STATES["scheduler"].index(v.state), default=None)


def together(verdict: Verdict, of_traces: Verdict | None, *, worst_first: Sequence[str]) -> Verdict:
    """The verdict of what was printed, with that of the traces of the same process."""
    if of_traces is None or of_traces.state == "unknown":
        return verdict
    if verdict.state == "unknown":
        return of_traces
    reason = f"{verdict.reason}; {of_traces.reason}"
    if verdict.state != of_traces.state:
        weak = verdict.confidence.rank < of_traces.confidence.rank
        if weak and worst_first.index(of_traces.state) < worst_first.index(verdict.state):
            return replace(of_traces, reason=f"{of_traces.reason}; {verdict.reason}")
        return replace(verdict, reason=reason)
    surer = max(verdict.confidence, of_traces.confidence, key=lambda c: c.rank)
    collect = None if surer.rank >= Confidence.HIGH.rank else verdict.collect
    return replace(verdict, reason=reason, confidence=surer, collect=collect)


def gc_verdict_of_traces(capture: Capture, findings: Sequence[Finding]) -> Verdict | None:
    """On the garbage collector: ok or pressure. None without a trace."""
    executions = executions_of(capture)
    if not executions:
        return None
    for finding in findings_by_state(findings, "gc", Family.TRACES).get("pressure", ()):
        return Verdict("pressure", finding.confidence, f"{_lower(finding.title)} (in a trace)")
    longest = max(executions, key=lambda e: e.duration_ns)
    cycles = longest.total("gc_cycles")
    marking = longest.total("gc_ns") / longest.duration_ns
    reason = f"{cycles or 'no'} cycle{'s' * (cycles != 1)} in {_called(longest)}"
    if cycles:
        reason += f", in which it marks for {_percent(marking)} of the time"
    sure = Confidence.MEDIUM if longest.duration_ns >= NS_PER_S else Confidence.LOW
    return Verdict("ok", sure, reason, "add GODEBUG=gctrace=1 for the trend of the heap")


def goroutine_verdict_of_traces(capture: Capture, findings: Sequence[Finding]) -> Verdict | None:
    """On leaks: mostly a suspicion, as a trace is short. None without a trace."""
    executions = executions_of(capture)
    if not executions:
        return None
    collect = "add two or three dumps of /debug/pprof/goroutine?debug=2, some seconds apart"
    if leaks := findings_by_state(findings, "goroutines", Family.TRACES).get("leak"):
        best = max(leaks, key=lambda f: f.confidence.rank)
        state = "leak" if best.confidence.rank >= Confidence.HIGH.rank else "suspected_leak"
        return Verdict(state, best.confidence, f"{best.title} (in a trace)", collect)
    longest = max(executions, key=lambda e: e.duration_ns)
    return Verdict(
        "ok",
        Confidence.LOW,
        f"no sign of a leak among {longest.total('goroutines')} goroutines in {_called(longest)}",
        collect,
    )


def _scheduler(execution: Execution, findings: Sequence[Finding]) -> Verdict:
    """``findings``: those about this trace, worst first."""
    found = findings_by_state(findings, "scheduler", Family.TRACES)
    sure = _with_length(execution)
    more = None if sure is Confidence.HIGH else _LONGER
    called = _called(execution)
    busy = 1 - execution.idle_share
    ran = f"the Ps are busy for {_percent(busy)} of the time"
    if late := found.get("starving"):
        return Verdict("starving", sure, f"in {called} {_lower(late[0].title)}, and {ran}", more)
    stopped = _stopped(execution) / execution.duration_ns
    if stopped >= _STOPPED_SHARE:
        words = f"in {called} the world stands still for {_percent(stopped)} of the time"
        return Verdict("starving", _at_most(sure, Confidence.MEDIUM), words, more)
    if apart := found.get("unbalanced"):
        return Verdict("unbalanced", sure, f"in {called} {_lower(apart[0].title)}", more)
    if (convoy := found.get("blocked")) and execution.idle_share >= 0.5:
        return Verdict("blocked", sure, f"in {called} {convoy[0].title}, while {ran}", more)
    if busy < _IDLE_BUSY_SHARE:
        return Verdict("idle", sure, f"in {called} {ran}", more)
    if (serial := _serial(execution)) is not None:
        words = f"in {called} {serial} runs nearly all the time, and the other Ps are idle"
        return Verdict("unbalanced", Confidence.MEDIUM, words, more)
    brief = next((f for f in findings if (r := rule_of(f)) and r.state == "starving"), None)
    waiting = execution.on_average(sum(f.sched_wait_ns for f in execution.program))
    waits = (
        f"but {_lower(brief.title)}"
        if brief
        else f"and {waiting:.1f} goroutines wait for one on average"
    )
    return Verdict("healthy", sure, f"in {called} {ran}, {waits}", more)


def _stopped(execution: Execution) -> int:
    """Time of stop-the-world phases, but for the one that starts the trace."""
    table = execution.rows("trace_range_totals")
    rows = zip(table.texts("kind"), table.texts("name"), table["ns"].tolist(), strict=True)
    return sum(ns for kind, name, ns in rows if kind == "stw" and name != _BY_TRACING)


def _serial(execution: Execution) -> str | None:
    """The function of which one goroutine is nearly all that runs, on one P of several."""
    running = execution.on_average(execution.total("proc_running_ns"))
    if execution.procs < _SERIAL_PROCS or execution.duration_ns < NS_PER_S:
        return None
    if not _SERIAL_BUSY[0] <= running <= _SERIAL_BUSY[1]:
        return None
    table = execution.rows("trace_goroutines")
    names = table.texts("name")
    if not names:
        return None
    most = int(table["exec_ns"].argmax())
    if table["exec_ns"][most] < _SERIAL_SHARE * execution.total("proc_running_ns"):
        return None
    return names[most]


def _findings_of(execution: Execution, findings: Sequence[Finding]) -> list[Finding]:
    """The findings about a trace: the place of their first evidence is the trace."""
    return [
        finding
        for finding in findings
        if family_of(finding) is Family.TRACES and finding.evidence[0].source == execution.source
    ]


def _called(execution: Execution) -> str:
    name = execution.source.rpartition("/")[2]
    name = f"the trace {name}" if "?" not in name else "the live trace"
    return f"{name} ({execution.duration_ns / NS_PER_S:.3g} s)"


def _with_length(execution: Execution) -> Confidence:
    if execution.duration_ns >= NS_PER_S:
        return Confidence.HIGH
    return Confidence.MEDIUM if execution.duration_ns >= NS_PER_S / 20 else Confidence.LOW


def _at_most(confidence: Confidence, other: Confidence) -> Confidence:
    return min(confidence, other, key=lambda c: c.rank)


def _percent(share: float) -> str:
    return f"{share * 100:.0f}%" if share >= 0.1 else f"{share * 100:.1f}%"


def _lower(title: str) -> str:
    return title[0].lower() + title[1:]
