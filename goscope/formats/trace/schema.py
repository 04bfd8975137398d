"""The tables that execution traces fill.

Only ``traces`` says which input and process a trace is of; all others give its number. Times are
nanoseconds since the start of the trace, on the clock of the traced machine. Definitions are those of
``go tool trace`` of Go 1.26 and newer.
"""

from __future__ import annotations

from goscope.formats.format import INPUT, PROCESS, STREAM_ID
from goscope.tables.table import Column, Kind


def _number(name: str, meaning: str, unit: str = "") -> Column:
    return Column(name, Kind.INT, unit, meaning)


def _ns(name: str, meaning: str) -> Column:
    return Column(name, Kind.INT, "ns", meaning)


def _text(name: str, meaning: str) -> Column:
    return Column(name, Kind.TEXT, "", meaning)


def _flag(name: str, meaning: str) -> Column:
    return Column(name, Kind.BOOL, "", meaning, default=False)


_TRACE = _number("trace", "the row of the traces table")
_G = _number("g", "goroutine id")
_STACK = _number("stack_id", "the row of the trace_stacks table; missing if Go recorded none")
_REASON = _text("reason", "why it waits, or why it stopped, in Go's words")
_START = _ns("start_ns", "when it began, since the start of the trace; missing if before it")
_DURATION = _ns("duration_ns", "how long it took")
_STATE = _text(
    "state", "runnable, running, waiting, syscall (with a P) or syscall_blocked (P lost)"
)
_NAME = _text("name", "its start function: the root frame of its stack; missing if none was seen")
_SYSTEM = _flag("system", "started by the runtime itself (all of runtime.* but runtime.main)")

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
    _text("format", "version of the format: 1.22, 1.23 (also Go 1.24), 1.25 or 1.26 (also 1.27)"),
    _ns("clock_start_ns", "start of the trace on the trace's own clock, which starts anywhere"),
    _ns("wall_start_ns", "start of the trace, since 1970; format 1.25"),
    _ns("duration_ns", "from its start to its last event"),
    _number("generations", "complete generations that were read", "generations"),
    _flag("complete", "all of it could be read"),
    Column("dropped_bytes", Kind.INT, "B", "bytes that could not be read"),
    _text("dropped_why", "why they could not be read"),
    _number("events", "timed events", "events"),
    _number("cpu_samples", "samples of a CPU profile that ran at the same time", "samples"),
    _number("goroutines", "goroutines that were seen", "goroutines"),
    _number("goroutines_left_out", "goroutines without a row: only counted by function"),
    _number("threads", "Ms that were seen", "threads"),
    _number("procs", "Ps that were seen, the most at a time (GOMAXPROCS)", "Ps"),
    _number("anomalies", "state changes that do not follow from the one before", "events"),
    _number("tasks", "user tasks that began or ended", "tasks"),
    _number("regions", "user regions that began or ended", "regions"),
    _number("logs", "user log messages", "messages"),
    _number(
        "annotations_left_out", "tasks, regions and logs without a row, because of their number"
    ),
    _flag("spans", "the tables of single spans are filled"),
    *(
        Column(f"{name}_ns", Kind.INT, "ns", f"time of all Ps: {meaning}")
        for name, meaning in (
            ("proc_running", "running goroutines, or looking for some"),
            ("proc_idle", "idle"),
            ("proc_syscall", "held by a goroutine in a system call"),
        )
    ),
    _ns("gc_ns", "time in which the GC was marking (GC concurrent mark phase)"),
    _number("gc_cycles", "GC cycles that began in the trace", "cycles"),
)

GOROUTINES = (
    _TRACE,
    _G,
    _NAME,
    _SYSTEM,
    _flag("existed", "it was there before the trace began"),
    _ns("created_ns", "when it was created; 0 if it existed before"),
    _ns("started_ns", "when it first ran; missing if it never did"),
    _ns("ended_ns", "when it ended, or blocked for ever; missing if it was still there at the end"),
    _number("creator_g", "the goroutine that created it"),
    _number("stack_id", "the row of trace_stacks where it was created"),
    _ns(
        "total_ns",
        "from its creation (or the start of the trace) to its end (or that of the trace)",
    ),
    *_TIMES,
    _ns("first_wait_ns", "from its creation to its first run"),
    *_RANGES,
    _STATE,
    _text("wait_reason", "what it waits for at the end of the trace"),
    _number("wait_stack", "the row of trace_stacks where its last state began"),
    _ns("since_ns", "when its last state began"),
)

FUNCTIONS = (
    _TRACE,
    _NAME,
    _SYSTEM,
    _number("goroutines", "goroutines with this start function", "goroutines"),
    _number("created", "those that were created in the trace", "goroutines"),
    _number("ended", "those that ended in the trace", "goroutines"),
    _ns("total_ns", "sum of their times in the trace"),
    *_TIMES,
    _ns("first_wait_ns", "sum of the waits from creation to first run"),
    *_RANGES,
)

BLOCKS = (
    _TRACE,
    _G,
    _number("goroutine", "the row of trace_goroutines"),
    _text("reason", "why it waited, in Go's words; empty if Go gave none"),
    _number("count", "waits that ended", "waits"),
    _ns("ns", "time waited"),
)

FUNCTION_BLOCKS = (
    _TRACE,
    _NAME,
    _text("reason", "why they waited, in Go's words; empty if Go gave none"),
    _number("count", "waits that ended", "waits"),
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
    _number("m", "the M on which it began"),
    _number("p", "the P on which it ran or entered the system call"),
    _number(
        "unblocked_by_g", "runnable: the goroutine that woke or created it; missing if none did"
    ),
    _flag("open", "it had not ended at the end of the trace"),
)

PROC_SPANS = (
    _TRACE,
    _number("p", "P"),
    _number("m", "the M that held it, while it was running"),
    _text("state", "running or idle"),
    _ns("start_ns", "when the state began"),
    _DURATION,
    _flag("stolen", "idle because it was taken away during a system call"),
    _flag("open", "it had not ended at the end of the trace"),
)

RANGES = (
    _TRACE,
    _text("kind", "stw, gc, assist or sweep"),
    _text("name", "what Go calls it, for example stop-the-world (GC mark termination)"),
    _number("g", "the goroutine: of stw, assist, sweep"),
    _number("p", "the P: of sweep"),
    _START,
    _ns("duration_ns", "how long it took; missing if its start or its end was not seen"),
    _ns("end_ns", "when it ended; missing if it was still going on"),
    _STACK,
    Column("swept_bytes", Kind.INT, "B", "sweep: memory looked at"),
    Column("reclaimed_bytes", Kind.INT, "B", "sweep: memory reclaimed"),
)

RANGE_TOTALS = (
    _TRACE,
    _text("kind", "stw, gc, assist or sweep"),
    _text("name", "what Go calls it"),
    _number("count", "ranges whose end was seen", "ranges"),
    _ns("ns", "sum of their times"),
    _ns("max_ns", "the longest"),
)

HEAP = (
    _TRACE,
    _ns("time_ns", "when"),
    Column(
        "alloc_bytes",
        Kind.INT,
        "B",
        "live and not yet swept heap; missing if only the goal changed",
    ),
    Column(
        "goal_bytes",
        Kind.INT,
        "B",
        "heap size at which the next GC cycle ends; missing if it did not change",
    ),
)

TASKS = (
    _TRACE,
    _number("task", "id of the task"),
    _number("parent", "id of the task that it is part of; missing if none"),
    _text("name", "its type; missing if its start was not seen"),
    _number("g", "the goroutine that began it, or ended it if the start was not seen"),
    _START,
    _ns("end_ns", "when it ended; missing if it had not"),
    _ns("duration_ns", "how long it took; missing if its start or its end was not seen"),
    _STACK,
)

REGIONS = (
    _TRACE,
    _G,
    _number("task", "id of the task; 0 if none"),
    _text("name", "its type; empty for the region that a goroutine inherits from its creator"),
    _flag(
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
    _number("task", "id of the task; 0 if none"),
    _text("category", "its category"),
    _text("message", "the message"),
    _STACK,
)

PROFILE = (
    _TRACE,
    _text(
        "kind",
        "network (waiting for the network), sync (channels, locks, select), syscall, sched (runnable, "
        "from the first run on), cpu",
    ),
    _STACK,
    _number("count", "how often; cpu: samples"),
    _ns("ns", "how long in all; missing for cpu"),
)

WAKEUPS = (
    _TRACE,
    _text("reason", "why they waited, in Go's words"),
    _number("stack_id", "the row of trace_stacks where they waited"),
    _number(
        "waker_stack",
        "the row of trace_stacks where they were woken; missing if the runtime did it (timer, network)",
    ),
    _number("count", "how often", "waits"),
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
    _number("waker_stack", "the row of trace_stacks where a waiting goroutine was woken"),
    _flag("open", "it had not ended at the end of the trace"),
)

LATENCIES = (
    _TRACE,
    _text(
        "kind",
        "sched (runnable until it runs), sched_later (the same without the first time of a goroutine), "
        "first_run (from creation to the first run), task, region",
    ),
    _text("name", "start function, type of the task or of the region"),
    _number("count", "how many"),
    _ns("total_ns", "their sum"),
    _ns("p50_ns", "median, to 1.6 %"),
    _ns("p90_ns", "90 % took at most so long, to 1.6 %"),
    _ns("p99_ns", "99 % took at most so long, to 1.6 %"),
    _ns("max_ns", "the longest, exactly"),
)

LATENCY_BUCKETS = (
    _TRACE,
    _text("kind", "as in trace_latencies"),
    _text("name", "as in trace_latencies"),
    _ns("from_ns", "this long or longer"),
    _ns("to_ns", "but shorter than this"),
    _number("count", "how many"),
)

TIMELINE = (
    _TRACE,
    _ns("start_ns", "start of the slice of time"),
    _ns("width_ns", "its length; the same for all slices of a trace but the last"),
    Column("runnable", Kind.FLOAT, "goroutines", "how many were runnable, on average"),
    Column("running", Kind.FLOAT, "goroutines", "how many were running, on average"),
    Column("in_syscall", Kind.FLOAT, "goroutines", "how many were in system calls, on average"),
    Column("live", Kind.FLOAT, "goroutines", "how many there were, on average"),
    Column("heap_bytes", Kind.INT, "B", "the largest heap in it; missing if it did not change"),
    Column("goal_bytes", Kind.INT, "B", "the last goal in it; missing if it did not change"),
    _ns("gc_ns", "time in which the GC was marking"),
    _ns("stw_ns", "time in which the world was stopped, or somebody waited for it to stop"),
    _ns("assist_ns", "time of goroutines helping the GC to mark"),
    _ns("sweep_ns", "time of sweeping"),
)

TIMELINE_PROCS = (
    _TRACE,
    _ns("start_ns", "start of the slice of time"),
    _number("p", "P"),
    _ns("running_ns", "running goroutines, or looking for some"),
    _ns("syscall_ns", "held by a goroutine in a system call"),
    _ns("idle_ns", "idle"),
    _ns("gc_ns", "of running_ns: marking for the GC (runtime.gcBgMarkWorker)"),
)

STACKS = (
    _number("stack_id", "number of the distinct stack"),
    _number("depth", "frames", "frames"),
    _text("function", "function on top, where it happened"),
    _text("root", "function at the bottom: the goroutine's start function"),
)

FRAMES = (
    _number("stack_id", "the row of the trace_stacks table"),
    _number("depth", "0 is the top"),
    _text("function", "full name"),
    _text("package", "import path"),
    _text("receiver", "receiver type of a method"),
    _text("name", "name without package and receiver"),
    _text("file", "source file"),
    _number("line", "source line"),
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
