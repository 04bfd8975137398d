"""A line on standard error while an input gives nothing: a FIFO without a writer, an idle pipe."""

from __future__ import annotations

import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from goscope.cli.messages import print_note

STDIN = 0
_AFTER = 2.0  # seconds; a program in front of a pipe may take one to start


class WaitingNotice:
    """Prints once which input goscope waits for, unless its first byte arrives within two seconds.

    It uses SIGALRM: opening a FIFO blocks, and with a second thread goscope could not fork to read large
    files in two processes. On Windows, which has no such signal, nothing is printed.
    """

    def __init__(self, tell: Callable[[str], None] = print_note):
        self._tell = tell
        self._waits = False

    def start(self, name: str, file: Path | int) -> None:
        """Start the alarm if the file, a path or a descriptor, is a pipe; call it before opening the file."""
        self.end()
        if sys.platform == "win32" or not _is_pipe(file):
            return
        from goscope.renderers.safe_text import safe

        named = isinstance(file, Path)
        what = "FIFO that nobody writes to yet" if named else "pipe that is empty so far"
        line = f"goscope: waiting for {safe(name)}, which is a {what} (Ctrl-C ends)\n"

        def ring(number: int, frame: FrameType | None) -> None:
            self._tell(line)

        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, _AFTER)
        self._waits = True

    def end(self) -> None:
        """Cancel the alarm; call it at the first byte or at the end."""
        if sys.platform != "win32" and self._waits:  # called after every chunk
            self._waits = False
            signal.setitimer(signal.ITIMER_REAL, 0)


def _is_pipe(file: Path | int) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(file).st_mode)  # noqa: PTH116 - it may be a descriptor
    except OSError:
        return False
