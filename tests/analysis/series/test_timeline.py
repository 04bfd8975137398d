"""Traces as curves on one clock."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from goscope.analysis.series.timeline import moment, time_lines
from tests.conftest import Read

SCHED = "SCHED {t}ms: gomaxprocs=2 idleprocs={idle} threads=7 spinningthreads=0 needspinning=0 idlethreads=5 runqueue={queue} [ {a} {b} ]\n"
GC = "gc {n} @{t:.3f}s 1%: 0.10+2.0+0.20 ms clock, 100+50/150/999+0 ms cpu, 4->5->1 MB, 6 MB goal, 0 MB stacks, 0 MB globals, 4 P\n"


def test_queues_and_their_rows(read: Callable[..., Read]) -> None:
    text = "".join(
        SCHED.format(t=t * 1000, idle=t % 2, queue=10 * t, a=t, b=100 + t) for t in range(4)
    )
    (line,) = time_lines(read(text).capture)
    assert line.end_s == 3
    assert line.queues is not None
    assert line.queues.rows == ("P0", "P1", "global")
    assert line.queues.grid.values.tolist() == [[0, 1, 2, 3], [100, 101, 102, 103], [0, 10, 20, 30]]
    curves = dict(line.panels[0].curves)
    assert curves["idle Ps"].y.tolist() == [0, 1, 0, 1]
    assert curves["idle Ps"].x.tolist() == [0, 1, 2, 3]


def test_queues_of_scheddetail(read: Callable[..., Read]) -> None:
    text = "".join(
        f"SCHED {t}000ms: gomaxprocs=2 idleprocs=0 threads=7 spinningthreads=0 needspinning=0 idlethreads=5 "
        "runqueue=0 gcwaiting=false nmidlelocked=0 stopwait=0 sysmonwait=false\n"
        f"  P0: status=1 schedtick=5 syscalltick=0 m=0 runqsize={t} gfreecnt=0 timerslen=0\n"
        f"  P1: status=1 schedtick=5 syscalltick=0 m=1 runqsize={t + 7} gfreecnt=0 timerslen=0\n"
        for t in range(3)
    )
    (line,) = time_lines(read(text).capture)
    assert line.queues is not None
    assert line.queues.grid.values.tolist()[:2] == [[0, 1, 2], [7, 8, 9]]


def test_the_cpu_of_the_collector_adds_up(read: Callable[..., Read]) -> None:
    # A cycle a second; 100 + 50 + 150 ms of CPU each, the idle marking (999) left out, on 4 Ps: 7.5 %.
    text = "".join(GC.format(n=n, t=float(n)) for n in range(1, 12))
    (line,) = time_lines(read(text).capture)
    (panel,) = [p for p in line.panels if p.unit == "%"]
    share, assists = (
        dict(panel.curves)[name].y[:-1] for name in ("all but idle marking", "assists")
    )
    assert np.mean(share) == pytest.approx(7.5, rel=1e-6)
    assert np.mean(assists) == pytest.approx(1.25, rel=1e-6)


def test_each_process_has_a_line(read: Callable[..., Read]) -> None:
    run = "".join(SCHED.format(t=t * 1000, idle=0, queue=0, a=0, b=0) for t in range(3))
    lines = time_lines(read(run + run).capture)
    assert [line.process for line in lines] == [0, 1]


def test_a_source_is_a_moment_if_it_is_a_trace_line(read: Callable[..., Read]) -> None:
    text = "app started\n" + "".join(
        SCHED.format(t=t * 1500, idle=0, queue=0, a=0, b=0) for t in range(3)
    )
    capture = read(text).capture
    assert moment(capture, "input:3") == (0, 1.5)
    for other in ("input:1", "other:3", "input:x", "input", None, "input:" + "9" * 400):
        assert moment(capture, other) is None


def test_a_p_number_of_a_million_is_no_row(read: Callable[..., Read]) -> None:
    text = (
        "SCHED 0ms: gomaxprocs=2 idleprocs=0 threads=7 spinningthreads=0 needspinning=0 idlethreads=5 "
        "runqueue=0 gcwaiting=false nmidlelocked=0 stopwait=0 sysmonwait=false\n"
        "  P0: status=1 schedtick=5 syscalltick=0 m=0 runqsize=3 gfreecnt=0 timerslen=0\n"
        "  P999999999: status=1 schedtick=5 syscalltick=0 m=1 runqsize=9 gfreecnt=0 timerslen=0\n"
    )
    (line,) = time_lines(read(text).capture)
    assert line.queues is not None
    assert line.queues.rows == ("P0", "global")
