"""``./app 2>&1 | goscope``: the program's lines go on at once, the verdict comes at the end."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from goscope.cli.diagnosis_options import DiagnosisOptions, OutputFormat
from goscope.cli.duration_options import seconds
from goscope.cli.messages import drop_output, print_error, print_note
from goscope.cli.waiting_notice import STDIN, WaitingNotice

if TYPE_CHECKING:
    from goscope.reading.limits import Limits
    from goscope.reading.live import Following


def limits(window: str) -> Limits:
    """What of a stream stays in memory.

    Raises:
        UsageError: the window is no duration.
    """
    from goscope.reading.limits import Limits

    return Limits(seconds(window, "--window"))


def follow(options: DiagnosisOptions, *, keep: bool, window: str) -> None:
    """Read standard input to its end, pass on what the program wrote, and judge.

    With JSON or another report on standard output, the program's lines go to standard error. Ctrl-C is
    for the program, a second one ends reading; SIGTERM and SIGHUP do so at once.
    """
    from goscope.reading.live import Following
    from goscope.sources.live.enter_key import EnterKey
    from goscope.sources.live.program_output import ProgramOutput
    from goscope.sources.live.program_stream import StreamRequest, signals

    aside = options.output_format is not OutputFormat.TEXT
    out = ProgramOutput(2 if aside else 1, print_error)
    enter = EnterKey()
    notice = WaitingNotice()

    def asked() -> None:
        tell_so_far(options, following)

    following = Following(
        "stdin",
        sys.stdin.fileno(),
        out.write,
        keep=keep,
        limits=limits(window),
        asked=asked,
        pressed=enter.pressed,
        begun=notice.end,
        ended=lambda: out.gone,
    )
    out.on_gone = lambda: following.stream.wish(StreamRequest.END)
    wishes = {
        signal.SIGINT: [StreamRequest.NOTHING, StreamRequest.END],
        signal.SIGQUIT: [StreamRequest.NOTHING],
        signal.SIGTERM: [StreamRequest.END],
        signal.SIGHUP: [StreamRequest.END],
        signal.SIGUSR1: [StreamRequest.VERDICT],
    }
    with signals(following.stream, wishes):
        if not options.quiet:
            notice.start("stdin", STDIN)
        failed = following.read()
    enter.close()
    if out.gone and not aside:
        drop_output()
        options.leave(following.capture())
        return
    for error in failed:
        print_error(error)
    out.end_line()
    options.finish(following.capture(), [*failed, *out.failures])


def tell_so_far(options: DiagnosisOptions, following: Following) -> None:
    """Print the verdict on what was read so far, beside the program's lines."""
    capture = following.capture()
    if capture.recognised:
        print_note(options.summary(options.diagnosis(capture), aside=True))
    else:
        print_note("goscope: nothing of the Go runtime so far\n")
