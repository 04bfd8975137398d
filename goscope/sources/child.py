"""A Go program that goscope starts itself, with the traces switched on.

Standard input and output are the user's own; standard error comes through goscope. Signals that a
terminal sends reach the program without our doing, those that are sent to goscope alone are handed on.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from goscope.errors import InputError


def godebug(wanted: Mapping[str, int], present: str) -> str:
    """The value of GODEBUG: what the user has set stays, what is wanted is added (runtime: parsegodebug)."""
    settings = [part for part in present.split(",") if part]
    names = {part.partition("=")[0] for part in settings}
    added = [f"{name}={value}" for name, value in wanted.items() if name not in names]
    return ",".join([*settings, *added])


class Child:
    """A started program; ``stderr`` is the descriptor that its standard error is read from.

    Raises:
        InputError: it cannot be started.
    """

    def __init__(self, command: Sequence[str], wanted: Mapping[str, int]):
        environment = {**os.environ, "GODEBUG": godebug(wanted, os.environ.get("GODEBUG", ""))}
        try:
            self._process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)
        except OSError as error:
            hint = ""
            if isinstance(error, FileNotFoundError) and shutil.which(command[0]) is None:
                hint = "; give its path, such as ./app, behind --"
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"{command[0]}: cannot be started: {reason}{hint}") from error
        assert self._process.stderr is not None
        self.stderr = self._process.stderr.fileno()
        self.pid = self._process.pid

    def ended(self) -> bool:
        """Whether the program has ended."""
        return self._process.poll() is not None

    def hand_on(self, number: signal.Signals) -> None:
        """Send a signal that only goscope got to the program."""
        if not _from_the_terminal(number):
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def status(self) -> int:
        """The exit code as a shell tells it: 128 and the number for a program that a signal ended."""
        code = self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
        return code if code >= 0 else 128 - code


def _from_the_terminal(number: signal.Signals) -> bool:
    """Whether the signal is one that the terminal sends to the program too (Ctrl-C, Ctrl-\\)."""
    if number not in (signal.SIGINT, signal.SIGQUIT):
        return False
    with suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDONLY)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False
