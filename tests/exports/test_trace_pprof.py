"""Profiles of traces are read by ``go tool pprof``, and by goscope itself."""

from __future__ import annotations

import gzip
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from fixtures.capture import DEFAULT_CACHE
from goscope.exports.trace_pprof import pprof_of_trace
from goscope.formats.profiles.schema import parse_profile
from tests.benchmarks.inputs import find_go
from tests.traces.truth import capture, rows, stack_text, true_stacks, truth

NAME = "go1.27/trace_sync"
KINDS = {"net": "network", "sync": "sync", "syscall": "syscall", "sched": "sched"}


def stacks_of(data: bytes) -> dict[tuple[str, ...], tuple[int, ...]]:
    """The samples of a profile, by stack."""
    profile = parse_profile(gzip.decompress(data))
    texts = [text.decode() for text in profile.string_table]
    functions = {f.id: (texts[f.name], texts[f.filename]) for f in profile.function}
    places = {}
    for location in profile.location:
        (line,) = location.line
        name, file = functions[line.function_id]
        places[location.id] = f"{name} {file}:{line.line}"
    return {tuple(places[i] for i in s.location_id): tuple(s.value) for s in profile.sample}


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_the_tool_says(kind: str) -> None:
    known, stacks = truth(NAME), true_stacks(NAME)
    found = stacks_of(pprof_of_trace(capture(NAME), KINDS[kind]))
    expected = {stacks[s]: (count, ns) for s, count, ns in known["profiles"][kind]}
    assert {s: v[0] for s, v in found.items()} == {s: v[0] for s, v in expected.items()}
    for stack, (count, ns) in expected.items():
        assert found[stack][1] == pytest.approx(ns, rel=1e-6, abs=2 * count)


def test_cpu_samples_are_counted() -> None:
    name = "go1.27/trace_cpu_profile"
    found = stacks_of(pprof_of_trace(capture(name), "cpu"))
    expected = {
        stack_text(name, r["stack_id"]): (r["count"],)
        for r in rows(name, "trace_profiles")
        if r["kind"] == "cpu"
    }
    assert found == expected
    assert sum(count for (count,) in found.values()) == truth(name)["wire"]["CPUSample"]


def test_go_tool_pprof_reads_it(tmp_path: Path) -> None:
    go = find_go()
    if go is None:
        pytest.skip("no Go toolchain: go tool pprof cannot be asked")
    path = tmp_path / "sync.pb.gz"
    path.write_bytes(pprof_of_trace(capture(NAME), "sync"))
    environment = {
        "GOCACHE": str(DEFAULT_CACHE / "gocache"),
        "GOTOOLCHAIN": "local",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [go, "tool", "pprof", "-traces", "-unit=ns", str(path)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    waits: Counter[str] = Counter()
    for _, _, ns in truth(NAME)["profiles"]["sync"]:
        waits["ns"] += ns
    assert "Type: delay" in done.stdout
    top = subprocess.run(
        [go, "tool", "pprof", "-top", "-unit=ns", str(path)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    (total,) = [line for line in top.stdout.splitlines() if "of " in line and "total" in line]
    said = int(total.split(" of ")[1].split("ns")[0])
    assert said == pytest.approx(waits["ns"], rel=1e-6)
