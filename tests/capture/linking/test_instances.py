"""Instances of a program, told apart by where their files lie."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import goscope
from goscope.capture.linking.instances import instances_of, moments_of_names
from tests.conftest import CAPTURES, content


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["p/web-1/dump-1.txt", "p/web-2/dump-1.txt"], ["web-1", "web-2"]),
        (["c.zip!debug/nodes/1/stacks.txt", "c.zip!debug/nodes/3/stacks.txt"], ["nodes/1", "nodes/3"]),
        (["a/eu/web/stderr.log", "a/us/web/stderr.log"], ["eu/web", "us/web"]),
        (["pod-0001-dump-1.txt", "pod-0001-dump-2.txt", "pod-0002-dump-1.txt"], ["pod-0001", "pod-0001", "pod-0002"]),
        (["api_2026-11-30T10-00-00.txt", "web_2026-11-30T10-00-00.txt"], ["api", "web"]),
        (["dump-pod-a-1.txt", "dump-pod-a-2.txt", "dump-pod-b-1.txt"], ["pod-a", "pod-a", "pod-b"]),
        (["web-7d9f8b6c5-x2x4p.txt", "web-7d9f8b6c5-k9qzl.log"], ["web-7d9f8b6c5-x2x4p", "web-7d9f8b6c5-k9qzl"]),
        (["goroutine-10.0.0.1.txt", "goroutine-10.0.0.2.txt"], ["10.0.0.1", "10.0.0.2"]),
        (["node1.txt", "node2.txt"], ["node1", "node2"]),
        ([r"C:\d\web-1\dump.txt", r"C:\d\web-2\dump.txt"], ["web-1", "web-2"]),
    ],
)  # fmt: skip
def test_instances(names: list[str], expected: list[str]) -> None:
    assert instances_of(names) == expected


@pytest.mark.parametrize(
    "names",
    [
        ["dump-1.txt", "dump-2.txt", "stderr.log.gz", "sigquit.log", "heap.pb.gz"],
        ["2026-11-30T10-00/dump.txt", "2026-11-30T10-05/dump.txt"],
        ["20261130-100000/dump.txt", "20261130-100500/dump.txt"],
        ["before/goroutines.txt", "after/goroutines.txt"],
        ["goroutines-before.txt", "goroutines-after.txt"],
        ["web-1.txt", "web-2.txt", "web-3.txt"],
        ["dump-web-1.txt", "dump-web-2.txt"],
        ["dump-morning.txt", "dump-evening.txt"],
        ["podium.txt", "tripod.txt"],
        ["logs/stderr.log", "dumps/dump-1.txt", "dumps/dump-2.txt"],
        ["/var/log/app.log", "/data/goroutines.txt"],
        ["one.txt"],
        [],
    ],
)
def test_moments_and_files_of_one_instance(names: list[str]) -> None:
    assert instances_of(names) == [""] * len(names)


@pytest.mark.parametrize(
    "names",
    [
        ["dump-2.txt", "dump-10.txt.gz"],
        ["9/dump.txt", "11/dump.txt"],
        ["before/dump.txt", "after/dump.txt"],
        ["before/dump-1.txt", "after/dump-1.txt", "after/dump-2.txt"],
        ["stacks-old.txt", "stacks-new.txt"],
        ["g.2026-11-30T23:59:01.txt", "g.2026-12-01T00:00:01.txt"],
    ],
)
def test_moments(names: list[str]) -> None:
    moments = moments_of_names(names)
    assert moments is not None
    assert moments == sorted(set(moments))


@pytest.mark.parametrize("names", [["a.txt", "b.txt"], ["dump-1.txt", "stderr.log"]])
def test_names_without_a_moment(names: list[str]) -> None:
    assert moments_of_names(names) is None


def pods(folder: Path, programs: dict[str, str]) -> list[Path]:
    """Folders of three dumps each."""
    for pod, program in programs.items():
        (folder / pod).mkdir(parents=True)
        for n in (1, 2, 3):
            (path,) = (CAPTURES / "go1.27" / program).glob(f"dump-{n}.txt*")
            (folder / pod / f"dump-{n}.txt").write_bytes(content(path))
    return sorted(path for path in folder.rglob("*.txt"))


def test_a_set_is_as_bad_as_its_worst_part_in_every_order(tmp_path: Path) -> None:
    programs = {"web-1": "leak_receiver", "web-2": "http_steady", "web-3": "http_steady"}
    files = pods(tmp_path, programs)
    parts = [files[n : n + 3] for n in (0, 3, 6)]
    alone = [goscope.diagnose(goscope.read(*part)).verdicts["goroutines"] for part in parts]
    assert [verdict.state for verdict in alone] == ["leak", "ok", "ok"]
    for order in itertools.permutations(parts):
        found = goscope.diagnose(goscope.read(*itertools.chain.from_iterable(order)))
        verdict = found.verdicts["goroutines"]
        assert (verdict.state, verdict.confidence) == ("leak", alone[0].confidence)
        assert verdict.reason == f"web-1: {alone[0].reason}"
        growth = next(f for f in found.findings if f.rule == "leak-growth")
        assert found.capture.process_name(growth.process) == "web-1"


def test_dumps_belong_to_the_log_that_holds_none_of_its_own() -> None:
    found = goscope.read(CAPTURES / "go1.27" / "leak_receiver")
    assert found.processes == 2
    names = {found.process_name(process) for process in range(2)}
    assert names == {"run sigquit.log.gz", "run stderr.log.gz"}
    dumped = found.snapshots[found.snapshots["input"].str.contains("dump-")]
    assert {found.process_name(p) for p in dumped["process"]} == {"run stderr.log.gz"}


def test_runs_in_one_log_are_named_by_where_they_begin() -> None:
    line = "SCHED {}ms: gomaxprocs=1 idleprocs=0 threads=3 spinningthreads=0 idlethreads=1 runqueue=0 [0]\n"
    found = goscope.read("".join(map(line.format, (0, 10, 0, 10))))
    assert [found.process_name(n) for n in (0, 1)] == ["run text 1:1", "run text 1:3"]
