"""The tables that execution traces fill.

Only ``traces`` says which input and process a trace is of; all others give its number. Times are
nanoseconds since the start of the trace, on the clock of the traced machine. Definitions are those of
``go tool trace`` of Go 1.26 and newer.
"""

from __future__ import annotations

from functools import partial

from goscope.formats.format import INPUT, PROCESS, STREAM_ID
from goscope.tables.columns import flag, number, text
from goscope.tables.table import Column, Kind

_ns = partial(number, unit="ns")


_TRACE = number("trace", "the row of the traces table")
_G = number("g", "goroutine id")
_STACK = number("stack_id", "the row of the trace_stacks table; missing if Go recorded none")
_REASON = text("reason", "why it waits, or why it stopped, in Go's words")
_START = _ns("start_ns", "when it began, since the start of the trace; missing if before it")
_DURATION = _ns("duration_ns", "how long it took")
_STATE = text("state", "runnable, running, waiting, syscall (with a P) or syscall_blocked (P lost)")
_NAME = text("name", "its start function: the root frame of its stack; missing if none was seen")
_SYSTEM = flag("system", "started by the runtime itself (all of runtime.* but runtime.main)")

#: What a goroutine, or all of one start function, spent its time with. These do not overlap.
_TIMES = (
    _ns("exec_ns", "running"),
    _ns("sched_wait_ns", "runnable: waiting for a P, the first time after its creation too"),
    _ns("block_ns", "waiting, for whatever reason"),
    _ns("syscall_ns", "in system calls, with its P; callbacks from C also before they have one"),
    _ns("syscall_block_ns", "in system calls, after its P was taken away or handed off"),
)
#: These overlap with the times above.
_RANGES = (
    _ns("assist_ns", "helping the GC to mark (GC mark assist)"),
    _ns("sweep_ns", "sweeping for the GC, where it began and ended in one go"),
    _ns("stw_ns", "having stopped the world, or waiting for it to stop"),
)

TRACES = (
    STREAM_ID,
    INPUT,
    PROCESS,
    _TRACE,
    text("format", "version of the format: 1.22, 1.23 (also Go 1.24), 1.25 or 1.26 (also 1.27)"),
    _ns("clock_start_ns", "start of the trace on the trace's own clock, which starts anywhere"),
    _ns("wall_start_ns", "start of the trace, since 1970; format 1.25"),
    _ns("duration_ns", "from its start to its last event"),
    number("generations", "complete generations that were read", "generations"),
    flag("complete", "all of it could be read"),
    number("dropped_bytes", "bytes that could not be read", "B"),
    text("dropped_why", "why they could not be read"),
    number("events", "timed events", "events"),
    number("cpu_samples", "samples of a CPU profile that ran at the same time", "samples"),
    number("goroutines", "goroutines that were seen", "goroutines"),
    number("goroutines_left_out", "goroutines without a row: only counted by function"),
    number("threads", "Ms that were seen", "threads"),
    number("procs", "Ps that were seen, the most at a time (GOMAXPROCS)", "Ps"),
    number("anomalies", "state changes that do not follow from the one before", "events"),
    number("tasks", "user tasks that began or ended", "tasks"),
    number("regions", "user regions that began or ended", "regions"),
    number("logs", "user log messages", "messages"),
    number(
        "annotations_left_out", "tasks, regions and logs without a row, because of their number"
    ),
    flag("spans", "the tables of single spans are filled"),
    *(
        number(f"{name}_ns", f"time of all Ps: {meaning}", "ns")
        for name, meaning in (
            ("proc_running", "running goroutines, or looking for some"),
            ("proc_idle", "idle"),
            ("proc_syscall", "held by a goroutine in a system call"),
        )
    ),
    _ns("gc_ns", "time in which the GC was marking (GC concurrent mark phase)"),
    number("gc_cycles", "GC cycles that began in the trace", "cycles"),
)

GOROUTINES = (
    _TRACE,
    _G,
    _NAME,
    _SYSTEM,
    flag("existed", "it was there before the trace began"),
    _ns("created_ns", "when it was created; 0 if it existed before"),
    _ns("started_ns", "when it first ran; missing if it never did"),
    _ns("ended_ns", "when it ended, or blocked for ever; missing if it was still there at the end"),
    number("creator_g", "the goroutine that created it"),
    number("stack_id", "the row of trace_stacks where it was created"),
    _ns(
        "total_ns",
        "from its creation (or the start of the trace) to its end (or that of the trace)",
    ),
    *_TIMES,
    _ns("first_wait_ns", "from its creation to its first run"),
    *_RANGES,
    _STATE,
    text("wait_reason", "what it waits for at the end of the trace"),
    number("wait_stack", "the row of trace_stacks where its last state began"),
    _ns("since_ns", "when its last state began"),
)

FUNCTIONS = (
    _TRACE,
    _NAME,
    _SYSTEM,
    number("goroutines", "goroutines with this start function", "goroutines"),
    number("created", "those that were created in the trace", "goroutines"),
    number("ended", "those that ended in the trace", "goroutines"),
    _ns("total_ns", "sum of their times in the trace"),
    *_TIMES,
    _ns("first_wait_ns", "sum of the waits from creation to first run"),
    *_RANGES,
)

BLOCKS = (
    _TRACE,
    _G,
    number("goroutine", "the row of trace_goroutines"),
    text("reason", "why it waited, in Go's words; empty if Go gave none"),
    number("count", "waits that ended", "waits"),
    _ns("ns", "time waited"),
)

FUNCTION_BLOCKS = (
    _TRACE,
    _NAME,
    text("reason", "why they waited, in Go's words; empty if Go gave none"),
    number("count", "waits that ended", "waits"),
    _ns("ns", "time waited"),
)

GOROUTINE_SPANS = (
    _TRACE,
    _G,
    _STATE,
    _ns("start_ns", "when the state began"),
    _DURATION,
    _REASON,
    _STACK,
    number("m", "the M on which it began"),
    number("p", "the P on which it ran or entered the system call"),
    number(
        "unblocked_by_g", "runnable: the goroutine that woke or created it; missing if none did"
    ),
    flag("open", "it had not ended at the end of the trace"),
)

PROC_SPANS = (
    _TRACE,
    number("p", "P"),
    number("m", "the M that held it, while it was running"),
    text("state", "running or idle"),
    _ns("start_ns", "when the state began"),
    _DURATION,
    flag("stolen", "idle because it was taken away during a system call"),
    flag("open", "it had not ended at the end of the trace"),
)

RANGES = (
    _TRACE,
    text("kind", "stw, gc, assist or sweep"),
    text("name", "what Go calls it, for example stop-the-world (GC mark termination)"),
    number("g", "the goroutine: of stw, assist, sweep"),
    number("p", "the P: of sweep"),
    _START,
    _ns("duration_ns", "how long it took; missing if its start or its end was not seen"),
    _ns("end_ns", "when it ended; missing if it was still going on"),
    _STACK,
    number("swept_bytes", "sweep: memory looked at", "B"),
    number("reclaimed_bytes", "sweep: memory reclaimed", "B"),
)

RANGE_TOTALS = (
    _TRACE,
    text("kind", "stw, gc, assist or sweep"),
    text("name", "what Go calls it"),
    number("count", "ranges whose end was seen", "ranges"),
    _ns("ns", "sum of their times"),
    _ns("max_ns", "the longest"),
)

HEAP = (
    _TRACE,
    _ns("time_ns", "when"),
    number("alloc_bytes", "live and not yet swept heap; missing if only the goal changed", "B"),
    number(
        "goal_bytes", "heap size at which the next GC cycle ends; missing if it did not change", "B"
    ),
)

TASKS = (
    _TRACE,
    number("task", "id of the task"),
    number("parent", "id of the task that it is part of; missing if none"),
    text("name", "its type; missing if its start was not seen"),
    number("g", "the goroutine that began it, or ended it if the start was not seen"),
    _START,
    _ns("end_ns", "when it ended; missing if it had not"),
    _ns("duration_ns", "how long it took; missing if its start or its end was not seen"),
    _STACK,
)

REGIONS = (
    _TRACE,
    _G,
    number("task", "id of the task; 0 if none"),
    text("name", "its type; empty for the region that a goroutine inherits from its creator"),
    flag(
        "inherited", "stands for the creator's innermost region, from the goroutine's creation on"
    ),
    _START,
    _ns("end_ns", "when it ended, or its goroutine did; missing if it had not"),
    _ns("duration_ns", "how long it took; missing if its start or its end was not seen"),
    *_TIMES,
    _STACK,
)

LOGS = (
    _TRACE,
    _ns("time_ns", "when"),
    _G,
    number("task", "id of the task; 0 if none"),
    text("category", "its category"),
    text("message", "the message"),
    _STACK,
)

PROFILE = (
    _TRACE,
    text(
        "kind",
        "network (waiting for the network), sync (channels, locks, select), syscall, sched (runnable, "
        "from the first run on), cpu",
    ),
    _STACK,
    number("count", "how often; cpu: samples"),
    _ns("ns", "how long in all; missing for cpu"),
)

WAKEUPS = (
    _TRACE,
    text("reason", "why they waited, in Go's words"),
    number("stack_id", "the row of trace_stacks where they waited"),
    number(
        "waker_stack",
        "the row of trace_stacks where they were woken; missing if the runtime did it (timer, network)",
    ),
    number("count", "how often", "waits"),
    _ns("ns", "how long they had waited in all"),
    _ns("max_ns", "the longest wait"),
)

LONGEST = (
    _TRACE,
    _G,
    _NAME,
    _STATE,
    _ns("start_ns", "when the state began"),
    _DURATION,
    _REASON,
    _STACK,
    number("waker_stack", "the row of trace_stacks where a waiting goroutine was woken"),
    flag("open", "it had not ended at the end of the trace"),
)

LATENCIES = (
    _TRACE,
    text(
        "kind",
        "sched (runnable until it runs), sched_later (the same without the first time of a goroutine), "
        "first_run (from creation to the first run), task, region",
    ),
    text("name", "start function, type of the task or of the region"),
    number("count", "how many"),
    _ns("total_ns", "their sum"),
    _ns("p50_ns", "median, to 1.6 %"),
    _ns("p90_ns", "90 % took at most so long, to 1.6 %"),
    _ns("p99_ns", "99 % took at most so long, to 1.6 %"),
    _ns("max_ns", "the longest, exactly"),
)

LATENCY_BUCKETS = (
    _TRACE,
    text("kind", "as in trace_latencies"),
    text("name", "as in trace_latencies"),
    _ns("from_ns", "this long or longer"),
    _ns("to_ns", "but shorter than this"),
    number("count", "how many"),
)

TIMELINE = (
    _TRACE,
    _ns("start_ns", "start of the slice of time"),
    _ns("width_ns", "its length; the same for all slices of a trace but the last"),
    Column("runnable", Kind.FLOAT, "goroutines", "how many were runnable, on average"),
    Column("running", Kind.FLOAT, "goroutines", "how many were running, on average"),
    Column("in_syscall", Kind.FLOAT, "goroutines", "how many were in system calls, on average"),
    Column("live", Kind.FLOAT, "goroutines", "how many there were, on average"),
    number("heap_bytes", "the largest heap in it; missing if it did not change", "B"),
    number("goal_bytes", "the last goal in it; missing if it did not change", "B"),
    _ns("gc_ns", "time in which the GC was marking"),
    _ns("stw_ns", "time in which the world was stopped, or somebody waited for it to stop"),
    _ns("assist_ns", "time of goroutines helping the GC to mark"),
    _ns("sweep_ns", "time of sweeping"),
)

TIMELINE_PROCS = (
    _TRACE,
    _ns("start_ns", "start of the slice of time"),
    number("p", "P"),
    _ns("running_ns", "running goroutines, or looking for some"),
    _ns("syscall_ns", "held by a goroutine in a system call"),
    _ns("idle_ns", "idle"),
    _ns("gc_ns", "of running_ns: marking for the GC (runtime.gcBgMarkWorker)"),
)

STACKS = (
    number("stack_id", "number of the distinct stack"),
    number("depth", "frames", "frames"),
    text("function", "function on top, where it happened"),
    text("root", "function at the bottom: the goroutine's start function"),
)

FRAMES = (
    number("stack_id", "the row of the trace_stacks table"),
    number("depth", "0 is the top"),
    text("function", "full name"),
    text("package", "import path"),
    text("receiver", "receiver type of a method"),
    text("name", "name without package and receiver"),
    text("file", "source file"),
    number("line", "source line"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "traces": TRACES,
    "trace_goroutines": GOROUTINES,
    "trace_blocks": BLOCKS,
    "trace_functions": FUNCTIONS,
    "trace_function_blocks": FUNCTION_BLOCKS,
    "trace_profiles": PROFILE,
    "trace_wakeups": WAKEUPS,
    "trace_longest": LONGEST,
    "trace_latencies": LATENCIES,
    "trace_latency_buckets": LATENCY_BUCKETS,
    "trace_timeline": TIMELINE,
    "trace_timeline_procs": TIMELINE_PROCS,
    "trace_ranges": RANGES,
    "trace_range_totals": RANGE_TOTALS,
    "trace_tasks": TASKS,
    "trace_regions": REGIONS,
    "trace_logs": LOGS,
    "trace_stacks": STACKS,
    "trace_frames": FRAMES,
    "trace_goroutine_spans": GOROUTINE_SPANS,
    "trace_proc_spans": PROC_SPANS,
    "trace_heap": HEAP,
}

#: The tables that hold one row per span or event, and are filled only when that is asked for.
SPAN_TABLES = ("trace_goroutine_spans", "trace_proc_spans", "trace_heap")
