"""The tables that profiles fill, whether they came as text or as protobuf."""

from __future__ import annotations

from functools import partial

from goscope.formats.format import PLACE
from goscope.tables.columns import flag, number, text
from goscope.tables.table import Column, Kind

_bytes = partial(number, unit="B")

PROFILES = (
    *PLACE,
    number("profile", "number of the profile: text in the order of reading, then protobuf"),
    text(
        "kind",
        "goroutine, goroutineleak, threadcreate, heap, allocs, mutex, block, cpu, or its own name",
    ),
    text("form", "text (debug=1) or protobuf (debug=0)"),
    number("total", "what the header says: the sum of the counts, where Go gives one"),
    number("records", "records that were read", "records"),
    flag("truncated", "records are missing: the counts do not make up the total"),
    _bytes("rate_bytes", "heap and allocs: one sample per so many bytes (runtime.MemProfileRate)"),
    number("cycles_per_second", "mutex and block as text: the unit of the cycles", "Hz"),
    number("sampling_period", "mutex as text: one of so many contentions was sampled"),
    number("time_ns", "protobuf: when it was taken, since 1970", "ns"),
    number("duration_ns", "protobuf: what time it covers, of cpu profiles", "ns"),
)

#: What a record counts; each profile fills the columns of its kind.
VALUES = (
    number("count", "goroutines, threads, samples (cpu), or whatever a named profile counts"),
    number("inuse_objects", "objects in use, scaled up from the sample", "objects"),
    _bytes("inuse_bytes", "memory in use, scaled up from the sample"),
    number("alloc_objects", "objects allocated since the start, scaled up", "objects"),
    _bytes("alloc_bytes", "memory allocated since the start, scaled up"),
    _bytes("object_bytes", "size of one object"),
    number("contentions", "how often somebody had to wait", "contentions"),
    number("cycles", "how long they waited, in cycles; text only", "cycles"),
    number("delay_ns", "how long they waited", "ns"),
    number("cpu_ns", "CPU time", "ns"),
)

PROFILE = (
    *PLACE,
    number("profile", "the row of the profiles table that the record is part of"),
    text("kind", "the kind of the profile"),
    *VALUES,
    text("labels", "pprof labels, as a JSON object"),
    text("wait_reason", "goroutine and goroutineleak: why they wait, as far as the stack tells"),
    number("stack_id", "the row of the stacks table"),
    number("total", "the total of the whole profile, where Go gives one"),
)

#: The lines of ``# runtime.MemStats``: field of the struct, column, what stands behind a slash.
MEMSTATS_FIELDS = (
    ("Alloc", _bytes("alloc_bytes", "bytes of allocated heap objects"), None),
    ("TotalAlloc", _bytes("total_alloc_bytes", "bytes ever allocated"), None),
    ("Sys", _bytes("sys_bytes", "bytes obtained from the operating system"), None),
    ("Lookups", number("lookups", "pointer lookups"), None),
    ("Mallocs", number("mallocs", "objects ever allocated", "objects"), None),
    ("Frees", number("frees", "objects ever freed", "objects"), None),
    ("HeapAlloc", _bytes("heap_alloc_bytes", "bytes of allocated heap objects"), None),
    ("HeapSys", _bytes("heap_sys_bytes", "heap obtained from the operating system"), None),
    ("HeapIdle", _bytes("heap_idle_bytes", "heap spans without objects"), None),
    ("HeapInuse", _bytes("heap_inuse_bytes", "heap spans with objects"), None),
    ("HeapReleased", _bytes("heap_released_bytes", "heap given back to the system"), None),
    ("HeapObjects", number("heap_objects", "allocated objects", "objects"), None),
    (
        "Stack",
        _bytes("stack_inuse_bytes", "stack spans in use"),
        _bytes("stack_sys_bytes", "stack memory obtained from the system"),
    ),
    (
        "MSpan",
        _bytes("mspan_inuse_bytes", "mspan structures in use"),
        _bytes("mspan_sys_bytes", "memory for mspan structures"),
    ),
    (
        "MCache",
        _bytes("mcache_inuse_bytes", "mcache structures in use"),
        _bytes("mcache_sys_bytes", "memory for mcache structures"),
    ),
    ("BuckHashSys", _bytes("buck_hash_sys_bytes", "memory of the profiling tables"), None),
    ("GCSys", _bytes("gc_sys_bytes", "memory of the garbage collector's metadata"), None),
    ("OtherSys", _bytes("other_sys_bytes", "other memory of the runtime"), None),
    ("NextGC", _bytes("next_gc_bytes", "heap goal of the next cycle"), None),
    ("LastGC", number("last_gc_ns", "end of the last cycle, since 1970", "ns"), None),
    ("NumGC", number("num_gc", "GC cycles that ended", "cycles"), None),
    ("NumForcedGC", number("num_forced_gc", "cycles that the program asked for", "cycles"), None),
    (
        "GCCPUFraction",
        Column("gc_cpu_fraction", Kind.FLOAT, "", "GC's share of the CPU since the start"),
        None,
    ),
    ("DebugGC", Column("debug_gc", Kind.BOOL, "", "unused; always false"), None),
    ("MaxRSS", _bytes("max_rss_bytes", "largest resident set so far; 1.15"), None),
)

#: The circular buffers of the last 256 pauses, as lists.
MEMSTATS_LISTS = (
    ("PauseNs", Column("pause_ns", Kind.INTS, "ns", "the last pauses, a circular buffer")),
    (
        "PauseEnd",
        Column("pause_end_ns", Kind.INTS, "ns", "when they ended, since 1970, in the same order"),
    ),
)

MEMSTATS = (
    *PLACE,
    number("profile", "the row of the profiles table that it ends"),
    *(c for _, first, second in MEMSTATS_FIELDS for c in (first, second) if c is not None),
    *(column for _, column in MEMSTATS_LISTS),
)
