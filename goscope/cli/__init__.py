"""The command line: one file per command, no logic. It wires inputs, diagnosis and renderers."""

from __future__ import annotations

import gc
import io
import os
import sys

from goscope.cli.messages import print_error, unwritable_output
from goscope.cli.startup_signals import block_signals, exit_on_termination, is_pipe, unblock_signals
from goscope.errors import GoscopeError
from goscope.tables.malloc import keep_freed_memory

#: The exit code of a command that Ctrl-C ended, as shells have it.
_INTERRUPTED = 130
#: The commands that may read a pipe; they unblock signals themselves.
_MAY_FOLLOW = ("analyze", "watch")


def main() -> None:
    """Run the command line; expected failures become one line on stderr and an exit code."""
    gc.set_threshold(100_000, 50, 50)  # few cycles, and many small objects to traverse
    from goscope.cli.app import app_for, with_default_command

    _open_streams()
    # numpy's linear algebra would start a thread for every processor, and goscope needs none of it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    keep_freed_memory()
    try:
        arguments = with_default_command(sys.argv[1:])
        if arguments[0] not in _MAY_FOLLOW or not is_pipe():
            unblock_signals()
        app_for(arguments)(arguments, prog_name="goscope")
    except GoscopeError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except OSError as error:  # from typer, which prints the help
        failure = unwritable_output(error)
        print_error(failure)
        sys.exit(failure.exit_code)


def command() -> None:
    """The entry point: :func:`main`, then the process ends without freeing its objects one by one.

    Freeing a million objects takes a tenth of the time of reading them.
    """
    status = 0
    block_signals()
    try:
        exit_on_termination()
        main()
    except KeyboardInterrupt:
        status = _INTERRUPTED
    except SystemExit as done:
        if not isinstance(done.code, int | None):
            raise
        status = done.code or 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or int(stream is sys.stdout)
    os._exit(status)


def _open_streams() -> None:
    """Open standard streams that the caller closed, on the null device."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names may hold characters that the encoding lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
