"""Wait reasons told by stacks; that they are those of real dumps is tested in tests/formats."""

from __future__ import annotations

import pytest

from goscope.goruntime.parked_frames import (
    CHANNEL_OPERATION,
    reason_of_stack,
    reason_of_visible,
)
from goscope.goruntime.wait_reasons import reason

PARKED = {
    "runtime.chansend runtime.chansend1 main.f": "chan send",
    "runtime.chanrecv runtime.chanrecv2 main.f": "chan receive",
    "runtime.selectgo main.f": "select",
    "runtime.block main.f": "select (no cases)",
    "runtime.netpollblock internal/poll.runtime_pollWait internal/poll.(*pollDesc).wait": "IO wait",
    "time.Sleep main.f": "sleep",
    "runtime.goparkunlock runtime.semacquire1 sync.runtime_SemacquireMutex sync.(*Mutex).lockSlow": "sync.Mutex.Lock",
    "runtime.goparkunlock runtime.semacquire1 internal/sync.runtime_SemacquireMutex internal/sync.(*Mutex).lockSlow": "sync.Mutex.Lock",
    "runtime.goparkunlock runtime.semacquire1 sync.runtime_SemacquireMutex sync.(*RWMutex).Lock": "sync.RWMutex.Lock",
    "runtime.goparkunlock runtime.semacquire1 sync.runtime_SemacquireRWMutexR sync.(*RWMutex).RLock": "sync.RWMutex.RLock",
    "runtime.goparkunlock runtime.semacquire1 sync.runtime_Semacquire sync.(*WaitGroup).Wait": "sync.WaitGroup.Wait",
    "runtime.goparkunlock runtime.semacquire1 sync.runtime_SemacquireWaitGroup sync.(*WaitGroup).Wait": "sync.WaitGroup.Wait",
    "runtime.goparkunlock runtime.semacquire1 sync.runtime_Semacquire other.f": "semacquire",
    "runtime.goparkunlock sync.runtime_notifyListWait sync.(*Cond).Wait": "sync.Cond.Wait",
    "main.f": None,
    "": None,
}  # fmt: skip


@pytest.mark.parametrize("stack", PARKED)
def test_whole_stacks(stack: str) -> None:
    assert reason_of_stack(["runtime.gopark", *stack.split()]) == PARKED[stack]
    assert reason_of_stack(stack.split()) is None  # it runs, or is in a system call
    assert PARKED[stack] is None or reason(str(PARKED[stack])) is not None  # a word of Go's own


@pytest.mark.parametrize(
    "stack", [s for s in PARKED if "sync." in s or "poll" in s or "Sleep" in s]
)
def test_stacks_without_the_frames_of_the_runtime(stack: str) -> None:
    visible = [f for f in stack.split() if not f.startswith("runtime.")]
    assert reason_of_visible(visible, 2, None) == PARKED[stack]


def test_hidden_frames_are_counted_only_below_gopark() -> None:
    assert reason_of_visible(["main.f"], 3, True) == CHANNEL_OPERATION
    assert reason_of_visible(["main.f"], 2, True) == "select"
    assert reason_of_visible(["main.f"], 5, True) is None  # a GC assist
    assert reason_of_visible(["main.f"], 2, False) is None  # asynchronously preempted
    assert reason_of_visible(["main.f"], 3, None) is None
    assert reason_of_visible([], 3, True) == CHANNEL_OPERATION
