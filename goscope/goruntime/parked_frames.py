"""Why a goroutine waits, told by the functions on top of its stack.

A goroutine profile has no wait reasons. As protobuf it shows all frames: what called
``runtime.gopark`` is the reason. As text (debug=1) ``printStackRecord`` hides the runtime's frames
at the top, but not those of ``sync``, ``time`` and ``internal/poll``, and it still lists their
addresses, so that a channel operation (gopark, chansend, chansend1) can be told from a select
(gopark, selectgo). From runtime/chan.go, select.go, sema.go, netpoll.go, time.go; Go 1.5 to 1.27.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .function_names import is_runtime

PARK = "runtime.gopark"
#: What the text form cannot tell apart: both are two calls below the program's own frame.
CHANNEL_OPERATION = "chan send or receive"

# The first function below gopark that says it. A lock is told by what the library calls the runtime for.
_REASONS = {
    "runtime.chansend": "chan send",
    "runtime.chansend1": "chan send",
    "runtime.chanrecv": "chan receive",
    "runtime.chanrecv1": "chan receive",
    "runtime.chanrecv2": "chan receive",
    "runtime.selectgo": "select",
    "runtime.block": "select (no cases)",
    "runtime.netpollblock": "IO wait",
    "internal/poll.runtime_pollWait": "IO wait",
    "time.Sleep": "sleep",
    "runtime.gcParkAssist": "GC assist wait",
    "runtime.gcWaitOnMark": "wait for GC cycle",
    "sync.runtime_notifyListWait": "sync.Cond.Wait",
    "sync.runtime_SemacquireWaitGroup": "sync.WaitGroup.Wait",
    "sync.runtime_SemacquireRWMutexR": "sync.RWMutex.RLock",
    "sync.runtime_SemacquireRWMutex": "sync.RWMutex.Lock",
    "internal/poll.runtime_Semacquire": "semacquire",
}
# Up to 1.19 the RWMutex and up to 1.23 the WaitGroup share these with others.
_SHARED = frozenset(
    {
        "sync.runtime_Semacquire",
        "sync.runtime_SemacquireMutex",
        "internal/sync.runtime_SemacquireMutex",
    }
)
_CALLERS = {
    "sync.(*WaitGroup).Wait": "sync.WaitGroup.Wait",
    "sync.(*RWMutex).RLock": "sync.RWMutex.RLock",
    "sync.(*RWMutex).Lock": "sync.RWMutex.Lock",
    "sync.(*Mutex).Lock": "sync.Mutex.Lock",
    "sync.(*Mutex).lockSlow": "sync.Mutex.Lock",
    "internal/sync.(*Mutex).Lock": "sync.Mutex.Lock",
    "internal/sync.(*Mutex).lockSlow": "sync.Mutex.Lock",
}
# Frames that the text form hides between the program's own and gopark, itself included.
_HIDDEN_IN_CHANNEL_OPERATION = 3
_HIDDEN_IN_SELECT = 2


def reason_of_stack(functions: Sequence[str]) -> str | None:
    """The wait reason of a goroutine whose stack begins with ``runtime.gopark``; else None."""
    if not functions or functions[0] != PARK:
        return None
    return _reason(functions[1:])


def reason_of_visible(functions: Sequence[str], hidden: int, parked: bool | None) -> str | None:
    """The wait reason of a stack without the runtime's frames at its top.

    ``hidden`` is how many frames are missing there; ``parked`` says whether the first of them is
    ``runtime.gopark``, None if that is not known.
    """
    if functions and (functions[0] in _REASONS or functions[0] in _SHARED):
        return _reason(functions)
    if not parked:
        return None
    if hidden == _HIDDEN_IN_CHANNEL_OPERATION:
        return CHANNEL_OPERATION
    return "select" if hidden == _HIDDEN_IN_SELECT else None


def shows_park(function: str) -> bool:
    """Whether a goroutine with this function on top, as text, is certainly parked."""
    return function in _REASONS or function in _SHARED


def _reason(functions: Iterable[str]) -> str | None:
    shared = False
    for function in functions:
        if shared:
            return _CALLERS.get(function, "semacquire")
        if function in _REASONS:
            return _REASONS[function]
        if function in _SHARED:
            shared = True
        elif not is_runtime(function):
            return None
    return "semacquire" if shared else None
