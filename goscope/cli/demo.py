"""``goscope demo``: what goscope says about a program that is known to be ill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goscope.cli.command_inputs import read
from goscope.cli.diagnosis_options import NoColorOption, QuietOption, ReportOptions, VerboseOption
from goscope.cli.messages import print_note, print_result
from goscope.errors import UsageError


def demo(
    name: Annotated[
        str, typer.Argument(help="leak, blocked, starving, gc, or crash.", show_default=True)
    ] = "leak",
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="The report; its suffix picks the form, as in analyze."
        ),
    ] = Path("goscope-demo.html"),
    quiet: QuietOption = False,
    no_color: NoColorOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Analyze a capture of a real Go program that comes with goscope, and write a report of it."""
    import shlex

    from goscope.explain.demonstrations import DEMONSTRATIONS

    found = DEMONSTRATIONS.get(name)
    if found is None:
        raise UsageError(f"demo {name}: there are {', '.join(DEMONSTRATIONS)}")
    options = ReportOptions(
        outputs=[output], quiet=quiet, no_color=no_color, verbose=verbose
    ).resolved()
    paths = [str(path) for path in found.paths()]
    done = read(paths, quiet=quiet)
    if not quiet:
        print_note(f"A real program, made for this: {found.about}.\n\n")
    options.finish(done.capture, done.failed, done.sources)
    if not quiet:
        others = ", ".join(f"goscope demo {other}" for other in DEMONSTRATIONS if other != name)
        print_result(
            f"\nThe report is in {output}: open it in a browser.\n"
            f"The same by hand: goscope {shlex.join(paths)} -o report.html\n"
            f"More: {others}\n"
        )
