"""``goscope run -- ./app``: start a program with the traces switched on, and judge it when it ends."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated

import typer

from goscope.cli.diagnosis_options import DiagnosisOptions, ReportOptions
from goscope.cli.duration_options import seconds
from goscope.cli.live_options import LiveOptions
from goscope.cli.messages import print_error
from goscope.cli.option_groups import with_options
from goscope.errors import GoscopeError, NothingRecognised, UsageError

if TYPE_CHECKING:
    from goscope.capture.capture import Capture


@with_options(ReportOptions)
@with_options(LiveOptions)
def run(
    command: Annotated[
        list[str], typer.Argument(metavar="-- PROGRAM [ARGUMENT...]", help="What to start.")
    ],
    schedtrace: Annotated[
        int, typer.Option(min=1, help="Milliseconds between SCHED lines.")
    ] = 1000,
    scheddetail: Annotated[
        bool, typer.Option("--scheddetail", help="All Ps, threads and goroutines in each of them.")
    ] = False,
    gctrace: Annotated[
        bool, typer.Option("--gctrace/--no-gctrace", help="A line for each collection.")
    ] = True,
    keep: Annotated[
        bool, typer.Option("--keep", help="Show the runtime's lines too, not only the program's.")
    ] = False,
    window: Annotated[str, typer.Option(help="Thin samples that are older than this.")] = "1h",
    dump_every: Annotated[
        str | None,
        typer.Option(help="Take a dump this often from the program's pprof port; needs --pprof."),
    ] = None,
    pprof: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The pprof port: localhost:6060.")
    ] = None,
    *,
    report_options: ReportOptions,
    live_options: LiveOptions,
) -> None:
    """Start a program with the runtime's traces switched on, and say at its end what is wrong.

    What GODEBUG is set to stays. Input, output and signals are the program's; the summary goes to standard
    error, JSON to standard output. Nothing is sent to the program unless --dump-every asks for it.

    The exit code is the program's, or 1 by --fail-on.
    """
    options = report_options.resolved()
    if dump_every is not None and pprof is None:
        raise UsageError(
            "--dump-every: dumps come from the program's pprof port, give it with --pprof "
            "localhost:6060 (a SIGQUIT would end the program)"
        )
    live = live_options.live(quiet=True)
    every = max(seconds(dump_every or "30s", "--dump-every"), 0.1)
    wanted = {"schedtrace": schedtrace}
    wanted |= {"scheddetail": 1} if scheddetail else {}
    wanted |= {"gctrace": 1} if gctrace else {}

    from goscope.cli.pipe import limits
    from goscope.reading.live import Following
    from goscope.sources.live.child_program import ChildProgram
    from goscope.sources.live.cpu_use import CpuMeter
    from goscope.sources.live.program_output import ProgramOutput
    from goscope.sources.live.program_stream import StreamRequest, signals
    from goscope.sources.live.watching import TimedSnapshots

    kept = limits(window)
    child = ChildProgram(command, wanted)
    out = ProgramOutput(2, print_error)
    following = Following(
        "stderr", child.stderr, out.write, keep=keep, limits=kept, ended=child.ended
    )
    handed_on = (
        *(signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP),
        *(signal.SIGUSR1, signal.SIGUSR2),
    )
    with signals(
        following.stream, {number: [StreamRequest.NOTHING] for number in handed_on}, child.hand_on
    ):
        meter = CpuMeter()
        child.start()
        dumps = None if pprof is None else TimedSnapshots(pprof, every, live.access, live.plan)
        failed: list[GoscopeError] = [*following.read()]
        status = child.status()
        used = meter.read()
    if dumps is not None:
        pages, errors = dumps.end()
        failed += [*errors, *following.add(pages)]
    for error in failed:
        print_error(error)
    out.end_line()
    capture = following.capture()
    capture.switched_on, capture.cpu_use = child.switched_on, used
    capture.finished = status == 0
    raise typer.Exit(_finish(options, capture, command[0], status))


def _finish(options: DiagnosisOptions, capture: Capture, name: str, status: int) -> int:
    """Say what is wrong with the program that has ended; the exit code."""
    if not capture.recognised:
        print_error(
            NothingRecognised(
                f"{name}: nothing of the Go runtime on its stderr; is it a Go program?"
            )
        )
        return status
    diagnosis = options.diagnosis(capture)
    options.write(diagnosis)
    if not options.quiet:
        options.show(diagnosis, aside=True)
    return 1 if options.fails(diagnosis) and status == 0 else status
