"""What ``goscope explain`` knows: rules, goroutine and P states, wait reasons, fields, and background.

Everything comes from where it is kept anyway: the docstrings of the rules, the tables of
:mod:`goscope.goruntime`, and the pages in ``goscope/pages``. A new rule or field is explained without
a change here.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from goscope.formats import all_formats
from goscope.formats.format import PLACE
from goscope.formats.trace.schema import TABLES as TRACE_TABLES
from goscope.goruntime.go_versions import span
from goscope.goruntime.goroutine_states import STATES, TRANSITIONS, GoroutineState
from goscope.goruntime.processor_states import PROCESSOR_STATES
from goscope.goruntime.wait_reasons import WAIT_REASONS, WaitReason
from goscope.rules import all_rules
from goscope.tables.table import Column

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
_DONE = {
    "system_idle": "no rule for leaks counts it.",
    "idle_by_design": "no rule for leaks counts it.",
}
#: The tables of GODEBUG lines that people look up field by field.
_TABLES = {
    "sched": "a SCHED line of GODEBUG=schedtrace",
    "procs": "a P line of scheddetail",
    "threads": "an M line of scheddetail",
    "sched_goroutines": "a G line of scheddetail",
    "gc": "a line of GODEBUG=gctrace",
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
        *_fields(),
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


def rules_about(found: Topic) -> list[str]:
    """The rules whose pages speak of a topic by its name."""
    rules = {one.name for one in all_topics() if one.group == "rules"} - {found.name}
    return [name for name in mentioning(found.name) if name in rules]


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
            "",
            _KINDS[reason.kind],
            f"As evidence of a leak: {_evidence(reason)}",
            *(f"\ngoscope: {word}" for word in (_done_about(reason),) if word),
        )
    )


def _evidence(reason: WaitReason) -> str:
    if reason.kind == "never_wakes":
        return "It is one, unless somebody meant it."
    return _LEAKS[reason.leak_weight]


def _done_about(reason: WaitReason) -> str:
    """Which rules look at it."""
    kind: str = reason.kind
    if kind == "user":
        kind = "lock" if reason.primitive == "lock" else reason.leak_weight
    told = [f"{rule.name} {rule.explains[kind]}" for rule in all_rules() if kind in rule.explains]
    return f"{', '.join(told)}." if told else _DONE.get(kind, "")


def _processors() -> Iterator[Topic]:
    lines = [
        f"    {state.number} {state.name:8} {span(state):8} {state.meaning}"
        for state in PROCESSOR_STATES
    ]
    text = "status= of a P line of scheddetail:\n\n" + "\n".join(lines)
    yield Topic("P states", "fields", "what the status of a P means", text)


def _tables() -> Iterator[Topic]:
    columns = _columns()
    for table, row in _TABLES.items():
        lines = [_field(column) for column in columns[table] if column not in PLACE]
        text = f"A row is {row}.\n\n" + "\n".join(lines)
        yield Topic(table, "fields", f"the fields of {row}", text)
    for table in sorted(columns.keys() - _TABLES.keys()):
        text = "The columns, as goscope tables and goscope.read() give them:\n\n"
        text += "\n".join(map(_field, columns[table]))
        summary = ", ".join(c.name for c in columns[table] if c not in PLACE)
        name = f"{table} table" if (_PAGES / f"{table}.txt").exists() else table
        yield Topic(name, "tables", summary or "where one was printed", text)


def _fields() -> Iterator[Topic]:
    """The fields of these lines, what is worked out of them, and the columns of execution traces."""
    columns = _columns()
    places: dict[str, list[tuple[str, Column]]] = {}
    for table in (*_TABLES, *TRACE_TABLES):
        for column in columns[table]:
            places.setdefault(column.name, []).append((_TABLES.get(table, table), column))
    for name, found in places.items():
        text = "\n".join(f"In {table}:\n{_field(column)}" for table, column in found)
        yield Topic(name, "single fields", found[0][1].meaning, text)


def _columns() -> dict[str, tuple[Column, ...]]:
    """The columns of all tables."""
    return {name: columns for form in all_formats() for name, columns in form.tables.items()}


def _field(column: Column) -> str:
    notes = (
        column.unit,
        f"printed as {column.printed}" if column.printed else "",
        "" if span(column) == "all" else f"Go {span(column)}",
    )
    behind = "; ".join(filter(None, notes))
    return f"    {column.name}: {column.meaning}" + f" ({behind})" * bool(behind)
