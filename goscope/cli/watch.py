"""``goscope watch``: a live view of a program, from its pprof port or from its output in a pipe."""

from __future__ import annotations

import locale
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from goscope.cli.diagnosis_options import (
    ConfigOption,
    DiagnosisOptions,
    LeakAfterOption,
    NoColorOption,
    ReportOptions,
)
from goscope.cli.live_options import IntervalOption, LiveOptions, LivePrograms
from goscope.cli.messages import print_error, print_result
from goscope.cli.option_groups import with_options
from goscope.cli.startup_signals import is_pipe, unblock_signals
from goscope.errors import GoscopeError, InputError, UsageError

if TYPE_CHECKING:
    from goscope.capture.capture import Capture
    from goscope.diagnosis.live_view import View

#: Shortest time, in seconds, between two looks at a stream, and between two pictures.
_LOOK = 1.0
_PICTURE = 0.25


@with_options(LiveOptions)
def watch(
    address: Annotated[
        str | None,
        typer.Argument(metavar="[URL]", help="A live program; without it, a pipe is read."),
    ] = None,
    interval: IntervalOption = "2s",
    looks: Annotated[
        int, typer.Option(min=0, help="End after so many looks at the program; 0: never.")
    ] = 0,
    window: Annotated[str, typer.Option(help="In a pipe: thin older samples.")] = "1h",
    leak_after: LeakAfterOption = None,
    config: ConfigOption = None,
    no_color: NoColorOption = False,
    *,
    live_options: LiveOptions,
) -> None:
    """Show a running program: verdicts, queues, threads, heap, collector, where goroutines wait.

    In a pipe the program's own lines are not shown. Where standard output is no terminal, a line is
    printed for each look. Ctrl-C ends it.
    """
    options = ReportOptions(leak_after=leak_after, config=config, no_color=no_color).resolved()
    live = live_options.live(interval=interval)
    if address is None:
        if not is_pipe():
            raise UsageError("watch: give the address of a live program, or pipe a program into it")
        _watch_pipe(options, window)
        return
    unblock_signals()
    from goscope.sources.live.addresses import is_address

    if not is_address(address):
        raise UsageError(f"watch {address}: not an address; write it like localhost:6060")
    try:
        _watch_program(options, live, address, looks)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _watch_program(options: DiagnosisOptions, live: LivePrograms, address: str, looks: int) -> None:
    """Ask the program again and again; each look judges the first snapshot and the latest ones."""
    from goscope.reading.inputs import read_sources
    from goscope.sources.live.pprof_server import PprofServer
    from goscope.sources.live.watching import WatchedProgram

    with PprofServer(address, live.access) as server, _screen(options, server.label) as show:
        program = WatchedProgram(server, live.plan)
        while not looks or program.looks < looks:
            began = time.monotonic()
            try:
                capture, _ = read_sources((), program.look())
            except GoscopeError as error:
                if program.ended:
                    raise
                show(None, str(error))
            else:
                show(capture, f"look {program.looks}; Ctrl-C ends")
            if program.looks != looks:
                time.sleep(max(0.0, live.plan.interval - (time.monotonic() - began)))


def _watch_pipe(options: DiagnosisOptions, window: str) -> None:
    """Read standard input, and show what was read so far about once a second."""
    from goscope.cli.pipe import limits
    from goscope.reading.live import Following
    from goscope.sources.live.program_stream import StreamRequest, signals

    kept = limits(window)
    with _screen(options, "standard input") as show:
        looked = [time.monotonic() - _LOOK]

        def look(force: bool = False) -> None:
            now = time.monotonic()
            if force or now - looked[0] >= _LOOK:
                capture = following.capture()
                # A diagnosis of much data takes long: spend at most a fifth of the time on it.
                looked[0] = time.monotonic() + 4 * (time.monotonic() - now)
                if capture.recognised:
                    show(capture, "Ctrl-C ends")

        def idle() -> bool:  # called about ten times a second
            look()
            return False

        following = Following(
            "stdin",
            sys.stdin.fileno(),
            lambda data: None,
            limits=kept,
            pressed=idle,
        )
        wishes = {
            signal.SIGINT: [StreamRequest.END],
            signal.SIGQUIT: [StreamRequest.NOTHING],
            signal.SIGTERM: [StreamRequest.END],
            signal.SIGHUP: [StreamRequest.END],
        }
        with signals(following.stream, wishes):
            failed = following.read()
        look(force=True)
    for error in failed:
        print_error(error)
    capture = following.capture()
    if capture.recognised and sys.stdout.isatty():
        options.show(options.diagnosis(capture))
    elif not capture.recognised or failed:
        options.finish(capture, failed)


@contextmanager
def _screen(
    options: DiagnosisOptions, source: str
) -> Iterator[Callable[[Capture | None, str], None]]:
    """A function that shows a capture: redraws a page on a terminal, prints a line elsewhere."""
    from goscope.diagnosis.live_view import Watch
    from goscope.renderers.safe_text import safe
    from goscope.renderers.terminal.live_page import line, page

    watched = Watch()
    shown: list[View] = []

    def look(capture: Capture | None) -> View | None:
        if capture is not None:
            shown[:] = [watched.look(options.diagnosis(capture))]
        return shown[0] if shown else None

    if not sys.stdout.isatty():

        def tell_line(capture: Capture | None, note: str) -> None:
            if capture is None:
                print_error(InputError(note))
            elif (view := look(capture)) is not None:
                print_result(line(view) + "\n")

        yield tell_line
        return
    from rich.console import Console
    from rich.live import Live as Picture
    from rich.text import Text

    console = Console(highlight=False, emoji=False, markup=False, no_color=options.no_color or None)
    ascii_only = "utf" not in (sys.stdout.encoding or locale.getpreferredencoding()).lower()
    with Picture(
        Text(f"goscope: looking at {safe(source)} ..."),
        console=console,
        auto_refresh=False,
        screen=False,
        transient=True,
    ) as picture:
        last = [0.0]

        def draw(capture: Capture | None, note: str) -> None:
            view = look(capture)
            wait = _PICTURE - (time.monotonic() - last[0])
            if view is not None and wait > 0:
                time.sleep(wait)
            last[0] = time.monotonic()
            if view is None:
                picture.update(Text(safe(note)), refresh=True)
                return
            size = console.size
            drawn = page(
                view,
                safe(source),
                note,
                width=size.width,
                height=size.height,
                ascii_only=ascii_only,
            )
            picture.update(drawn, refresh=True)

        yield draw
