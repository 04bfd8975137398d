"""A Go program that goscope starts itself, with the traces switched on.

The program inherits standard input and output; its standard error is read by goscope. A terminal sends its
signals to the program itself; those that are sent to goscope alone are forwarded.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from goscope.errors import InputError, UsageError, reason_of


def godebug(wanted: Mapping[str, int], present: str) -> str:
    """The value of GODEBUG: what the user has set stays, what is wanted is added (runtime: parsegodebug)."""
    settings = [part for part in present.split(",") if part]
    names = {part.partition("=")[0] for part in settings}
    added = [f"{name}={value}" for name, value in wanted.items() if name not in names]
    return ",".join([*settings, *added])


def switched_on(value: str) -> frozenset[str]:
    """The names that a value of GODEBUG switches on; of several settings of a name the last one counts."""
    settings = dict(part.partition("=")[::2] for part in value.split(","))
    return frozenset(name for name, number in settings.items() if number not in ("", "0"))


def through_go(command: Sequence[str], setting: str) -> list[str] | None:
    """The command that sets GODEBUG only for the program that ``go run`` or ``go test`` starts.

    None for a command that is no ``go``. Compilers would print traces too, and what they print is kept in the
    build cache and shown again by every later build.

    Raises:
        UsageError: a command of go that starts no program.
    """
    if Path(command[0]).name not in ("go", "go.exe"):
        return None
    words = command[3:] if command[1:2] == ["-C"] else command[1:]
    verb = words[0] if words else ""
    if verb not in ("run", "test"):
        raise UsageError(
            f"go {verb}".strip()
            + ": goscope would trace the compilers, and the build cache would keep what they "
            "print; build the program first, then goscope run -- ./app"
        )
    if any(word.partition("=")[0].lstrip("-") == "exec" for word in command[1:]):
        raise UsageError(
            f"go {verb} with -exec: set GODEBUG there, and pipe the output into goscope"
        )
    at = len(command) - len(words) + 1
    return [*command[:at], "-exec", f"env GODEBUG={setting}", *command[at:]]


class ChildProgram:
    """A program to start; ``stderr`` is the descriptor that its standard error is read from."""

    def __init__(self, command: Sequence[str], wanted: Mapping[str, int]):
        self._godebug = godebug(wanted, os.environ.get("GODEBUG", ""))
        self.switched_on = switched_on(self._godebug)  # what it will print, and more
        go = through_go(command, self._godebug)
        self._command, self._is_go = go or command, go is not None
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[signal.Signals] = []
        self.stderr, self._into = os.pipe()

    def start(self) -> None:
        """Start it; signals that came before are handed on then.

        Raises:
            InputError: it cannot be started.
        """
        own = {} if self._is_go else {"GODEBUG": self._godebug}
        environment = {**os.environ, **own}
        name = self._command[0]
        try:
            self._process = subprocess.Popen(self._command, stderr=self._into, env=environment)
        except (OSError, ValueError) as error:
            os.close(self.stderr)
            hint = ""
            if isinstance(error, FileNotFoundError) and shutil.which(name) is None:
                hint = "; give its path, such as ./app, behind --"
            raise InputError(f"{name}: cannot be started: {reason_of(error)}{hint}") from error
        finally:
            os.close(self._into)
        for number in self._early:
            self.hand_on(number)

    def ended(self) -> bool:
        """Whether the program has ended."""
        return self._process is not None and self._process.poll() is not None

    def hand_on(self, number: signal.Signals) -> None:
        """Send a signal that only goscope got to the program."""
        if self._process is None:
            self._early.append(number)
        elif not _from_the_terminal(number):
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def status(self) -> int:
        """The exit code as in a shell: 128 plus the number of the signal that ended the program."""
        assert self._process is not None
        code = self._process.wait()
        os.close(self.stderr)
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
