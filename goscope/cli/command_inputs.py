"""Reads the inputs of a command, files and live programs, and says on standard error what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from goscope.cli.messages import print_error
from goscope.cli.progress_bar import progress_bar
from goscope.errors import GoscopeError, InputError, NothingRecognised
from goscope.sources.live.addresses import split_addresses

if TYPE_CHECKING:
    from goscope.capture.capture import Capture
    from goscope.cli.live_options import LivePrograms
    from goscope.sources.files.named_inputs import Source
    from goscope.sources.live.pages import ProfilePage


@dataclass(frozen=True, slots=True)
class InputsRead:
    """What was read, from which files, and what failed; the failures were printed already."""

    capture: Capture
    sources: Sequence[Source]
    failed: Sequence[GoscopeError]

    def nothing(self, message: str) -> Exception:
        """What to raise if the inputs hold nothing for the command: the failures, if any, come first."""
        return typer.Exit(InputError.exit_code) if self.failed else NothingRecognised(message)

    def end(self) -> None:
        """End the command with the exit code of inputs that could not be read, if there are any."""
        if self.failed:
            raise typer.Exit(InputError.exit_code)


def read(
    inputs: Sequence[str],
    live: LivePrograms | None = None,
    *,
    quiet: bool = False,
    spans: bool = False,
    most_rows: int | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> InputsRead:
    """Read all inputs; without ``live`` the address of a program is no input.

    The other parameters are those of :func:`goscope.reading.inputs.read_sources`.
    """
    from goscope.reading.inputs import read_sources
    from goscope.sources.files.named_inputs import sources_of

    addresses, paths = split_addresses(inputs) if live is not None else ([], list(inputs))
    sources, missing = sources_of(paths)
    asked: AbstractContextManager[Iterable[ProfilePage | GoscopeError]] = (
        live.pages(addresses) if live is not None else nullcontext(())
    )
    with asked as pages, progress_bar(quiet=quiet) as progress:
        capture, unreadable = read_sources(
            sources,
            pages,
            meanwhile=meanwhile,
            progress=progress,
            spans=spans,
            most_rows=most_rows,
        )
    failed = [*missing, *unreadable]
    for error in failed:
        print_error(error)
    return InputsRead(capture, sources, failed)
