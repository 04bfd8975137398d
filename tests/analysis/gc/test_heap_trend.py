"""Growth of the live heap, and what looks like it: programs whose heap is a formula."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

import goscope
from goscope.analysis.gc.cycles import collections_of
from goscope.analysis.gc.heap_trend import HeapTrend, trend_of, trend_of_few
from tests.rules.traces import cycle, heap


def trend(text: str) -> HeapTrend | None:
    (found,) = collections_of(goscope.read(text))
    return trend_of(found)


def steady(
    alive: Callable[[float], float],
    until: float = 600,
    *,
    noise: float = 0,
    pace: Callable[[float], float] = lambda _: 60.0,
) -> bool:
    chance = random.Random(7)
    found = trend(heap(lambda t: max(alive(t) + chance.gauss(0, noise), 0), until=until, pace=pace))
    return found is not None and found.steady()


LEAKS: dict[str, tuple[Callable[[float], float], float, float]] = {
    "10 MB a second": (lambda t: 10 * t, 60, 0),
    "a MB a minute for an hour": (lambda t: 50 + t / 60, 3600, 3),
    "a MB a minute behind an index of 500 MB": (
        lambda t: 500 * min(t / 20, 1) + t / 60,
        7200,
        5,
    ),
    "below a sawtooth": (lambda t: 100 + t / 20 + 3 * (t % 30), 1800, 0),
    "with load that comes and goes": (lambda t: 200 + t / 20 + 20 * math.sin(t / 300), 3600, 5),
    "after an hour without": (lambda t: 100 + max(t - 1000, 0) / 10, 3600, 2),
}
OTHERS: dict[str, tuple[Callable[[float], float], float, float]] = {
    "flat": (lambda _: 200, 3600, 20),
    "a cache that fills in half of the time": (lambda t: 500 * min(t / 60, 1), 120, 0),
    "a cache that slows down": (lambda t: 500 * (1 - math.exp(-t / 100)), 300, 0),
    "a cache that slows down, half full": (lambda t: 500 * (1 - math.exp(-t / 150)), 300, 0),
    "two batches": (lambda t: 50 + 2 * (t % 150), 300, 0),
    "a batch and a half": (lambda t: 50 + 2 * (t % 200), 300, 0),
    "many batches": (lambda t: 50 + 5 * (t % 30), 300, 0),
    "a quarter of a wave": (lambda t: 200 + 100 * math.sin(t / 3600 * math.pi / 2), 3600, 0),
    "a falling heap": (lambda t: 400 - t / 10, 3600, 2),
}


@pytest.mark.parametrize("name", LEAKS)
def test_growth_for_good(name: str) -> None:
    alive, until, noise = LEAKS[name]
    assert steady(alive, until, noise=noise)


@pytest.mark.parametrize("name", OTHERS)
def test_no_growth_for_good(name: str) -> None:
    alive, until, noise = OTHERS[name]
    assert not steady(alive, until, noise=noise)


def test_more_load_is_no_leak() -> None:
    """The heap grows as the program allocates: ten times the work, ten times what is alive."""
    assert not steady(lambda t: 10 + t, 300, pace=lambda t: 10 + t)
    assert steady(lambda t: 10 + t, 300, pace=lambda _: 60)


def test_a_leak_under_rising_load_is_one() -> None:
    """What is kept sums up, so it grows faster than the load does."""
    assert steady(lambda t: 10 + t * t / 200, 600, pace=lambda t: 20 + t / 5)


def test_a_loader_that_rests_is_no_leak() -> None:
    """It reads 400 MB within 10 s, and then allocates nothing; the log goes on for a minute."""
    text = heap(lambda t: 40 * t, until=10, pace=lambda _: 300)
    assert (found := trend(text)) is not None
    assert found.steady()
    end = "SCHED 60000ms: gomaxprocs=4 idleprocs=4 threads=7 spinningthreads=0 idlethreads=5 runqueue=0 [0 0 0 0]\n"
    assert (rested := trend(text + end)) is not None
    assert not rested.steady()


def test_the_line() -> None:
    found = trend(heap(lambda t: 20 + 3 * t, until=100))
    assert found is not None
    assert found.mb_per_s == pytest.approx(3, rel=0.05)
    assert found.r2 > 0.99
    assert found.grown_mb == pytest.approx(3 * found.seconds, rel=0.05)


def test_few_cycles_make_no_line() -> None:
    assert trend("".join(cycle(n, n, live=n * 10) for n in range(1, 10))) is None
    assert trend(cycle(1, 1.0)) is None


def few(*live_at: tuple[float, float], until: float = 0) -> bool:
    """Cycles at these seconds with so much alive, all of it kept; the log goes on until then."""
    text = "".join(
        cycle(n, at, live=live, goal=max(4.0, 2 * before))
        for n, ((at, live), (_, before)) in enumerate(
            zip(live_at, ((0, 0), *live_at), strict=False), 1
        )
    )
    if until:
        text += f"SCHED {until * 1000:.0f}ms: gomaxprocs=4 idleprocs=4 threads=7 spinningthreads=0 idlethreads=5 runqueue=0 [0 0 0 0]\n"
    (found,) = collections_of(goscope.read(text))
    line = trend_of_few(found)
    return line is not None and line.steady()


KEPT = tuple((t, 1.2 * t) for t in (3.0, 6.0, 12.0, 24.0, 48.0))


def test_five_cycles_of_a_program_that_keeps_everything() -> None:
    assert few(*KEPT)
    assert few(*KEPT, until=90)
    assert not few(*KEPT[:4])
    assert not few(*KEPT, until=120)  # the next one would have been after 96 s


def test_few_cycles_that_slow_down_are_a_cache_that_fills() -> None:
    assert not few(*KEPT[:4], (60.0, 1.2 * 42))


def test_ten_cycles_are_not_few() -> None:
    def found(count: int) -> bool:
        (of,) = collections_of(
            goscope.read("".join(cycle(n, n, live=n) for n in range(1, count + 1)))
        )
        return trend_of_few(of) is not None

    assert [found(count) for count in (4, 5, 9, 10)] == [False, True, True, False]


def test_cycles_at_one_moment_are_no_line() -> None:
    found = trend("".join(cycle(n, 1.0, live=n * 10) for n in range(1, 30)))
    assert found is None or not found.steady()
