"""Output of the command line: results to standard output, notes and errors to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from goscope.errors import GoscopeError, InputError, unwritable

if TYPE_CHECKING:
    from rich.console import Console

_LONGEST = 4096


def print_result(text: str) -> None:
    """Print a result to standard output. A reader that closed the pipe (``| head``) is no failure.

    Raises:
        InputError: it cannot be written, for example because the disk is full.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
    except OSError as error:
        raise unwritable_output(error) from error


def print_note(text: str) -> None:
    """Print a note to standard error. A closed standard error is no failure."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def on_terminal(
    show: Callable[[Console], None], *, no_color: bool = False, aside: bool = False
) -> str:
    """The text that ``show`` prints, laid out for the terminal of standard output (or of standard error).

    It is returned, not printed: rich ends the process if the reader closed the pipe.
    """
    from rich.console import Console

    console = Console(
        file=sys.stderr if aside else sys.stdout,
        highlight=False,
        emoji=False,
        markup=False,
        no_color=no_color or None,
    )
    with console.capture() as shown:
        show(console)
    return shown.get()


def print_error(error: GoscopeError) -> None:
    """Print an error as one line to standard error, with untrusted text (names of inputs) made safe."""
    from goscope.renderers.safe_text import safe

    print_note(f"goscope: {safe(str(error), longest=_LONGEST)}\n")


def unwritable_output(error: OSError) -> InputError:
    """The error for a failure to write to standard output, of which nothing more is written."""
    drop_output()
    return unwritable("standard output", error)


def drop_output() -> None:
    """Discard what is still buffered for standard output, which Python would write at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
