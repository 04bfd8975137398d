"""Signals that arrive while goscope starts.

Behind a pipe, Ctrl-C and Ctrl-\\ are meant for the program in front of it, whose dump goscope then reads.
They stay blocked until it is known whether standard input is a pipe;
:func:`goscope.sources.live.program_stream.signals` unblocks them.
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
    """Whether standard input is a pipe or a socket; a redirected file is not."""
    if os.name != "posix":
        return False
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def exit_on_termination() -> None:
    """Let SIGTERM and SIGHUP raise SystemExit: temporary files are removed, the cursor is restored."""
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one
            signal.signal(number, _ended)


def _ended(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def block_signals() -> None:
    """Block Ctrl-C, Ctrl-\\ and SIGUSR1 until it is known whether they are meant for goscope."""
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)


def unblock_signals() -> None:
    """Unblock the signals: no program runs in front of a pipe, so all are meant for goscope."""
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
