"""Lines as books, older and newer versions of Go print them: traces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

READ = Callable[..., Any]


def one(read: READ, text: str, table: str) -> dict[str, Any]:
    found = read(text)
    assert found.input.unparsed_count == 0
    rows: list[dict[str, Any]] = found.rows(table)
    assert len(rows) == 1
    return {
        k: v
        for k, v in rows[0].items()
        if v not in (None, [], "input") and k not in ("process", "line")
    }


SCHED = {
    "t_ms": 1009, "gomaxprocs": 4, "idleprocs": 1, "threads": 10, "spinningthreads": 2, "idlethreads": 3,
    "runqueue": 15, "local_queues": [1, 0, 23, 4], "local_sum": 28, "local_max": 23,
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "SCHED 1009ms: gomaxprocs=4 idleprocs=1 threads=10 spinningthreads=2 idlethreads=3 runqueue=15 [1 0 23 4]\n",
        "SCHED 1009ms: gomaxprocs=4 idleprocs=1 threads=10 spinningthreads=2 idlethreads=3 runqueue=15 [ 1 0 23 4 ]\n",
        "SCHED 1009ms: gomaxprocs=4 idleprocs=1 threads=10\nspinningthreads=2 idlethreads=3 runqueue=15 [1 0 23 4]\n",
        "SCHED 1009ms: gomaxprocs=4 idleprocs=1 threads=10\n  spinningthreads=2 idlethreads=3\n  runqueue=15 [1 0 23 4]\n",
        "SCHED 1009ms: gomaxprocs=4 idleprocs=1 threads=10 spinningthreads=2 idlethreads=3 runqueue=15\n    [1 0 23 4]\n",
        "SCHED 1009ms: gomaxprocs=4 idleprocs=1 threads=10 spinningthreads=2 idlethreads=3 runqueue=15 [1 0\n\t23 4]\n",
    ],
)
def test_sched_lines_wrapped_and_not(read: READ, text: str) -> None:
    assert one(read, text, "sched") == SCHED


def test_two_wrapped_sched_lines_and_an_indented_neighbour(read: READ) -> None:
    line = "SCHED {}ms: gomaxprocs=2 idleprocs=0\n  threads=5 runqueue={} [1 2]\n"
    found = read(line.format(1, 7) + "  an indented application line\n" + line.format(2, 8))
    assert [(r["line"], r["t_ms"], r["threads"], r["runqueue"]) for r in found.rows("sched")] == [
        (1, 1, 5, 7),
        (4, 2, 5, 8),
    ]
    assert found.input.unparsed_count == 0


def test_fields_may_be_absent(read: READ) -> None:
    row = one(read, "SCHED 5ms: gomaxprocs=2 runqueue=3\n", "sched")
    assert row == {"t_ms": 5, "gomaxprocs": 2, "runqueue": 3}


@pytest.mark.parametrize(
    ("word", "wanted"), [("0", False), ("1", True), ("true", True), ("false", False)]
)
def test_booleans_of_old_and_new_versions(read: READ, word: str, wanted: bool) -> None:
    text = (
        f"SCHED 5ms: gomaxprocs=2 gcwaiting={word} nmidlelocked=-1 stopwait=0 sysmonwait={word}\n"
    )
    row = one(read, text, "sched")
    assert (row["gcwaiting"], row["sysmonwait"], row["nmidlelocked"]) == (wanted, wanted, -1)


def test_needspinning_and_schedticks(read: READ) -> None:
    text = (
        "SCHED 5ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 needspinning=1 idlethreads=3 runqueue=0 "
        "[ 3 0 ] schedticks=[ 4294967295 7 ]\n"
    )
    row = one(read, text, "sched")
    assert (row["needspinning"], row["local_queues"], row["schedticks"]) == (
        1,
        [3, 0],
        [4294967295, 7],
    )


GC = {
    "cycle": 8, "t_s": 2.104, "cpu_percent": 1, "leak_check": False, "stw_sweep_ms": 0.031, "mark_ms": 1.2,
    "stw_mark_ms": 0.005, "sweep_cpu_ms": 0.12, "assist_cpu_ms": 0.4, "background_cpu_ms": 1.1, "idle_cpu_ms": 0.0,
    "mark_term_cpu_ms": 0.02, "heap_start_mb": 4, "heap_end_mb": 5, "heap_live_mb": 1, "heap_goal_mb": 6,
    "gomaxprocs": 4, "forced": False, "periodic": False,
    "clock_ms": pytest.approx(1.236), "load_cpu_ms": pytest.approx(1.64),
}  # fmt: skip
GC_LINE = "gc 8 @2.104s 1%: 0.031+1.2+0.005 ms clock, 0.12+0.4/1.1/0+0.02 ms cpu, 4->5->1 MB, 6 MB goal, 4 P"


@pytest.mark.parametrize(
    "text",
    [
        GC_LINE + "\n",
        GC_LINE.replace(" ms cpu", "\n   ms cpu") + "\n",
        GC_LINE.replace(" 0.12", "\n   0.12").replace(" 6 MB", "\n   6 MB") + "\n",
        GC_LINE.replace(" 4->5", "\n\t4->5").replace(" 4 P", "\n\t4 P") + "\n",
    ],
)
def test_gc_lines_wrapped_and_not(read: READ, text: str) -> None:
    assert one(read, text, "gc") == GC


def test_gc_line_with_all_that_newer_versions_print(read: READ) -> None:
    text = GC_LINE.replace("1%:", "1% (checking for goroutine leaks):").replace(
        "goal, 4 P", "goal, 2 MB stacks, 3 MB globals, 4 P (forced)"
    )
    wanted = {**GC, "stacks_mb": 2, "globals_mb": 3, "forced": True, "leak_check": True}
    assert one(read, text + "\n", "gc") == wanted


def test_gc_line_of_go_1_5(read: READ) -> None:
    text = "gc 3 @0.5s 7%: 0.1+2+0.3+4+0.5 ms clock, 0.6+7+0.8+9/10/11+12 ms cpu, 4->5->1 MB, 6 MB goal, 4 P\n"
    assert one(read, text, "gc") == {
        "clock_ms": pytest.approx(6.9), "load_cpu_ms": pytest.approx(39.4),
        "cycle": 3, "t_s": 0.5, "cpu_percent": 7, "leak_check": False, "stw_sweep_ms": 0.1, "scan_ms": 2.0,
        "write_barrier_ms": 0.3, "mark_ms": 4.0, "stw_mark_ms": 0.5, "sweep_cpu_ms": 0.6, "scan_cpu_ms": 7.0,
        "write_barrier_cpu_ms": 0.8, "assist_cpu_ms": 9.0, "background_cpu_ms": 10.0, "idle_cpu_ms": 11.0,
        "mark_term_cpu_ms": 12.0, "heap_start_mb": 4, "heap_end_mb": 5, "heap_live_mb": 1, "heap_goal_mb": 6,
        "gomaxprocs": 4, "forced": False, "periodic": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "table", "wanted"),
    [
        ("M0: p=0 curg=1 runq=5 gfreecnt=0\n", "threads", {"m": 0, "on_p": 0, "curg": 1, "runqsize": 5, "gfreecnt": 0}),
        ("M1: p=-1 curg=-1 runq=0 gfreecnt=0  (idle)\n", "threads", {"m": 1, "runqsize": 0, "gfreecnt": 0, "note": "idle"}),
        ("  M1: p=nil curg=nil\n", "threads", {"m": 1}),
        ("P0: runq=5 gfreecnt=32\n", "procs", {"p": 0, "runqsize": 5, "gfreecnt": 32}),
        ("  P0: status=0 schedtick=7 syscalltick=2 m=-1 runqsize=0 gfreecnt=0\n", "procs",
         {"p": 0, "status": 0, "schedtick": 7, "syscalltick": 2, "runqsize": 0, "gfreecnt": 0}),
        ("  P0: status=1 schedtick=7 syscalltick=2 m=0 runqsize=0 gfreecnt=0 timerslen=3\n", "procs",
         {"p": 0, "status": 1, "schedtick": 7, "syscalltick": 2, "on_m": 0, "runqsize": 0, "gfreecnt": 0, "timerslen": 3}),
        ("  G1: status=4(GC worker (idle)) m=-1 lockedm=-1\n", "sched_goroutines",
         {"g": 1, "status": 4, "reason": "GC worker (idle)"}),
        ("  G17: status=4100(select (no cases)) m=nil lockedm=3\n", "sched_goroutines",
         {"g": 17, "status": 4100, "reason": "select (no cases)", "lockedm": 3}),
        ("  G2: status=6() m=nil lockedm=nil\n", "sched_goroutines", {"g": 2, "status": 6, "reason": ""}),
        ("  M2: p=1 curg=9 mallocing=0 throwing=0 preemptoff=GC worker init locks=-1 dying=0 helpgc=0 spinning=true "
         "blocked=false lockedg=-1\n", "threads",
         {"m": 2, "on_p": 1, "curg": 9, "mallocing": 0, "throwing": 0, "preemptoff": "GC worker init", "locks": -1,
          "dying": 0, "helpgc": 0, "spinning": True, "blocked": False}),
        ("  M2: p=1 curg=9 preemptoff= locks=0\n", "threads", {"m": 2, "on_p": 1, "curg": 9, "preemptoff": "", "locks": 0}),
    ],
)  # fmt: skip
def test_scheddetail_lines(read: READ, text: str, table: str, wanted: dict[str, Any]) -> None:
    assert one(read, text, table) == wanted


def test_a_line_belongs_to_the_sched_line_above_it(read: READ) -> None:
    p = "  P0: status=0 schedtick=7 syscalltick=2 m=-1 runqsize=0 gfreecnt=0\n"
    sched = "SCHED 5ms: gomaxprocs=1 idleprocs=0\n"
    assert [row["sample"] for row in read(p + sched + p + p + sched + p).rows("procs")] == [
        None,
        0,
        0,
        1,
    ]
