"""P statuses and the numbers of M lines."""

from __future__ import annotations

from goscope.goruntime.go_versions import holds
from goscope.goruntime.processor_states import (
    DYING,
    PROCESSOR_STATES,
    THROWING,
    name_of_processor_status,
)


def test_names() -> None:
    names = [name_of_processor_status(n) for n in range(6)]
    assert names == ["idle", "running", "syscall", "gcstop", "dead", "???"]
    assert name_of_processor_status(-1) == "???"


def test_a_p_is_in_a_system_call_only_up_to_1_25() -> None:
    syscall = PROCESSOR_STATES[2]
    assert holds(syscall, (1, 25)) and not holds(syscall, (1, 26))


def test_levels_of_dying_threads() -> None:
    assert sorted(THROWING) == [0, 1, 2]
    assert sorted(DYING) == [0, 1, 2, 3]
