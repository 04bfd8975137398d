"""States of goroutines from sample to sample."""

from __future__ import annotations

from collections.abc import Callable

from goscope.life_cycle import life_cycles
from tests.conftest import Read

HEAD = (
    "SCHED {t}ms: gomaxprocs=2 idleprocs=0 threads=7 spinningthreads=0 needspinning=0 idlethreads=5 "
    "runqueue=0 gcwaiting=false nmidlelocked=0 stopwait=0 sysmonwait=false\n"
)


def sample(t: int, **states: int) -> str:
    lines = "".join(f"  {g}: status={s}() m=nil lockedm=nil\n" for g, s in states.items())
    return HEAD.format(t=t) + lines


def test_changes_are_counted_between_neighbours(read: Callable[..., Read]) -> None:
    text = (
        sample(0, G1=4, G2=1, G3=2)
        + sample(1000, G1=4, G2=2, G3=1)
        + sample(2000, G1=4096 + 1, G3=2)  # with the scan bit; G2 is not shown
        + sample(3000, G1=1, G2=4, G3=2)
    )
    (found,) = life_cycles(read(text).capture)
    assert found.samples == 4
    assert dict(found.seen) == {4: 3, 1: 4, 2: 4}
    # G2 went from 2 to 4, but nobody saw it in between.
    assert sorted(found.changes) == [(1, 2, 2), (2, 1, 1), (4, 1, 1)]


def test_processes_are_kept_apart(read: Callable[..., Read]) -> None:
    text = sample(0, G1=4) + sample(1000, G1=4) + sample(0, G1=2) + sample(1000, G1=2)
    found = life_cycles(read(text).capture)
    assert [one.process for one in found] == [0, 1]
    assert [one.changes for one in found] == [(), ()]
