"""The Enter key of the terminal that a pipe runs in, without taking input from a program that reads it.

The program in front of the pipe may read the same terminal. So goscope reads only an empty line, and only if
it is still there at the second look.
"""

from __future__ import annotations

import array
import fcntl
import os
import termios
from contextlib import suppress


class EnterKey:
    """Call :meth:`pressed` about ten times a second. Without a terminal it is always False."""

    def __init__(self) -> None:
        self._terminal = -1
        self._waiting = False
        with suppress(OSError):
            self._terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)

    def pressed(self) -> bool:
        """Whether Enter was pressed and no other program read it."""
        if self._terminal < 0:
            return False
        try:
            # In the background, reading would stop the process (SIGTTIN).
            if os.tcgetpgrp(self._terminal) != os.getpgrp() or _pending(self._terminal) != 1:
                self._waiting = False
                return False
            if not self._waiting:
                self._waiting = True
                return False
            self._waiting = False
            return os.read(self._terminal, 1) == b"\n"
        except OSError:  # the terminal went away
            self.close()
            return False

    def close(self) -> None:
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1


def _pending(descriptor: int) -> int:
    """How many bytes can be read."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]
