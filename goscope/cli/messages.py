"""What the command line says: results on standard output, errors on standard error."""

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
    """Print a result. A reader that went away (``| head``) has heard enough, and that is no failure.

    Raises:
        InputError: it cannot be written; the disk is full, mostly.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
    except OSError as error:
        raise unwritable_output(error) from error


def print_note(text: str) -> None:
    """Print beside the results, to standard error; nobody there to read it is no failure."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def on_terminal(
    show: Callable[[Console], None], *, no_color: bool = False, aside: bool = False
) -> str:
    """What ``show`` prints on the terminal that standard output, or standard error, goes to.

    As text, since rich would end the process if the reader went away.
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
    """One line on stderr; names of inputs are untrusted text, also here."""
    from goscope.renderers.safe_text import safe

    print_note(f"goscope: {safe(str(error), longest=_LONGEST)}\n")


def unwritable_output(error: OSError) -> InputError:
    """The error for a failure to write to standard output, of which nothing more is written."""
    drop_output()
    return unwritable("standard output", error)


def drop_output() -> None:
    """Discard what is still buffered for standard output, which Python would write at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
