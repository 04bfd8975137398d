"""What the collector cost, on texts whose sums a reader can check, and on real captures."""

from __future__ import annotations

from pathlib import Path

import pytest

import goscope
from goscope.analysis.gc.cycles import Collecting, Thrash, collections_of, episodes, thrash_episodes
from tests.conftest import CAPTURES
from tests.rules import traces
from tests.rules.traces import cycle, every


def only(*texts: str | Path) -> Collecting:
    (found,) = collections_of(goscope.read(*texts))
    return found


# ---- costs ----------------------------------------------------------------------------------------


def test_shares_are_of_all_ps_and_of_the_time_after_the_first_second() -> None:
    """A cycle of 40.062 ms each 100 ms on 4 Ps is 10 %; a fourth of it are assists."""
    load = only(every(0.1, 10, assist=10, background=30, idle=500, mark=50)).whole()
    assert load.cpu_share == pytest.approx(0.1, abs=0.002)
    assert load.assist_share == pytest.approx(0.025, abs=0.001)
    assert load.marking_share == pytest.approx(0.5, abs=0.01)
    assert (load.start_s, load.cycles) == (1.0, 91)


def test_a_busy_start_is_no_load() -> None:
    """Twenty cycles of 39 % within the first second, and then quiet: what any program does."""
    start = every(0.02, 0.4, background=31, mark=19)
    load = only(start + "".join(cycle(n, n - 18.0) for n in range(21, 31))).whole()
    assert load.cpu_share < 0.01


def test_cycles_that_were_asked_for_do_not_count() -> None:
    asked = only(every(0.1, 10, background=300, mark=90, more=" (forced)"))
    assert (asked.whole().cpu_share, asked.whole().cycles) == (0.0, 0)
    assert asked.forced.all()
    checks = only(every(0.1, 10, background=300, kind=" (checking for goroutine leaks)"))
    assert checks.whole().cpu_share == 0.0
    assert not checks.forced.any()


def test_a_log_without_its_beginning_is_judged_from_its_first_line() -> None:
    later = "".join(cycle(900 + n, 3000 + n) for n in range(10))
    assert only(later).judged_from_s == pytest.approx(3000, abs=0.01)
    assert only(cycle(1, 5.0)).judged_from_s == 1.0


@pytest.mark.parametrize("count", [2, 3, 5, 20])
def test_an_excerpt_shows_the_share_of_the_whole(count: int) -> None:
    """Lines that are cut out of a steady log: as many intervals as cycles are counted."""
    lines = every(0.1, 10, assist=10, background=30).splitlines(keepends=True)
    excerpt = only("".join(lines[40 : 40 + count]))
    assert excerpt.whole().cpu_share == pytest.approx(0.1, rel=0.02)
    assert excerpt.whole().cycles == count - 1


def test_a_cycle_that_takes_long_is_spread_over_its_time() -> None:
    """8 s of marking from 2 s on: half of it lies before 6 s."""
    c = only(cycle(1, 2.0, background=16000, mark=8000) + cycle(2, 12.0))
    assert c.load(2, 6).cpu_share == pytest.approx(0.5, abs=0.01)
    assert c.load(6, 10).cpu_share == pytest.approx(0.5, abs=0.01)
    assert c.load(10.1, 11).cpu_share == pytest.approx(0, abs=0.001)


def test_the_time_that_was_seen_goes_to_the_last_sched_line() -> None:
    text = cycle(1, 2.0) + traces.sched([5] * 30)
    assert only(text).until_s == 30.0


def test_the_five_phases_of_go_1_5_count() -> None:
    line = (
        "gc {n} @{t}.000s 3%: 0.04+100+0.25+300+0.21 ms clock, 0.08+100+0.25+50/150/20+0.43 ms cpu, "
        "4->5->3 MB, 5 MB goal, 4 P\n"
    )
    c = only("".join(line.format(n=n, t=n) for n in range(1, 12)))
    assert c.cpu_s[0] == pytest.approx(0.30076 / 4)  # of each P
    assert c.wall_s[0] == pytest.approx(0.4005)


def test_processes_are_told_apart() -> None:
    first, second = collections_of(goscope.read(every(1, 5) + every(1, 3)))
    assert (len(first.t_s), len(second.t_s)) == (5, 3)
    assert collections_of(goscope.read(traces.sched([5]))) == ()


# ---- stretches ------------------------------------------------------------------------------------


def busy_between(start: float, end: float, until: float) -> str:
    lines: list[str] = []
    now = 0.5
    while now < until:
        inside = start <= now < end
        lines.append(
            cycle(
                len(lines) + 1,
                now,
                live=56,
                goal=60,
                background=36 if inside else 0.5,
                mark=38 if inside else 1,
            )
        )
        now += 0.04 if inside else 0.5
    return "".join(lines)


def test_thrash_at_the_end_speaks_for_the_run() -> None:
    (episode,) = thrash_episodes(only(busy_between(40, 60, 60)), Thrash())
    assert episode.lasts
    assert episode.load.start_s == pytest.approx(40, abs=2)


def test_thrash_in_between_does_not() -> None:
    (episode,) = thrash_episodes(only(busy_between(20, 30, 60)), Thrash())
    assert not episode.lasts
    assert episode.load.start_s == pytest.approx(20, abs=2)
    assert episode.load.end_s == pytest.approx(30, abs=2)


def test_a_burst_is_no_spell() -> None:
    assert thrash_episodes(only(busy_between(20, 23, 60)), Thrash()) == []


def test_a_short_run_is_not_judged() -> None:
    """A compiler: a share of 20 % and more in every second of its two."""
    assert thrash_episodes(only(busy_between(0, 3, 3)), Thrash()) == []


def test_no_spell_without_cycles_that_count() -> None:
    c = only(every(0.1, 10, background=300, more=" (forced)"))
    assert episodes(c, 0.1, lambda load: load.cpu_share > 0) == []
    assert only(cycle(1, 0.2)).stretches(0.1) == []


@pytest.mark.parametrize("gogc", [5, 10, 20, 33])
def test_little_room_is_thrash(gogc: int) -> None:
    goal = 60 * (1 + gogc / 100)
    c = only(every(0.05, 10, live=60, goal=goal, background=36, assist=4, mark=45))
    assert [episode.lasts for episode in thrash_episodes(c, Thrash())] == [True]


@pytest.mark.parametrize("gogc", [50, 100, 400])
def test_room_enough_is_none(gogc: int) -> None:
    goal = 60 * (1 + gogc / 100)
    c = only(every(0.05, 10, live=60, goal=goal, background=36, assist=4, mark=45))
    assert thrash_episodes(c, Thrash()) == []


def test_more_ps_than_cores_do_not_hide_it() -> None:
    """GOMAXPROCS=64 on two cores: the collector cannot take 25 % of what is not there."""
    tight = only(every(0.08, 10, live=57, goal=60, background=250, mark=70, procs=64))
    assert tight.whole().cpu_share < 0.06
    assert [episode.lasts for episode in thrash_episodes(tight, Thrash())] == [True]
    roomy = only(every(0.08, 10, live=57, goal=120, background=250, mark=70, procs=64))
    assert thrash_episodes(roomy, Thrash()) == []


def test_a_small_heap_is_not_short_of_room_by_rounding() -> None:
    """At GOGC=100 sizes of 2.9 and 4.2 MB read 2 and 4."""
    c = only(every(0.05, 10, live=2, goal=4, background=50, mark=40))
    assert c.whole().headroom > Thrash().most_headroom


@pytest.mark.parametrize("procs", [1, 4, 64])
def test_many_cheap_cycles_are_no_thrash(procs: int) -> None:
    """Thirty a second at 3 % of the CPU, with a goal next to the live heap."""
    c = only(every(1 / 30, 10, live=57, goal=60, background=procs, mark=4, procs=procs))
    assert c.whole().cpu_share == pytest.approx(0.03, abs=0.01)
    assert thrash_episodes(c, Thrash()) == []


# ---- real captures --------------------------------------------------------------------------------


@pytest.mark.parametrize("run", sorted(CAPTURES.glob("*/gc_thrash")), ids=lambda p: p.parts[-2])
def test_the_share_agrees_with_what_the_runtime_sums_up(run: Path) -> None:
    """Over the whole run the runtime's own percentage is the same sum: a check of the arithmetic."""
    c = only(*run.glob("stderr.log*"))
    capture = goscope.read(*run.glob("stderr.log*"))
    printed = float(capture.table("gc")["cpu_percent"][-1])
    end = float(c.t_s[-1] + c.wall_s[-1])
    assert 100 * c.load(0, end).cpu_share == pytest.approx(printed, abs=2)
