"""Which frame of a waiting goroutine tells the address of what it waits for.

A traceback prints the argument words of each call that is not inlined (``printArgs`` in
``runtime/traceback.go``). A ``?`` behind a word says that the register it came in may have been used
for something else since: such a word is no evidence. ``runtime_SemacquireMutex`` has the address of
the semaphore first, but always as a stale one; the method of ``sync`` below it has its receiver.

| waits in | frame | the word is |
| --- | --- | --- |
| Mutex | ``sync.(*Mutex).lockSlow``, 1.24+ ``internal/sync.(*Mutex).lockSlow`` | the Mutex |
| RWMutex, a writer | ``sync.(*RWMutex).Lock``; behind another writer the Mutex at its start | the RWMutex |
| RWMutex, a reader | ``sync.(*RWMutex).RLock`` is inlined: no word | see below |
| WaitGroup | ``sync.(*WaitGroup).Wait`` | the WaitGroup |
| Cond | ``sync.(*Cond).Wait`` | the Cond |
| channel, signal dumps only | ``runtime.chansend``, ``runtime.chanrecv`` | the channel |

Where no word tells, the stale address of the semaphore may: each lies at a fixed place in its lock
(``sync/rwmutex.go``, ``sync/mutex.go``). It counts only inside an object that a frame below was given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

# Frames of the runtime and of sync lie above the one that tells; each is two lines. The loop takes
# whole frames and never gives one back, so it is linear.
_WAITED_FOR = re.compile(
    rb"(?>(?:(?:runtime|sync|internal/sync)\.[^\n]*\n[\t ][^\n]*\n)*?"
    rb"(?:(?:internal/)?sync\.\(\*(?:Mutex|RWMutex|WaitGroup|Cond)\)\.[A-Za-z]+"
    rb"|runtime\.chan(?:send|recv))\(0x([0-9a-f]{1,15})[,)])"
)

#: Wait reasons in which a frame may tell an address.
TELLING = frozenset(
    {
        "semacquire",
        "sync.Mutex.Lock",
        "sync.RWMutex.Lock",
        "sync.WaitGroup.Wait",
        "sync.WaitGroup.Wait (durable)",
        "sync.Cond.Wait",
    }
)

#: These only where the frames of the runtime are printed: in signal dumps.
TELLING_IN_SIGNAL_DUMPS = frozenset({"chan send", "chan receive"})


def waited_for(frames: bytes) -> int | None:
    """The address of the lock, WaitGroup, Cond or channel; ``frames`` is a goroutine's text below its
    header. None if no certain word tells it."""
    found = _WAITED_FOR.match(frames)
    return None if found is None else int(found[1], 16)


_SEMAPHORES = {"sync.(*RWMutex).RLock": 12, "sync.(*RWMutex).Lock": 8}
_MUTEX_SEMAPHORE = 4


def semaphore_of(functions: Sequence[str]) -> tuple[int, int] | None:
    """The frame whose first word is a semaphore, and how far into its lock that lies, in bytes.

    ``functions`` are those of a goroutine that waits for a lock, innermost first.
    """
    for depth, (function, caller) in enumerate(pairwise(functions)):
        if function.startswith(("sync.runtime_Semacquire", "internal/sync.runtime_Semacquire")):
            if caller.startswith(("sync.(*Mutex).", "internal/sync.(*Mutex).")):
                return depth, _MUTEX_SEMAPHORE
            offset = _SEMAPHORES.get(caller)
            return None if offset is None else (depth, offset)
    return None
