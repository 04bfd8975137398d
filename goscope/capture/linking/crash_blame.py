"""Which goroutine is to blame for a crash, and which frame of it is the program's own.

Which one comes first is decided in ``runtime/panic.go`` (dopanic_m, tracebackothers): the one that
crashed, or the one that the crashing thread ran. A deadlock has none, so all follow in the order of
their making. A signal shows whatever its thread was doing, so nobody is to blame for one that was
sent. In a test that timed out, the first is the alarm, and the culprit is a test that hangs.
"""

from __future__ import annotations

import itertools
import json

from goscope.capture.linking.crash_dumped import Dumped
from goscope.capture.linking.crash_heads import Head
from goscope.goruntime.crash_kinds import RECOVERED
from goscope.goruntime.function_names import bare_name

# What runs a test or a benchmark (testing/testing.go, benchmark.go, example.go, fuzz.go).
_RUNNERS = frozenset(
    (
        "testing.tRunner", "testing.fRunner", "testing.runExample", "testing.(*B).runN",
        "testing.(*B).launch", "testing.(*B).RunParallel.func1", "testing.(*F).Fuzz.func1.1",
    )
)  # fmt: skip
# Where a test waits for other tests, or for its turn.
_WAIT_FOR_TESTS = frozenset(
    (
        "testing.(*T).Run", "testing.(*T).Parallel", "testing.(*B).Run", "testing.(*B).run",
        "testing.(*B).doBench", "testing.(*B).RunParallel", "testing.(*F).Fuzz",
        "testing.(*testState).waitParallel", "testing.(*testContext).waitParallel",
        "testing.tRunner.func1",
    )
)  # fmt: skip
_ALARM = "testing.(*M).startAlarm"


def kind_of(dumped: Dumped, head: Head) -> str:
    """The kind of a crash, now that its goroutines and its end are known."""
    if head.kind == "sigquit" and any(sort == "killed" for sort, _ in head.exits):
        return "test_timeout"  # go test sends SIGQUIT when the alarm did not end the test
    if head.kind == "fatal" and len(head.dump) and not dumped.running[head.dump.start]:
        frames = dumped.frames(head.dump.start)
        if frames and frames[0].function == "runtime.cgocall":  # C code crashed, up to Go 1.20
            return (
                f"cgo_{head.signal.lower()}" if head.signal in ("SIGSEGV", "SIGABRT") else "fatal"
            )
    return head.kind


def blamed(dumped: Dumped, head: Head, kind: str) -> int | None:
    """The row of the goroutine to blame; None where nobody is, or nobody is shown."""
    if not len(head.dump):
        return None
    first = head.dump.start
    if kind == "test_timeout":
        return hanging_test(dumped, head.dump)
    if kind.startswith("cgo_"):
        return next((row for row in head.dump if dumped.ids[row]), None)
    if head.sort == "signal":
        faulted = head.address is not None and dumped.ids[first] and dumped.running[first]
        return first if faulted else None
    if head.sort != "fatal" or dumped.running[first]:
        return first
    if kind in ("deadlock", "thread_exhaustion"):  # none runs: the first of the program is main
        return next((row for row in head.dump if dumped.own_frame(row)), None)
    return None


def where(dumped: Dumped, row: int, kind: str) -> dict[str, object]:
    """The goroutine and the innermost frame of the program itself, as columns of the crashes table.

    Of a panic that was recovered, the frames above ``panic`` are of whoever recovered it. ``origin``
    is where a panic happened first, if a deferred call panicked again.
    """
    frames = dumped.frames(row)
    panics = [at for at, frame in enumerate(frames) if frame.function == "panic"]
    own = [(at, frame) for at, frame in enumerate(frames) if frame.own]
    if kind in RECOVERED and panics:
        own = [(at, frame) for at, frame in own if at > panics[0]] or own
    top = own[0][1] if own else None
    origin = next((frame for at, frame in own if panics and at > panics[-1]), None)
    return {
        "goroutine": int(dumped.ids[row]),
        "function": top.function if top else None,
        "file": top.file if top else None,
        "file_line": top.line if top else None,
        "origin": origin.place if origin is not None and origin != top else None,
        "wait_reason": dumped.table.text("wait_reason", row),
        "stack_id": int(dumped.stacks[row]),
    }


def hanging_test(dumped: Dumped, dump: range) -> int | None:
    """The goroutine of a test that waits for something else than another test."""
    others: list[int] = []
    for row in dump:
        frames = dumped.frames(row)
        own = next((at for at, frame in enumerate(frames) if frame.own), None)
        if own is None or any(frame.function.startswith(_ALARM) for frame in frames):
            continue
        if any(frame.function in _WAIT_FOR_TESTS for frame in frames[:own]):
            continue
        if any(frame.function in _RUNNERS for frame in frames[own:]):
            return row
        others.append(row)
    return others[0] if others else None


def running_tests(dumped: Dumped, dump: range) -> str | None:
    """The tests on the stacks, as a JSON list: up to Go 1.19 the panic does not name them."""
    names: list[str] = []
    for row in dump:
        frames = dumped.frames(row)
        for inner, outer in itertools.pairwise(frames):
            name = bare_name(inner.function)
            if outer.function in _RUNNERS and inner.own and inner.function.endswith(f".{name}"):
                names.append(name)
    return json.dumps(list(dict.fromkeys(names))) if names else None
