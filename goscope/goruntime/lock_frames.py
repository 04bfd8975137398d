"""Which frame of a waiting goroutine tells the address of what it waits for.

A traceback prints the argument words of each call that is not inlined (``printArgs`` in
``runtime/traceback.go``). A ``?`` behind a word says that the register it came in may have been used
for something else since: such a word is no evidence. ``runtime_SemacquireMutex`` has the address of
the semaphore first, but always as a stale one; the method of ``sync`` below it has its receiver.

| waits in | frame | the word is |
| --- | --- | --- |
| Mutex | ``sync.(*Mutex).lockSlow``, 1.24+ ``internal/sync.(*Mutex).lockSlow`` | the Mutex |
| RWMutex, a writer | ``sync.(*RWMutex).Lock``; behind another writer the Mutex at its start | the RWMutex |
| RWMutex, a reader | ``sync.(*RWMutex).RLock`` is inlined: no word | unknown |
| WaitGroup | ``sync.(*WaitGroup).Wait`` | the WaitGroup |
| Cond | ``sync.(*Cond).Wait`` | the Cond |
| channel, signal dumps only | ``runtime.chansend``, ``runtime.chanrecv`` | the channel |
"""

from __future__ import annotations

import re

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
