"""P statuses, by version."""

from __future__ import annotations

from goscope.goruntime.go_versions import holds
from goscope.goruntime.processor_states import PROCESSOR_STATES


def test_a_p_is_in_a_system_call_only_up_to_1_25() -> None:
    syscall = PROCESSOR_STATES[2]
    assert holds(syscall, (1, 25)) and not holds(syscall, (1, 26))
