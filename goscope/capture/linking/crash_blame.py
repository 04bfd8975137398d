"""Which goroutine is to blame for a crash, and which frame of it is the program's own.

Which one comes first is decided in ``runtime/panic.go`` (dopanic_m, tracebackothers): the one that
crashed, or the one that the crashing thread ran. Whoever panics is running, so another one that comes first
is of a text from which the goroutine that panicked was left out. A deadlock has none, so all follow in the
order of their making. A signal shows whatever its thread was doing, so nobody is to blame for one that was
sent. In a test that timed out, the first is the alarm, and the culprit is a test that hangs.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable

from goscope.capture.linking.crash_dumped import Dumped, Frame
from goscope.capture.linking.crash_heads import Head
from goscope.goruntime.crash_kinds import FAULTS, RECOVERED, was_sent
from goscope.goruntime.function_names import bare_name
from goscope.goruntime.long_waiters import normal_long_wait

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
# A test that waits there has not begun, or waits for the end of those that are not parallel.
_WAITS_FOR_ITS_TURN = "testing.(*T).Parallel"
_TEST_NAME = re.compile(r"(?:Test|Benchmark|Example|Fuzz)(?:[^a-z]|$)")
_DURATION = re.compile(r"(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9.]+)s)?$")
#: So many minutes later than it begins a wait is shown at most (an idle program collects every two).
_SHOWN_LATE = 3
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
        return hanging_test(dumped, head)
    if kind.startswith("cgo_"):
        return next((row for row in head.dump if dumped.ids[row] or dumped.headless[row]), None)
    if dumped.headless[first]:  # on Windows the runtime prints no header for the one that crashed
        return first
    if head.sort == "signal":
        return first if _caught_in_the_act(dumped, head) else None
    if dumped.running[first]:
        return first
    if head.sort == "fatal" and kind in (
        "deadlock",
        "thread_exhaustion",
    ):  # none runs: the first of the program is main
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
        "goroutine": None if dumped.headless[row] else int(dumped.ids[row]),
        "function": top.function if top else None,
        "file": top.file if top else None,
        "file_line": top.line if top else None,
        "origin": origin.place if origin is not None and origin != top else None,
        "wait_reason": dumped.table.text("wait_reason", row),
        "stack_id": int(dumped.stacks[row]),
    }


def hanging_test(dumped: Dumped, head: Head) -> int | None:
    """The goroutine of a test that waits for something else than another test.

    People put the stack that matters above the panic, and cut others, so the goroutines above count too, and
    what runs the test need not be shown if a function on the stack is named like one.
    """
    shown = [row for row in head.dump if _may_hang(dumped, row)]
    above = [row for row in head.above if not dumped.dropped[row] and _may_hang(dumped, row)]
    for is_test in (_has_runner, _has_test):
        for row in (*shown, *above):
            if is_test(dumped, row):
                return row
    # The last resort: the only one that waits for what does not come by itself.
    rest = [row for row in shown if not dumped.headless[row] and not _rests(dumped, row)]
    places = {dumped.own_frame(row) for row in rest}
    return rest[0] if len(places) == 1 else None


def _rests(dumped: Dumped, row: int) -> bool:
    """Whether it is a background worker that waits for as long as the program lasts."""
    functions = [frame.function for frame in dumped.frames(row)]
    return normal_long_wait(functions, dumped.table.text("creator", row)) is not None


def _may_hang(dumped: Dumped, row: int) -> bool:
    """Whether the program's own code waits, and for something else than another test."""
    frames = dumped.frames(row)
    own = next((at for at, frame in enumerate(frames) if frame.own), None)
    if own is None or any(frame.function.startswith(_ALARM) for frame in frames):
        return False
    return not any(frame.function in _WAIT_FOR_TESTS for frame in frames[:own])


def _has_runner(dumped: Dumped, row: int) -> bool:
    return any(frame.function in _RUNNERS for frame in dumped.frames(row))


def _has_test(dumped: Dumped, row: int) -> bool:
    return any(_test_of(frame) is not None for frame in dumped.frames(row))


def _test_of(frame: Frame) -> str | None:
    """The test that a function, or a closure in it, belongs to by its name."""
    name = bare_name(frame.function)
    in_tests = frame.file is None or frame.file.endswith("_test.go")
    return name if frame.own and in_tests and _TEST_NAME.match(name) else None


def running_tests(dumped: Dumped, rows: Iterable[int]) -> str | None:
    """The tests on the stacks, as a JSON list: up to Go 1.19 the panic does not name them."""
    names: list[str] = []
    for row in rows:
        frames = dumped.frames(row)
        if any(frame.function == _WAITS_FOR_ITS_TURN for frame in frames):
            continue
        outermost = [
            inner
            for inner, outer in itertools.pairwise(frames)
            if outer.function in _RUNNERS and inner.own
        ]
        tests = [bare_name(frame.function) for frame in outermost if not _is_closure(frame)]
        tests += [name for frame in frames if (name := _test_of(frame)) is not None]
        names += tests[:1]
    return json.dumps(list(dict.fromkeys(names))) if names else None


def _is_closure(frame: Frame) -> bool:
    return not frame.function.endswith(f".{bare_name(frame.function)}")


def is_slow_suite(dumped: Dumped, head: Head) -> bool:
    """Whether the test that ran when the time was up had run for less than half of that time.

    From 1.20 on the panic says for how long tests have run. Before, goroutine 1 waits for the running
    test, and wait times are shown if the text has any.
    """
    limit = _minutes(head.message.partition(" after ")[2].partition("\n")[0].strip())
    if limit is None:
        return False
    if head.running_tests is not None:
        said = [text.rpartition(" (")[2].rstrip(")") for text in json.loads(head.running_tests)]
        known = [minutes for minutes in map(_minutes, said) if minutes is not None]
        return bool(known) and max(known) < limit / 2
    minutes = dumped.table.numbers("wait_minutes", 0)
    main = [
        row
        for row in head.dump
        if dumped.ids[row] == 1
        and any(frame.function in _WAIT_FOR_TESTS for frame in dumped.frames(row))
    ]
    timed = any(minutes[row] for row in head.dump)
    return timed and bool(main) and float(minutes[main[0]]) + _SHOWN_LATE < limit / 2


def _minutes(duration: str) -> float | None:
    """A duration as ``time.Duration`` prints it, in minutes."""
    found = _DURATION.match(duration)
    if found is None or not duration:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return 60 * hours + minutes + seconds / 60


def _caught_in_the_act(dumped: Dumped, head: Head) -> bool:
    """Whether the goroutine that comes first is the one that the signal answers to."""
    first = head.dump.start
    if head.signal not in FAULTS or was_sent(head.sigcode) or not dumped.ids[first]:
        return False
    known = head.sigcode is not None or head.address is not None
    return bool(known and (dumped.running[first] or dumped.in_syscall[first]))
