"""``goscope analyze``: read, diagnose, print."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goscope.cli.command_inputs import read
from goscope.cli.diagnosis_options import ReportOptions
from goscope.cli.duration_options import seconds
from goscope.cli.live_options import IntervalOption, LiveOptions
from goscope.cli.option_groups import with_options
from goscope.cli.startup_signals import is_pipe, unblock_signals
from goscope.errors import InputError, UsageError

if TYPE_CHECKING:
    from goscope.cli.diagnosis_options import DiagnosisOptions
    from goscope.diagnosis.diagnosis import Diagnosis

#: The suffixes of saved diagnoses; kept here so that nothing else is imported to recognise one.
_SAVED = (".goscope.json", ".goscope.json.gz")


@with_options(ReportOptions)
@with_options(LiveOptions)
def analyze(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...",
            help="Files, archives, directories, globs, - for standard input, or the address of a live "
            "program: http://host:6060, localhost:6060, unix:///path. Dumps: oldest first.",
        ),
    ] = None,
    *,
    report_options: ReportOptions,
    write_baseline: Annotated[
        Path | None, typer.Option(help="Write the findings as a baseline; then none of them fails.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 4 if a record was not understood.")
    ] = False,
    snapshots: Annotated[
        int, typer.Option(min=1, max=1000, help="Snapshots of a live program's goroutines.")
    ] = 3,
    interval: IntervalOption = "2s",
    leak_profile: Annotated[
        bool,
        typer.Option(
            help="Let the runtime search for leaks (Go 1.26 and newer): it runs a garbage collection."
        ),
    ] = True,
    trace: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="Take an execution trace of a live program as well, after the snapshots: 5s.",
        ),
    ] = "0s",
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep what was taken; goscope DIR repeats the analysis."),
    ] = None,
    live_options: LiveOptions,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="In a pipe: pass the runtime's lines on too, not only the program's."
        ),
    ] = False,
    window: Annotated[
        str, typer.Option(help="In a pipe: thin samples that are older than this.")
    ] = "1h",
) -> None:
    """Read what Go's runtime prints or serves (files, a pipe, a live program), and say what is wrong.

    Without INPUT, a pipe on standard input is read: the program's lines go on to standard output at
    once, the verdict follows at its end (SIGUSR1 or Enter: the verdict so far).

    Exit codes: 0 read and diagnosed; 1 findings at or above --fail-on; 2 wrong usage;
    3 nothing of the Go runtime in the input; 4 an input could not be read.
    """
    options = report_options.resolved(write_baseline=write_baseline, strict=strict)
    live = live_options.live(
        snapshots=snapshots,
        interval=interval,
        leak_profile=leak_profile,
        trace=trace,
        save=save,
        quiet=options.quiet,
    )
    seconds(window, "--window")
    if inputs:
        unblock_signals()
    if not inputs:
        if sys.stdin.isatty():
            raise UsageError(
                "no input: give files, directories, the address of a live program, or pipe a "
                "program's stderr into it"
            )
        if is_pipe():
            from goscope.cli.pipe import follow

            follow(options, keep=keep, window=window)
            return
        inputs = ["-"]

    from goscope.tables.row_selection import MOST_ROWS

    if any(name.lower().endswith(_SAVED) for name in inputs):
        if len(inputs) > 1:
            raise UsageError("a saved diagnosis is shown by itself; give no other input with it")
        saved = _saved(inputs[0], options)
        try:
            options.report(saved)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as wrong:
            # Each part is valid alone, but they contradict each other: the file was edited.
            raise InputError(f"{inputs[0]}: its parts do not fit together: {wrong}") from wrong
        return
    found = read(inputs, live, quiet=options.quiet, most_rows=MOST_ROWS, meanwhile=_load_rules)
    options.finish(found.capture, found.failed, found.sources)


def _saved(path: str, options: DiagnosisOptions) -> Diagnosis:
    """A saved diagnosis as it was made, with links by the template that is given now."""
    from goscope.diagnosis.saved import load

    found = load(Path(path))
    return found if options.links.template is None else replace(found, links=options.links)


def _load_rules() -> None:
    """Import the rules while this process waits for the other one that reads."""
    from goscope.rules import all_rules

    all_rules()
