"""Progress of reading on standard error: a bar on a terminal, and a notice while an input is silent."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from goscope.cli.messages import print_note
from goscope.cli.waiting_notice import STDIN, WaitingNotice

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from goscope.reading.inputs import Progress
    from goscope.sources.files.named_inputs import Source

_AFTER = 0.7  # seconds; what is shorter needs no bar
_BETWEEN = 0.1
_LONGEST_NAME = 32


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Progress]:
    """The receiver of progress; the bar is removed at the end of the ``with`` statement.

    No thread draws it: a process with several threads cannot fork, and goscope forks to read large files.
    """
    shown = _Shown(quiet)
    try:
        yield shown
    finally:
        shown.end()


class _Shown:
    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._no_bar = quiet or not sys.stderr.isatty()
        self._next = time.monotonic() + _AFTER
        self._drawn: Bar | None = None
        self._notice = WaitingNotice(self._say)

    def opens(self, source: Source) -> None:
        if not self._quiet and source.named:  # what is found in a folder is a plain file
            self._notice.start(source.name, STDIN if source.path is None else source.path)

    def arrived(self) -> None:
        self._notice.end()

    def read(self, name: str, done: int, size: int | None) -> None:
        now = time.monotonic()
        if self._no_bar or now < self._next:
            return
        self._next = now + _BETWEEN
        if self._drawn is None:
            self._drawn = _bar()
            self._drawn.start()
            self._drawn.add_task("", total=None)
        from goscope.renderers.safe_text import safe

        shown = name if len(name) <= _LONGEST_NAME else "..." + name[3 - _LONGEST_NAME :]
        self._drawn.update(
            self._drawn.task_ids[0], description=safe(shown), completed=done, total=size
        )
        self._drawn.refresh()

    def end(self) -> None:
        self._notice.end()
        if self._drawn is not None:
            self._drawn.stop()

    def _say(self, line: str) -> None:
        """A line above the bar."""
        if self._drawn is None:
            print_note(line)
        else:
            self._drawn.console.print(line, end="", soft_wrap=True)


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    return Progress(
        TextColumn("reading {task.description}", markup=False),
        BarColumn(bar_width=None),
        DownloadColumn(),
        console=Console(stderr=True, highlight=False, emoji=False, markup=False),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
