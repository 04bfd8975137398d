"""Goroutine states over the samples of scheddetail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

import goscope
from goscope.analysis.scheduler.goroutine_states import Transitions, transitions_of

REASON = {
    0: "",
    1: "chan receive",
    2: "chan receive",
    3: "",
    4: "chan receive",
    6: "",
    4100: "sleep",
}


def samples(*states: Mapping[int, int], times: Sequence[int] | None = None) -> str:
    """A sample a second (or at these ms), each a mapping from goroutine to status."""
    text = ""
    for number, goroutines in enumerate(states):
        t = 1000 * (number + 1) if times is None else times[number]
        text += (
            f"SCHED {t}ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 needspinning=0 "
            "idlethreads=1 runqueue=0 gcwaiting=false nmidlelocked=0 stopwait=0 sysmonwait=false\n"
        )
        text += "  P0: status=1 schedtick=9 syscalltick=2 m=nil runqsize=0 gfreecnt=0 timerslen=0\n"
        text += "".join(
            f"  G{g}: status={status}({REASON.get(status, '')}) m=nil lockedm=nil\n"
            for g, status in goroutines.items()
        )
    return text


def impossible(found: Transitions) -> int:
    """How many pairs of states no sequence of transitions explains."""
    return sum(step.count for step in found.steps if not step.possible)


def only(*states: Mapping[int, int], times: Sequence[int] | None = None) -> Transitions:
    (found,) = transitions_of(goscope.read(samples(*states, times=times)))
    return found


def test_a_step_is_counted_for_each_goroutine_that_makes_it() -> None:
    found = only({1: 2, 7: 4, 8: 4}, {1: 4, 7: 1, 8: 1}, {1: 4, 7: 2, 8: 4})
    assert {(s.before, s.after, s.count) for s in found.steps} == {
        ("waiting", "runnable", 2),
        ("runnable", "running", 1),
        ("runnable", "waiting", 1),
        ("running", "waiting", 1),
    }
    assert found.steps[0].count == 2
    assert all(step.direct and step.possible for step in found.steps if step.before != "runnable")
    assert (found.samples, found.goroutines, impossible(found)) == (3, 3, 0)


def test_a_goroutine_that_ended_between_samples_made_several_steps() -> None:
    (step,) = only({7: 4}, {7: 6}).steps
    assert (step.before, step.after, step.direct, step.possible) == ("waiting", "dead", False, True)


def test_what_nothing_explains_is_counted_apart() -> None:
    found = only({7: 2, 8: 2}, {7: 0, 8: 9999}, {7: 0, 8: 9999})
    assert impossible(found) == 2
    assert {(s.before, s.after) for s in found.steps} == {("running", "idle"), ("running", "???")}


def test_the_scan_bit_is_no_other_state() -> None:
    assert only({7: 4}, {7: 4100}, {7: 4}).steps == ()


def test_time_counts_from_a_sample_to_the_next() -> None:
    found = only({7: 2}, {7: 4}, {7: 4}, times=(1000, 1250, 2250))
    assert dict(found.shares) == pytest.approx({"running": 0.2, "waiting": 0.8})


def test_dead_goroutines_take_no_time() -> None:
    assert dict(only({7: 4, 9: 6}, {7: 4, 9: 6}).shares) == {"waiting": 1.0}


def test_the_most_active_come_first_and_those_that_only_wait_not_at_all() -> None:
    found = only({5: 4, 7: 1, 8: 2}, {5: 4, 7: 1, 8: 4}, {5: 4, 7: 1, 8: 4})
    assert [a.goroutine for a in found.active] == [7, 8]
    assert found.active[0].share("runnable") == 1.0
    assert found.active[1].share("waiting") == 0.5
    assert found.active[1].ms == 2000


def test_a_goroutine_that_a_sample_does_not_show_made_no_step_over_it() -> None:
    assert only({7: 2, 1: 4}, {1: 4}, {7: 4, 1: 4}).steps == ()


def test_processes_are_apart_and_one_sample_shows_no_step() -> None:
    first = samples({7: 2}, {7: 4})
    found = transitions_of(goscope.read(first + samples({7: 4}, {7: 1}, times=(0, 100))))
    assert [t.process for t in found] == [0, 1]
    assert [[(s.before, s.after) for s in t.steps] for t in found] == [
        [("running", "waiting")],
        [("waiting", "runnable")],
    ]
    assert transitions_of(goscope.read(samples({7: 2}))) == ()
    assert transitions_of(goscope.read("SCHED 0ms: gomaxprocs=1\n")) == ()


@pytest.mark.holding(rb"^  G\d+: (?:.*\n)*?SCHED \d(?:.*\n)*?  G\d+: ")
def test_no_real_program_shows_an_impossible_step(real_capture: bytes) -> None:
    transitions = transitions_of(goscope.read(real_capture))
    assert transitions
    for found in transitions:
        assert impossible(found) == 0
        assert sum(share for _, share in found.shares) == pytest.approx(1.0)
