"""The table of events is Go's own, as toolchains have it and as the stored traces show it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fixtures.capture import DEFAULT_CACHE
from goscope.traces.event_columns import decode
from goscope.traces.event_table import EVENTS, FORMATS, MOST_ARGUMENTS, NUMBER, arities
from goscope.traces.generation_tables import TABLE_TYPES, TraceStacks, read_tables
from goscope.traces.generations import HEADER, GenerationReader
from tests.conftest import content
from tests.traces.truth import NAMES, trace_path, truth

#: Where the list is, and the formats that these releases write.
PLACES = (
    "src/internal/trace/tracev2/events.go",
    "src/internal/trace/event/go122/event.go",
    "src/internal/trace/v2/event/go122/event.go",
)
WRITES = {"1.22": 22, "1.23": 23, "1.24": 23, "1.25": 25, "1.26": 26, "1.27": 26}
RELEASES = sorted(WRITES)


def go_source(release: str) -> Path:
    """The file with Go's own list, of a toolchain that ``fixtures/capture.py`` fetched."""
    for root in sorted(DEFAULT_CACHE.glob(f"toolchains/{release}.*/go")):
        for place in PLACES:
            if (root / place).exists():
                return root / place
    pytest.skip(f"no toolchain of Go {release}: fixtures/capture.py fetches it")


def go_events(text: str) -> dict[str, tuple[int, tuple[str, ...]]]:
    """The timed events that the file lists: number, and arguments behind the time."""
    numbers: dict[str, int] = {}
    for block in re.findall(r"const \(\n(.*?)\n\)", text, re.DOTALL):
        begin = re.search(r"^\t(\w+)\s+\S+ = (?:(\d+) \+ )?iota", block, re.MULTILINE)
        if begin is None or begin[1] not in ("EvNone", "MaxEvent", "_"):
            continue
        names = re.findall(r"^\t(\w+)(?=\s|$)", block, re.MULTILINE)
        for place, name in enumerate(names):
            numbers[name.removeprefix("Ev")] = int(begin[2] or 0) + place
    found = {}
    for name, body in re.findall(
        r"^\t(?:\w+\.)?Ev(\w+): (?:event\.Spec)?\{(.*?)^\t\},", text, re.DOTALL | re.MULTILINE
    ):
        arguments = re.search(r"Args:\s+\[\]string\{(.*?)\}", body)
        if re.search(r"IsTimedEvent:\s+true", body) and arguments is not None:
            _, *behind = re.findall(r'"(\w+)"', arguments[1])
            found[name] = numbers[name], tuple(behind)
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_numbers_and_arguments_are_those_of_go(release: str) -> None:
    theirs = go_events(go_source(release).read_text())
    theirs.pop("ClockSnapshot", None)  # stands among the tables
    ours = {e.name: (e.number, tuple(e.arguments)) for e in EVENTS if e.since <= WRITES[release]}
    assert {name: number for name, (number, _) in ours.items()} == {
        name: number for name, (number, _) in theirs.items()
    }
    for name, (_, arguments) in theirs.items():
        assert len(ours[name][1]) == len(arguments), name
        if release == RELEASES[-1]:
            plain = tuple(argument.removesuffix("_value") for argument in arguments)
            assert ours[name][1] == plain


@pytest.mark.parametrize("name", [name for name in NAMES if "wire" in truth(name)])
def test_numbers_are_those_of_the_tool(name: str) -> None:
    """What ``go tool trace -d=footprint`` counts in the stored traces is what the numbers say."""
    data = content(trace_path(name))
    version = int(data[5:7])
    counts: Counter[str] = Counter()
    names = {number: name for name, number in NUMBER.items()}
    for generation in GenerationReader(
        [data[HEADER:]], version, TABLE_TYPES[version]
    ).generations():
        scale = read_tables(generation, TraceStacks()).scale
        events = decode(generation.data, generation.events, arities(version), scale)
        for number, count in enumerate(np.bincount(events.type).tolist()):
            counts[names.get(number, "")] += count
    del counts[""]
    experiments = {event.name for event in EVENTS if event.number >= 128}
    timed = set(NUMBER) - experiments
    expected = {event: n for event, n in truth(name)["wire"].items() if event in timed}
    assert {event: n for event, n in counts.items() if n} == expected


def test_every_event_of_the_traces_is_known() -> None:
    tables = {
        *(
            "EventBatch",
            "Stacks",
            "Stack",
            "Strings",
            "String",
            "CPUSamples",
            "CPUSample",
            "Frequency",
        ),
        *("ExperimentalBatch", "Sync", "ClockSnapshot", "EndOfGeneration"),
    }
    seen = {event for name in NAMES for event in truth(name).get("wire", {})}
    assert seen - set(NUMBER) - tables == set()
    assert len(seen & set(NUMBER)) > 30


def test_the_table_holds_together() -> None:
    assert len(NUMBER) == len({event.number for event in EVENTS}) == len(EVENTS)
    assert MOST_ARGUMENTS == 4
    assert set(FORMATS) == set(TABLE_TYPES) == set(WRITES.values())
    assert arities(22).table[NUMBER["GoSwitch"]] == 0
    assert arities(23).table[NUMBER["GoSwitch"]] == 3
    assert arities(22).table[0] == 0
