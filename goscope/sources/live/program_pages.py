"""Live programs as inputs: reads all at the same time, returns their pages program by program.

Saved pages lie in a folder per program, ``1-localhost%3A6060.program/1-goroutine-debug2.txt``; a directory
of such folders is read as the same programs again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from goscope.errors import GoscopeError, InputError, unwritable
from goscope.sources.live.live_program import pages_of
from goscope.sources.live.pages import SUFFIX, HttpAccess, ProfilePage, SnapshotPlan
from goscope.sources.live.pprof_server import PprofServer


def pages_of_all(
    addresses: Sequence[str],
    access: HttpAccess,
    plan: SnapshotPlan,
    *,
    report: Callable[[str], None] = lambda text: None,
    folder: Path | None = None,
) -> Iterator[ProfilePage | GoscopeError]:
    """The pages of all programs, program by program, and in their place what went wrong with one.

    All programs are asked at the same time, so that their snapshots can be compared. ``folder`` is where
    every page is saved as it came. Ctrl-C ends the pages; the last one is an error that says so.
    """
    told: list[queue.SimpleQueue[ProfilePage | GoscopeError | None]] = []
    for address in addresses:
        answers: queue.SimpleQueue[ProfilePage | GoscopeError | None] = queue.SimpleQueue()
        told.append(answers)
        # A daemon: whoever interrupts goscope does not want to wait for a program that hangs.
        threading.Thread(
            target=_ask, args=(address, access, plan, report, answers), daemon=True
        ).start()
    numbers: dict[str, int] = {}  # of the programs, by their labels
    try:
        for number, answers in enumerate(told, 1):
            while (answer := answers.get()) is not None:
                if (
                    isinstance(answer, ProfilePage)
                    and numbers.setdefault(answer.program, number) != number
                ):
                    yield InputError(f"{answer.program}: named twice; it counts once")
                    break
                yield answer
                if isinstance(answer, ProfilePage) and folder is not None:
                    try:
                        save(answer, list(numbers).index(answer.program) + 1, folder)
                    except InputError as error:
                        yield error
    except KeyboardInterrupt:
        yield InputError("interrupted; what was read until then follows")


def _ask(
    address: str,
    access: HttpAccess,
    plan: SnapshotPlan,
    report: Callable[[str], None],
    answers: queue.SimpleQueue[ProfilePage | GoscopeError | None],
) -> None:
    broken = False
    try:
        with PprofServer(address, access) as server:
            for page in pages_of(server, plan, report=report):
                broken = page.problem is not None and not page.by_go
                answers.put(page)
    except GoscopeError as error:
        if not broken:  # else the last page already says what is missing
            answers.put(error)
    except Exception as error:
        answers.put(InputError(f"a program could not be asked: {type(error).__name__}"))
    finally:
        answers.put(None)


def save(page: ProfilePage, number: int, folder: Path) -> None:
    """Keep a page of the program with this number, from 1, as it came.

    Raises:
        InputError: it cannot be written.
    """
    path = folder / f"{number}-{quote(page.program, safe='')}{SUFFIX}" / page.file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(page.content)
    except OSError as error:
        raise unwritable(path, error) from error
