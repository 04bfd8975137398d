"""Signals for which a command has no use of its own, and those that come while goscope starts.

Behind a pipe Ctrl-C and Ctrl-\\ are for the program, and the dump that it may print is to be read. Until it
is known whether there is such a pipe, they wait; ``sources.live_stream.signals`` lets them through.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
from types import FrameType

_HELD = (
    (signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1) if sys.platform != "win32" else (signal.SIGINT,)
)


def is_pipe() -> bool:
    """Whether standard input is a pipe or a socket; a file is read as one."""
    if os.name != "posix":
        return False
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def exit_on_termination() -> None:
    """End like a program that was asked to: what is half done is taken back, the cursor comes back."""
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one
            signal.signal(number, _ended)


def _ended(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def block_signals() -> None:
    """Let signals wait until it is known for whom they are."""
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)


def unblock_signals() -> None:
    """There is no program in front of a pipe: signals are for goscope, those that wait too."""
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
