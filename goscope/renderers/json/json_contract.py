"""The JSON contract ``goscope.diagnosis/1``: stable, additions only. ``goscope schema`` prints its schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goscope import __version__
from goscope.analysis.crashes import CrashReport
from goscope.analysis.scheduler.goroutine_states import Transitions, transitions_of
from goscope.analysis.traces.executions import Function
from goscope.analysis.traces.go_tool_trace import Analysis, analyses_of
from goscope.capture.capture import Capture, Input
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.findings.findings import Finding
from goscope.findings.settings import Settings
from goscope.renderers.json.json_text import data, json_text, named
from goscope.renderers.renderer import Renderer
from goscope.rules import all_rules

SCHEMA = "goscope.diagnosis/1"
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
        "verdicts": {name: data(v) for name, v in diagnosis.verdicts.items()},
        "not_judged": list(diagnosis.not_judged),
        "findings": [_finding(f) for f in diagnosis.shown],
        "findings_left_out": data(diagnosis.left_out),
        "ignored": [
            {**named(i.finding, "rule title site"), "reason": i.reason}
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
        **named(found, "process samples goroutines"),
        "time_share": {name: round(share, 4) for name, share in found.shares},
        "transitions": [
            {
                "from": step.before,
                "to": step.after,
                **named(step, "count direct possible"),
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
        **named(execution, "process format duration_ns procs"),
        "goroutines": execution.total("goroutines"),
        "events": execution.total("events"),
        "complete": bool(execution.total("complete")),
        "proc_time_ns": {"running": running, "idle": idle, "syscall": syscall},
        "gc": {"cycles": execution.total("gc_cycles"), "marking_ns": execution.total("gc_ns")},
        "functions": [_function(found, f) for f in found.functions],
        "functions_left_out": found.functions_left_out,
        "latencies": data(found.latencies),
        "profiles": [
            {
                **named(profile, "kind count ns stacks"),
                "heaviest": [
                    {**named(heavy, "count ns"), "stack": data(heavy.stack.frames)}
                    for heavy in profile.heaviest
                ],
            }
            for profile in found.profiles
        ],
    }


def _function(found: Analysis, function: Function) -> dict[str, Any]:
    blocks = found.blocks(function)
    return {
        **data(function),
        "blocks": [{"reason": reason, "count": n, "ns": ns} for reason, n, ns in blocks],
    }


def _settings(settings: Settings) -> dict[str, Any]:
    return {
        "leak_after_minutes": settings.leak_after_minutes,
        "file": settings.source,
        "rules": {
            rule.name: {"enabled": settings.runs(rule.name), **rule.thresholds(settings)}
            for rule in all_rules()
        },
        "ignore": data(settings.ignore),
        "baseline": settings.baseline.name if settings.baseline else None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    found = {
        **named(finding, "rule severity confidence title detail evidence site stack blocked_on"),
        **named(finding, "created_by goroutines process advice kind"),
    }
    if finding.created_by is not None:
        found["created_by"]["goroutine"] = finding.creator_goroutine
    return found


def _crash(crash: CrashReport) -> dict[str, Any]:
    return {
        **named(crash, "kind message severity goroutine"),
        "top_user_frame": data(crash.site),
        **named(crash, "origin waits_for signal address exit running_tests process source"),
    }


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
