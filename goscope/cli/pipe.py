"""``./app 2>&1 | goscope``: the program's lines go on at once, the verdict comes at the end."""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from goscope.cli.diagnosis_options import DiagnosisOptions, Format
from goscope.cli.durations import seconds
from goscope.cli.messages import complain, drop_output, say, unwritable_to
from goscope.cli.waiting_notice import STDIN, WaitingNotice
from goscope.errors import InputError

if TYPE_CHECKING:
    from goscope.reading.limits import Limits
    from goscope.reading.live import Following

#: A disk that is full, a file that may not grow, a user who has had enough.
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


def limits(window: str) -> Limits:
    """What of a stream stays in memory.

    Raises:
        UsageError: the window is no duration.
    """
    from goscope.reading.limits import Limits

    return Limits(seconds(window, "--window"))


def follow(judge: DiagnosisOptions, *, keep: bool, window: str) -> None:
    """Read standard input to its end, pass on what the program wrote, and judge.

    With JSON or another report on standard output, the program's lines go to standard error. Ctrl-C is
    for the program, a second one ends reading; SIGTERM and SIGHUP do so at once.
    """
    from goscope.reading.live import Following
    from goscope.sources.live.enter_key import EnterKey
    from goscope.sources.live.live_stream import Wish, signals

    aside = judge.output_format is not Format.TEXT
    out = Output(2 if aside else 1)
    enter = EnterKey()
    notice = WaitingNotice()

    def asked() -> None:
        tell_so_far(judge, following)

    following = Following(
        "stdin",
        sys.stdin.fileno(),
        out.write,
        keep=keep,
        limits=limits(window),
        asked=asked,
        pressed=enter.pressed,
        begun=notice.end,
        ended=lambda: out.gone,
    )
    out.on_gone = lambda: following.stream.wish(Wish.END)
    wishes = {
        signal.SIGINT: [Wish.NOTHING, Wish.END],
        signal.SIGQUIT: [Wish.NOTHING],
        signal.SIGTERM: [Wish.END],
        signal.SIGHUP: [Wish.END],
        signal.SIGUSR1: [Wish.VERDICT],
    }
    with signals(following.stream, wishes):
        if not judge.quiet:
            notice.start("stdin", STDIN)
        failed = following.read()
    enter.close()
    if out.gone and not aside:
        drop_output()
        judge.leave(following.capture())
        return
    for error in failed:
        complain(error)
    out.end_line()
    judge.finish(following.capture(), [*failed, *out.failures])


def tell_so_far(judge: DiagnosisOptions, following: Following) -> None:
    """Print the verdict on what was read so far, beside the program's lines."""
    capture = following.capture()
    if capture.recognised:
        say(judge.summary(judge.diagnosis(capture), aside=True))
    else:
        say("goscope: nothing of the Go runtime so far\n")


class Output:
    """A descriptor that the program's lines go to, until its reader goes away.

    Where a disk is full they are lost, as they would be without goscope; the program is not to end of it.
    """

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._name = "standard output" if descriptor == 1 else "standard error"
        self.failures: list[InputError] = []
        self._last = b"\n"
        self.gone = False
        self.on_gone: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> None:
        """Write all of it; if nobody reads it any more, nothing."""
        if not data or self.gone:
            return
        self._last = data[-1:]
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:  # somebody made it so; it is shared with others
                select.select([], [self._descriptor], [])
            except OSError as error:
                if error.errno not in _FULL:
                    self.gone = True
                    self.on_gone()
                elif not self.failures:
                    self.failures.append(unwritable_to(self._name, error))
                    complain(self.failures[0])
                return

    def end_line(self) -> None:
        """End a line of the program that has no end, so that the verdict starts on one of its own."""
        if self._last != b"\n":
            with suppress(OSError):
                os.write(self._descriptor, b"\n")
