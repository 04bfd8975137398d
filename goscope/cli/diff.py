"""``goscope diff``: what is new, grown, shrunk and gone between two dumps."""

from __future__ import annotations

from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goscope.cli.command_inputs import read
from goscope.cli.diagnosis_options import (
    ConfigOption,
    LeakAfterOption,
    NoColorOption,
    QuietOption,
    ReportOptions,
)
from goscope.cli.live_options import LiveOptions
from goscope.cli.messages import on_terminal, print_result
from goscope.cli.option_groups import with_options
from goscope.errors import GoscopeError, InputError, NothingRecognised, UsageError

if TYPE_CHECKING:
    from goscope.diagnosis.comparison import Comparison


class DiffFormat(Enum):
    """What goes to standard output."""

    TEXT = "text"
    JSON = "json"


class FailOnChange(Enum):
    """The change that sets the exit code to 1."""

    NEVER = "never"
    NEW = "new"
    GROWN = "grown"


@with_options(LiveOptions)
def diff(
    before: Annotated[
        str, typer.Argument(help="A file, directory, archive, or the address of a live program.")
    ],
    after: Annotated[str, typer.Argument(help="The same, later; it may be another process.")],
    output_format: Annotated[
        DiffFormat, typer.Option("--format", "-f", help="What goes to standard output.")
    ] = DiffFormat.TEXT,
    fail_on: Annotated[
        FailOnChange,
        typer.Option(
            help="Exit with 1 if a stack that may leak is new, or has grown (which includes new ones)."
        ),
    ] = FailOnChange.NEVER,
    least: Annotated[
        int, typer.Option(min=1, help="So many goroutines more make --fail-on fail.")
    ] = 3,
    leak_after: LeakAfterOption = None,
    config: ConfigOption = None,
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
    *,
    live_options: LiveOptions,
) -> None:
    """Compare the goroutines of two moments by stack: new, grown, shrunk, gone; and the verdicts.

    Stacks are told apart by their functions and by who started them, not by ids and line numbers, so
    the two may be of different runs and pods. Of several dumps the last one counts.
    """
    from goscope.diagnosis.comparison import ChangeKind, compare

    if before == after == "-":
        raise UsageError("standard input (-) can be read only once")
    options = ReportOptions(
        leak_after=leak_after, config=config, quiet=quiet, no_color=no_color
    ).resolved()
    live = live_options.live(quiet=quiet)
    diagnoses = []
    failed: list[GoscopeError] = []
    for name in (before, after):
        found = read([name], live, quiet=quiet)
        failed += found.failed
        if not found.capture.recognised:
            if failed:
                raise typer.Exit(InputError.exit_code)
            raise NothingRecognised(f"{_shown(name)}: nothing of the Go runtime in it")
        diagnoses.append(options.diagnosis(found.capture))
    comparison = compare(diagnoses[0], diagnoses[1], (_shown(before), _shown(after)))
    if not quiet:
        _print(comparison, output_format, no_color)
    if failed:
        raise typer.Exit(InputError.exit_code)
    if comparison.before.goroutines is None or comparison.after.goroutines is None:
        if fail_on is not FailOnChange.NEVER:
            raise NothingRecognised(
                "no goroutines to compare on both sides, so nothing was checked"
            )
        return
    kinds = {
        FailOnChange.NEW: [ChangeKind.NEW],
        FailOnChange.GROWN: [ChangeKind.NEW, ChangeKind.GROWN],
    }
    if comparison.has(frozenset(kinds.get(fail_on, [])), least):
        raise typer.Exit(1)


def _shown(name: str) -> str:
    from goscope.redaction import without_credentials

    return without_credentials(name) if "://" in name else Path(name).as_posix()


def _print(comparison: Comparison, output_format: DiffFormat, no_color: bool) -> None:
    from goscope.renderers.terminal.changes import document, show

    if output_format is DiffFormat.JSON:
        print_result(document(comparison))
        return
    print_result(on_terminal(partial(show, comparison), no_color=no_color))
