"""The tables of an execution trace for the terminal, and the same in JSON, held against Go's own tool."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len
from rich.console import Console

import goscope
from goscope.analysis.goroutines.dumps import Stack
from goscope.analysis.traces.executions import Execution
from goscope.analysis.traces.go_tool_trace import analyses_of
from goscope.capture.capture import Capture
from goscope.findings.findings import Site
from goscope.renderers.json import json_contract
from goscope.renderers.terminal import summary as terminal
from goscope.renderers.terminal.trace_tables import show, telling_frames
from tests.conftest import CAPTURES

TRACES = sorted(
    p.parent for p in CAPTURES.glob("go*/trace_*/trace.out*") if p.parent.name != "trace_old"
)
each = pytest.mark.parametrize("folder", TRACES, ids=lambda p: "/".join(p.parts[-2:]))
VALIDATOR = jsonschema.Draft202012Validator(json.loads(json_contract.schema()))
#: Names of profiles in the truth.
KINDS = {"network": "net", "sync": "sync", "syscall": "syscall", "sched": "sched"}


def read(folder: Path) -> Capture:
    (path,) = folder.glob("trace.out*")
    return goscope.read(str(path))


def truth(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("truth.json*")
    data = path.read_bytes()
    found: dict[str, Any] = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    return found


def tables(capture: Capture) -> str:
    console = Console(
        file=io.StringIO(), width=80, color_system=None, highlight=False, emoji=False, markup=False
    )
    show(analyses_of(capture), console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def of_json(capture: Capture) -> dict[str, Any]:
    document = json.loads(json_contract.render(goscope.diagnose(capture)))
    VALIDATOR.validate(document)
    (found,) = document["traces"]
    assert isinstance(found, dict)
    return found


@each
def test_json_has_the_numbers_of_the_tool(folder: Path) -> None:
    found, true = of_json(read(folder)), truth(folder)
    again = set(true["lives"]["goroutines"]) if "lives" in true else set()
    if not again:  # the tool knows only the last life of a goroutine
        count: Counter[str] = Counter()
        ran: Counter[str] = Counter()
        for g in true["goroutines"]:
            count[g["name"]] += 1
            ran[g["name"]] += g["exec"]
        for function in found["functions"]:
            name = function["name"] or ""
            assert function["goroutines"] == count[name], name
            assert function["exec_ns"] == pytest.approx(ran[name], abs=1000 * count[name])
        for profile in found["profiles"]:
            if profile["kind"] in KINDS:
                rows = true["profiles"][KINDS[profile["kind"]]]
                assert profile["count"] == sum(n for _, n, _ in rows), profile["kind"]
                assert profile["ns"] == pytest.approx(
                    sum(ns for _, _, ns in rows), rel=1e-5, abs=100
                )
    for latency in found["latencies"]:
        if latency["kind"] == "sched":
            n, median, p99, longest = true["latency"][latency["name"] or ""]
            assert latency["count"] == n
            assert latency["p50_ns"] == pytest.approx(median, rel=0.02, abs=2)
            assert latency["p99_ns"] == pytest.approx(p99, rel=0.02, abs=2)
            assert latency["max_ns"] == pytest.approx(longest, abs=2)


@each
def test_the_tables_fit_into_80_columns(folder: Path) -> None:
    lines = tables(read(folder)).splitlines()
    assert [line for line in lines if cell_len(line) > 80] == []
    assert any(line.startswith("Goroutines by function") for line in lines)


def test_tasks_and_regions_have_their_distribution() -> None:
    text = tables(read(CAPTURES / "go1.27" / "trace_tasks"))
    order = next(line for line in text.splitlines() if line.startswith("order "))
    assert order.split()[1] == "40"
    assert order.endswith(" 702 ms   702 ms")
    assert "User regions" in text


def test_the_summary_says_in_two_lines_what_a_trace_holds() -> None:
    text = terminal.render(goscope.diagnose(read(CAPTURES / "go1.27" / "trace_gc")))
    joined = " ".join(text.split())
    assert "execution trace: 45.2 ms, 2 Ps, 15 goroutines" in joined
    assert "in system calls; 11 GC cycles" in joined
    assert "1 execution trace" in joined


def test_of_a_stack_the_top_and_the_programs_own_frame_are_shown() -> None:
    top, mine, root = Site("syscall.read"), Site("main.load"), Site("main.main")
    assert telling_frames(Stack((top, mine, root), None)) == (top, mine)
    assert telling_frames(Stack((top, Site("net/http.(*conn).serve")), None))[-1].function == (
        "net/http.(*conn).serve"
    )
    assert telling_frames(Stack((mine,), None)) == (mine,)
    assert telling_frames(Stack((), None)) == ()


def test_names_are_shown_and_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = read(CAPTURES / "go1.27" / "trace_sync")
    evil = "main.\x1b[31m[bold]漢字" + "x" * 300
    stacks = Execution.stack

    def renamed(execution: Execution, number: int) -> Stack:
        found = stacks(execution, number)
        return Stack(tuple(Site(evil, evil, 1) for _ in found.frames), None)

    monkeypatch.setattr(Execution, "stack", renamed)
    text = tables(capture)
    assert "\x1b" not in text
    assert "[bold]" in text
    assert max(cell_len(line) for line in text.splitlines()) <= 80
