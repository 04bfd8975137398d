"""The frame that tells what a goroutine waits for."""

from __future__ import annotations

import time

import pytest

from goscope.goruntime.lock_frames import TELLING, TELLING_IN_SIGNAL_DUMPS, waited_for
from goscope.goruntime.wait_reasons import reason

SEMA = (
    b"sync.runtime_SemacquireMutex(0xc000aaaaaa?, 0x0?, 0x0?)\n\t/go/src/runtime/sema.go:95 +0x25\n"
)
USER = b"main.(*cache).get(0xc000018000)\n\t/app/main.go:20 +0x31\n"


@pytest.mark.parametrize(
    ("frames", "address"),
    [
        (SEMA + b"sync.(*Mutex).lockSlow(0xc000018008)\n\t/m.go:171 +0x1\n" + USER, 0xC000018008),
        (
            SEMA.replace(b"sync.", b"internal/sync.", 1)
            + b"internal/sync.(*Mutex).lockSlow(0x33cc57a52018)\n\t/m.go:149 +0x15a\n",
            0x33CC57A52018,
        ),
        (b"sync.(*RWMutex).Lock(0xc000018010)\n\t/m.go:1 +0x1\n", 0xC000018010),
        (b"sync.(*WaitGroup).Wait(0xc000018020)\n\t/m.go:1 +0x1\n", 0xC000018020),
        (b"sync.(*Cond).Wait(0xc000018030)\n\t/m.go:1 +0x1\n", 0xC000018030),
        (
            b"runtime.gopark(0x0?, 0x0?)\n\t/p.go:1 +0x1\nruntime.chansend(0xc0000240e0, 0xc0, 0x1, 0x0?)\n\t/c.go:1",
            0xC0000240E0,
        ),
    ],
    ids=["mutex", "mutex since 1.24", "writer", "group", "cond", "channel of a signal dump"],
)
def test_the_receiver_of_the_frame(frames: bytes, address: int) -> None:
    assert waited_for(frames) == address


@pytest.mark.parametrize(
    "frames",
    [
        b"",
        SEMA,  # its word is stale
        b"sync.(*Cond).Wait(0xc000018030?)\n\t/m.go:1 +0x1\n",
        SEMA + b"sync.(*RWMutex).RLock(...)\n\t/m.go:74\n" + USER,
        USER
        + b"sync.(*Mutex).lockSlow(0xc000018008)\n\t/m.go:1 +0x1\n",  # not what it waits for now
        b"sync.(*Mutex).lockSlow(0x" + b"f" * 40 + b")\n\t/m.go:1 +0x1\n",
        b"example.com/sync.(*Mutex).lockSlow(0xc000018008)\n\t/m.go:1 +0x1\n",
    ],
)
def test_no_certain_word(frames: bytes) -> None:
    assert waited_for(frames) is None


def test_it_takes_linear_time() -> None:
    started = time.perf_counter()
    assert waited_for(b"sync.x(0x1)\n\t/m.go:1\n" * 100_000) is None
    assert waited_for(b"sync.(*Mutex).lockSlow(0x1" * 100_000) is None
    assert time.perf_counter() - started < 2


def test_the_reasons_are_those_of_go() -> None:
    assert all(reason(text) is not None for text in TELLING | TELLING_IN_SIGNAL_DUMPS)
