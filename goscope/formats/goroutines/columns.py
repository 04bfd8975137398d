"""The tables that goroutine dumps fill."""

from __future__ import annotations

from goscope.formats.format import PLACE
from goscope.tables.table import Column, Kind

GOROUTINES = (
    *PLACE,
    Column(
        "snapshot_id", Kind.INT, "", "the row of the snapshots table that the goroutine is part of"
    ),
    Column(
        "id",
        Kind.INT,
        "",
        "goroutine id; the same id later is the same goroutine; missing without a header",
    ),
    Column(
        "state",
        Kind.TEXT,
        "",
        "status name; waiting if the header gives a reason; unknown without one",
    ),
    Column("wait_reason", Kind.TEXT, "", "why it waits, in Go's words"),
    Column("wait_minutes", Kind.INT, "min", "how long it has waited at least; from one minute on"),
    Column("locked", Kind.BOOL, "", "locked to its thread", default=False),
    Column("leaked", Kind.BOOL, "", "proven to wait for ever by the runtime; 1.26", default=False),
    Column("scan", Kind.BOOL, "", "the GC was scanning its stack", default=False),
    Column("durable", Kind.BOOL, "", "durably blocked in a synctest bubble; 1.25", default=False),
    Column("bubble", Kind.INT, "", "synctest bubble (1.24: id of its root goroutine)"),
    Column("labels", Kind.TEXT, "", "pprof labels, as a JSON object; 1.26"),
    Column("attributes", Kind.TEXT, "", "what else the header says in its brackets, as text"),
    Column(
        "waits_on", Kind.INT, "", "address of the lock, WaitGroup or Cond; of the channel: signals"
    ),
    Column("stack_id", Kind.INT, "", "the row of the stacks table"),
    Column("creator", Kind.TEXT, "", "the function that started it"),
    Column("parent", Kind.INT, "", "id of the goroutine that started it; 1.21"),
    Column("ancestors", Kind.TEXT, "", "ids of its ancestors, nearest first (tracebackancestors)"),
    Column("gp", Kind.TEXT, "", "address of its g; signal dumps only"),
    Column("m", Kind.INT, "", "the M that it runs on; signal dumps only"),
    Column("mp", Kind.TEXT, "", "address of its m; signal dumps only"),
    Column("log_line", Kind.TEXT, "", "the text line right above it that is none of a dump"),
)

STACKS = (
    Column("stack_id", Kind.INT, "", "number of the distinct stack"),
    Column("depth", Kind.INT, "frames", "frames that were printed"),
    Column(
        "elided",
        Kind.INT,
        "frames",
        "frames that were left out; missing if Go did not say how many",
    ),
    Column("function", Kind.TEXT, "", "function on top"),
    Column("creator", Kind.TEXT, "", "the function that started the goroutine"),
    Column("creator_file", Kind.TEXT, "", "file of the go statement"),
    Column("creator_line", Kind.INT, "", "line of the go statement"),
)

FRAMES = (
    Column("stack_id", Kind.INT, "", "number of the distinct stack"),
    Column(
        "ancestor", Kind.INT, "", "0 for the goroutine itself, 1 for the one that started it, ..."
    ),
    Column("depth", Kind.INT, "", "0 is the top"),
    Column("function", Kind.TEXT, "", "full name"),
    Column("package", Kind.TEXT, "", "import path"),
    Column("receiver", Kind.TEXT, "", "receiver type of a method"),
    Column("name", Kind.TEXT, "", "name without package and receiver"),
    Column("file", Kind.TEXT, "", "source file"),
    Column("line", Kind.INT, "", "source line"),
    Column("offset", Kind.TEXT, "bytes", "distance from the function's entry"),
    Column("arguments", Kind.TEXT, "", "argument words of the first goroutine with this stack"),
    Column("inlined", Kind.BOOL, "", "inlined into its caller", default=False),
)

SNAPSHOTS = (
    *PLACE,
    Column("snapshot_id", Kind.INT, "", "number of the dump, in the order of reading"),
    Column("last_line", Kind.INT, "", "the last line of the dump"),
    Column("goroutines", Kind.INT, "goroutines", "how many it holds"),
    Column("truncated", Kind.BOOL, "", "the input ends inside the dump", default=False),
    Column("crash", Kind.INT, "", "the row of the crashes table that the dump belongs to"),
)
