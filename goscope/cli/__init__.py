"""The command line: one file per command, no logic. It wires inputs, diagnosis and renderers."""

from __future__ import annotations

import os
import sys

from goscope.errors import GoscopeError


def main() -> None:
    """Run the command line; expected failures become one line on stderr and an exit code."""
    from goscope.cli.app import app, with_default_command

    try:
        app(with_default_command(sys.argv[1:]), prog_name="goscope")
    except GoscopeError as error:
        print(f"goscope: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader went away (| head); nothing is left to say, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
