"""What ``goscope explain`` knows: rules, goroutine and P states, wait reasons, fields, and background.

Everything comes from where it is kept anyway: the docstrings of the rules, the tables of
:mod:`goscope.goruntime`, and the pages in ``goscope/pages``. A new rule or field is explained without
a change here.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from goscope.formats.trace_columns import TABLES as TRACE_TABLES
from goscope.goruntime.go_versions import span
from goscope.goruntime.goroutine_states import STATES, TRANSITIONS, GoroutineState
from goscope.goruntime.processor_states import PROCESSOR_STATES
from goscope.goruntime.trace_fields import FIELDS, Field
from goscope.goruntime.wait_reasons import WAIT_REASONS, WaitReason
from goscope.rules import all_rules
from goscope.tables import Column

_PAGES = Path(__file__).with_name("pages")

_KINDS = {
    "user": "The program waits for another of its goroutines.",
    "never_wakes": "Nothing can ever end this wait.",
    "system_idle": "A goroutine of the runtime at rest; normal.",
    "idle_by_design": "It rests by design; normal.",
    "transient": "It lasts an instant: the goroutine runs or will at once.",
    "gc_pressure": "The garbage collector holds up the program.",
    "test": "Only in tests that use testing/synctest.",
}
_LEAKS = {
    "strong": "Only another goroutine can end it, so a forgotten partner leaks it.",
    "weak": "Time or the outside world ends it: for long it is normal in servers.",
    "none": "It says nothing about leaks.",
}
_TABLES = {
    "sched": "a SCHED line of GODEBUG=schedtrace",
    "procs": "a P line of scheddetail",
    "threads": "an M line of scheddetail",
    "sched_goroutines": "a G line of scheddetail",
    "gc": "a line of GODEBUG=gctrace",
}
_TRACE_ROWS = {
    "traces": "an execution trace",
    "trace_goroutines": "a goroutine in an execution trace",
    "trace_blocks": "what one goroutine waited for, by reason",
    "trace_functions": "all goroutines with one start function",
    "trace_function_blocks": "what the goroutines of one start function waited for, by reason",
    "trace_profiles": "a stack of the network, sync, syscall, sched or cpu profile of a trace",
    "trace_wakeups": "a place where goroutines waited, and the place from which they were woken",
    "trace_longest": "one of the longest times in which a goroutine kept its state",
    "trace_latencies": "a distribution: of waits for a P, of tasks or of regions",
    "trace_latency_buckets": "a bucket of the histogram of such a distribution",
    "trace_timeline": "a slice of the time of a trace",
    "trace_timeline_procs": "a P in a slice of the time of a trace",
    "trace_ranges": "a stop-the-world phase, a GC cycle, a mark assist or a sweep",
    "trace_range_totals": "all of these of one name",
    "trace_tasks": "a user task (runtime/trace.NewTask)",
    "trace_regions": "a user region (runtime/trace.WithRegion)",
    "trace_logs": "a user log message (runtime/trace.Log)",
    "trace_stacks": "a distinct stack of the traces",
    "trace_frames": "a frame of such a stack",
    "trace_goroutine_spans": "a time in which a goroutine kept its state; goscope tables and read only",
    "trace_proc_spans": "a time in which a P ran or was idle; goscope tables and read only",
    "trace_heap": "a change of the heap or of its goal; goscope tables and read only",
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A page: its name as the user types it, what sort of thing it is, one line, and the text."""

    name: str
    group: str
    summary: str
    text: str


@functools.cache
def all_topics() -> tuple[Topic, ...]:
    """Every page, group by group."""
    return (
        *_pages(),
        *_rules(),
        *_states(),
        *_reasons(),
        *_processors(),
        *_tables(),
        *_tables_of_traces(),
        *_fields(),
        *_columns_of_traces(),
    )


def topic(words: str) -> Topic | None:
    """The page of this name; a goroutine state wins over a field of the same name."""
    wanted = _folded(words)
    return next((found for found in all_topics() if _folded(found.name) == wanted), None)


def near(words: str) -> list[str]:
    """The names that are spelled most alike."""
    names = {_folded(found.name): found.name for found in all_topics()}
    return [names[name] for name in difflib.get_close_matches(_folded(words), names, 3, 0.6)]


def mentioning(words: str) -> list[str]:
    """The names of the pages that hold these words, as words of their own."""
    wanted = re.compile(rf"(?<![\w-]){re.escape(words)}(?![\w-])", re.IGNORECASE)
    return list(dict.fromkeys(found.name for found in all_topics() if wanted.search(found.text)))


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _pages() -> Iterator[Topic]:
    for path in sorted(_PAGES.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        title, _, rest = text.partition("\n")
        yield Topic(path.stem, "background", title, rest.strip())


def _rules() -> Iterator[Topic]:
    for rule in all_rules():
        text = rule.documentation.strip()
        yield Topic(rule.name, "rules", text.splitlines()[0], text)


def _states() -> Iterator[Topic]:
    for state in STATES:
        yield Topic(state.name, "goroutine states", state.meaning, _state(state))


def _state(state: GoroutineState) -> str:
    names = {s.number: s.name for s in STATES}
    into = [(names[t.before], t) for t in TRANSITIONS if t.after == state.number]
    out = [(names[t.after], t) for t in TRANSITIONS if t.before == state.number]
    lines = [
        state.meaning,
        "",
        f"status={state.number} in scheddetail, [{state.header}] in a dump; Go versions: {span(state)}",
    ]
    for title, steps in (("It comes from", into), ("It goes to", out)):
        if steps:
            lines += ["", f"{title}:"]
            lines += [
                f"    {name:10} by {', '.join(step.made_by)}"
                + ("" if span(step) == "all" else f" ({span(step)})")
                for name, step in steps
            ]
    return "\n".join(lines)


def _reasons() -> Iterator[Topic]:
    for reason in WAIT_REASONS:
        yield Topic(reason.text, "wait reasons", reason.meaning, _reason(reason))


def _reason(reason: WaitReason) -> str:
    return "\n".join(
        (
            reason.meaning,
            "",
            f"Go versions: {span(reason)}; set by runtime.{reason.set_by}",
            _KINDS[reason.kind],
            f"As evidence of a leak: {_LEAKS[reason.leak_weight]}",
        )
    )


def _processors() -> Iterator[Topic]:
    lines = [
        f"    {state.number} {state.name:8} {span(state):8} {state.meaning}"
        for state in PROCESSOR_STATES
    ]
    text = "status= of a P line of scheddetail:\n\n" + "\n".join(lines)
    yield Topic("P states", "fields", "what the status of a P means", text)


def _tables() -> Iterator[Topic]:
    for table, fields in FIELDS.items():
        lines = [_field(field) for field in fields]
        text = f"A row is {_TABLES[table]}.\n\n" + "\n".join(lines)
        yield Topic(table, "fields", f"the fields of {_TABLES[table]}", text)


def _fields() -> Iterator[Topic]:
    for name in dict.fromkeys(field.name for fields in FIELDS.values() for field in fields):
        places = [(t, f) for t, fields in FIELDS.items() for f in fields if f.name == name]
        text = "\n".join(f"In {_TABLES[table]}:\n{_field(field)}" for table, field in places)
        yield Topic(name, "single fields", places[0][1].meaning, text)


def _tables_of_traces() -> Iterator[Topic]:
    for table, columns in TRACE_TABLES.items():
        lines = [_column(column) for column in columns]
        text = f"A row is {_TRACE_ROWS[table]}.\n\n" + "\n".join(lines)
        yield Topic(table, "execution trace tables", _TRACE_ROWS[table], text)


def _columns_of_traces() -> Iterator[Topic]:
    """The columns that no trace line of GODEBUG has; those come first."""
    known = {field.name for fields in FIELDS.values() for field in fields}
    places: dict[str, list[tuple[str, Column]]] = {}
    for table, columns in TRACE_TABLES.items():
        for column in columns:
            if column.name not in known:
                places.setdefault(column.name, []).append((table, column))
    for name, found in places.items():
        text = "\n".join(f"In {table}:\n{_column(column)}" for table, column in found)
        yield Topic(name, "single fields", found[0][1].meaning, text)


def _column(column: Column) -> str:
    return f"    {column.name}: {column.meaning}" + (f" ({column.unit})" if column.unit else "")


def _field(field: Field) -> str:
    notes: Sequence[str] = [
        note
        for note in (
            field.unit,
            f"printed as {field.printed}" if field.printed else "",
            "" if span(field) == "all" else f"Go {span(field)}",
        )
        if note
    ]
    behind = f" ({'; '.join(notes)})" if notes else ""
    return f"    {field.name}: {field.meaning}{behind}"
