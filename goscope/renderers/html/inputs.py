"""What was read, what was not understood, the thresholds in force, and how to collect what is missing."""

from __future__ import annotations

from typing import Any

from goscope.renderers.html.section import ReportPage, Section
from goscope.renderers.table_words import counted
from goscope.rules import all_rules

_SHOWN = 60
#: For each table whose absence leaves a question open: what it would tell, and how to get it.
_RECIPES = (
    (
        "sched",
        "The scheduler over time",
        "GODEBUG=schedtrace=1000,scheddetail=1 ./app 2> app.log",
        "A line per second about processors, threads and queues. Leave scheddetail away if the "
        "program has many goroutines.",
    ),
    (
        "gc",
        "The garbage collector over time",
        "GODEBUG=gctrace=1 ./app 2> app.log",
        "A line per collection: pauses, heap sizes, CPU.",
    ),
    (
        "goroutines",
        "What the goroutines wait for",
        "curl -o dump-1.txt 'http://localhost:6060/debug/pprof/goroutine?debug=2'",
        "Needs net/http/pprof in the program. Take three dumps, some seconds or minutes apart: "
        "growth tells leaks from waiting. Without pprof: kill -QUIT prints the stacks, and ends it.",
    ),
)


def _build(page: ReportPage) -> str:
    diagnosis = page.diagnosis
    capture = diagnosis.capture
    tables = set(capture.table_names)
    inputs: list[dict[str, Any]] = []
    for one in capture.inputs[:_SHOWN]:
        inputs.append(
            {
                "input": one,
                "records": counted(capture.records(one.name)),
                "problem": (one.problem or "").removeprefix(f"{one.name}: "),
                "unparsed": [
                    (u.line, u.text[:2000].decode("utf-8", "replace"), u.expected)
                    for u in one.unparsed[:10]
                ],
            }
        )
    settings = diagnosis.settings
    return page.fill(
        "inputs.html",
        inputs=inputs,
        more=len(capture.inputs) - len(inputs),
        selected=counted({name: len(capture.table(name)) for name in capture.selected}),
        source=settings.source,
        rules=[
            (rule.name, settings.runs(rule.name), rule.threshold_lines(settings))
            for rule in all_rules()
            if rule.threshold_lines(settings) or not settings.runs(rule.name)
        ],
        recipes=[
            recipe
            for recipe in _RECIPES
            if recipe[0] in tables and not len(capture.table(recipe[0]))
        ],
        collect=[(n, v.collect) for n, v in diagnosis.verdicts.items() if v.collect],
    )


SECTION = Section(90, "inputs", "What was read", _build)
