"""The stored execution traces and the truth about them: what can be held without a reader of traces, and without Go.

The truth comes from Go's own tool; here it is held against the files themselves and against itself.
"""

from __future__ import annotations

import functools
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fixtures.capture import CAPTURES, TOOLCHAINS, CaptureError
from fixtures.capture_traces import FILE, TRACES, TRUTH, Traced, format_number
from fixtures.trace_events import Account, events
from fixtures.trace_pages import Page, buckets, nanoseconds
from fixtures.trace_truth import KINDS, compare, compare_tasks

FORMATS = {"1.19": 19, "1.21": 21, "1.22": 22, "1.23": 23, "1.25": 25, "1.27": 26}
LARGEST, LARGEST_OF_ALL = 150_000, 2_000_000
STORED = [(traced, version) for traced in TRACES for version in traced.versions]
READ = [(traced, version) for traced, version in STORED if not traced.refused]
each = pytest.mark.parametrize(
    ("traced", "version"), READ, ids=[f"{traced.name}-{version}" for traced, version in READ]
)


def folder(traced: Traced, version: str) -> Path:
    return CAPTURES / f"go{version}" / traced.name


def stored(traced: Traced, version: str, name: str) -> bytes:
    (path,) = folder(traced, version).glob(f"{name}*")
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@functools.cache
def truth(traced_name: str, version: str) -> dict[str, Any]:
    traced = next(traced for traced in TRACES if traced.name == traced_name)
    found: dict[str, Any] = json.loads(stored(traced, version, TRUTH))
    return found


# ---- the files -------------------------------------------------------------------------------------


def test_every_trace_of_the_table_is_stored_and_no_other() -> None:
    assert {folder(*one) for one in STORED} == set(CAPTURES.glob("*/trace_*"))
    for traced, version in STORED:
        names = {path.name.removesuffix(".gz") for path in folder(traced, version).iterdir()}
        assert names == {FILE, "meta.json"} | (set() if traced.refused else {TRUTH})


def test_all_are_small() -> None:
    sizes = {p: p.stat().st_size for one in STORED for p in folder(*one).iterdir()}
    assert max(sizes.values()) <= LARGEST
    assert sum(sizes.values()) <= LARGEST_OF_ALL


@pytest.mark.parametrize(("traced", "version"), STORED)
def test_the_header_names_the_format_of_the_version(traced: Traced, version: str) -> None:
    meta = json.loads(stored(traced, version, "meta.json"))
    assert format_number(stored(traced, version, FILE)) == FORMATS[version] == meta["format"]
    assert meta["go_version"] == f"go{TOOLCHAINS[version]}"
    assert meta["gomaxprocs"] == traced.procs
    assert {"refused", "expected", "unscored"} <= meta.keys()
    assert traced.labels() == {name: meta[name] for name in traced.labels()}


def test_what_is_no_trace_has_no_format() -> None:
    with pytest.raises(CaptureError, match="not an execution trace"):
        format_number(b"goroutine 1 [running]:\n")


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at


def batches(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, generation and content of each batch; the mark that ends a generation is none."""
    at = 16
    while at < len(data):
        kind, at = data[at], at + 1
        if kind == 52:
            continue
        at += kind == 49
        generation, at = varint(data, at)
        for _ in range(2):
            _, at = varint(data, at)
        size, at = varint(data, at)
        yield kind, generation, data[at : at + size]
        at += size
    assert at == len(data)


def strings(data: bytes) -> Iterator[str]:
    for _, _, content in batches(data):
        at = 1
        while content[:1] == b"\x04" and at < len(content):
            assert content[at] == 5
            _, at = varint(content, at + 1)
            size, at = varint(content, at)
            yield content[at : at + size].decode()
            at += size


@each
def test_the_tool_counted_what_is_in_the_file(traced: Traced, version: str) -> None:
    counted = Counter(kind for kind, _, _ in batches(stored(traced, version, FILE)))
    assert set(counted) == ({1, 49} if traced.name == "trace_allocfree" else {1})
    wire = truth(traced.name, version).get("wire")
    if wire is None:
        # The tool does not count events of experiments in these formats.
        assert traced.name == "trace_allocfree"
        assert FORMATS[version] < 26
    else:
        assert counted == {1: wire["EventBatch"]} | (
            {49: wire["ExperimentalBatch"]} if 49 in counted else {}
        )
        assert wire["String"] == len(list(strings(stored(traced, version, FILE))))


@each
def test_no_path_of_the_machine_is_in_a_trace(traced: Traced, version: str) -> None:
    texts = set(strings(stored(traced, version, FILE)))
    files = {text for text in texts if re.search(r"\.(?:go|s|c)$", text)}
    assert files
    ours = ("example.com/", "runtime/", "_cgo_") if traced.cgo else ("/app/", "/usr/local/go/")
    odd = {file for file in files if not file.startswith(ours)} - {"<autogenerated>"}
    assert not odd or (traced.cgo and not any(file.startswith("/") for file in odd))
    frames = truth(traced.name, version)["frames"]
    assert {frame.rpartition(" ")[2].rpartition(":")[0] for frame in frames} <= files


@pytest.mark.parametrize(("name", "least"), [("trace_tasks", 3), ("trace_flight", 2)])
def test_some_have_several_generations(name: str, least: int) -> None:
    (traced,) = (traced for traced in TRACES if traced.name == name)
    for version in traced.versions:
        found = sorted({gen for _, gen, _ in batches(stored(traced, version, FILE))})
        assert len(found) >= least
        assert all(b == a + 1 for a, b in pairwise(found))
        assert (found[0] == 1) == (name != "trace_flight")


# ---- the truth -------------------------------------------------------------------------------------


@each
def test_profiles_are_made_of_stacks(traced: Traced, version: str) -> None:
    told = truth(traced.name, version)
    assert set(told["profiles"]) == set(KINDS)
    assert len(set(map(tuple, told["stacks"]))) == len(told["stacks"])
    assert {n for stack in told["stacks"] for n in stack} == set(range(len(told["frames"])))
    every = [*told["profiles"].values(), *told.get("lives", {}).get("profiles", {}).values()]
    assert {row[0] for rows in every for row in rows} == set(range(len(told["stacks"])))
    for rows in every:
        assert len({stack for stack, _, _ in rows}) == len(rows)
        assert all(count > 0 and ns >= count for _, count, ns in rows)
    assert told["profiles"]["sched"]
    assert told["profiles"]["syscall"]
    assert bool(told["profiles"]["net"]) == (traced.name in ("trace_http", "trace_files"))


@each
def test_the_times_of_goroutines_add_up(traced: Traced, version: str) -> None:
    told = truth(traced.name, version)
    length = told["end"] - told["start"]
    assert {str(g["g"]) for g in told["goroutines"]} == told["states"].keys()
    for g in told["goroutines"]:
        parts = [g[name] for name in ("exec", "sched_wait", "syscall", "syscall_block", "unknown")]
        parts += g["block"].values()
        assert min(parts) >= 0, g
        assert sum(parts) == g["total"] <= length, g
        assert all(0 < time <= length for time in g["ranges"].values()), g
    # Go 1.22 has no stacks of goroutines that never ran, so that they have no name.
    assert {"main.main"} < {g["name"] for g in told["goroutines"]}


@each
def test_profiles_hold_no_more_than_the_goroutines(traced: Traced, version: str) -> None:
    """They leave out what did not end, and what was before the first run."""
    told = truth(traced.name, version)
    cells: Counter[str] = Counter()
    for g in told["goroutines"]:
        cells["syscall"] += g["syscall"] + g["syscall_block"]
        cells["sched"] += g["sched_wait"]
        for reason, time in g["block"].items():
            cells["net"] += time * (reason == "network")
            cells["sync"] += time * bool(re.search("chan|sync|select", reason))
    for kind, rows in told["profiles"].items():
        assert sum(ns for _, _, ns in rows) <= cells[kind]
    running = sum(time for _, time in told["procs"].values())
    assert 0 < len(told["procs"]) <= traced.procs
    assert running <= traced.procs * (told["end"] - told["start"])
    # A goroutine that runs has a P, but for those of C's threads of which only the last life counts.
    assert sum(g["exec"] for g in told["goroutines"]) <= running


@each
def test_latencies_are_parts_of_the_waits(traced: Traced, version: str) -> None:
    told = truth(traced.name, version)
    assert "main.main" in told["latency"]
    for name, (count, half, most, longest) in told["latency"].items():
        assert 0 < half <= most <= longest
        if traced.name != "trace_cgo":
            assert longest <= max(g["sched_wait"] for g in named(told, name))
            assert count >= sum(g["sched_wait"] > 0 for g in named(told, name)) - 2


@each
def test_tasks_and_regions_are_those_of_their_types(traced: Traced, version: str) -> None:
    told = truth(traced.name, version)
    assert bool(told["tasks"]) == bool(told["regions"]) == (traced.name == "trace_tasks")
    for tasks, types in ((True, "task_types"), (False, "region_types")):
        for kind in told[types]:
            keys = [key for key in ("type", "frame") if key in kind]
            ones = [
                one
                for one in told["tasks" if tasks else "regions"]
                if all(one[key] == kind[key] for key in keys)
            ]
            assert len(ones) == kind["count"]
            whole = [one for one in ones if one.get("complete", True)]
            assert sum(count for _, count in kind["buckets"]) == len(whole)
            if tasks and whole:
                durations = [one["duration"] for one in whole]
                assert min(durations) >= kind["buckets"][0][0]
                assert max(durations) < kind["buckets"][-1][0] * 1.6
    for task in told["tasks"]:
        times = [when for when, _, _ in task["events"]]
        assert times == sorted(times)
        assert task["start"] <= times[0] or not task["start"]
        assert times[-1] <= task["start"] + task["duration"]
    ids = {task["id"] for task in told["tasks"]}
    assert {task["parent"] for task in told["tasks"] if "parent" in task} <= ids


@each
def test_events_are_counted_alike_in_the_file_and_in_the_list(traced: Traced, version: str) -> None:
    told = truth(traced.name, version)
    parsed = told["parsed"]
    assert sum(parsed.values()) > 50
    assert parsed["Sync"] == 1 + len({g for _, g, _ in batches(stored(traced, version, FILE))})
    wire = told.get("wire", {})
    pairs = {"UserLog": "Log", "UserTaskBegin": "TaskBegin", "UserRegionEnd": "RegionEnd"}
    pairs |= {"CPUSample": "StackSample", "GoLabel": "Label"}
    for ours, theirs in pairs.items():
        assert not wire or wire.get(ours, 0) == parsed.get(theirs, 0)
    stops = [v[0] for name, v in told["ranges"].items() if name.startswith("stop-the-world")]
    assert not wire or sum(stops) == wire.get("STWEnd", 0)


# ---- what the programs are for ---------------------------------------------------------------------


def named(told: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [g for g in told["goroutines"] if g["name"] == name]


def through(told: dict[str, Any], kind: str, function: str) -> int:
    """Nanoseconds of a profile in stacks that a function is on."""
    on = {n for n, frame in enumerate(told["frames"]) if frame.startswith(f"{function} ")}
    return sum(ns for stack, _, ns in told["profiles"][kind] if on & set(told["stacks"][stack]))


@each
def test_each_trace_shows_what_it_was_made_for(traced: Traced, version: str) -> None:
    told, expected = truth(traced.name, version), traced.expected
    length = told["end"] - told["start"]
    problems = set(expected)
    if convoy := expected.get("lock_convoy"):
        problems.remove("lock_convoy")
        waited = through(told, "sync", convoy["function"])
        assert waited > 20_000_000
        assert waited > through(told, "sync", "main.selects")
    if syscalls := expected.get("syscalls_lose_p"):
        problems.remove("syscalls_lose_p")
        slow = named(told, syscalls["function"])
        assert sum(g["syscall_block"] for g in slow) >= syscalls["least_ms"] * 1_000_000
        assert told["wire"]["ProcSteal"] >= 12
    if slow_task := expected.get("slow_task"):
        problems -= {"slow_task", "tasks_without_end", "tasks_without_begin"}
        least = slow_task["least_ms"] * 1_000_000
        for name in slow_task["types"]:
            tasks = sorted(t["duration"] for t in told["tasks"] if t["type"] == name)
            assert sum(d >= least for d in tasks) == slow_task["outliers"]
            assert tasks[len(tasks) // 2] < least / 20
        begun = {t["type"]: t for t in told["tasks"]}
        assert [not begun[name]["complete"] for name in expected["tasks_without_end"]] == [True]
        # A task that began before the trace has no name in it.
        assert [what for _, _, what in begun[""]["events"]] == ["task end"]
        assert length > 2_500_000_000
    if leaks := expected.get("never_end"):
        problems -= {"never_end", "healthy", "started", "healthy_lasts"}
        assert {name: len(named(told, name)) for name in leaks} == expected.get("started", leaks)
        for name in expected.get("started", ()):  # the leaked ones wait from their first wait on
            waits = sorted(max(g["block"].values()) for g in named(told, name))
            assert waits[-leaks[name]] > 5 * waits[-leaks[name] - 1]
        (healthy,) = expected["healthy"]
        lasts = expected.get("healthy_lasts", 0.25)
        assert max(g["total"] for g in named(told, healthy)) < length * lasts
    if latency := expected.get("scheduling_latency"):
        problems.remove("scheduling_latency")
        waiting = named(told, latency["function"])
        assert len(waiting) == 40
        assert sum(g["sched_wait"] for g in waiting) > 5 * sum(g["exec"] for g in waiting)
        assert told["latency"][latency["function"]][1] >= latency["least_p50_ms"] * 1_000_000
    if share := expected.get("gc_share"):
        problems -= {"gc_share", "assists"}
        assert told["ranges"]["GC concurrent mark phase"][1] >= share["least"] * length
        helping = named(told, expected["assists"]["function"])
        assert sum(g["ranges"].get("GC mark assist", 0) for g in helping) > 0.25 * length
    if stop := expected.get("stop_the_world"):
        problems.remove("stop_the_world")
        count, time = told["ranges"][f"stop-the-world ({stop['kind']})"]
        assert time / count >= stop["least_longest_ms"] * 1_000_000
    if apart := expected.get("idle_while_runnable"):
        problems.remove("idle_while_runnable")
        running = sum(time for _, time in told["procs"].values())
        assert running < (traced.procs - 1) * length  # one and more is idle, on average
        ready = [g for name in ("main.guest", "main.compute") for g in named(told, name)]
        assert sum(g["sched_wait"] for g in ready) >= apart["least_waits"] * 10_000_000
        assert max(told["latency"][name][3] for name in ("main.guest", "main.compute")) > 10_000_000
    assert not problems


def test_the_traces_hold_the_events_that_they_are_for() -> None:
    wanted = {
        "trace_cpu": {"GCBegin", "GCMarkAssistBegin", "GCSweepBegin", "STWBegin", "HeapGoal"},
        "trace_cpu_profile": {"CPUSample"},
        "trace_files": {"ProcSteal", "GoSyscallEndBlocked"},
        "trace_tasks": {"UserTaskBegin", "UserRegionBegin", "UserLog"},
        "trace_iter": {"GoSwitch", "GoSwitchDestroy", "GoCreateBlocked"},
        "trace_cgo": {"GoCreateSyscall", "GoDestroySyscall"},
    }
    for traced, version in READ:
        missing = (
            wanted.get(traced.name, set()) - truth(traced.name, version).get("wire", {}).keys()
        )
        assert not missing, (traced.name, version)
    for version in ("1.23", "1.25", "1.27"):
        assert truth("trace_allocfree", version)["parsed"]["Experimental"] > 100


def test_goroutines_of_threads_of_c_live_more_than_once() -> None:
    for traced, version in READ:
        told = truth(traced.name, version)
        assert ("lives" in told) == (traced.name == "trace_cgo")
    for version in ("1.22", "1.23", "1.25", "1.27"):
        told = truth("trace_cgo", version)
        lives, last = told["lives"], {str(g["g"]): g for g in told["goroutines"]}
        assert lives["count"].keys() == lives["goroutines"].keys()
        for g, times in lives["goroutines"].items():
            assert lives["count"][g] > 1
            assert times["Running"] > last[g]["exec"]
        for kind in KINDS:
            of_all, of_last = lives["profiles"][kind], told["profiles"][kind]
            assert sum(c for _, c, _ in of_all) >= sum(c for _, c, _ in of_last)


# ---- how the truth was made ------------------------------------------------------------------------

PARSED = """\
M=1 P=0 G=1 Sync Time=100 N=1
M=1 P=0 G=1 StateTransition Time=110 GoID=1 Undetermined->Running Reason=""
M=1 P=0 G=-1 StateTransition Time=110 ProcID=0 Undetermined->Running Reason=""
M=1 P=0 G=1 StateTransition Time=120 GoID=2 NotExist->Runnable Reason=""
TransitionStack=
\tmain.two @ 0x20
\t\t/app/two.go:1

Stack=
\tmain.main @ 0x10
\t\t/app/main.go:5
M=1 P=0 G=1 RangeBegin Time=125 Name="stop-the-world (x)" Scope=Goroutine(1)
M=1 P=0 G=1 RangeEnd Time=129 Name="stop-the-world (x)" Scope=Goroutine(1) Attributes=[]
M=1 P=0 G=1 Metric Time=129 Name="/gc/heap/goal:bytes" Value=Uint64(4096)
M=1 P=0 G=1 StateTransition Time=130 GoID=1 Running->Waiting Reason="chan receive"
TransitionStack=
\tmain.main @ 0x11
\t\t/app/main.go:6

Stack=
\tmain.main @ 0x11
\t\t/app/main.go:6
\t @ 0x0
\t\t:0
M=1 P=0 G=-1 StateTransition Time=140 GoID=2 Runnable->Running Reason=""
M=1 P=0 G=2 StateTransition Time=150 GoID=1 Waiting->Runnable Reason=""
Stack=
\tmain.two @ 0x21
\t\t/app/two.go:2
M=1 P=0 G=2 TaskBegin Time=151 ID=7 Parent=0 Type="t"
M=1 P=0 G=2 RegionBegin Time=152 Task=7 Type="r"
M=1 P=0 G=2 RegionEnd Time=154 Task=7 Type="r"
M=1 P=0 G=2 StateTransition Time=155 GoID=2 Running->Waiting Reason="forever"
M=1 P=0 G=-1 StateTransition Time=165 GoID=1 Runnable->Running Reason=""
M=1 P=0 G=1 Sync Time=170 N=2
"""


def test_an_account_by_hand() -> None:
    found = Account(events(PARSED))
    receive, unblocked = ("main.main /app/main.go:6",), ("main.two /app/two.go:2",)
    assert found.profile("sync", every_life=False) == {receive: [1, 20]}
    # The wait of goroutine 2 from its creation to its first run is in no profile.
    assert found.profile("sched", every_life=False) == {unblocked: [1, 15]}
    assert (
        found.profile("net", every_life=False) == found.profile("syscall", every_life=False) == {}
    )
    assert found.cells(every_life=False) == {
        1: {"Running": 10 + 20 + 5, "block chan receive": 20, "Runnable": 15},
        2: {"Runnable": 20, "Running": 15},
    }
    assert (found.waits(1), found.waits(2)) == ([15], [20])
    assert found.procs == {0: [1, 70]}
    assert found.ranges == {"stop-the-world (x)": [1, 4]}
    assert found.tasks == {7: {"TaskBegin": 151}}
    assert found.regions == [(2, 7, "r", 2)]
    assert found.metrics == {"/gc/heap/goal:bytes": [1, 4096, 4096]}
    assert {g: count for g, (count, _) in found.states().items()} == {"1": 4, "2": 3}


def test_a_figure_that_the_events_do_not_bear_out_is_refused() -> None:
    account = Account(events(PARSED))
    profiles = {kind: account.profile(kind, every_life=False) for kind in KINDS}
    zero = {"exec": 0, "sched_wait": 0, "syscall": 0, "syscall_block": 0, "block": {}}
    first = zero | {"g": 1, "exec": 35, "sched_wait": 15, "block": {"chan receive": 20}}
    second = zero | {"g": 2, "exec": 15, "sched_wait": 20}
    compare(account, profiles, [first, second])
    with pytest.raises(CaptureError, match=r"goroutines: \{2\}"):
        compare(account, profiles, [first, second | {"exec": 16}])
    with pytest.raises(CaptureError, match=r"goroutines: \{2\}"):
        compare(account, profiles, [first])
    with pytest.raises(CaptureError, match="the sync profile"):
        compare(account, profiles | {"sync": {}}, [first, second])
    task, region = (
        {"id": 7, "start": 51, "duration": 19},
        {"g": 2, "task": 7, "type": "r", "total": 2},
    )
    unnamed = {"g": 3, "task": 7, "type": "", "total": 5}
    compare_tasks(account, [task], [region, unnamed])
    with pytest.raises(CaptureError, match="the tasks"):
        compare_tasks(account, [task | {"duration": 20}], [region])
    with pytest.raises(CaptureError, match="the regions"):
        compare_tasks(account, [task], [region | {"total": 3}])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("0s", 0), ("1ns", 1), ("1.5µs", 1500), ("2.000000001s", 2_000_000_001), ("1m2.5s", 62_500_000_000), ("-3ms", -3_000_000)],
)  # fmt: skip
def test_durations(text: str, wanted: int) -> None:
    assert nanoseconds(text) == wanted


@pytest.mark.parametrize("text", ["", "5", "1.5ns", "3 parsecs", "1s!"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        nanoseconds(text)


def test_a_page_is_taken_apart() -> None:
    page = Page.of(
        "<h1>x</h1><table><tr><th>Type</th><th>Count</th></tr><tr><td>a &amp;<br> b</td>"
        "<td><a href='/t?x=1&amp;y=2'>3</a></td></tr></table><table><tr><td>no title</td><td>"
        "<table><tr><td>1µs</td><td><div>&nbsp;</div></td><td>2</td></tr>\n<tr><td>10µs</td></tr></table>"
        "</td></tr>"
    )
    first, second = page.tables
    assert first.records() == [{"Type": "a &\nb", "Count": "3"}]
    assert page.links == first.rows[1][1].links == ["/t?x=1&y=2"]
    assert buckets(second.rows[0][1]) == [[1000, 2]]
    assert buckets(second.rows[0][0]) == []
