"""The typer app and its commands."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from goscope import __version__
from goscope.cli.completion import COMPLETE_VARIABLE
from goscope.cli.messages import print_result
from goscope.errors import UsageError

COMMANDS = (
    "analyze",
    "run",
    "watch",
    "trace",
    "diff",
    "goroutines",
    "tables",
    "rules",
    "explain",
    "schema",
    "demo",
    "completion",
)


class _Commands(TyperGroup):
    """The commands. While a shell completes a line, ``goscope FILE ...`` is completed as ``analyze``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        given = args if args[0] in COMMANDS else ["analyze", *args]
        return super().resolve_command(ctx, given)


def command_of(name: str) -> Callable[..., None]:
    """The function of a command, imported from the module of the same name."""
    found: Callable[..., None] = getattr(importlib.import_module(f"goscope.cli.{name}"), name)
    return found


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The typer app with the called command only, or with all of them for help and completion."""
    app = typer.Typer(
        name="goscope",
        cls=_Commands,
        help="The doctor for running Go programs: reads what the Go runtime prints, gives a verdict.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(options)
    for name in arguments[:1] if arguments[0] in COMMANDS else COMMANDS:
        app.command(name)(command_of(name))
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        print_result(f"goscope {__version__}\n")
        raise typer.Exit


def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """The doctor for running Go programs: reads what the Go runtime prints, gives a verdict.

    goscope INPUT... is short for goscope analyze INPUT..., and a pipe on standard input is read
    without an argument.
    """


def with_default_command(arguments: Sequence[str]) -> list[str]:
    """The arguments, with ``analyze`` in front if they name no command."""
    if COMPLETE_VARIABLE in os.environ:  # typer takes the words of the line from the environment
        from typer._completion_classes import completion_init

        completion_init()
        return ["--help"]
    if not arguments:
        return ["--help"] if sys.stdin.isatty() else ["analyze"]
    if arguments[0] in COMMANDS or arguments[0] in ("-h", "--help", "--version"):
        return list(arguments)
    if arguments[0] == "help" and not os.path.lexists("help"):
        return [*arguments[1:2], "--help"]
    _refuse_mistyped(arguments[0])
    return ["analyze", *arguments]


def _refuse_mistyped(word: str) -> None:
    """Refuse a word that is spelled almost like a command, unless a file has that name.

    Raises:
        UsageError: the word is probably a mistyped command.
    """
    if not word.isalpha() or os.path.lexists(word):
        return
    import difflib

    near = difflib.get_close_matches(word.lower(), COMMANDS, 1, cutoff=0.75)
    if near:
        raise UsageError(f"no command or file is called {word}; did you mean {near[0]}?")
