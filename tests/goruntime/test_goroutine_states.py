"""G statuses as runtime2.go numbers them, and only the transitions that the runtime makes."""

from __future__ import annotations

import pytest

from goscope.goruntime.go_versions import NEWEST, OLDEST, holds
from goscope.goruntime.goroutine_states import (
    COPYSTACK,
    DEAD,
    DEADEXTRA,
    ENQUEUE,
    IDLE,
    LEAKED,
    MORIBUND,
    PREEMPTED,
    RUNNABLE,
    RUNNING,
    SCAN,
    STATES,
    SYSCALL,
    TRANSITIONS,
    WAITING,
    is_reachable_between_samples,
    is_transition,
    name_of_status,
    state,
    status_of_header,
)


def test_numbers_are_those_of_the_runtime() -> None:
    assert [s.number for s in STATES] == list(range(12))
    assert (RUNNING, WAITING, DEAD, COPYSTACK, LEAKED, DEADEXTRA) == (2, 4, 6, 8, 10, 11)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0, "idle"),
        (4, "waiting"),
        (5, "moribund"),
        (11, "deadextra"),
        (4097, "runnable (scan)"),
        (4106, "leaked (scan)"),
        (12, "???"),
        (-1, "???"),
        (0x2004, "???"),
    ],
)
def test_name_of_status(status: int, name: str) -> None:
    assert name_of_status(status) == name


def test_header_words_lead_back_to_the_status() -> None:
    assert status_of_header("running") == RUNNING
    assert status_of_header("waiting for cgo callback") == DEADEXTRA
    assert status_of_header("chan receive") is None
    assert status_of_header("???") is None


@pytest.mark.parametrize(("number", "since"), [(9, (1, 14)), (10, (1, 26)), (11, (1, 26))])
def test_young_states(number: int, since: tuple[int, int]) -> None:
    found = state(number)
    assert found is not None and found.since == since


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DEAD, RUNNABLE),  # the go statement, also with a reused G
        (RUNNABLE, RUNNING),
        (RUNNING, WAITING),
        (WAITING, RUNNABLE),
        (WAITING, RUNNING),  # coroutines, and code of the runtime that only poses as waiting
        (RUNNING, SYSCALL),
        (SYSCALL, RUNNING),
        (SYSCALL, RUNNABLE),
        (RUNNING, RUNNABLE),
        (RUNNING, DEAD),
        (RUNNING, COPYSTACK),
        (COPYSTACK, RUNNING),
        (RUNNING, PREEMPTED),
        (PREEMPTED, WAITING),
        (WAITING, LEAKED),
        (LEAKED, WAITING),
        (DEADEXTRA, SYSCALL),
        (WAITING, WAITING | SCAN),
        (WAITING | SCAN, WAITING),
        (RUNNING, PREEMPTED | SCAN),
        (PREEMPTED | SCAN, PREEMPTED),
    ],
)
def test_legal_transitions(before: int, after: int) -> None:
    assert is_transition(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (WAITING, DEAD),  # a goroutine must run to exit
        (RUNNABLE, DEAD),
        (RUNNABLE, SYSCALL),
        (WAITING, SYSCALL),
        (PREEMPTED, RUNNING),
        (PREEMPTED, RUNNABLE),
        (LEAKED, RUNNABLE),
        (RUNNING, LEAKED),
        (COPYSTACK, WAITING),
        (DEAD, RUNNING),
        (DEAD, IDLE),
        (RUNNING, RUNNING),
        (DEAD, DEAD | SCAN),
        (PREEMPTED, PREEMPTED | SCAN),
        (WAITING | SCAN, RUNNABLE),
        (RUNNING, WAITING | SCAN),
        (WAITING | SCAN, WAITING | SCAN),
        (99, 1),
    ],
)
def test_illegal_transitions(before: int, after: int) -> None:
    assert not is_transition(before, after)


def test_transitions_stay_within_the_life_of_their_states() -> None:
    for transition in TRANSITIONS:
        assert transition.made_by
        for number in (transition.before, transition.after):
            found = state(number)
            assert found is not None
            assert holds(found, transition.since)
            assert holds(found, transition.until or NEWEST)


def test_a_call_from_c_changes_states_with_1_26() -> None:
    into = {t.before: (t.since, t.until) for t in TRANSITIONS if t.made_by == ("needm",)}
    assert into == {DEAD: (OLDEST, (1, 25)), DEADEXTRA: ((1, 26), None)}


def test_samples_some_time_apart() -> None:
    assert is_reachable_between_samples(WAITING, DEAD)
    assert is_reachable_between_samples(DEAD, WAITING)  # the G was reused
    assert is_reachable_between_samples(LEAKED, RUNNING)
    assert is_reachable_between_samples(WAITING | SCAN, WAITING)
    assert is_reachable_between_samples(IDLE, RUNNING)
    assert not is_reachable_between_samples(RUNNING, IDLE)
    assert not is_reachable_between_samples(WAITING, MORIBUND)
    assert not is_reachable_between_samples(ENQUEUE, WAITING)
    assert not is_reachable_between_samples(12, 12)


def test_all_states_in_use_reach_each_other() -> None:
    used = [s.number for s in STATES if s.number not in (IDLE, MORIBUND, ENQUEUE)]
    assert all(is_reachable_between_samples(a, b) for a in used for b in used)
