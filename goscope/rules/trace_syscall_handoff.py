"""Goroutines sit in slow system calls, and lose their P in each.

What it detects: in an execution trace, system calls of one place that are slow and come back again and
again, so that the runtime takes their P away (handoff). Calls that began before the trace or outlast it
do not count.

Why it matters: each such call holds a thread as long as it takes, and who comes back has no P and waits
in the run queue again; at 10,000 threads the program dies.

Evidence and threshold: at least 5 calls of 1 ms on average, and a fifth of the length of the trace in
calls without a P. The runtime takes the P from 20 µs on (sysmon: retake, runtime/proc.go), so 1 ms is
50 times that. It is a note, and a warning if on average 6 goroutines per P are in such calls: the bar
of sched-starving for threads in system calls. Calls that wait for children or for events are left out.

Example: two goroutines of ``main.slow`` make 12 calls of Nanosleep; 179 ms in a trace of 92 ms are
spent without a P.

What to do: see how slow the disk, pipe or device is; bound how many goroutines are in such calls at
once; use what the poller can wait for (sockets, pipes opened by package os).

False positives: a goroutine that is there to read from a terminal or a device.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from goscope.analysis.scheduler.thresholds import BUSY_THREADS_PER_P
from goscope.analysis.traces.executions import NS_PER_MS, Execution, Function, executions_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Evidence, Finding, Severity
from goscope.rules.findings.trace import in_words, ms, trace_finding
from goscope.rules.rule import Family, Rule, Settings

_ADVICE = (
    "Look at what these calls are for, and how slow it is: a disk, a pipe, a device, C code. Bound how many "
    "goroutines are in them at once with a semaphore."
)

#: Calls that wait on purpose, whoever makes them.
_WAITS = (".EpollWait", ".Poll", ".Ppoll", ".Select", ".Pselect", ".Wait4", ".Waitid")
_OF_CHILDREN = ("os.(*Process).", "os.wait")


def find(
    capture: Capture,
    settings: Settings,
    *,
    least_mean_ms: float = 1.0,
    least_calls: int = 5,
    least_share: float = 0.2,
    busy_threads_per_p: float = BUSY_THREADS_PER_P,
) -> Iterator[Finding]:
    """One finding per trace, about the start function that loses most."""
    for execution in executions_of(capture):
        slow = _slow_calls(execution, least_mean_ms * NS_PER_MS, least_calls)
        lost: dict[str, int] = {}
        for f in execution.program:
            if f.name in slow:
                inside = sum(ns for _, _, ns in slow[f.name])
                lost[f.name] = min(f.syscall_block_ns, inside)
        heavy = {name: ns for name, ns in lost.items() if ns >= least_share * execution.duration_ns}
        if heavy:
            name = max(heavy, key=lambda n: heavy[n])
            function = next(f for f in execution.program if f.name == name)
            yield _finding(execution, function, slow[name], heavy, busy_threads_per_p)


def _slow_calls(
    execution: Execution, mean_ns: float, least: int
) -> dict[str, list[tuple[int, int, int]]]:
    """By start function the stacks of slow calls, the heaviest first."""
    found: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for number, count, ns in execution.profile("syscall"):
        root = execution.root(number)
        if count >= least and ns >= mean_ns * count and root and not _waits(execution, number):
            found[root].append((number, count, ns))
    return found


def _waits(execution: Execution, number: int) -> bool:
    """Whether the call is there to wait: for a child, or for events."""
    names = execution.stack(number).functions
    return any(name.endswith(_WAITS) or name.startswith(_OF_CHILDREN) for name in names[:3])


def _finding(
    execution: Execution,
    function: Function,
    calls: list[tuple[int, int, int]],
    heavy: dict[str, int],
    busy_threads_per_p: float,
) -> Finding:
    number, count, ns = calls[0]
    stack = execution.stack(number)
    lost = heavy[function.name or ""]
    at_a_time = execution.on_average(sum(heavy.values()))
    others = [name for name in heavy if name != function.name]
    return trace_finding(
        "trace-syscall-handoff",
        Severity.WARNING if at_a_time >= busy_threads_per_p * execution.procs else Severity.INFO,
        execution,
        title=f"{function.name} loses its P in slow system calls, {in_words(ns / count)} each",
        detail=f"Its goroutines were in system calls without a P for {in_words(lost)}, and waited "
        f"{in_words(function.sched_wait_ns)} for one afterwards."
        + (f" So do {', '.join(others[:3])}." if others else ""),
        evidence=(
            Evidence("system calls", count, "calls", execution.source),
            Evidence("on average", ms(ns / count), "ms"),
            Evidence("without a P", ms(lost), "ms"),
            Evidence("goroutines in them, on average", round(at_a_time, 2), "goroutines"),
            *(Evidence(f"{name}, without a P", ms(heavy[name]), "ms") for name in others[:3]),
        ),
        advice=_ADVICE,
        stack=stack,
        blocked_on="syscall",
    )


RULE = Rule("trace-syscall-handoff", ("traces",), find, family=Family.TRACES, verdict="scheduler")
