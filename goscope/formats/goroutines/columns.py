"""The tables that goroutine dumps fill."""

from __future__ import annotations

from goscope.formats.format import PLACE
from goscope.tables.columns import flag, number, text
from goscope.tables.table import Column, Kind

GOROUTINES = (
    *PLACE,
    number("snapshot_id", "the row of the snapshots table that the goroutine is part of"),
    number("id", "goroutine id; the same id later is the same goroutine; missing without a header"),
    text("state", "status name; waiting if the header gives a reason; unknown without one"),
    text("wait_reason", "why it waits, in Go's words"),
    number("wait_minutes", "how long it has waited at least; from one minute on", "min"),
    flag("locked", "locked to its thread"),
    flag("leaked", "proven to wait for ever by the runtime; 1.26"),
    flag("scan", "the GC was scanning its stack"),
    flag("durable", "durably blocked in a synctest bubble; 1.25"),
    number("bubble", "synctest bubble (1.24: id of its root goroutine)"),
    text("labels", "pprof labels, as a JSON object; 1.26"),
    text("attributes", "what else the header says in its brackets, as text"),
    number("waits_on", "address of the lock, WaitGroup or Cond; of the channel: signals"),
    number("stack_id", "the row of the stacks table"),
    text("creator", "the function that started it"),
    number("parent", "id of the goroutine that started it; 1.21"),
    text("ancestors", "ids of its ancestors, nearest first (tracebackancestors)"),
    text("gp", "address of its g; signal dumps only"),
    number("m", "the M that it runs on; signal dumps only"),
    text("mp", "address of its m; signal dumps only"),
    text("log_line", "the text line right above it that is none of a dump"),
)

STACKS = (
    number("stack_id", "number of the distinct stack"),
    number("depth", "frames that were printed", "frames"),
    number("elided", "frames that were left out; missing if Go did not say how many", "frames"),
    text("function", "function on top"),
    text("creator", "the function that started the goroutine"),
    text("creator_file", "file of the go statement"),
    number("creator_line", "line of the go statement"),
)

FRAMES = (
    number("stack_id", "number of the distinct stack"),
    number("ancestor", "0 for the goroutine itself, 1 for the one that started it, ..."),
    number("depth", "0 is the top"),
    text("function", "full name"),
    text("package", "import path"),
    text("receiver", "receiver type of a method"),
    text("name", "name without package and receiver"),
    text("file", "source file"),
    number("line", "source line"),
    Column("offset", Kind.TEXT, "bytes", "distance from the function's entry"),
    text("arguments", "argument words of the first goroutine with this stack"),
    flag("inlined", "inlined into its caller"),
)

SNAPSHOTS = (
    *PLACE,
    number("snapshot_id", "number of the dump, in the order of reading"),
    number("last_line", "the last line of the dump"),
    number("goroutines", "how many it holds", "goroutines"),
    flag("truncated", "the input ends inside the dump"),
    number("crash", "the row of the crashes table that the dump belongs to"),
)
