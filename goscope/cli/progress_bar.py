"""A bar on standard error while something long is read, if a person sits there."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

    from goscope.reading import Report

_AFTER = 0.7  # seconds; what is shorter needs no bar
_BETWEEN = 0.1
_LONGEST_NAME = 32


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Report]:
    """What to tell how far an input is read; the bar goes away at the end of the ``with`` statement.

    No thread draws it: a process with several cannot fork, so that large files would be read by one.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda name, done, size: None
        return
    bar = _Bar()
    try:
        yield bar.report
    finally:
        bar.end()


class _Bar:
    def __init__(self) -> None:
        self._next = time.monotonic() + _AFTER
        self._drawn: Progress | None = None

    def report(self, name: str, done: int, size: int | None) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _BETWEEN
        if self._drawn is None:
            self._drawn = _progress()
            self._drawn.start()
            self._drawn.add_task("", total=None)
        from goscope.renderers.safe_text import safe

        shown = name if len(name) <= _LONGEST_NAME else "..." + name[3 - _LONGEST_NAME :]
        self._drawn.update(
            self._drawn.task_ids[0], description=safe(shown), completed=done, total=size
        )
        self._drawn.refresh()

    def end(self) -> None:
        if self._drawn is not None:
            self._drawn.stop()


def _progress() -> Progress:
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
