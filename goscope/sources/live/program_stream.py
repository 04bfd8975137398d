"""Reads a program's output as it arrives and passes the application's lines on at once.

No byte is held back for longer than :data:`HOLD`. Signals and the Enter key wake the reader: one requests the
verdict so far, another ends the stream before the program does.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from types import FrameType
from typing import Protocol

#: The longest time, in seconds, that a byte of the application is held back.
HOLD = 0.1
#: How long a stream is listened to after the program has ended: its children may keep it open.
LINGER = 0.5
_CHUNK = 1 << 16


class OutputSieve(Protocol):
    """What :class:`goscope.framing.passthrough.Sieve` does."""

    def feed(self, data: bytes) -> bytes: ...
    def rest(self) -> bytes: ...
    def end(self) -> bytes: ...


class StreamRequest(Enum):
    """What a signal requests from the reader."""

    VERDICT = "the verdict so far"
    END = "the verdict, and no more reading"
    NOTHING = "nothing: it is for the program"


class LiveStream:
    """Reads a stream until its end; use :func:`signals` around it."""

    def __init__(
        self,
        descriptor: int,
        sieve: OutputSieve,
        pass_on: Callable[[bytes], None],
        *,
        asked: Callable[[], None] = lambda: None,
        ended: Callable[[], bool] = lambda: False,
        pressed: Callable[[], bool] = lambda: False,
    ):
        self._descriptor = descriptor
        self._sieve = sieve
        self._pass_on = pass_on
        self._asked = asked
        self._ended = ended
        self._pressed = pressed
        self._looked = time.monotonic()
        self._wake, self._woken = os.pipe()
        self._over = False

    def wish(self, wish: StreamRequest) -> None:
        """Pass a request from a signal handler to the reader, which wakes up at once."""
        if wish is not StreamRequest.NOTHING:
            os.write(self._woken, b"v" if wish is StreamRequest.VERDICT else b"e")

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they arrive; the lines of the application among them have been passed on before."""
        try:
            while not self._over:
                yield from self._next()
            self._pass_on(self._sieve.end())
        finally:
            os.close(self._wake)
            os.close(self._woken)

    def _next(self) -> Iterator[bytes]:
        ready, _, _ = select.select([self._descriptor, self._wake], [], [], HOLD)
        if not ready:
            self._pass_on(self._sieve.rest())
            if self._ended():
                ready, _, _ = select.select([self._descriptor], [], [], LINGER)
                self._over = not ready
        if self._wake in ready:
            wishes = os.read(self._wake, _CHUNK)
            self._over = self._over or b"e" in wishes
            if b"v" in wishes:
                self._asked()
        if (now := time.monotonic()) - self._looked >= HOLD:
            self._looked = now
            if self._pressed():
                self._asked()
        if self._descriptor in ready and not self._over:
            data = os.read(self._descriptor, _CHUNK)
            if data:
                self._pass_on(self._sieve.feed(data))
                yield data
            else:
                self._over = True


@contextmanager
def signals(
    stream: LiveStream,
    wishes: Mapping[signal.Signals, Sequence[StreamRequest]],
    hand_on: Callable[[signal.Signals], None] = lambda number: None,
) -> Iterator[None]:
    """Within the ``with`` statement these signals become requests to the stream, and are unblocked.

    ``wishes`` has the requests of each signal: one for each time it arrives, the last one for all later
    times. ``hand_on`` is called with every signal.
    """

    def handler(turns: Sequence[StreamRequest]) -> Callable[[int, FrameType | None], None]:
        left = iter(turns[:-1])

        def handle(number: int, frame: FrameType | None) -> None:
            stream.wish(next(left, turns[-1]))
            hand_on(signal.Signals(number))

        return handle

    before = {number: signal.signal(number, handler(turns)) for number, turns in wishes.items()}
    if os.name == "posix":  # those that came while goscope started had to wait
        signal.pthread_sigmask(signal.SIG_UNBLOCK, wishes)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
