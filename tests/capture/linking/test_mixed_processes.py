"""Several programs in one log, with a label before each line and without."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import goscope
from tests.conftest import content
from tests.log_wrappers.test_wrappers import TABLES, lines_of, path_of, said
from tests.log_wrappers.wrappers import iso

READ = Callable[..., Any]
FIRST, SECOND = "go1.24/cpu_starving/stderr.log", "go1.19/idle_server/stderr.log"
WITH_DUMP = "go1.19/panic_all/panic.log"


def interleaved(*logs: Sequence[str], seed: int = 1) -> list[tuple[int, str]]:
    """The lines of several logs in the order of a random clock, with the number of their log."""
    rng = random.Random(seed)
    places = [(sorted(rng.random() for _ in log), number) for number, log in enumerate(logs)]
    order = sorted(
        (time, number, line) for times, number in places for line, time in enumerate(times)
    )
    return [(number, logs[number][line]) for _, number, line in order]


LABELS: dict[str, Callable[[int, str, int], str]] = {
    "compose": lambda n, line, i: f"{('web-1', 'api-12')[n]:7}| {line}",
    "compose, coloured": lambda n, line, i: (
        f"\x1b[{36 + n}m{('web_1', 'api_2')[n]}  |\x1b[0m {line}"
    ),
    "kubectl": lambda n, line, i: (
        f"[pod/{('web-6c9f7d5b8-x2x7k', 'api-6c9f7d5b8-9zz4q')[n]}/app] {iso(i)}Z {line}"
    ),
    "journald": lambda n, line, i: f"Nov 23 22:00:00 host {('web', 'api')[n]}[{4711 + n}]: {line}",
    "same unit, other process": lambda n, line, i: f"Nov 23 22:00:00 host web[{4711 + n}]: {line}",
    "JSON": lambda n, line, i: json.dumps({"container_name": ("web", "api")[n], "log": line}),
    "go test -json": lambda n, line, i: json.dumps(
        {"Action": "output", "Package": f"example.com/{('web', 'api')[n]}", "Output": line + "\n"}
    ),
}


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("names", [(FIRST, SECOND), (WITH_DUMP, SECOND), (FIRST, WITH_DUMP)])
def test_labelled_lines_are_read_apart(read: READ, label: str, names: tuple[str, str]) -> None:
    logs = [lines_of(name) for name in names]
    mixed = interleaved(*logs)
    text = "".join(LABELS[label](n, line, i) + "\n" for i, (n, line) in enumerate(mixed))
    found = read(text)
    assert found.capture.processes == 2
    labels = [found.capture.labels[n] for n in (0, 1)]
    assert len(set(labels)) == 2
    first = next(iter(mixed))[0]
    for number, name in enumerate(names):
        process = next(p for p in (0, 1) if _is(labels[p], label, number))
        alone = read("\n".join(lines_of(name)) + "\n")
        for table in ("sched", "procs", "gc", "goroutines"):
            rows = [r for r in found.rows(table) if r["process"] == process]
            assert [_bare(r) for r in rows] == [_bare(r) for r in alone.rows(table)], first
            for row in rows:
                assert mixed[row["line"] - 1][0] == number


def _is(found: str, label: str, number: int) -> bool:
    words = ("4711", "4712") if "other process" in label else ("web", "api")
    return words[number] in found


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    skipped = {
        "line",
        "wall_time",
        "process",
        "sample",
        "snapshot_id",
        "stack_id",
        "input",
        "stream",
    }
    return {k: v for k, v in row.items() if k not in skipped}


def test_the_labels_are_in_the_report(read: READ) -> None:
    logs = [lines_of(name) for name in (FIRST, SECOND)]
    text = "".join(LABELS["compose"](n, line, 0) + "\n" for n, line in interleaved(*logs))
    diagnosis = goscope.diagnose(goscope.read(text))
    assert diagnosis.verdicts["scheduler"].state == "starving"
    assert "web-1: " in diagnosis.verdicts["scheduler"].reason
    assert all(f.process == 0 for f in diagnosis.findings if f.rule == "sched-starving")


def test_standard_output_is_of_the_same_process(read: READ) -> None:
    dump, log = lines_of("go1.27/labels/dump-1.txt"), lines_of(FIRST)
    mixed = interleaved(log, dump)
    text = "".join(
        f"{iso(i)}Z {('stderr', 'stdout')[n]} F {line}\n" for i, (n, line) in enumerate(mixed)
    )
    found = read(text)
    assert found.capture.processes == 1
    assert len(found.rows("goroutines")) == len(read("\n".join(dump)).rows("goroutines")) > 0


# ---- without a label ------------------------------------------------------------------------------


def sched_lines(name: str) -> list[str]:
    return [
        line
        for line in content(path_of(name)).decode().split("\n")
        if line.startswith(("SCHED ", "gc "))
    ]


def in_time(*logs: list[str], offsets: Sequence[int]) -> str:
    """Lines of processes that started at different times, in the order in which they were written."""
    rows = []
    for number, (log, offset) in enumerate(zip(logs, offsets, strict=True)):
        now = 0
        for line in log:
            if line.startswith("SCHED "):
                now = int(line[6 : line.index("ms")])
            rows.append((now + offset, number, line))
    return "".join(line + "\n" for _, _, line in sorted(rows, key=lambda row: row[:2]))


def sched(t: int, procs: int = 4, queue: int = 0) -> str:
    return f"SCHED {t}ms: gomaxprocs={procs} idleprocs=0 threads=5 spinningthreads=1 idlethreads=3 runqueue={queue} [4 12]"


def processes(found: Any) -> dict[int, list[int]]:
    result: dict[int, list[int]] = {}
    for row in found.rows("sched"):
        result.setdefault(row["process"], []).append(row["runqueue"])
    return result


def test_two_processes_that_differ_in_gomaxprocs(read: READ) -> None:
    a = [sched(t, procs=2, queue=1) for t in range(0, 3000, 100)]
    b = [sched(t, procs=8, queue=2) for t in range(0, 3000, 100)]
    for offset in (0, 30, 450, 1234):
        found = read(in_time(a, b, offsets=(0, offset)))
        assert found.capture.processes == 2
        assert sorted(map(set, processes(found).values()), key=min) == [{1}, {2}]


def test_two_processes_that_are_alike_but_started_at_different_times(read: READ) -> None:
    a = [sched(t, queue=1) for t in range(0, 4000, 100)]
    b = [sched(t, queue=2) for t in range(0, 4000, 100)]
    found = read(in_time(a, b, offsets=(0, 1050)))
    assert found.capture.processes == 2
    assert sorted(map(set, processes(found).values()), key=min) == [{1}, {2}]
    assert not any(r["process"] > 1 for r in found.rows("sched"))
    (mixed,) = found.capture.mixed.values()
    assert (mixed.processes, mixed.told_apart) == (2, True)


def test_a_program_that_was_started_again_is_not_mixed(read: READ) -> None:
    runs = [[sched(t) for t in range(0, last, 100)] for last in (1000, 300, 2500, 700)]
    found = read("\n".join(line for run in runs for line in run) + "\n")
    assert found.capture.processes == 4
    assert found.capture.mixed == {}


def test_alike_clocks_are_said_to_be_mixed_and_not_guessed(read: READ) -> None:
    rng = random.Random(3)
    lines = []
    for t in range(0, 6000, 100):
        both = [sched(t + rng.randint(0, 45), queue=q) for q in (1, 2)]
        rng.shuffle(both)
        lines += both
    found = read("\n".join(lines) + "\n")
    (mixed,) = found.capture.mixed.values()
    assert not mixed.told_apart
    assert found.capture.processes == 1


def test_real_logs_without_a_label(read: READ) -> None:
    first, second = (
        sched_lines("go1.24/cpu_starving/stderr.log"),
        sched_lines("go1.19/idle_server/stderr.log"),
    )
    found = read(in_time(first, second, offsets=(0, 700)))
    assert found.capture.processes == 2
    counts = sorted(sum(r["process"] == p for r in found.rows("sched")) for p in (0, 1))
    assert counts == sorted(
        sum(line.startswith("SCHED") for line in log) for log in (first, second)
    )
    assert said(found, "sched")
    assert TABLES
