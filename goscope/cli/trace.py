"""``goscope trace``: execution traces, of files or of a live program, with their tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from goscope.cli.command_inputs import read
from goscope.cli.diagnosis_options import OutputFormat, ReportOptions
from goscope.cli.duration_options import seconds
from goscope.cli.live_options import LiveOptions
from goscope.cli.option_groups import with_options
from goscope.cli.startup_signals import unblock_signals
from goscope.errors import UsageError


@with_options(ReportOptions)
@with_options(LiveOptions)
def trace(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Execution traces, beside anything else that goscope reads, or the address of a live "
            "program: http://host:6060, localhost:6060, unix:///path.",
        ),
    ],
    duration: Annotated[
        str,
        typer.Option("--seconds", help="How long a live program is traced: 5, 500ms, 1m."),
    ] = "5",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    *,
    report_options: ReportOptions,
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep what was taken; goscope DIR repeats the analysis."),
    ] = None,
    live_options: LiveOptions,
) -> None:
    """Read execution traces (runtime/trace), or take one, and say what is wrong, with tables.

    The tables are those of go tool trace: goroutines by start function, waits for a P, the profiles of
    network, synchronisation, system calls and scheduling, user tasks and regions.

    Exit codes: as of analyze; 3 if there is no execution trace in the input.
    """
    if as_json:
        report_options = replace(report_options, output_format=OutputFormat.JSON)
    options = report_options.resolved(tables_of_traces=True)
    if not seconds(duration, "--seconds"):
        raise UsageError(f"--seconds {duration}: nothing can be seen in no time")
    live = live_options.live(snapshots=0, trace=duration, save=save, quiet=options.quiet)
    unblock_signals()
    found = read(inputs, live, quiet=options.quiet)
    capture = found.capture
    if not len(capture.table("traces")):
        why = capture.inputs[0].problem if len(capture.inputs) == 1 else None
        raise found.nothing(
            why or "no execution trace in the input; goscope analyze reads the other formats"
        )
    options.finish(capture, found.failed, found.sources)
