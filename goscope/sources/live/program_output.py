"""Where the lines of a program go that is read through a pipe, or was started by goscope."""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Callable
from contextlib import suppress

from goscope.errors import InputError, unwritable

#: A full disk, the size limit of files, a quota.
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


class ProgramOutput:
    """The descriptor that a program's lines go to, until its reader goes away.

    On a full disk the lines are lost, as without goscope; the program does not end for that.
    ``on_failure`` is called with the first failure to write, ``on_gone`` once nobody reads any more.
    """

    def __init__(self, descriptor: int, on_failure: Callable[[InputError], None]):
        self._descriptor = descriptor
        self._on_failure = on_failure
        self._last = b"\n"
        self.failures: list[InputError] = []
        self.gone = False
        self.on_gone: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> None:
        """Write all of it; nothing if nobody reads it any more."""
        if not data or self.gone:
            return
        self._last = data[-1:]
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:  # the descriptor is shared, and another process set O_NONBLOCK
                select.select([], [self._descriptor], [])
            except OSError as error:
                if error.errno not in _FULL:
                    self.gone = True
                    self.on_gone()
                elif not self.failures:
                    name = "standard output" if self._descriptor == 1 else "standard error"
                    self.failures.append(unwritable(name, error))
                    self._on_failure(self.failures[0])
                return

    def end_line(self) -> None:
        """Complete an unfinished line of the program, so that the verdict starts on a line of its own."""
        if self._last != b"\n":
            with suppress(OSError):
                os.write(self._descriptor, b"\n")
