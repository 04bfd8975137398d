"""The JSON contract ``goscope.diagnosis/1``: stable, additions only. ``goscope schema`` prints its schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goscope import __version__
from goscope.analysis.crashes import CrashReport
from goscope.analysis.scheduler.goroutine_states import Transitions, transitions_of
from goscope.analysis.traces.executions import Function, Latency
from goscope.analysis.traces.go_tool_trace import Analysis, analyses_of
from goscope.capture.capture import Capture, Input
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Evidence, Finding, Site, Verdict
from goscope.findings.settings import Settings
from goscope.renderers.json.json_text import json_text
from goscope.renderers.renderer import Renderer
from goscope.rules import all_rules

SCHEMA = "goscope.diagnosis/1"
_FUNCTION = tuple(Function.__slots__)
_LATENCY = tuple(Latency.__slots__)
_IGNORED_SHOWN = 1000
_INPUTS_SHOWN = 1000
_CRASHES_SHOWN = 1000


def render(diagnosis: Diagnosis) -> str:
    """The diagnosis as JSON text, with a line end."""
    return json_text(document(diagnosis))


def schema(document: str = "diagnosis") -> str:
    """The JSON schema of the contract, or of ``goroutines`` or ``diff``, whose contracts are others."""
    return Path(__file__).with_name(f"{document}.schema.json").read_text(encoding="utf-8")


def document(diagnosis: Diagnosis) -> dict[str, Any]:
    """The diagnosis as the contract lays it out; :func:`render` hides credentials in it."""
    capture = diagnosis.capture
    inputs = _inputs_shown(capture)
    found = {
        "schema": SCHEMA,
        "goscope": __version__,
        "status": diagnosis.status,
        "verdicts": {name: _verdict(v) for name, v in diagnosis.verdicts.items()},
        "not_judged": list(diagnosis.not_judged),
        "findings": [_finding(f) for f in diagnosis.shown],
        "findings_left_out": [
            {"rule": left.rule, "severity": left.severity.value, "count": left.count}
            for left in diagnosis.left_out
        ],
        "ignored": [
            {
                "rule": i.finding.rule,
                "title": i.finding.title,
                "site": _site(i.finding.site),
                "reason": i.reason,
            }
            for i in diagnosis.ignored[:_IGNORED_SHOWN]
        ],
        "ignored_left_out": max(len(diagnosis.ignored) - _IGNORED_SHOWN, 0),
        "crashes": [_crash(c) for c in diagnosis.crashes[:_CRASHES_SHOWN]],
        "crashes_left_out": max(len(diagnosis.crashes) - _CRASHES_SHOWN, 0),
        "processes": capture.processes,
        "process_labels": [capture.labels.get(n) for n in range(capture.processes)],
        "goroutine_states": [_states(t) for t in transitions_of(capture)],
        "traces": [_trace(a) for a in analyses_of(capture)],
        "inputs": [_input(i, capture.records(i.name)) for i in inputs],
        "inputs_left_out": len(capture.inputs) - len(inputs),
        "settings": _settings(diagnosis.settings),
    }
    if capture.selected:
        found["selections"] = {
            name: {"judged": len(capture.table(name)), "read": read}
            for name, read in capture.selected.items()
        }
    return found


def _states(found: Transitions) -> dict[str, Any]:
    return {
        "process": found.process,
        "samples": found.samples,
        "goroutines": found.goroutines,
        "time_share": {name: round(share, 4) for name, share in found.shares},
        "transitions": [
            {
                "from": step.before,
                "to": step.after,
                "count": step.count,
                "direct": step.direct,
                "possible": step.possible,
            }
            for step in found.steps
        ],
        "active": [
            {
                "goroutine": one.goroutine,
                "ms": round(one.ms),
                "time_share": {name: round(share, 4) for name, share in one.shares},
            }
            for one in found.active
        ],
    }


def _trace(found: Analysis) -> dict[str, Any]:
    execution = found.execution
    columns = ("proc_running_ns", "proc_idle_ns", "proc_syscall_ns")
    running, idle, syscall = (execution.total(column) for column in columns)
    return {
        "input": execution.source,
        "process": execution.process,
        "format": execution.format,
        "duration_ns": execution.duration_ns,
        "procs": execution.procs,
        "goroutines": execution.total("goroutines"),
        "events": execution.total("events"),
        "complete": bool(execution.total("complete")),
        "proc_time_ns": {"running": running, "idle": idle, "syscall": syscall},
        "gc": {"cycles": execution.total("gc_cycles"), "marking_ns": execution.total("gc_ns")},
        "functions": [_function(found, f) for f in found.functions],
        "functions_left_out": found.functions_left_out,
        "latencies": [
            {name: getattr(latency, name) for name in _LATENCY} for latency in found.latencies
        ],
        "profiles": [
            {
                "kind": profile.kind,
                "count": profile.count,
                "ns": profile.ns,
                "stacks": profile.stacks,
                "heaviest": [
                    {
                        "count": heavy.count,
                        "ns": heavy.ns,
                        "stack": [_site(frame) for frame in heavy.stack.frames],
                    }
                    for heavy in profile.heaviest
                ],
            }
            for profile in found.profiles
        ],
    }


def _function(found: Analysis, function: Function) -> dict[str, Any]:
    blocks = found.blocks(function)
    return {name: getattr(function, name) for name in _FUNCTION} | {
        "blocks": [{"reason": reason, "count": n, "ns": ns} for reason, n, ns in blocks]
    }


def _settings(settings: Settings) -> dict[str, Any]:
    return {
        "leak_after_minutes": settings.leak_after_minutes,
        "file": settings.source,
        "rules": {
            rule.name: {"enabled": settings.runs(rule.name), **rule.thresholds(settings)}
            for rule in all_rules()
        },
        "ignore": [
            {"rule": entry.rule, "site": entry.site, "reason": entry.reason}
            for entry in settings.ignore
        ],
        "baseline": settings.baseline.name if settings.baseline else None,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "state": verdict.state,
        "confidence": verdict.confidence.value,
        "reason": verdict.reason,
        "collect": verdict.collect,
        "timeline": [
            {
                "process": s.process,
                "state": s.state,
                "start_ms": s.start_ms,
                "end_ms": s.end_ms,
                "samples": s.samples,
            }
            for s in verdict.timeline
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    created = _site(finding.created_by)
    if created is not None:
        created["goroutine"] = finding.creator_goroutine
    group = finding.goroutines
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "title": finding.title,
        "detail": finding.detail,
        "evidence": [_evidence(e) for e in finding.evidence],
        "site": _site(finding.site),
        "stack": [_site(s) for s in finding.stack],
        "blocked_on": finding.blocked_on,
        "created_by": created,
        "goroutines": None if group is None else {"count": group.count, "ids": list(group.ids)},
        "process": finding.process,
        "advice": finding.advice,
        "kind": finding.kind,
    }


def _crash(crash: CrashReport) -> dict[str, Any]:
    return {
        "kind": crash.kind,
        "message": crash.message,
        "severity": crash.severity.value,
        "goroutine": crash.goroutine,
        "top_user_frame": _site(crash.site),
        "origin": crash.origin,
        "waits_for": crash.waits_for,
        "signal": crash.signal,
        "address": crash.address,
        "exit": crash.exit,
        "running_tests": list(crash.running_tests),
        "process": crash.process,
        "source": crash.source,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "label": evidence.label,
        "value": evidence.value,
        "unit": evidence.unit,
        "source": evidence.source,
    }


def _site(site: Site | None) -> dict[str, Any] | None:
    if site is None:
        return None
    return {"function": site.function, "file": site.file, "line": site.line}


def _inputs_shown(capture: Capture) -> list[Input]:
    """The inputs, but of very many only the first; those in which there was something go first."""
    if len(capture.inputs) <= _INPUTS_SHOWN:
        return list(capture.inputs)
    spoken = [i for i in capture.inputs if i.formats or i.unparsed_count or i.problem]
    return (spoken or list(capture.inputs))[:_INPUTS_SHOWN]


def _input(found: Input, records: dict[str, int]) -> dict[str, Any]:
    return {
        "name": found.name,
        "formats": list(found.formats),
        "lines": found.lines,
        "bytes": found.size,
        "cut": found.cut,
        "problem": found.problem,
        "records": records,
        "unparsed": {
            "count": found.unparsed_count,
            "examples": [
                {
                    "line": u.line,
                    "text": u.text[:500].decode("utf-8", "replace"),
                    "expected": u.expected,
                }
                for u in found.unparsed[:10]
            ],
        },
    }


RENDERER = Renderer("json", ".json", render)
