"""Diagnoses of execution traces, and of one whose names want to do harm."""

from __future__ import annotations

import goscope
from goscope.diagnosis.diagnosis import Diagnosis
from goscope.reading.capture_builder import CaptureBuilder
from tests.conftest import content
from tests.renderers.hostile import BREAKOUT, IMAGE
from tests.traces.truth import capture, trace_path

TASKS = "go1.27/trace_tasks"
#: Names in the trace, and what stands in for them; the length of a string cannot change.
_NAMES = {
    b"runtime/trace.(*traceMultiplexer).startLocked.func1": f"m.{BREAKOUT}",
    b"runtime.(*traceAdvancerState).start.func1": f"m.{IMAGE}",
    b"runtime.(*wakeableSleep).sleep": "m.<b>bold<i>%{value} \x1b[31m\x00",
    b"main.main.func1.1": "<i>\u202e</i>%{x}|`",
    b"system goroutine wait": "<b>\x1b[31mreason",
    b"validate": "<b>v</b>",
    b"payment": "<i>p\x00",
}


def traced(*names: str) -> Diagnosis:
    """Traces without single spans, as a report is made of them."""
    if len(names) == 1:
        return goscope.diagnose(capture(names[0], spans=False))
    builder = CaptureBuilder()
    for name in names:
        builder.read(f"{name}.out", [content(trace_path(name))])
    return goscope.diagnose(builder.build())


def hostile_trace() -> Diagnosis:
    """A trace whose functions, reasons, tasks and regions have hostile names."""
    data = content(trace_path(TASKS))
    for name, instead in _NAMES.items():
        given = instead.encode()
        assert len(given) <= len(name), name
        assert name in data, name
        data = data.replace(name, given.ljust(len(name), b"'"))
    builder = CaptureBuilder()
    builder.read(f"{IMAGE}\x1b.out", [data])
    diagnosis = goscope.diagnose(builder.build())
    assert len(diagnosis.capture.table("trace_tasks")) == 83
    return diagnosis
