"""Why a goroutine waits, in the words of execution traces.

They are other and fewer than those of dumps: ``traceBlockReasonStrings`` in ``runtime/traceruntime.go``
(1.22+). Every kind of lock, and a WaitGroup, is "sync".
"""

from __future__ import annotations

from .wait_reasons import Primitive

_PRIMITIVES: dict[str, Primitive] = {
    "network": "io",
    "select": "select",
    "sync.(*Cond).Wait": "cond",
    "sync": "lock",
    "chan send": "channel",
    "chan receive": "channel",
    "sleep": "sleep",
    "GC mark assist wait for work": "gc",
    "GC background sweeper wait": "gc",
    "GC weak to strong wait": "gc",
    "wait until GC ends": "gc",
}


def primitive_of(reason: str | None) -> Primitive:
    """What kind of thing a goroutine waits on; "other" for the runtime's own reasons and unknown ones."""
    return _PRIMITIVES.get(reason or "", "other")
