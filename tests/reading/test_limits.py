"""A stream that is read for weeks: memory stays bounded, and what is kept still tells the story."""

from __future__ import annotations

import numpy as np
import pytest

from goscope.capture.capture import Capture
from goscope.reading.capture_builder import CaptureBuilder
from goscope.reading.limits import Limits
from tests.rules.dumps import leaks, own_dump


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


DETAIL = (
    "SCHED {t}ms: gomaxprocs=2 idleprocs=1 threads=6 spinningthreads=0 needspinning=0 idlethreads=3 "
    "runqueue=0 gcwaiting=false nmidlelocked=0 stopwait=0 sysmonwait=false\n"
    "  P0: status=1 schedtick=7 syscalltick=0 m=2 runqsize=0 gfreecnt=0 timerslen=0\n"
    "  M2: p=0 curg=5 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked=false lockedg=nil\n"
    "  G5: status=2(chan receive) m=2 lockedm=nil\n"
)
GC = (
    "gc {n} @{s}.000s 1%: 0.01+1.0+0.01 ms clock, 0.02+0.5/0.5/0.5+0.02 ms cpu, 4->4->2 MB, 4 MB goal, "
    "0 MB stacks, 0 MB globals, 2 P\n"
)
WEEK = 7 * 24 * 60


def fed_for_a_week(limits: Limits, clock: Clock) -> tuple[Capture, int]:
    """A week of a sample each 10 seconds in chunks of a minute; also the most rows there ever were."""
    builder = CaptureBuilder()
    most = [0]

    def chunks() -> object:
        for minute in range(WEEK):
            seconds = range(minute * 60, minute * 60 + 60, 10)
            text = "".join(
                DETAIL.format(t=s * 1000) + GC.format(n=s // 10 + 1, s=s) for s in seconds
            )
            clock.now = minute * 60
            yield text.encode()
            builder.thin(limits)
            most[0] = max(most[0], *(b.rows for b in builder._readers.builders.values()))

    builder.read("stdin", chunks())  # type: ignore[arg-type]
    return builder.build(), most[0]


@pytest.mark.full
def test_a_week_of_samples_stays_small_and_spread_over_the_week() -> None:
    clock = Clock()
    limits = Limits(3600, clock=clock, old_rows=500)
    capture, most = fed_for_a_week(limits, clock)
    assert most < 2_000  # 60,480 samples were read
    assert limits.dropped > 200_000
    times = capture.table("sched")["t_ms"] / 60_000
    assert times[0] == 0
    assert (np.diff(times) > 0).all()
    assert (times >= WEEK - 60).sum() >= 350  # all of the last hour
    days = np.histogram(times, bins=7, range=(0, WEEK))[0]
    assert (days[:6] > 30).all()
    # Details hang on their samples, and only the window has some.
    for name in ("procs", "threads", "sched_goroutines"):
        table = capture.table(name)
        assert 300 < len(table) < 2_000
        assert table.present("sample").all()
    assert capture.processes == 1
    assert capture.inputs[0].lines == WEEK * 6 * 5


@pytest.mark.full
def test_cycles_that_were_let_go_make_no_wrong_share() -> None:
    clock = Clock()
    capture, _ = fed_for_a_week(Limits(3600, clock=clock, old_rows=500), clock)
    share = capture.table("gc").numbers("interval_cpu_percent")
    cycle = capture.table("gc")["cycle"]
    gaps = np.flatnonzero(np.diff(cycle) > 1)
    assert len(gaps) > 100
    assert np.isnan(share[gaps]).all()
    known = share[~np.isnan(share)]
    assert len(known) > 300
    assert np.allclose(known, known[0])


@pytest.mark.full
def test_many_rows_at_once_are_thinned_too() -> None:
    builder = CaptureBuilder()
    limits = Limits(3600, clock=Clock(), most_rows=1_000, old_rows=100)

    def chunks() -> object:
        for s in range(5_000):
            yield DETAIL.format(t=s * 1000).encode()
            builder.thin(limits)
            assert builder._readers.builders["sched"].rows <= 1_001

    builder.read("stdin", chunks())  # type: ignore[arg-type]
    assert builder.build().table("sched")["t_ms"][[0, -1]].tolist() == [0, 4_999_000]


def test_of_many_dumps_the_first_the_latest_and_some_between_stay() -> None:
    builder = CaptureBuilder()
    limits = Limits(3600, clock=Clock(), most_goroutines=2_000)

    def chunks() -> object:
        for n in range(200):
            one = own_dump(*leaks(range(100 + n, 200 + 2 * n)))
            yield (one + "\nrequest served\n").encode()
            builder.thin(limits)

    builder.read("stdin", chunks())  # type: ignore[arg-type]
    capture = builder.build()
    sizes = capture.table("snapshots")["goroutines"].tolist()
    assert sizes == sorted(set(sizes))
    assert (sizes[0], sizes[-1]) == (101, 300)
    assert 5 < len(sizes) < 20
    assert sum(150 < size < 280 for size in sizes) >= 2  # some between, not only the ends
    assert len(capture.table("goroutines")) == sum(sizes) < 4_000


def test_a_capture_before_the_end_is_the_beginning_of_the_last_one() -> None:
    builder = CaptureBuilder()
    seen: list[int] = []

    def chunks() -> object:
        for s in range(50):
            yield DETAIL.format(t=s * 1000).encode()
            now = builder.build()
            seen.append(len(now.table("sched")))
            assert [i.name for i in now.inputs] == ["stdin"]

    builder.read("stdin", chunks())  # type: ignore[arg-type]
    whole = builder.build()
    assert len(whole.table("sched")) == 50
    assert seen == sorted(seen)
    assert seen[-1] >= 49
    assert len(builder.build().table("procs")) == 50
